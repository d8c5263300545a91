"""What the programs read from PostgreSQL: each input one query and the types of its columns.

The night asks for all parties in work, reassessment for a few by number; both get the same tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from duckdb import DuckDBPyConnection
from psycopg import sql as pg

from dunwell.arrangements.rules.agreements import STILL_JUDGED
from dunwell.arrears.rules import risk
from dunwell.engine import copying

MONEY = "DECIMAL(18,2)"
HISTORY = timedelta(days=200)  # statements and bookings looked back on: six statements and a month
#: An account that is late for longer keeps its own since the statement before its oldest unpaid one: so many days before
#: that one's due date, two months and a month to pay.
BEFORE_OLDEST_DUE = timedelta(days=92)

#: In work: somebody with a state, a case, or a fact not answered yet.
IN_WORK = """
    SELECT party_id, bool_or(has_case) AS has_case FROM (
        SELECT a.party_id, false AS has_case FROM arrears_accountstate AS s JOIN portfolio_account AS a ON a.id = s.account_id
        WHERE a.entity_id = %(entity)s
        UNION ALL
        SELECT party_id, true FROM casework_case
        WHERE entity_id = %(entity)s AND opened_on <= %(until)s AND (closed_on IS NULL OR closed_on > %(until)s)
        UNION ALL
        SELECT party_id, false FROM arrangements_arrangement
        WHERE entity_id = %(entity)s AND standing IN ('proposed', 'approved', 'agreed', 'in_force', 'missed', 'breached')
    ) AS w GROUP BY party_id
"""
#: Those in work without an open case; of a few parties it is looked up.
WITHOUT_CASE = "SELECT party_id FROM in_work WHERE NOT has_case"
WITHOUT_CASE_OF = """
    SELECT q.id FROM portfolio_party AS q
    WHERE q.id IN ({parties}) AND NOT EXISTS (
        SELECT 1 FROM casework_case AS c
        WHERE c.party_id = q.id AND c.opened_on <= {until} AND (c.closed_on IS NULL OR c.closed_on > {until}))
"""
#: Whose payments since the position are not spread yet: those whom a fact touched, or those who were asked for.
TO_SPREAD = """
    SELECT a.id FROM portfolio_account AS a
    WHERE a.party_id IN ({parties}) AND (NOT {whole} OR a.party_id IN (SELECT party_id FROM portfolio_touch))
          AND EXISTS (SELECT 1 FROM payments_payment AS y WHERE y.account_id = a.id AND y.posting_date > {since})
"""
#: Arrangements that are judged: those that bind, and those performed not long ago, for a payment may be taken back.
JUDGED = """
    (r.standing IN ('proposed', 'approved', 'agreed', 'in_force', 'missed', 'breached')
     OR r.standing = 'ended' AND r.standing_on > {ended_since}) AND r.proposed_on <= {until}
"""
#: The day before that on which an account's oldest arrangement that binds was agreed: its money counts from then on.
AGREED_BEFORE = """(
    SELECT min(c.agreed_on) - 1 FROM arrangements_arrangement AS r
    JOIN arrangements_arrangementconsent AS c ON c.arrangement_id = r.id
    WHERE r.account_id = a.id AND r.standing IN ('proposed', 'approved', 'agreed', 'in_force', 'missed', 'breached', 'ended')
)"""
NONE = "SELECT id FROM portfolio_account WHERE false"  # a date that is past: its payments stay spread as they are


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows: the parties of an entity in work, or those of `parties`.

    As things stood at `at`. With `until`, a date that is past, what is known now of the time up to that date: a payment
    posted by then counts whenever it was told.
    """

    entity_id: int
    as_of: date
    at: datetime
    until: date | None = None
    parties: Sequence[int] | None = None
    told_since: datetime | None = None  # when the last night was frozen; none: ever

    def fill(self, query: str) -> pg.Composed:
        until = pg.Literal(self.until or date.max)
        ids = (
            pg.SQL("SELECT party_id FROM in_work")
            if self.parties is None
            else pg.SQL("SELECT unnest({}::bigint[])").format(pg.Literal(list(self.parties)))
        )
        whole, since = pg.Literal(self.parties is None), pg.Literal(self.as_of - HISTORY)
        return pg.SQL(query).format(
            parties=ids,
            to_spread=pg.SQL(TO_SPREAD if self.until is None else NONE).format(parties=ids, whole=whole, since=since),
            without_case=pg.SQL(WITHOUT_CASE if self.parties is None else WITHOUT_CASE_OF).format(
                parties=ids, until=until
            ),
            entity=pg.Literal(self.entity_id),
            whole=whole,
            at=pg.Literal(self.at),
            since=since,
            ever=pg.Literal(self.as_of - HISTORY if self.until is None else date.min),
            agreed=pg.SQL(AGREED_BEFORE),
            judged=pg.SQL(JUDGED).format(until=until, ended_since=pg.Literal(self.as_of - STILL_JUDGED)),
            oldest_due=pg.SQL("(s.oldest_due_date - {})").format(pg.Literal(BEFORE_OLDEST_DUE.days)),
            until=until,
            told_since=pg.Literal(self.told_since or datetime.min.replace(tzinfo=UTC)),
            as_of=pg.Literal(self.as_of),
            periods=pg.Literal(risk.periods(self.as_of)),
            month_ago=pg.Literal(self.as_of - timedelta(days=30)),
        )


