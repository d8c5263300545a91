"""Promises: what the policy takes, and splits to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dunwell.arrangements.rules.promises import Part, Policy, check, policy, split

MADE = date(2026, 11, 23)  # a Monday
POLICY = Policy(minimum_share=Decimal("0.30"), days=10, parts=3)


def working(day: date) -> bool:
    return day.isoweekday() <= 5


def part(day: int, amount: str, payer: int | None = None) -> Part:
    """A part due so many days after the promise is made."""
    return Part(date.fromordinal(MADE.toordinal() + day), Decimal(amount), payer)


SISTER, BROTHER, NEIGHBOUR = 2, 3, 4  # the first two answer for the debt


# past due 2,618.40: the least part is 785.52
CASES = [
    ("the whole today", [part(0, "2618.40")], []),
    ("the least part", [part(3, "785.52")], []),
    ("a cent below the least part", [part(3, "785.51")], [("below_least", 0)]),
    ("two halves, the last on the last day", [part(3, "1309.20"), part(10, "1309.20")], []),
    ("a day too late", [part(11, "1309.20")], [("date_late", 0)]),
    ("yesterday", [part(-1, "1309.20")], [("date_past", 0)]),
    ("a Saturday", [part(5, "1309.20")], [("not_working_day", 0)]),
    ("the second part not after the first", [part(3, "800.00"), part(3, "800.00")], [("date_order", 1)]),
    ("a cent above what is past due", [part(3, "2618.41")], [("above_past_due", None)]),
    ("three thirds", [part(1, "872.80"), part(2, "872.80"), part(3, "872.80")], []),
    ("each of three a part on one day", [part(3, "800.00"), part(3, "800.00", SISTER), part(3, "800.00", BROTHER)], []),
    ("a joint payer twice on one day", [part(3, "800.00", SISTER), part(3, "800.00"), part(3, "800.00", SISTER)],
     [("date_order", 2)]),
    ("one who owes nothing", [part(3, "800.00"), part(4, "800.00", NEIGHBOUR)], [("payer", 1)]),
    ("four parts", [part(n, "600.00") for n in range(1, 5)], [("too_many_parts", None)]),
    ("nothing", [], [("no_parts", None)]),
    ("an amount of nothing", [part(1, "0.00")], [("not_positive", 0)]),
    ("less than nothing", [part(1, "-900.00")], [("not_positive", 0)]),
    ("a tenth of a cent", [part(1, "900.001")], [("not_cents", 0)]),
    ("not a number", [part(1, "NaN")], [("not_cents", 0)]),
    ("two mistakes at once", [part(5, "1.00"), part(11, "3000.00")],
     [("not_working_day", 0), ("below_least", 0), ("date_late", 1), ("above_past_due", None)]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "parts", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_the_policy_says_to_a_promise(name: str, parts: list, expected: list) -> None:
    found = check(
        parts, past_due=Decimal("2618.40"), made_on=MADE, under=POLICY, is_working_day=working,
        payers={None, SISTER, BROTHER},
    )  # fmt: skip
    assert [(problem.code, problem.part) for problem in found] == expected


SPLITS = [
    ("100.00", 3, ["33.33", "33.33", "33.34"]),
    ("2618.40", 2, ["1309.20", "1309.20"]),
    ("0.01", 3, ["0.00", "0.00", "0.01"]),
    ("1000.00", 7, ["142.85"] * 6 + ["142.90"]),
    ("5.00", 1, ["5.00"]),
]


@pytest.mark.parametrize(("total", "number", "expected"), SPLITS)
def test_the_last_part_takes_the_remainder(total: str, number: int, expected: list[str]) -> None:
    found = split(Decimal(total), number)
    assert [str(amount) for amount in found] == expected
    assert sum(found) == Decimal(total)


def test_no_part_is_no_split() -> None:
    with pytest.raises(ValueError):
        split(Decimal(100), 0)


def test_the_shipped_policy() -> None:
    shipped = policy(MADE)
    assert (shipped.minimum_share, shipped.days, shipped.parts) == (Decimal("0.30"), 10, 3)
    assert shipped.least(Decimal("2618.40")) == Decimal("785.52")
    with pytest.raises(LookupError):
        policy(date(2012, 12, 31))
