"""`dunwell check ageing`: printed examples, sentences, and random histories against days counted one by one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dunwell.arrears.checks.ageing import CHECK
from dunwell.kernel.cases import Row, Unanswerable
from tests.sizes import size

DAY = timedelta(days=1)


def ask(*rows: dict[str, str]) -> list:
    return CHECK.answered([[Row({"case_id": str(nr), **row}, nr)] for nr, row in enumerate(rows, 2)])


def answer(**row: str) -> dict:
    [found] = ask(row)
    assert not isinstance(found, Unanswerable), found
    return dict(found[0])


DUE = "2023-10-01"


@pytest.mark.parametrize(
    ("as_of", "more", "past_due", "delinquent", "bucket", "risk_class"),
    [
        ("2023-10-01", {}, 0, 0, "M0", "pass"),
        ("2023-10-02", {}, 1, 1, "M1", "special_mention"),
        ("2023-09-30", {}, 0, 0, "M0", "pass"),  # not due yet
        # grace: forgiven until its last day, then everything counts; or taken off for good
        ("2023-10-04", {"grace_days": "3"}, 3, 0, "M0", "pass"),
        ("2023-10-05", {"grace_days": "3"}, 4, 4, "M1", "special_mention"),
        ("2023-10-04", {"grace_days": "3", "grace_policy": "subtract"}, 3, 0, "M0", "pass"),
        ("2023-10-05", {"grace_days": "3", "grace_policy": "subtract"}, 4, 1, "M1", "special_mention"),
        # edges of buckets and classes (CN-5T-CARD)
        ("2023-10-31", {}, 30, 30, "M1", "special_mention"),
        ("2023-11-01", {}, 31, 31, "M2", "special_mention"),
        ("2023-12-30", {}, 90, 90, "M3", "special_mention"),
        ("2023-12-31", {}, 91, 91, "M4", "substandard"),
        ("2024-01-29", {}, 120, 120, "M4", "substandard"),
        ("2024-01-30", {}, 121, 121, "M5", "doubtful"),
        ("2024-03-29", {}, 180, 180, "M6", "doubtful"),
        ("2024-03-30", {}, 181, 181, "M7+", "loss"),
        # the first day is not counted, on the last one counting goes on; the class is not moved
        ("2023-10-05", {"pauses": "2023-10-06..2023-10-10"}, 4, 4, "M1", "special_mention"),
        ("2023-10-06", {"pauses": "2023-10-06..2023-10-10"}, 5, 4, "M1", "special_mention"),
        ("2023-10-09", {"pauses": "2023-10-06..2023-10-10"}, 8, 4, "M1", "special_mention"),
        ("2023-10-10", {"pauses": "2023-10-06..2023-10-10"}, 9, 5, "M1", "special_mention"),
        ("2023-12-31", {"pauses": "2023-10-06..2023-12-20"}, 91, 16, "M1", "substandard"),
        ("2023-10-31", {"pauses": "2023-10-06.."}, 30, 4, "M1", "special_mention"),
        # days before and on the due date were never counted; a day in two pauses is taken out once
        ("2023-10-11", {"pauses": "2023-09-20..2023-10-03"}, 10, 9, "M1", "special_mention"),
        ("2023-10-11", {"pauses": "2023-10-04..2023-10-08;2023-10-06..2023-10-09"}, 10, 5, "M1", "special_mention"),
        ("2023-10-11", {"pauses": "2023-10-04..2023-10-04"}, 10, 10, "M1", "special_mention"),
        ("2023-10-05", {"pauses": "2023-10-02..2023-10-05", "grace_days": "3", "grace_policy": "subtract"}, 4, 0,
         "M0", "special_mention"),
    ],
)  # fmt: skip
def test_days_since_a_due_date(as_of, more, past_due, delinquent, bucket, risk_class):
    found = answer(as_of=as_of, oldest_unpaid_due_date=DUE, **more)
    assert (found["days_past_due"], found["days_delinquent"]) == (past_due, delinquent)
    assert (found["bucket"], found["risk_class"]) == (bucket, risk_class)
    assert found["past_due_amount"] is None and found["periods_past_due"] is None


TWO = "2023-10-01:250.00;2023-10-16:250.00"


@pytest.mark.parametrize(
    ("as_of", "payments", "oldest", "amount", "days", "periods"),
    [
        ("2023-09-30", "", None, "0.00", 0, 0),
        ("2023-10-01", "", "2023-10-01", "250.00", 0, 1),
        ("2023-10-15", "", "2023-10-01", "250.00", 14, 1),
        ("2023-10-20", "", "2023-10-01", "500.00", 19, 2),
        ("2023-10-20", "2023-10-17:250.00", "2023-10-16", "250.00", 4, 1),
        ("2023-10-20", "2023-10-17:249.99", "2023-10-01", "250.01", 19, 2),
        ("2023-10-20", "2023-10-17:500.00", None, "0.00", 0, 0),
        ("2023-10-20", "2023-10-21:500.00", "2023-10-01", "500.00", 19, 2),  # not known yet
        ("2023-10-20", "2023-09-01:250.00", "2023-10-16", "250.00", 4, 1),  # paid before it was due
        ("2023-10-20", "2023-10-17:500.00;2023-10-18:-500.00", "2023-10-01", "500.00", 19, 2),  # taken back
        ("2023-10-20", "2023-10-17:9999.00", None, "0.00", 0, 0),
    ],
)
def test_payments_go_to_the_oldest_due_first(as_of, payments, oldest, amount, days, periods):
    found = answer(as_of=as_of, dues=TWO, payments=payments)
    assert (str(found["oldest_unpaid_due_date"] or ""), str(found["past_due_amount"])) == (oldest or "", amount)
    assert (found["days_past_due"], found["periods_past_due"]) == (days, periods)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({}, "Row 2, as_of: found nothing, expected a date such as 2026-11-23."),
        ({"as_of": "2023-02-30"}, 'Row 2, as_of: found "2023-02-30", expected a date such as 2026-11-23.'),
        ({"as_of": DUE}, "Row 2: found neither oldest_unpaid_due_date nor dues, expected one of them."),
        ({"as_of": DUE, "dues": "2023-10-01=5"}, 'Row 2, dues: found "2023-10-01=5", expected a part such as'),
        ({"as_of": DUE, "dues": "2023-10-01:5.001"}, 'Row 2, dues: found "2023-10-01:5.001", expected a part'),
        ({"as_of": DUE, "dues": "2023-10-01:-5"}, "expected amounts not below 0."),
        ({"as_of": DUE, "oldest_unpaid_due_date": DUE, "grace_days": "-1"}, "expected a whole number from 0"),
        ({"as_of": DUE, "oldest_unpaid_due_date": DUE, "grace_policy": "none"}, "expected forgive or subtract."),
        ({"as_of": DUE, "oldest_unpaid_due_date": DUE, "pauses": "2023-10-06"}, "such as 2023-10-06..2023-10-10."),
        ({"as_of": DUE, "oldest_unpaid_due_date": DUE, "pauses": "2023-10-06..2023-10-01"}, "to go on after it begins."),
        ({"as_of": "2023-10-20", "oldest_unpaid_due_date": "2023-10-16", "dues": TWO},
         "found 2023-10-16, expected 2023-10-01 as the dues and payments say."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_in_a_sentence(row, sentence):
    [found] = ask(row)
    assert isinstance(found, Unanswerable)
    assert sentence in str(found)


def test_one_bad_row_leaves_the_others_answered():
    good = {"as_of": "2023-10-31", "oldest_unpaid_due_date": DUE}
    first, second, third = ask(good, {"as_of": "x"}, {**good, "grace_days": "40"})
    assert (first[0]["days_delinquent"], third[0]["days_delinquent"]) == (30, 0)
    assert isinstance(second, Unanswerable)


def test_values_beyond_all_bounds_leave_the_others_answered():
    good = {"as_of": "2023-10-31", "oldest_unpaid_due_date": DUE}
    far = {"as_of": "0001-01-01", "oldest_unpaid_due_date": "0001-01-01", "pauses": "9999-01-01..9999-12-31"}
    much = {"as_of": DUE, "dues": ";".join(["2023-09-01:9999999999999.99"] * 2_000)}
    first, second, third, fourth, fifth = ask(good, far, good, much, good)
    assert [one[0]["days_delinquent"] for one in (first, third, fifth)] == [30, 30, 30]
    assert str(second).startswith("Row 3: these values cannot be computed with (")
    assert str(fourth).startswith("Row 5: these values cannot be computed with (")


@dataclass
class History:
    as_of: date
    dues: list[tuple[date, Decimal]]
    payments: list[tuple[date, Decimal]]
    grace_days: int
    grace_policy: str
    pauses: list[tuple[date, date]]


def by_hand(history: History) -> dict:
    """Read plainly from the rules: each payment goes to the oldest due, and each day is looked at by itself."""
    unpaid = sorted([day, amount] for day, amount in history.dues if day <= history.as_of)
    purse = sum((amount for day, amount in history.payments if day <= history.as_of), Decimal(0))
    for due in unpaid:
        part = max(Decimal(0), min(due[1], purse))
        due[1] -= part
        purse -= part
    unpaid = [due for due in unpaid if due[1] > 0]
    if not unpaid:
        return {"oldest": None, "amount": Decimal("0.00"), "days": 0, "delinquent": 0, "periods": 0, "bucket": "M0",
                "risk": "pass"}  # fmt: skip
    day, calendar, stood_still = unpaid[0][0], 0, 0
    while day < history.as_of:
        day += DAY
        calendar += 1
        stood_still += any(first <= day < goes_on for first, goes_on in history.pauses)
    if history.grace_policy == "subtract":
        counted = calendar - history.grace_days
    else:
        counted = 0 if calendar <= history.grace_days else calendar
    counted, delinquent = max(0, counted), max(0, counted - stood_still)
    return {
        "oldest": unpaid[0][0],
        "amount": sum(amount for _, amount in unpaid),
        "days": calendar,
        "delinquent": delinquent,
        "periods": len({due for due, _ in unpaid}),
        "bucket": "M0" if delinquent == 0 else f"M{min(7, (delinquent - 1) // 30 + 1)}" + ("+" if delinquent > 180 else ""),
        "risk": "pass" if counted == 0 else "special_mention" if counted <= 90 else "substandard" if counted <= 120
        else "doubtful" if counted <= 180 else "loss",
    }  # fmt: skip


def some_history(chance: random.Random) -> History:
    as_of = date(2020, 1, 1) + DAY * chance.randrange(2400)
    start = as_of - DAY * chance.choice([5, 40, 100, 250, 500])

    def some_day() -> date:
        return start + DAY * chance.randrange(int((as_of - start).days * 1.1) + 2)

    def some_money(most: int) -> Decimal:
        return Decimal(chance.randrange(1, most)) / 100

    dues = [(some_day(), chance.choice([Decimal("250.00"), some_money(50_000)])) for _ in range(chance.randrange(1, 9))]
    payments = [
        (some_day(), chance.choice([Decimal("250.00"), some_money(60_000)]))
        for _ in range(chance.choice([0, 0, 1, 2, 5]))
    ]
    if payments and chance.random() < 0.3:
        day, amount = chance.choice(payments)
        payments.append((day + DAY * chance.randrange(9), -amount))
    pauses = []
    for _ in range(chance.choice([0, 0, 1, 2, 4])):
        first = some_day() - DAY * chance.randrange(20)
        pauses.append((first, first + DAY * chance.randrange(60)))
    return History(
        as_of, dues, payments, chance.choice([0, 0, 1, 3, 10]), chance.choice(["forgive", "subtract"]), pauses
    )


def asked(history: History) -> dict[str, str]:
    return {
        "as_of": str(history.as_of),
        "dues": ";".join(f"{day}:{amount:.2f}" for day, amount in history.dues),
        "payments": ";".join(f"{day}:{amount:.2f}" for day, amount in history.payments),
        "grace_days": str(history.grace_days),
        "grace_policy": history.grace_policy,
        "pauses": ";".join(f"{first}..{goes_on}" for first, goes_on in history.pauses),
    }


def test_random_histories_agree_with_days_counted_one_by_one():
    chance = random.Random(20261124)
    histories = [some_history(chance) for _ in range(size(1_000, 100_000))]
    names = {"oldest_unpaid_due_date": "oldest", "past_due_amount": "amount", "days_past_due": "days",
             "days_delinquent": "delinquent", "periods_past_due": "periods", "bucket": "bucket", "risk_class": "risk"}  # fmt: skip
    late = 0
    for history, found in zip(histories, ask(*map(asked, histories)), strict=True):
        assert not isinstance(found, Unanswerable), found
        expected = by_hand(history)
        assert {names[column]: value for column, value in found[0].items()} == expected, history
        late += expected["delinquent"] > 0
    assert late > len(histories) / 4, "the histories must be late often enough to tell"


def test_the_order_of_dues_and_payments_in_the_file_does_not_matter():
    chance = random.Random(7)
    for _ in range(size(20, 500)):
        history = some_history(chance)
        shuffled = History(**{**vars(history)})
        shuffled.dues = chance.sample(history.dues, len(history.dues))
        shuffled.payments = chance.sample(history.payments, len(history.payments))
        first, second = ask(asked(history), asked(shuffled))
        assert first == second