SOURCES: dict[str, tuple[str, dict[str, str]]] = {
    # those without an open case; the others are added from `open_case` (read)
    "working_party": (
        """
        SELECT p.party_no FROM portfolio_party AS p WHERE p.id IN ({without_case})
        """,
        {"party_no": "VARCHAR"},
    ),
    # who is not among them was never touched and stands on no list
    "party": (
        """
        SELECT p.party_no, p.id, p.touches,
               EXISTS (SELECT 1 FROM compliance_listentry AS l WHERE l.party_id = p.id AND l.list = 'staff'
                       AND l.starts_at <= {at} AND coalesce(l.ends_at > {at}, true)
                       AND NOT EXISTS (SELECT 1 FROM compliance_listremoval AS r
                                       WHERE r.entry_id = l.id AND r.recorded_at <= {at})),
               EXISTS (SELECT 1 FROM compliance_listentry AS l WHERE l.party_id = p.id AND l.list = 'sensitive'
                       AND l.starts_at <= {at} AND coalesce(l.ends_at > {at}, true)
                       AND NOT EXISTS (SELECT 1 FROM compliance_listremoval AS r
                                       WHERE r.entry_id = l.id AND r.recorded_at <= {at}))
        FROM portfolio_party AS p
        WHERE p.entity_id = {entity} AND ({whole} OR p.id IN ({parties}))
              AND (p.touches > 0 OR p.id IN (SELECT party_id FROM compliance_listentry))
        """,
        {"party_no": "VARCHAR", "party_id": "BIGINT", "touches": "BIGINT", "staff": "BOOLEAN", "sensitive": "BOOLEAN"},
    ),
    "hold": (
        """
        SELECT p.party_no, a.account_no, h.kind, (h.ends_at AT TIME ZONE 'Asia/Shanghai')::date
        FROM compliance_hold AS h
        JOIN portfolio_party AS p ON p.id = h.party_id AND p.entity_id = {entity}
        LEFT JOIN portfolio_account AS a ON a.id = h.account_id
        LEFT JOIN compliance_holdlift AS l ON l.hold_id = h.id AND l.recorded_at <= {at}
        WHERE l.hold_id IS NULL AND h.starts_at <= {at} AND coalesce(h.ends_at > {at}, true) AND p.id IN ({parties})
        """,
        {"party_no": "VARCHAR", "account_no": "VARCHAR", "kind": "VARCHAR", "ends_on": "DATE"},
    ),
    # those that are over too, and of those not in work yet: the days on which they stood still are not counted
    "pause": (
        """
        SELECT p.party_no, a.account_no, h.kind, (h.starts_at AT TIME ZONE 'Asia/Shanghai')::date,
               (least(h.ends_at, l.recorded_at) AT TIME ZONE 'Asia/Shanghai')::date
        FROM compliance_hold AS h
        JOIN portfolio_party AS p ON p.id = h.party_id AND p.entity_id = {entity}
        LEFT JOIN portfolio_account AS a ON a.id = h.account_id
        LEFT JOIN compliance_holdlift AS l ON l.hold_id = h.id
        WHERE h.starts_at <= {at} AND ({whole} OR p.id IN ({parties}))
        """,
        {
            "party_no": "VARCHAR", "account_no": "VARCHAR", "kind": "VARCHAR", "first_day": "DATE", "goes_on": "DATE",
        },
    ),
    "risk_judgement": (
        """
        SELECT a.account_no, j.risk_class, j.starts_on, least(j.ends_on, e.last_day)
        FROM arrears_riskjudgement AS j
        JOIN arrears_riskjudgementanswer AS w ON w.judgement_id = j.id AND w.approved
        JOIN portfolio_account AS a ON a.id = j.account_id AND a.entity_id = {entity}
        LEFT JOIN arrears_riskjudgementend AS e ON e.judgement_id = j.id
        WHERE {whole} OR a.party_id IN ({parties})
        """,
        {"account_no": "VARCHAR", "risk_class": "VARCHAR", "starts_on": "DATE", "ends_on": "DATE"},
    ),
    # arrangements that came into force and made the debt a restructured one, as the last night judged their instalments; one
    # that is performed is none any more
    "restructuring": (
        """
        SELECT r.id, a.account_no, f.in_force_on, o.since,
               (SELECT i.due_date FROM arrangements_instalment AS i
                WHERE i.arrangement_id = r.id AND i.due_date >= o.since ORDER BY i.due_date OFFSET {periods} - 1 LIMIT 1)
        FROM arrangements_arrangement AS r
        JOIN arrangements_arrangementforce AS f ON f.arrangement_id = r.id AND f.recorded_at <= {at}
        JOIN portfolio_account AS a ON a.id = r.account_id AND a.entity_id = {entity}
        CROSS JOIN LATERAL (
            SELECT coalesce(
                max(i.due_date) FILTER (WHERE i.state IN ('missed', 'partly_paid') AND i.due_date + r.grace_days < {as_of}
                                              OR i.state = 'paid_late' AND i.due_date + r.grace_days < i.paid_on),
                min(i.due_date) FILTER (WHERE i.position > 0)) AS since
            FROM arrangements_instalment AS i WHERE i.arrangement_id = r.id
        ) AS o
        WHERE r.terms->>'restructures' = 'true' AND r.standing <> 'ended' AND f.in_force_on <= {until}
              AND r.party_id IN ({parties})
        """,
        {
            "restructuring_id": "BIGINT", "account_no": "VARCHAR", "starts_on": "DATE", "observed_from": "DATE",
            "periods_to": "DATE",
        },
    ),
    "promise_part": (
        """
        SELECT r.id, m.id, p.party_no, m.currency, m.made_on, r.position, r.due_date, r.amount, r.state, r.received,
               r.judged_on, w.promise_id IS NOT NULL
        FROM arrangements_promisepart AS r
        JOIN arrangements_promise AS m ON m.id = r.promise_id
        JOIN portfolio_party AS p ON p.id = m.party_id
        LEFT JOIN arrangements_promisewithdrawal AS w ON w.promise_id = m.id AND w.recorded_at <= {at}
        WHERE m.made_on > {since} AND m.made_on <= {until} AND p.id IN ({parties})
        """,
        {
            "part_id": "BIGINT", "promise_id": "BIGINT", "party_no": "VARCHAR", "currency": "VARCHAR", "made_on": "DATE",
            "position": "INTEGER", "due_date": "DATE", "amount": MONEY, "state": "VARCHAR", "received": MONEY,
            "judged_on": "DATE", "withdrawn": "BOOLEAN",
        },
    ),
    "arrangement": (
        """
        SELECT r.id, r.combined_id, p.party_no, a.account_no, r.currency, r.lapses_on, r.grace_days, r.revival_days, r.revivals,
               c.agreed_on, f.in_force_on,
               (SELECT count(*) FILTER (WHERE w.approved) FROM arrangements_arrangementanswer AS w
                WHERE w.arrangement_id = r.id AND w.recorded_at <= {at}) >= r.persons,
               EXISTS (SELECT 1 FROM arrangements_arrangementanswer AS w
                       WHERE w.arrangement_id = r.id AND NOT w.approved AND w.recorded_at <= {at}),
               f.arrangement_id IS NULL AND EXISTS (
                   SELECT 1 FROM arrangements_instruction AS i
                   JOIN arrangements_instructionanswer AS w ON w.instruction_id = i.id AND NOT w.confirmed
                   WHERE i.arrangement_id = r.id AND w.recorded_at <= {at}),
               e.arrangement_id IS NOT NULL,
               (SELECT CASE WHEN q.repaid THEN (q.recorded_at AT TIME ZONE 'Asia/Shanghai')::date END
                FROM arrangements_arrangementrepaid AS q
                WHERE q.arrangement_id = r.id AND q.recorded_at <= {at} ORDER BY q.id DESC LIMIT 1),
               EXISTS (SELECT 1 FROM arrangements_arrangement AS n
                       JOIN arrangements_arrangementforce AS w ON w.arrangement_id = n.id
                       WHERE n.replaces_id = r.id AND w.recorded_at <= {at}),
               r.standing, r.standing_on
        FROM arrangements_arrangement AS r
        JOIN portfolio_party AS p ON p.id = r.party_id
        JOIN portfolio_account AS a ON a.id = r.account_id
        LEFT JOIN arrangements_arrangementconsent AS c ON c.arrangement_id = r.id AND c.recorded_at <= {at}
        LEFT JOIN arrangements_arrangementforce AS f ON f.arrangement_id = r.id AND f.recorded_at <= {at}
        LEFT JOIN arrangements_arrangementend AS e ON e.arrangement_id = r.id AND e.recorded_at <= {at}
        WHERE p.id IN ({parties}) AND {judged}
        """,
        {
            "arrangement_id": "BIGINT", "combined_id": "BIGINT", "party_no": "VARCHAR", "account_no": "VARCHAR",
            "currency": "VARCHAR", "lapses_on": "DATE", "grace_days": "INTEGER", "revival_days": "INTEGER", "revivals": "INTEGER",
            "agreed_on": "DATE", "in_force_on": "DATE", "approved": "BOOLEAN", "refused": "BOOLEAN",
            "rejected": "BOOLEAN", "cancelled": "BOOLEAN", "repaid_on": "DATE", "replaced": "BOOLEAN",
            "standing": "VARCHAR", "standing_on": "DATE",
        },
    ),
    "instalment": (
        """
        SELECT i.id, i.arrangement_id, i.position, i.due_date, i.amount, i.state, i.received, i.paid_on
        FROM arrangements_instalment AS i
        JOIN arrangements_arrangement AS r ON r.id = i.arrangement_id
        WHERE r.party_id IN ({parties}) AND {judged}
        """,
        {
            "instalment_id": "BIGINT", "arrangement_id": "BIGINT", "position": "INTEGER", "due_date": "DATE",
            "amount": MONEY, "state": "VARCHAR", "received": MONEY, "paid_on": "DATE",
        },
    ),
    "open_case": (
        """
        SELECT p.party_no, c.id, c.case_no, c.opened_on, c.entered_on, c.entry_balance, c.queue
        FROM casework_case AS c JOIN portfolio_party AS p ON p.id = c.party_id
        WHERE c.opened_on <= {until} AND (c.closed_on IS NULL OR c.closed_on > {until}) AND p.id IN ({parties})
        """,
        {
            "party_no": "VARCHAR", "case_id": "BIGINT", "case_no": "VARCHAR", "opened_on": "DATE", "entered_on": "DATE",
            "entry_balance": MONEY, "queue": "VARCHAR",
        },
    ),
    "planned": (
        """
        SELECT p.party_no, x.id, x.step, x.cycle, x.channel, x.state, x.due_on
        FROM casework_plannedaction AS x JOIN portfolio_party AS p ON p.id = x.party_id
        WHERE x.due_on > {since} AND p.id IN ({parties})
        """,
        {
            "party_no": "VARCHAR", "action_id": "BIGINT", "step": "VARCHAR", "cycle": "DATE", "channel": "VARCHAR",
            "state": "VARCHAR", "due_on": "DATE",
        },
    ),
    "contacted": (
        """
        SELECT p.party_no, max(c.local_date), max(c.local_date) FILTER (WHERE o.identified), count(DISTINCT c.id)
        FROM compliance_contact AS c
        JOIN portfolio_party AS p ON p.id = c.party_id
        LEFT JOIN compliance_contactoutcome AS o ON o.contact_id = c.id
        WHERE c.local_date > {month_ago} AND c.local_date <= {until} AND p.id IN ({parties})
        GROUP BY p.party_no
        """,
        {"party_no": "VARCHAR", "last_contact": "DATE", "last_reached": "DATE", "contacts_30_days": "INTEGER"},
    ),
    "receipt": (
        """
        SELECT y.id, a.account_no, y.host_ref, y.amount, y.posting_date, y.transaction_date, y.business_date,
               y.counts_to_minimum, y.provisional, coalesce(w.answer, ''), y.booking > 1,
               y.currency
        FROM payments_payment AS y
        JOIN portfolio_account AS a ON a.id = y.account_id
        LEFT JOIN arrears_accountstate AS s ON s.account_id = a.id
        LEFT JOIN payments_paymentanswer AS w ON w.payment_id = y.id
        WHERE y.posting_date > least({ever}, {oldest_due}, {agreed}) AND y.posting_date <= {until}
              AND a.party_id IN ({parties})
        """,
        {
            "payment_id": "BIGINT", "account_no": "VARCHAR", "host_ref": "VARCHAR", "amount": MONEY,
            "posting_date": "DATE", "transaction_date": "DATE", "business_date": "DATE", "counts": "BOOLEAN",
            "provisional": "BOOLEAN", "answer": "VARCHAR", "anew": "BOOLEAN", "currency": "VARCHAR",
        },
    ),
    "taken_back": (
        """
        SELECT v.payment_id, a.account_no, v.host_ref, v.amount, v.posting_date, v.business_date, y.counts_to_minimum
        FROM payments_reversal AS v
        JOIN payments_payment AS y ON y.id = v.payment_id
        JOIN portfolio_account AS a ON a.id = y.account_id
        LEFT JOIN arrears_accountstate AS s ON s.account_id = a.id
        WHERE v.posting_date > least({ever}, {oldest_due}, {agreed}) AND v.posting_date <= {until}
              AND a.party_id IN ({parties})
        """,
        {
            "payment_id": "BIGINT", "account_no": "VARCHAR", "host_ref": "VARCHAR", "amount": MONEY,
            "posting_date": "DATE", "business_date": "DATE", "counts": "BOOLEAN",
        },
    ),
    "position_before": (
        """
        SELECT a.account_no, p.party_no, greatest(s.business_date, d.business_date), s.host_past_due, s.host_overdue_since
        FROM arrears_accountstate AS s
        LEFT JOIN arrears_publishedday AS d ON d.entity_id = {entity}
        JOIN portfolio_account AS a ON a.id = s.account_id
        JOIN portfolio_party AS p ON p.id = a.party_id
        WHERE a.id IN ({to_spread})
        """,
        {
            "account_no": "VARCHAR", "party_no": "VARCHAR", "business_date": "DATE", "past_due_at_close": MONEY,
            "overdue_since": "DATE",
        },
    ),
    "owed_before": (
        """
        SELECT a.account_no, c.component, c.owed
        FROM arrears_accountstate AS s
        JOIN portfolio_account AS a ON a.id = s.account_id
        CROSS JOIN LATERAL (VALUES
            ('principal_retail', s.principal_retail), ('principal_cash', s.principal_cash),
            ('principal_instalment_billed', s.principal_instalment_billed),
            ('principal_instalment_unbilled', s.principal_instalment_unbilled),
            ('interest_on_balance', s.interest_on_balance), ('interest_off_balance', s.interest_off_balance),
            ('late_charge', s.late_charge), ('other_fees', s.other_fees)
        ) AS c (component, owed)
        WHERE c.owed > 0 AND a.id IN ({to_spread})
        """,
        {"account_no": "VARCHAR", "component": "VARCHAR", "owed": MONEY},
    ),
    "due_before": (
        """
        SELECT a.account_no, d.statement_date, d.due_date, d.amount
        FROM arrears_due AS d JOIN portfolio_account AS a ON a.id = d.account_id
        WHERE a.id IN ({to_spread})
        """,
        {"account_no": "VARCHAR", "statement_date": "DATE", "due_date": "DATE", "amount": MONEY},
    ),
    "line_before": (
        """
        SELECT a.account_no, y.id, l.position, l.component, l.amount, l.rule
        FROM arrears_allocationline AS l
        JOIN payments_payment AS y ON y.id = l.payment_id
        JOIN portfolio_account AS a ON a.id = y.account_id
        WHERE y.posting_date > {since} AND a.id IN ({to_spread})
        """,
        {
            "account_no": "VARCHAR", "payment_id": "BIGINT", "position": "INTEGER", "component": "VARCHAR",
            "amount": MONEY, "rule": "VARCHAR",
        },
    ),
    # for building PostgreSQL's lines again: how the payments stand spread of which something was told since the last night
    "line_told": (
        """
        SELECT y.id, l.position, l.component, l.amount, l.rule
        FROM payments_payment AS y
        JOIN portfolio_account AS a ON a.id = y.account_id AND a.entity_id = {entity}
        LEFT JOIN arrears_allocationline AS l ON l.payment_id = y.id
        WHERE {whole} AND (
            y.recorded_at >= {told_since}
            OR y.id IN (SELECT payment_id FROM payments_reversal WHERE recorded_at >= {told_since})
            OR y.id IN (SELECT payment_id FROM payments_paymentanswer WHERE recorded_at >= {told_since}))
        """,
        {
            "payment_id": "BIGINT", "position": "INTEGER", "component": "VARCHAR", "amount": MONEY, "rule": "VARCHAR",
        },
    ),
}  # fmt: skip

