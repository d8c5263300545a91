"""The five-tier class: both tables edge by edge, the worse wins, restructuring and judgement; against the law read plainly."""

from __future__ import annotations

import random
from datetime import date, timedelta

import duckdb
import pytest

from dunwell.arrears.rules import parameters, risk
from dunwell.engine.programs import load
from tests.sizes import size
from tests.tables import put_rows

AS_OF = date(2026, 11, 23)
PASS, SPECIAL, SUB, DOUBTFUL, LOSS = risk.CLASSES


def classed(
    accounts: list[tuple[str, int, int]], *, restructured: tuple = (), judged: tuple = (), as_of: date = AS_OF
) -> dict[str, tuple]:
    """(account, calendar days past due, days with grace) -> (class, rule, card class, asset class)."""
    connection = duckdb.connect()
    parameters.in_force(as_of).tables(connection, as_of=as_of)
    for facts, rows in ((risk.RESTRUCTURED, restructured), (risk.JUDGED, judged)):
        connection.execute(f"CREATE TABLE {facts}")
        put_rows(connection, facts.split()[0], rows)
    risk.tables(connection, as_of=as_of)
    connection.execute(
        "CREATE TABLE aged (account_no VARCHAR, days_past_due INTEGER, days_unpaused INTEGER, past_due DECIMAL(18, 2))"
    )
    put_rows(connection, "aged", [(*account, "1.00") for account in accounts])
    load("dunwell.arrears", "risk").run(connection)
    return {
        row[0]: row[1:]
        for row in connection.execute("SELECT * EXCLUDE (days_unpaused, past_due) FROM account_risk").fetchall()
    }


@pytest.mark.parametrize(("days", "expected"), [
    (0, PASS), (4, SPECIAL), (90, SPECIAL), (91, SUB), (120, SUB), (121, DOUBTFUL), (180, DOUBTFUL), (181, LOSS),
    (270, LOSS), (361, LOSS), (5000, LOSS),
])  # fmt: skip
def test_card_debt_by_days_past_due(days, expected):
    [(found, rule, card, _)] = classed([("A", days, days)]).values()
    assert (found, rule, card) == (expected, "CN-5T-CARD", expected)


@pytest.mark.parametrize(("days", "expected"), [
    (0, PASS), (90, PASS), (91, SUB), (270, SUB), (271, DOUBTFUL), (360, DOUBTFUL), (361, LOSS),
])  # fmt: skip
def test_every_asset_by_calendar_days(days, expected):
    assert classed([("A", days, days)])["A"][3] == expected


def test_within_grace_nothing_is_past_due():
    assert classed([("A", 3, 0)])["A"] == (PASS, "CN-5T-CARD", PASS, PASS)


@pytest.mark.parametrize(("calendar", "counted", "expected"), [
    (90, 87, (SPECIAL, "CN-5T-CARD")),
    (91, 88, (SUB, "CN-5T-2023")),  # grace taken off for good does not move the calendar
    (94, 91, (SUB, "CN-5T-CARD")),
])  # fmt: skip
def test_the_worse_of_both_tables_wins_and_is_named(calendar, counted, expected):
    assert classed([("A", calendar, counted)])["A"][:2] == expected


@pytest.mark.parametrize(("days", "times", "starts", "ends", "expected"), [
    (0, 1, "2026-01-01", "2027-01-01", (SPECIAL, "CN-5T-2023")),
    (0, 1, "2026-01-01", "2026-11-23", (SPECIAL, "CN-5T-2023")),  # its last day counts
    (0, 1, "2026-01-01", "2026-11-22", (PASS, "CN-5T-CARD")),  # observed and over
    (0, 1, "2026-11-24", "2027-11-24", (PASS, "CN-5T-CARD")),  # not yet
    (0, 2, "2026-01-01", "2027-01-01", (SUB, "CN-5T-2023")),  # restructured again
    (100, 1, "2026-01-01", "2027-01-01", (SUB, "CN-5T-CARD")),
    (200, 3, "2026-01-01", "2027-01-01", (LOSS, "CN-5T-CARD")),
])  # fmt: skip
def test_a_restructured_debt_is_at_best_special_mention_while_it_is_observed(days, times, starts, ends, expected):
    rows = (("A", date.fromisoformat(starts), date.fromisoformat(ends), times),)
    assert classed([("A", days, days)], restructured=rows)["A"][:2] == expected


@pytest.mark.parametrize(("judged", "ends", "expected"), [
    (DOUBTFUL, None, (DOUBTFUL, "JUDGEMENT")),
    (DOUBTFUL, AS_OF, (DOUBTFUL, "JUDGEMENT")),
    (DOUBTFUL, AS_OF - timedelta(1), (SUB, "CN-5T-CARD")),
    (PASS, None, (SUB, "CN-5T-CARD")),  # a judgement never makes a class better
])  # fmt: skip
def test_a_judgement_makes_a_class_worse_until_it_ends(judged, ends, expected):
    rows = (("A", judged, AS_OF - timedelta(9), ends),)
    assert classed([("A", 100, 100)], judged=rows)["A"][:2] == expected


