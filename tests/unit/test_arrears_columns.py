"""Many plans at once, in cents: to the last digit what the exact programs say of each."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from dunwell.arrears.rules import columns
from dunwell.arrears.rules.day_count import DAY_COUNTS, later
from dunwell.arrears.rules.rates import Flow, NoRate, annual_rate_percent
from dunwell.arrears.rules.schedule import METHODS, Plan, instalments
from tests.sizes import size


def terms(chance: random.Random) -> Plan:
    """Odd terms, month ends, leap years, every day count and method."""
    on = date(2019, 1, 1) + timedelta(days=chance.randrange(3_000))
    if chance.random() < 0.3:
        on = chance.choice([date(2024, 1, 31), date(2023, 12, 30), date(2024, 2, 29), date(2027, 2, 28)])
    percent = Decimal(chance.choice([0, 1500, 1825, 2400, chance.randint(1, 4000)])) / 100
    periods = chance.choice([1, 2, 3, 6, 12, 24, 60, chance.randint(1, 60)])
    return Plan(
        Decimal(0), percent, periods, on, on + timedelta(days=chance.choice([3, 15, 30, 30, 30, 45])),
        method=chance.choice(["level", *METHODS]), day_count=chance.choice(["per_period", *DAY_COUNTS]),
    )  # fmt: skip


def principals(chance: random.Random, count: int) -> np.ndarray:
    return np.array(
        [
            chance.choice([chance.randint(1, 99), chance.randint(100, 10**7), chance.randint(1, columns.MOST)])
            for _ in range(count)
        ]
    )


def exact_rates(plan: Plan, payments: list[Decimal], dates: list[date]) -> list[int]:
    flows = [Flow(plan.start_date, -plan.principal)]
    flows += [Flow(day, paid) for day, paid in zip(dates, payments, strict=True)]
    rates = [int(annual_rate_percent(flows, convention=by) * 10_000) for by in ("reg_z", "xirr")]
    return [min(rate, columns.HIGHEST) for rate in rates]


def test_random_plans_in_columns_are_those_of_the_exact_programs():
    chance, rated = random.Random(20261128), 0
    for _ in range(size(120, 8_000)):
        like = terms(chance)
        cents = principals(chance, 4)
        made = columns.schedules(like, cents)
        dates = [later(like.first_due_date, "months", number) for number in range(like.periods)]
        found = [
            columns.annual_rates(cents, made.payment, on=like.start_date, dates=dates, convention=by)
            for by in ("reg_z", "xirr")
        ]
        for at, one in enumerate(cents):
            plan = replace(like, principal=Decimal(int(one)) / 100)
            rows = list(instalments(plan))
            figures = np.stack([made.principal[:, at], made.interest[:, at], made.balance_after[:, at]]).T
            exact = [[int(each * 100) for each in (row.principal, row.interest, row.balance_after)] for row in rows]
            assert figures.tolist() == exact, plan
            assert [rate[at] for rate in found] == exact_rates(plan, [row.payment for row in rows], dates), plan
            rated += any(row.interest for row in rows)
    assert rated > size(250, 16_000)


@pytest.mark.parametrize(
    ("percent", "periods", "cents"), [("600", 2, 5), ("600", 2, 1_000_000_000_005), ("0", 2, 10_001)]
)
def test_half_a_cent_of_an_instalment_is_rounded_up_whatever_floating_point_makes_of_it(percent, periods, cents):
    """At 50 % a month two instalments are 9/10 of the principal each: of odd multiples of five cents a whole and a half."""
    on = date(2026, 11, 23)
    plan = Plan(Decimal(cents) / 100, Decimal(percent), periods, on, date(2026, 12, 23))
    made = columns.schedules(plan, np.array([cents]))
    assert made.payment[0, 0] == next(instalments(plan)).payment * 100


def test_what_does_not_fit_64_bits_is_still_exact():
    """A year by actual/actual over a leap year at an odd rate: numerator and cents together are beyond them."""
    plan = Plan(
        Decimal(columns.MOST) / 100,
        Decimal("17.7777"),
        2,
        date(2023, 7, 1),
        date(2024, 9, 30),
        day_count="actual/actual",
    )
    made = columns.schedules(plan, np.array([columns.MOST]))
    assert [int(each) for each in made.interest[:, 0]] == [row.interest * 100 for row in instalments(plan)]


def test_half_of_the_last_digit_of_a_rate_is_rounded_up_whatever_floating_point_makes_of_it():
    """300.00005 % a year exactly: a quarter of what was paid out and a 24,000,000th of it, one month later; one cent less."""
    on, back = date(2026, 11, 23), np.array([[3_000_000_100_000, 3_000_000_099_999]])
    paid_out = np.array([2_400_000_000_000] * 2)
    found = columns.annual_rates(paid_out, back, on=on, dates=[date(2026, 12, 23)], convention="reg_z")
    assert found.tolist() == [3_000_001, 3_000_000]


@pytest.mark.parametrize(
    "changes",
    [{"principal": 0}, {"principal": columns.MOST + 1}, {"rounding": "up"}, {"rounding_unit": Decimal("0.1")}],
)
def test_what_columns_cannot_hold_is_refused(changes):
    cents = np.array([changes.pop("principal", 100)])
    plan = replace(Plan(Decimal(0), Decimal(15), 3, date(2026, 11, 23), date(2026, 12, 23)), **changes)
    with pytest.raises(ValueError, match="columns are rounded|principal of a plan"):
        columns.schedules(plan, cents)


def test_money_paid_back_on_the_same_day_has_no_rate():
    on = date(2026, 11, 23)
    with pytest.raises(NoRate, match="on one day"):
        columns.annual_rates(np.array([100]), np.array([[101]]), on=on, dates=[on], convention="xirr")