#: What reassessment reads beside them: the last position and the dues, as the night published them.
STATES: dict[str, tuple[str, dict[str, str]]] = {
    "candidate": (
        """
        SELECT a.account_no, p.party_no, a.currency, a.product, a.branch, a.cycle_day, a.open_date, s.credit_limit,
               s.block_code, s.principal_retail, s.principal_cash, s.principal_instalment_billed,
               s.principal_instalment_unbilled, s.interest_on_balance, s.interest_off_balance, s.late_charge,
               s.other_fees, s.disputed_amount, s.credit_balance,
               s.principal_retail + s.principal_cash + s.principal_instalment_billed + s.principal_instalment_unbilled
               + s.interest_on_balance + s.interest_off_balance + s.late_charge + s.other_fees - s.credit_balance,
               s.statement_date, s.due_date, 0, s.minimum_payment, s.host_past_due, s.host_overdue_since,
               s.host_periods_past_due, s.auto_debit, s.auto_debit_result, greatest(s.business_date, d.business_date)
        FROM arrears_accountstate AS s
        LEFT JOIN arrears_publishedday AS d ON d.entity_id = {entity}
        JOIN portfolio_account AS a ON a.id = s.account_id
        JOIN portfolio_party AS p ON p.id = a.party_id
        WHERE p.id IN ({parties})
        """,
        {
            "account_no": "VARCHAR", "party_no": "VARCHAR", "currency": "VARCHAR", "product": "VARCHAR",
            "branch": "VARCHAR", "cycle_day": "INTEGER", "open_date": "DATE", "credit_limit": MONEY,
            "block_code": "VARCHAR", "principal_retail": MONEY, "principal_cash": MONEY,
            "principal_instalment_billed": MONEY, "principal_instalment_unbilled": MONEY, "interest_on_balance": MONEY,
            "interest_off_balance": MONEY, "late_charge": MONEY, "other_fees": MONEY, "disputed_amount": MONEY,
            "credit_balance": MONEY, "closing_balance": MONEY, "statement_date": "DATE", "due_date": "DATE",
            "statement_balance": MONEY, "minimum_payment": MONEY, "past_due_amount": MONEY, "overdue_since": "DATE",
            "periods_past_due": "INTEGER", "auto_debit": "BOOLEAN", "auto_debit_result": "VARCHAR",
            "business_date": "DATE",
        },
    ),
    "due": (
        """
        SELECT a.account_no, d.statement_date, d.due_date, d.minimum_payment,
               row_number() OVER (PARTITION BY d.account_id ORDER BY d.statement_date), 0, d.amount
        FROM arrears_due AS d
        JOIN portfolio_account AS a ON a.id = d.account_id
        WHERE a.party_id IN ({parties})
        """,
        {
            "account_no": "VARCHAR", "statement_date": "DATE", "due_date": "DATE", "minimum_payment": MONEY,
            "nr": "BIGINT", "paid": MONEY, "amount": MONEY,
        },
    ),
}  # fmt: skip