def test_before_the_rule_of_2023_only_the_card_table_speaks():
    assert {edge.rule for edge in risk.edges(date(2023, 6, 30))} == {"CN-5T-CARD"}
    assert {edge.rule for edge in risk.edges(date(2023, 7, 1))} == {"CN-5T-CARD", "CN-5T-2023"}
    rows = (("A", date(2023, 1, 1), date(2024, 1, 1), 1),)
    assert classed([("A", 0, 0)], restructured=rows, as_of=date(2023, 6, 30))["A"][0] == PASS


@pytest.mark.parametrize(("observed_from", "periods_to", "expected"), [
    ("2026-03-25", "2026-04-25", "2027-03-25"),
    ("2026-03-25", None, "2027-03-25"),  # one payment alone
    ("2024-02-29", "2024-03-29", "2025-02-28"),
    ("2026-03-25", "2027-09-25", "2027-09-25"),  # half-yearly instalments: two periods are longer than a year
])  # fmt: skip
def test_observation_lasts_a_year_and_two_periods(observed_from, periods_to, expected):
    [(_, _, observed_to, _)] = restructured(
        [(1, "A", "2024-01-10", observed_from, periods_to)], as_of=date(2025, 6, 30)
    )
    assert observed_to == date.fromisoformat(expected)


def restructured(rows: list[tuple], *, as_of: date = AS_OF) -> list[tuple]:
    """What the program makes of restructurings: account, from, to, the how many-th within an observation."""
    connection = duckdb.connect()
    parameters.in_force(as_of).tables(connection, as_of=as_of)
    risk.tables(connection, as_of=as_of)
    put_rows(connection, "restructuring", rows)
    load("dunwell.arrears", "restructured").run(connection)
    return connection.execute("FROM restructured ORDER BY account_no, starts_on").fetchall()


def test_what_is_restructured_while_it_is_observed_is_restructured_again():
    rows = [
        (1, "A", "2026-01-10", "2026-02-10", "2026-03-10"), (2, "A", "2026-06-10", "2026-07-10", "2026-08-10"),
        (3, "B", "2024-11-10", "2024-12-10", "2025-01-10"), (4, "B", "2026-01-10", "2026-02-10", "2026-03-10"),
    ]  # fmt: skip
    assert [(row[0], row[3]) for row in restructured(rows)] == [("A", 1), ("A", 2), ("B", 1), ("B", 1)]


def law(calendar: int, counted: int, restructured: list[tuple], judged: list[tuple]) -> str:
    """The class read plainly from I-CARD Art 92, Order 2023-1 and the rule that the worse one wins."""
    found = [PASS]
    if counted > 0:
        found.append(SPECIAL if counted <= 90 else SUB if counted <= 120 else DOUBTFUL if counted <= 180 else LOSS)
        found.append(PASS if calendar <= 90 else SUB if calendar <= 270 else DOUBTFUL if calendar <= 360 else LOSS)
    for starts, ends, times in restructured:
        if starts <= AS_OF <= ends:
            found.append(SPECIAL if times == 1 else SUB)
    for name, starts, ends in judged:
        if starts <= AS_OF and (ends is None or ends >= AS_OF):
            found.append(name)
    return max(found, key=risk.CLASSES.index)


def test_the_program_agrees_with_the_law_on_random_accounts():
    draw = random.Random(4)

    def some_day() -> date:
        return AS_OF + timedelta(draw.choice([-400, -30, -1, 0, 1, 30, 400]))

    accounts, restructured, judged, expected = [], [], [], {}
    for number in range(size(1_000, 100_000)):
        name = f"A{number}"
        calendar = draw.choice([0, 0, draw.randrange(0, 400), draw.choice([3, 4, 90, 91, 93, 94, 180, 181, 270, 360])])
        counted = draw.choice([calendar, max(0, calendar - 3), 0 if calendar <= 3 else calendar])
        again = [(some_day(), some_day(), draw.choice([1, 1, 2, 5])) for _ in range(draw.choice([0, 0, 0, 1, 2]))]
        words = [
            (draw.choice(risk.CLASSES), some_day(), draw.choice([None, some_day()]))
            for _ in range(draw.choice([0, 0, 0, 1, 2]))
        ]
        accounts.append((name, calendar, counted))
        restructured += [(name, *row) for row in again]
        judged += [(name, *row) for row in words]
        expected[name] = law(calendar, counted, again, words)
    found = classed(accounts, restructured=tuple(restructured), judged=tuple(judged))
    assert {name: row[0] for name, row in found.items()} == expected
