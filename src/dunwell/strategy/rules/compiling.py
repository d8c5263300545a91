"""A strategy as column programs: segment, arm, suppress, choose, queue. Text in, text out; nothing is run here."""

from __future__ import annotations

from datetime import date, timedelta

from dunwell.strategy.rules.reading import Segment, Step, Strategy

#: Actions whose cases wait on a list of that name; the others go out by themselves.
QUEUES = ("call", "visit", "agency", "law_firm")
LAST_PLACE = 1000


def compiled(strategy: Strategy, business_date: date) -> list[tuple[str, str]]:
    """The five steps (name, SQL) of a strategy for one business date, over the night's working tables."""
    return [
        ("segment", _segment(strategy)),
        ("arm", ARM),
        ("suppress", SUPPRESS),
        ("choose", _choose(strategy, business_date)),
        ("queue", _queue(strategy)),
    ]


def text(value: str) -> str:
    """A literal."""
    return "'" + value.replace("'", "''") + "'"


def _segment(strategy: Strategy) -> str:
    cases = "\n           ".join(f"WHEN {s.when} THEN {text(s.id)}" for s in strategy.segments)
    return f"""
-- The first segment whose condition holds. Only who is past due is in one.
CREATE OR REPLACE TABLE party_segment AS
SELECT party_no, segment, {text(strategy.code + "/" + str(strategy.version) + "/")} || segment AS rule
FROM (
    SELECT party_no,
           CASE
           {cases}
           END AS segment
    FROM party_state
    WHERE past_due > 0 AND balance > 0
) AS found
WHERE segment IS NOT NULL
"""


ARM = """
-- One strategy is in force, and everybody is in its arm.
CREATE OR REPLACE TABLE champion AS
SELECT party_no, segment, rule, 'champion' AS arm FROM party_segment
"""

SUPPRESS = """
-- Who gets nothing, or no demand, and why. The first reason stands: nothing past due, an internal list, an open
-- promise, a hold. A hold stops demands only; what it stops of other purposes the gate says at sending.
CREATE OR REPLACE TABLE suppressed AS
SELECT party_no, reason, reason <> 'on_hold' AS reminders_too
FROM (
    SELECT s.party_no,
           CASE
               WHEN s.past_due <= 0 OR s.balance <= 0 THEN 'paid'
               WHEN s.staff OR s.sensitive THEN 'listed'
               WHEN s.promise_state = 'open' THEN 'promise_open'
               WHEN s.holds > 0 THEN 'on_hold'
           END AS reason
    FROM party_state AS s
) AS looked
WHERE reason IS NOT NULL
"""


def _choose(strategy: Strategy, business_date: date) -> str:
    rows = "\n        UNION ALL ".join(
        _line(segment, step)
        for segment in strategy.segments
        for treatment in segment.treatments
        for step in strategy.treatments[treatment].steps
    )
    steps = (step for treatment in strategy.treatments.values() for step in treatment.steps)
    conditions = "".join(f"WHEN {text(step.id)} THEN {step.when} " for step in steps if step.when != "TRUE")
    condition = f"CASE t.step {conditions}ELSE TRUE END" if conditions else "TRUE"
    day = f"DATE '{business_date + timedelta(days=1)}'"
    return f"""
-- The steps whose days these are, for everybody who is not suppressed. What is done for this oldest due date is done;
-- what was planned before and still waits keeps its day.
CREATE OR REPLACE TABLE step_now AS
SELECT c.party_no, c.step, c.channel, c.purpose, c.template, c.segment, c.rule, c.oldest_due_date AS cycle
FROM (
    SELECT s.party_no, s.oldest_due_date, t.step, t.channel, t.purpose, t.template, s.segment,
           s.rule || '/' || t.step AS rule
    FROM (
        SELECT p.*, g.segment, g.rule FROM party_state AS p JOIN champion AS g ON g.party_no = p.party_no
    ) AS s
    JOIN (
        {rows}
    ) AS t ON t.segment = s.segment
    WHERE CASE WHEN t.purpose = 'demand' THEN s.days_delinquent ELSE s.days_past_due END BETWEEN t.from_day AND t.to_day
      AND {condition}
) AS c
LEFT JOIN suppressed AS x ON x.party_no = c.party_no AND (x.reminders_too OR c.purpose = 'demand')
WHERE x.party_no IS NULL;

CREATE OR REPLACE TABLE planned_action AS
SELECT n.party_no, n.step, n.cycle, n.channel, n.purpose, n.template,
       coalesce(CASE WHEN p.state = 'planned' THEN p.due_on END, {day}) AS due_on, n.segment, n.rule
FROM step_now AS n
LEFT JOIN planned AS p ON p.party_no = n.party_no AND p.step = n.step AND p.cycle = n.cycle
WHERE p.party_no IS NULL OR p.state <> 'done'
"""


