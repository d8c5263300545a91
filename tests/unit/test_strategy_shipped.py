"""The shipped strategy: who gets what on which day, as a table a manager would write."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal

import duckdb
import pytest
import sqlglot

from dunwell.strategy.rules import Invalid, compiled, read
from dunwell.strategy.services import shipped

AS_OF = date(2026, 11, 22)
GRACE = 3
STATE = {
    "party_no": "VARCHAR", "currency": "VARCHAR", "product": "VARCHAR", "branch": "VARCHAR", "balance": "DECIMAL(18,2)",
    "past_due": "DECIMAL(18,2)", "oldest_due_date": "DATE", "days_past_due": "INTEGER", "days_delinquent": "INTEGER",
    "bucket": "VARCHAR", "stage": "VARCHAR", "first_payment_default": "BOOLEAN", "accounts": "INTEGER",
    "accounts_past_due": "INTEGER", "credit_limit": "DECIMAL(18,2)", "disputed_amount": "DECIMAL(18,2)",
    "paid_since": "DECIMAL(18,2)", "periods_past_due": "INTEGER", "auto_debit": "BOOLEAN",
    "auto_debit_failed": "BOOLEAN", "promise_state": "VARCHAR", "promise_due": "DATE", "entered_on": "DATE",
    "staff": "BOOLEAN", "sensitive": "BOOLEAN", "last_contact": "DATE", "last_reached": "DATE",
    "contacts_30_days": "INTEGER", "holds": "INTEGER",
}  # fmt: skip


def party(days: int, **fields: object) -> dict[str, object]:
    """A party whose oldest due date is `days` before the business date."""
    delinquent = days if days > GRACE else 0
    bucket = "M0" if delinquent == 0 else "M7+" if delinquent > 180 else f"M{(delinquent - 1) // 30 + 1}"
    return {
        "party_no": f"P{days}", "currency": "CNY", "product": "standard", "branch": "", "balance": Decimal(9000),
        "past_due": Decimal(900), "oldest_due_date": AS_OF - timedelta(days=days), "days_past_due": days,
        "days_delinquent": delinquent, "bucket": bucket, "stage": "early", "first_payment_default": False,
        "accounts": 1, "accounts_past_due": 1, "credit_limit": Decimal(20000), "disputed_amount": Decimal(0),
        "paid_since": Decimal(0), "periods_past_due": 1, "auto_debit": False, "auto_debit_failed": False,
        "promise_state": "", "promise_due": None, "entered_on": None, "staff": False, "sensitive": False,
        "last_contact": None, "last_reached": AS_OF, "contacts_30_days": 0, "holds": 0, **fields,
    }  # fmt: skip


def run(*parties: dict[str, object], planned: tuple = (), text: str = "") -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE party_state (" + ", ".join(f"{n} {t}" for n, t in STATE.items()) + ")")
    connection.execute(
        "CREATE TABLE planned (party_no VARCHAR, action_id BIGINT, step VARCHAR, cycle DATE, channel VARCHAR, "
        "state VARCHAR, due_on DATE)"
    )
    for one in parties:
        connection.execute(f"INSERT INTO party_state VALUES ({', '.join('?' * len(STATE))})", [one[n] for n in STATE])
    for one in planned:
        connection.execute("INSERT INTO planned VALUES (?, ?, ?, ?, ?, ?, ?)", one)
    for _, sql in compiled(read(text or shipped()), AS_OF):
        connection.execute(sql)
    return connection


def steps(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [step for (step,) in connection.execute("SELECT step FROM planned_action ORDER BY step").fetchall()]


def row(connection: duckdb.DuckDBPyConnection) -> tuple[str, dict]:
    queue, reason = connection.execute("SELECT queue, next_reason FROM case_row").fetchone()
    return queue, json.loads(reason)


FPD = {"first_payment_default": True}
HIGH = {"balance": Decimal("50000.00")}
DAYS = [
    (2, {}, [], ""),
    (3, {}, ["SMS-03"], ""),
    (6, {}, ["SMS-03"], ""),
    (7, {}, ["SMS-07"], ""),
    (15, {}, ["SMS-12"], ""),
    (16, {}, ["CALL-16"], "call"),
    (3, FPD, ["SMS-03"], ""),  # within grace no demand, even of a first-payment default
    (4, FPD, ["CALL-01", "SMS-03"], "call"),
    (4, HIGH, ["CALL-01", "SMS-03"], "call"),
    (4, {"balance": Decimal("49999.99")}, ["SMS-03"], ""),
    (4, {"currency": "USD", "balance": Decimal("7000.00")}, ["CALL-01", "SMS-03"], "call"),
    (30, {}, ["CALL-30"], "call"),
    (44, {}, ["CALL-30"], "call"),
    (45, {}, ["CALL-30", "LETTER-45"], "call"),
    (60, {}, ["CALL-30", "LETTER-45"], "call"),
    (61, {}, ["CALL-61", "LETTER-45"], "call"),
    (90, {}, ["CALL-61", "LETTER-45"], "call"),
    (91, {}, ["VISIT-91"], "visit"),
    (121, {}, ["AGENCY-121"], "agency"),
    (180, {}, ["AGENCY-121"], "agency"),
    (181, {}, ["AGENCY-181"], "agency"),
    (181, {"balance": Decimal("30000.00")}, ["LAW-181"], "law_firm"),
]


@pytest.mark.parametrize(("days", "fields", "expected", "queue"), DAYS)
def test_the_steps_of_a_day(days: int, fields: dict, expected: list[str], queue: str) -> None:
    connection = run(party(days, **fields))
    assert steps(connection) == expected
    assert row(connection)[0] == queue


SUPPRESSED = [
    ("nothing past due", 40, {"past_due": Decimal(0)}, [], "paid"),
    ("a credit balance", 40, {"balance": Decimal(0)}, [], "paid"),
    ("staff", 40, {"staff": True}, [], "listed"),
    ("a sensitive person", 10, {"sensitive": True}, [], "listed"),
    ("an open promise", 40, {"promise_state": "open", "promise_due": AS_OF}, [], "promise_open"),
    ("a hold", 46, {"holds": 1}, [], "on_hold"),
    ("a hold lets a reminder pass", 10, {"holds": 1}, ["SMS-07"], "on_hold"),
]


@pytest.mark.parametrize(("name", "days", "fields", "expected", "reason"), SUPPRESSED, ids=[s[0] for s in SUPPRESSED])
def test_who_gets_no_demand_and_why(name: str, days: int, fields: dict, expected: list[str], reason: str) -> None:
    connection = run(party(days, **fields))
    assert steps(connection) == expected
    queue, said = row(connection)
    assert (queue, said["code"]) == ("", reason)


REASONS = [
    ({"promise_state": "broken"}, 70, "promise_broken"),
    ({"promise_state": "partly_kept"}, 70, "promise_partly_kept"),
    (FPD, 5, "first_payment_default"),
    (HIGH, 5, "high_balance"),
    ({}, 34, "day_in_bucket"),
    ({"last_reached": None}, 70, "never_contacted"),
    ({}, 100, "visit"),
]


@pytest.mark.parametrize(("fields", "days", "code"), REASONS)
def test_the_reason_that_the_collector_reads(fields: dict, days: int, code: str) -> None:
    queue, said = row(run(party(days, **fields)))
    assert said["code"] == code
    assert said["params"]["days"] == days


def test_day_30_to_60_waits_before_other_days_and_the_larger_amount_before_the_smaller() -> None:
    connection = run(
        party(20, party_no="a day 20"),
        party(40, party_no="b day 40"),
        party(40, party_no="c day 40, more", past_due=Decimal(5000)),
        party(70, party_no="d broken promise", promise_state="broken"),
    )
    order = connection.execute("SELECT left(party_no, 1) FROM case_row ORDER BY rank").fetchall()
    assert "".join(letter for (letter,) in order) == "dcba"


KNOWN = [("done", []), ("planned", [date(2026, 11, 20)]), ("cancelled", [date(2026, 11, 23)])]


@pytest.mark.parametrize(("state", "expected"), KNOWN)
def test_what_is_done_is_not_planned_again_and_what_waits_keeps_its_day(state: str, expected: list[date]) -> None:
    one = party(4)
    known = (one["party_no"], 1, "SMS-03", one["oldest_due_date"], "sms", state, date(2026, 11, 20))
    found = run(one, planned=(known,)).execute("SELECT due_on FROM planned_action").fetchall()
    assert [due for (due,) in found] == expected


def test_each_action_carries_segment_and_rule() -> None:
    made = run(party(4, **FPD))
    found = made.execute("SELECT segment, rule, cycle FROM planned_action WHERE channel = 'sms'").fetchone()
    assert found == ("first_payment_default", "standard-cn/1/first_payment_default/SMS-03", AS_OF - timedelta(days=4))


def test_the_programs_stay_within_what_the_tables_hold_and_other_engines_read() -> None:
    for name, sql in compiled(read(shipped()), AS_OF):
        for statement in sqlglot.parse(sql, read="duckdb"):
            assert statement.sql(dialect="spark"), name
    strategy = read(shipped())
    longest = max(len(f"{strategy.code}/{strategy.version}/{s.id}/{step.id}") for s in strategy.segments
                  for t in s.treatments for step in strategy.treatments[t].steps)  # fmt: skip
    assert longest <= 64


BROKEN = [
    ("a column that is not there", "when: first_payment_default\n", "when: first_payment_defalut\n", "defalut"),
    ("a bucket that never is", "when: first_payment_default\n", "when: bucket = 'M9'\n", "M9"),
    ("days the wrong way round", "days: [16, 29]", "days: [29, 16]", "first and the last"),
    ("an unknown action", "action: visit", "action: threaten", "threaten"),
    ("a message without template", ", template: SMS-REMIND-2", "", "needs a template"),
    ("a treatment not there", "treatments: [reminders, calls, letter, after_90]", "treatments: [remind]", "'remind'"),
    ("a step twice", "id: SMS-07", "id: SMS-03", "SMS-03"),
    ("a demand on day 0", "days: [1, 15]", "days: [0, 15]", "grace"),
    ("a missing name", "name: {zh-hans: 催收函, en: Collection letter}", "name: {en: Collection letter}", "zh-hans"),
    ("a key that means nothing", "version: 1\n", "version: 1\nversoin: 2\n", "versoin"),
    ("not everybody in a segment", 'when: "TRUE"\n    treatments', "when: balance > 1\n    treatments", "everybody"),
    ("not YAML", "version: 1\n", "version: [1\n", "not YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "word"), BROKEN, ids=[one[0] for one in BROKEN])
def test_a_broken_strategy_says_where(name: str, old: str, new: str, word: str) -> None:
    text = shipped()
    assert old in text
    with pytest.raises(Invalid) as refused:
        read(text.replace(old, new, 1), file="mine.yaml")
    line = text[: text.index(old)].count("\n") + 1
    sentences = [one for one in refused.value.errors if word in one]
    assert sentences and all(one.startswith("mine.yaml, line ") for one in sentences)
    said = int(sentences[0].split("line ")[1].split(":")[0])
    assert abs(said - line) <= 2


def test_every_mistake_is_found_at_once() -> None:
    text = shipped().replace("days: [16, 29]", "days: [29, 16]")
    text = text.replace("when: first_payment_default\n", "when: nothing\n")
    with pytest.raises(Invalid) as refused:
        read(text)
    assert len(refused.value.errors) == 2