#: The shape of what the host's files tell; an empty table of it where there is no file.
BOOKING = {
    "account_no": "VARCHAR", "host_ref": "VARCHAR", "type": "VARCHAR", "amount": MONEY, "posting_date": "DATE",
    "transaction_date": "DATE", "counts_to_minimum": "BOOLEAN", "reverses_ref": "VARCHAR", "business_date": "DATE",
}  # fmt: skip
#: What the host booked beside money: purchases, cash, interest, fees, credit balances paid out; of accounts in work.
POSTING = {
    "account_no": "VARCHAR", "host_ref": "VARCHAR", "type": "VARCHAR", "amount": MONEY, "posting_date": "DATE",
    "transaction_date": "DATE", "business_date": "DATE",
}  # fmt: skip
#: The host's position of the night before, as far as it is compared.
POSITION_LAST = {
    "account_no": "VARCHAR", "currency": "VARCHAR", "principal_retail": MONEY, "principal_cash": MONEY,
    "principal_instalment_billed": MONEY, "principal_instalment_unbilled": MONEY, "interest_on_balance": MONEY,
    "interest_off_balance": MONEY, "late_charge": MONEY, "other_fees": MONEY, "credit_balance": MONEY, "balance": MONEY,
    "overdue_since": "DATE",
}  # fmt: skip
STATEMENT = {
    "account_no": "VARCHAR", "statement_date": "DATE", "due_date": "DATE", "statement_balance": MONEY,
    "minimum_payment": MONEY,
}  # fmt: skip


