"""Where an arrangement stands: the column program against a table, and against a slow reference day by day."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dunwell.arrears.rules import parameters
from dunwell.engine import programs, session
from tests.sizes import size

D = date(2026, 11, 10)
DUES = (10, 40, 70)  # days after D on which 100.00 each is due
GRACE, REVIVAL, REVIVALS = 3, 15, 1


def day(n: int) -> date:
    return D + timedelta(days=n)


def judged(
    cases: list[list[tuple[int, str]]],
    as_of: int,
    *,
    combined: int = 0,
    of_last: dict[str, object] | None = None,
    **facts: object,
) -> list[str]:
    """The standing of a plan of three instalments for each list of payments (day, amount), on a day.

    The first so many are parts of one `combined` plan, number 2; `of_last` are facts of the last alone.
    """
    connection = session.connect(threads=1)
    parameters.in_force(day(as_of)).tables(connection, as_of=day(as_of))
    connection.execute(
        "CREATE TABLE promise_part (part_id BIGINT, promise_id BIGINT, party_no VARCHAR, currency VARCHAR, made_on DATE,"
        " position INTEGER, due_date DATE, amount DECIMAL(18,2), state VARCHAR, received DECIMAL(18,2), judged_on DATE,"
        " withdrawn BOOLEAN);"
        "CREATE TABLE received (account_no VARCHAR, transaction_date DATE, amount DECIMAL(18,2), counts BOOLEAN);"
        "CREATE TABLE account_state (account_no VARCHAR, party_no VARCHAR, currency VARCHAR);"
        "CREATE TABLE hold (party_no VARCHAR, account_no VARCHAR, kind VARCHAR, ends_on DATE);"
        "CREATE TABLE arrangement (arrangement_id BIGINT, party_no VARCHAR, account_no VARCHAR, currency VARCHAR,"
        " lapses_on DATE, grace_days INTEGER, revival_days INTEGER, revivals INTEGER, agreed_on DATE, in_force_on DATE,"
        " approved BOOLEAN, refused BOOLEAN, rejected BOOLEAN, cancelled BOOLEAN, repaid_on DATE, replaced BOOLEAN,"
        " standing VARCHAR, standing_on DATE, combined_id BIGINT);"
        "CREATE TABLE instalment (instalment_id BIGINT, arrangement_id BIGINT, position INTEGER, due_date DATE,"
        " amount DECIMAL(18,2), state VARCHAR, received DECIMAL(18,2), paid_on DATE)"
    )
    given = {"agreed_on": day(0), "in_force_on": day(1), "approved": True, "refused": False, "rejected": False,
             "cancelled": False, "repaid_on": None, "replaced": False, **facts}  # fmt: skip
    for n, money in enumerate(cases):
        party, values = "P0" if n < combined else f"P{n}", dict(given)
        if n == len(cases) - 1:
            values |= of_last or {}
        connection.execute("INSERT INTO account_state VALUES (?, ?, 'CNY')", [f"A{n}", party])
        connection.execute(
            "INSERT INTO arrangement VALUES (?, ?, ?, 'CNY', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'proposed', NULL, ?)",
            [n, party, f"A{n}", day(7), GRACE, REVIVAL, REVIVALS, *values.values(), 2 if n < combined else None],
        )
        for position, due in enumerate(DUES, start=1):
            connection.execute(
                "INSERT INTO instalment VALUES (?, ?, ?, ?, 100, 'open', 0, NULL)",
                [n * 10 + position, n, position, day(due)],
            )
        for on, amount in money:
            connection.execute("INSERT INTO received VALUES (?, ?, ?, TRUE)", [f"A{n}", day(on), Decimal(amount)])
    for step in ("settle_promises", "settle_plans"):
        programs.load("dunwell.arrangements", step).run(connection)
    rows = connection.execute("SELECT standing FROM arrangement_settled ORDER BY arrangement_id").fetchall()
    return [standing for (standing,) in rows]


@pytest.mark.parametrize(
    ("money", "as_of", "standing"),
    [
        ([], 10, "in_force"),  # on its date nothing is late
        ([], 11, "missed"),
        ([], 13, "missed"),  # the last day of grace
        ([], 14, "breached"),
        ([(9, "100")], 14, "in_force"),
        ([(9, "99.99")], 14, "breached"),
        ([(9, "60"), (12, "40")], 14, "in_force"),  # within grace
        ([(20, "100")], 21, "in_force"),  # revived
        ([], 28, "breached"),  # grace and revival: 18 days
        ([], 29, "terminated"),
        ([(30, "300")], 31, "terminated"),  # too late revives nothing
        ([(20, "100"), (50, "100")], 51, "terminated"),  # revived once more than the terms say
        ([(9, "300")], 11, "ended"),  # all of it, early
        ([(0, "100"), (40, "100"), (70, "100")], 71, "ended"),
    ],
)
def test_three_instalments_of_a_hundred(money, as_of, standing):
    assert judged([money], as_of) == [standing]


@pytest.mark.parametrize(
    ("facts", "as_of", "standing"),
    [
        ({"agreed_on": None, "in_force_on": None, "approved": False}, 7, "proposed"),
        ({"agreed_on": None, "in_force_on": None}, 7, "approved"),
        ({"agreed_on": None, "in_force_on": None}, 8, "lapsed"),
        ({"in_force_on": None}, 30, "agreed"),  # nothing is late before the host has confirmed
        ({"in_force_on": day(20)}, 21, "missed"),  # late from the day on which it came into force
        ({"in_force_on": day(20)}, 20, "in_force"),
        ({"refused": True, "agreed_on": None, "in_force_on": None}, 7, "refused"),
        ({"rejected": True, "in_force_on": None}, 7, "rejected"),
        ({"cancelled": True}, 7, "cancelled"),
        ({"repaid_on": D}, 40, "ended"),  # early: nothing is owed, and what was still to come is not late
        ({"cancelled": True, "replaced": True}, 7, "replaced"),
    ],
)
def test_before_it_is_performed_it_stands_as_people_and_the_host_decided(facts, as_of, standing):
    assert judged([[]], as_of, **facts) == [standing]


@pytest.mark.parametrize(
    ("first", "second", "as_of", "standing"),
    [
        ([(9, "100")], [(9, "100")], 11, "in_force"),
        ([(9, "100")], [], 11, "missed"),  # one part's is the whole's
        ([], [(9, "100")], 14, "breached"),
        ([(9, "300")], [(9, "100")], 11, "in_force"),  # one is paid whole
        ([(9, "300")], [(9, "300")], 11, "ended"),
        ([(19, "100")], [], 21, "breached"),  # half of it revives nothing
        ([(19, "100")], [(20, "100")], 21, "in_force"),  # revived once, with the last of them
        ([(19, "100")], [(29, "100")], 30, "terminated"),
    ],
)
def test_the_parts_of_a_combined_plan_stand_as_one(first, second, as_of, standing):
    assert judged([first, second], as_of, combined=2) == [standing] * 2


@pytest.mark.parametrize(
    ("facts", "of_last", "standing"),
    [
        ({"in_force_on": None}, {"rejected": True}, "rejected"),
        ({"in_force_on": None}, {}, "agreed"),
        ({"agreed_on": None, "in_force_on": None}, {}, "approved"),
    ],
)
def test_what_the_host_rejects_of_one_part_is_rejected_of_all(facts, of_last, standing):
    assert judged([[], []], 7, combined=2, of_last=of_last, **facts) == [standing] * 2


@pytest.mark.parametrize(
    ("money", "as_of", "facts", "standing"),
    [
        ([(9, "100")], 41, {}, "missed"),  # the other part goes on
        ([(9, "100"), (39, "100")], 41, {}, "in_force"),  # what was still to come of the one is not late
        ([(9, "300")], 41, {}, "ended"),
        ([], 41, {"repaid_on": D}, "ended"),  # both are repaid
        ([(9, "100")], 41, {"cancelled": True, "repaid_on": None}, "cancelled"),  # the other was, and the whole with it
        ([(9, "100")], 41, {"replaced": True, "repaid_on": None}, "replaced"),  # by a change of what ran on
    ],
)
def test_a_part_that_was_repaid_early_is_paid(money, as_of, facts, standing):
    assert judged([money, []], as_of, combined=2, of_last={"repaid_on": D}, **facts) == [standing] * 2


def test_a_combined_plan_is_not_mixed_up_with_the_arrangement_of_the_same_number():
    assert judged([[(9, "100")], [(9, "100")], []], 11, combined=2) == ["in_force", "in_force", "missed"]


def plainly(money: list[tuple[int, str]], as_of: int) -> str:
    """The same, told cent by cent: each payment goes to the oldest instalment that is not full."""
    left, paid_on = [Decimal(100)] * 3, [None] * 3
    for on, amount in sorted(money):
        rest = Decimal(amount)
        for n in range(3):
            part = min(rest, left[n])
            left[n] -= part
            rest -= part
            if part and not left[n]:
                paid_on[n] = on
    late = [max(0, (as_of if on is None else on) - due) for due, on in zip(DUES, paid_on, strict=True)]
    revived = {on for on, days in zip(paid_on, late, strict=True) if on is not None and days > GRACE}
    unpaid = [days for on, days in zip(paid_on, late, strict=True) if on is None]
    if max(late) > GRACE + REVIVAL or len(revived) > REVIVALS:
        return "terminated"
    if not unpaid:
        return "ended"
    return "breached" if max(unpaid) > GRACE else "missed" if max(unpaid) > 0 else "in_force"


def test_random_payments_agree_with_the_reference():
    chance = random.Random(5)
    for as_of in chance.sample(range(1, 100), size(3, 60)):
        cases = []
        for _ in range(size(60, 400)):
            days = sorted(chance.sample(range(as_of + 1), min(as_of, chance.randint(0, 5))))
            cases.append([(on, str(chance.choice([20, 50, 80, 100, 100, 200]))) for on in days])
        assert judged(cases, as_of) == [plainly(money, as_of) for money in cases]
