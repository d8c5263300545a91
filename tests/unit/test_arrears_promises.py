"""What payments make of promises: the column program against a table and against a slow reference."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dunwell.arrears.rules import parameters
from dunwell.engine import programs, session
from tests.sizes import size

D = date(2026, 11, 10)


def settled(parts: list[tuple], money: list[tuple], as_of: date) -> list[tuple[str, Decimal]]:
    """`parts`: (promise, made on, due, amount); `money`: (day, amount), all of one party."""
    return settled_many([(parts, money)], as_of)[0]


def settled_many(cases: list[tuple[list, list]], as_of: date) -> list[list[tuple[str, Decimal]]]:
    connection = session.connect(threads=1)
    parameters.in_force(as_of).tables(connection, as_of=as_of)
    connection.execute(
        "CREATE TABLE promise_part (part_id BIGINT, promise_id BIGINT, party_no VARCHAR, currency VARCHAR, made_on DATE,"
        " position INTEGER, due_date DATE, amount DECIMAL(18,2), state VARCHAR, received DECIMAL(18,2), judged_on DATE,"
        " withdrawn BOOLEAN);"
        "CREATE TABLE arrangement (arrangement_id BIGINT, party_no VARCHAR, account_no VARCHAR, currency VARCHAR, agreed_on DATE,"
        " repaid_on DATE);"
        "CREATE TABLE instalment (instalment_id BIGINT, arrangement_id BIGINT, position INTEGER, due_date DATE,"
        " amount DECIMAL(18,2));"
        "CREATE TABLE received (account_no VARCHAR, transaction_date DATE, amount DECIMAL(18,2), counts BOOLEAN);"
        "CREATE TABLE account_state (account_no VARCHAR, party_no VARCHAR, currency VARCHAR)"
    )
    for number, (parts, money) in enumerate(cases):
        connection.execute("INSERT INTO account_state VALUES (?, ?, 'CNY')", [f"A{number}", f"P{number}"])
        for index, (promise, made, due, amount) in enumerate(parts):
            connection.execute(
                "INSERT INTO promise_part VALUES (?, ?, ?, 'CNY', ?, ?, ?, ?, 'open', 0, NULL, FALSE)",
                [number * 100 + index, promise, f"P{number}", made, index, due, amount],
            )
        for day, amount in money:
            connection.execute("INSERT INTO received VALUES (?, ?, ?, TRUE)", [f"A{number}", day, amount])
    programs.load("dunwell.arrangements", "settle_promises").run(connection)
    found = dict(
        (part, (state, received))
        for part, state, received in connection.execute(
            "SELECT part_id, state, received FROM promise_settled"
        ).fetchall()
    )
    return [[found[number * 100 + index] for index in range(len(parts))] for number, (parts, _) in enumerate(cases)]


def day(n: int) -> date:
    return D + timedelta(days=n)


@pytest.mark.parametrize(
    ("money", "as_of", "states"),
    [
        ([], 5, ["open", "open"]),  # on its date a promise is still open
        ([], 6, ["broken", "open"]),
        ([(3, "300")], 6, ["kept", "open"]),
        ([(3, "299.99")], 6, ["partly_kept", "open"]),
        ([(3, "299.99")], 5, ["open", "open"]),
        ([(5, "300")], 6, ["kept", "open"]),  # the date itself counts
        ([(6, "150")], 7, ["broken", "open"]),  # a day late keeps nothing: no grace
        ([(-1, "300")], 6, ["broken", "open"]),  # paid before it was promised
        ([(0, "500")], 2, ["kept", "kept"]),
        ([(3, "400")], 11, ["kept", "partly_kept"]),  # what is over goes to the next part
        ([(6, "200")], 11, ["broken", "kept"]),
    ],
)
def test_promise_of_300_by_the_15th_and_200_by_the_20th(money, as_of, states):
    parts = [(1, day(0), day(5), Decimal("300")), (1, day(0), day(10), Decimal("200"))]
    found = settled(parts, [(day(n), Decimal(amount)) for n, amount in money], day(as_of))
    assert [state for state, _ in found] == states


def test_money_is_not_used_for_two_promises():
    parts = [(1, day(0), day(5), Decimal("300")), (2, day(1), day(5), Decimal("300"))]
    assert settled(parts, [(day(2), Decimal("400"))], day(8)) == [
        ("kept", Decimal("300.00")), ("partly_kept", Decimal("100.00")),
    ]  # fmt: skip


def reference(parts: list[tuple], money: list[tuple], as_of: date) -> list[tuple[str, Decimal]]:
    left = [[moment, amount] for moment, amount in sorted(money)]
    answer: dict[int, tuple[str, Decimal]] = {}
    for index in sorted(range(len(parts)), key=lambda i: (parts[i][2], parts[i][1], parts[i][0], i)):
        _, made, due, amount = parts[index]
        got = Decimal(0)
        for one in left:
            if made <= one[0] <= due:
                part = min(one[1], amount - got)
                one[1] -= part
                got += part
        late = as_of > due
        state = "kept" if got >= amount else "open" if not late else "partly_kept" if got else "broken"
        answer[index] = (state, got)
    return [answer[index] for index in range(len(parts))]


def test_three_hundred_random_promises_agree_with_the_reference():
    chance = random.Random(7)
    cases = []
    for _ in range(size(300, 20_000)):
        parts = []
        for promise in range(chance.randint(1, 3)):
            made = day(chance.randint(0, 8))
            for _part in range(chance.randint(1, 3)):
                parts.append(
                    (promise, made, made + timedelta(days=chance.randint(0, 10)), Decimal(chance.randint(1, 500)))
                )
        by_day = {day(chance.randint(-2, 18)): Decimal(chance.randint(1, 600)) for _ in range(chance.randint(0, 5))}
        cases.append((parts, sorted(by_day.items())))
    assert settled_many(cases, day(9)) == [reference(parts, money, day(9)) for parts, money in cases]