#: What the night whose rows stand in the published columns made of them; empty where everything is to be written.
PUBLISHED = {
    "published_day": {"business_date": "DATE"},
    "published_party": {"party_no": "VARCHAR", "touches": "BIGINT"},
    "published_state": {
        "account_no": "VARCHAR", "party_no": "VARCHAR", "product": "VARCHAR", "branch": "VARCHAR", "cycle_day": "INTEGER",
        "open_date": "DATE", "principal_retail": MONEY, "principal_cash": MONEY, "principal_instalment_billed": MONEY,
        "principal_instalment_unbilled": MONEY, "interest_on_balance": MONEY, "interest_off_balance": MONEY,
        "late_charge": MONEY, "other_fees": MONEY, "disputed_amount": MONEY, "credit_balance": MONEY,
        "credit_limit": MONEY, "block_code": "VARCHAR", "statement_date": "DATE", "due_date": "DATE",
        "minimum_payment": MONEY, "past_due_at_close": MONEY, "overdue_since": "DATE", "periods_past_due": "INTEGER",
        "auto_debit": "BOOLEAN", "auto_debit_result": "VARCHAR", "first_payment_default": "BOOLEAN", "paid_since": MONEY,
        "balance": MONEY, "past_due": MONEY, "oldest_due_date": "DATE", "periods": "BIGINT", "days_delinquent": "BIGINT",
        "bucket": "VARCHAR", "stage": "VARCHAR",
    },
    "published_risk": {"account_no": "VARCHAR", "risk_class": "VARCHAR", "risk_rule": "VARCHAR"},
    "published_due": {
        "account_no": "VARCHAR", "statement_date": "DATE", "due_date": "DATE", "minimum_payment": MONEY, "amount": MONEY,
    },
    "published_case": {
        "party_no": "VARCHAR", "fate": "VARCHAR", "currency": "VARCHAR", "balance": MONEY, "past_due": MONEY,
        "oldest_due_date": "DATE", "days_delinquent": "BIGINT", "bucket": "VARCHAR", "stage": "VARCHAR",
        "segment": "VARCHAR", "first_payment_default": "BOOLEAN", "promise_state": "VARCHAR", "entered_on": "DATE",
        "queue": "VARCHAR", "rank": "INTEGER", "next_rule": "VARCHAR", "next_reason": "VARCHAR",
    },
    "published_action": {
        "party_no": "VARCHAR", "step": "VARCHAR", "cycle": "DATE", "channel": "VARCHAR", "template": "VARCHAR",
        "due_on": "DATE", "segment": "VARCHAR", "rule": "VARCHAR",
    },
}  # fmt: skip


def read(
    cursor: Any,
    connection: DuckDBPyConnection,
    sources: dict[str, tuple[str, dict[str, str]]],
    scope: Scope,
    told: Callable[[], None] = lambda: None,
) -> None:
    """Bring the sources' rows into DuckDB tables of the same names; `told` of each."""
    if scope.parties is None:
        # worked out once, with statistics: as a part of each query it is worked out again for every party
        bounds = {"entity": scope.entity_id, "until": scope.until or date.max}
        cursor.execute("DROP TABLE IF EXISTS pg_temp.in_work")
        cursor.execute("CREATE TEMP TABLE in_work ON COMMIT DROP AS " + IN_WORK, bounds)
        cursor.execute("ANALYZE in_work")
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off")
    for name, (query, types) in sources.items():
        told()
        copying.from_postgres(cursor, scope.fill(query), connection, name, types)
    connection.execute("INSERT INTO working_party SELECT DISTINCT party_no FROM open_case")


def empty(connection: DuckDBPyConnection, table: str, types: dict[str, str]) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    connection.execute(f"CREATE OR REPLACE TABLE {table} ({columns})")