def _line(segment: Segment, step: Step) -> str:
    """One step of one segment as a row."""
    row = {
        "segment": text(segment.id),
        "step": text(step.id),
        "from_day": str(step.first),
        "to_day": str(step.last),
        "channel": text(step.action),
        "purpose": text(step.purpose),
        "template": text(step.template),
    }
    return "SELECT " + ", ".join(f"{value} AS {name}" for name, value in row.items())


def _queue(strategy: Strategy) -> str:
    listed = ", ".join(text(name) for name in QUEUES)
    first = " ".join(f"WHEN {text(name)} THEN {place}" for place, name in enumerate(reversed(QUEUES)))
    numbered = list(enumerate(strategy.order))
    which = " ".join(f"WHEN {line.when} THEN {nr}" for nr, line in numbered)
    place = " ".join(f"WHEN {nr} THEN {line.place}" for nr, line in numbered)
    reason = " ".join(f"WHEN {nr} THEN {text(line.reason)}" for nr, line in numbered)
    return f"""
-- Where a case waits, in which place, and the reason that the collector reads. A list of the late stages goes before a
-- call; who is suppressed waits nowhere, and the case says why. Within a place the larger amount past due comes first.
CREATE OR REPLACE TABLE case_row AS
SELECT party_no, queue,
       CAST(place * 100000 + 99999 - least(99999, floor(past_due / 10)) AS INTEGER) AS rank,
       next_rule,
       '{{"code": "' || reason || '", "params": {{"days": ' || CAST(days AS VARCHAR) || ', "bucket": "' || bucket
           || '", "due": "' || coalesce(CAST(promise_due AS VARCHAR), '') || '"}}}}' AS next_reason
FROM (
    SELECT s.party_no, s.past_due, s.bucket, s.promise_due, coalesce(w.queue, '') AS queue,
           coalesce(w.step, x.reason, '') AS next_rule,
           CASE WHEN s.days_delinquent > 0 THEN s.days_delinquent ELSE s.days_past_due END AS days,
           CASE WHEN w.queue = 'call' THEN CASE w.line {place} ELSE {LAST_PLACE} END ELSE {LAST_PLACE} END AS place,
           CASE WHEN w.queue IS NULL
                THEN coalesce(x.reason, CASE WHEN s.days_delinquent = 0 THEN 'reminder' ELSE 'nothing' END)
                WHEN w.queue <> 'call' THEN w.queue
                ELSE CASE w.line {reason} ELSE 'day_in_bucket' END END AS reason
    FROM party_state AS s
    LEFT JOIN suppressed AS x ON x.party_no = s.party_no
    LEFT JOIN (
        SELECT * FROM (
            SELECT n.party_no, n.channel AS queue, n.step, n.line,
                   row_number() OVER (
                       PARTITION BY n.party_no ORDER BY CASE n.channel {first} ELSE 9 END, n.step
                   ) AS nr
            FROM (
                SELECT c.party_no, c.channel, c.step, CASE {which} END AS line
                FROM (
                    SELECT s.*, m.channel, m.step, m.segment
                    FROM step_now AS m
                    JOIN party_state AS s ON s.party_no = m.party_no
                    WHERE m.channel IN ({listed})
                ) AS c
            ) AS n
        ) AS ranked
        WHERE nr = 1
    ) AS w ON w.party_no = s.party_no
) AS waiting
"""
