"""`dunwell check schedule` and `rate` on random cases, against every period counted by itself."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from dunwell.arrears.checks import rate, schedule
from dunwell.kernel.cases import Row, Unanswerable
from tests import plans_by_period as plainly
from tests.sizes import size


def a_plan(chance: random.Random) -> dict[str, str]:
    start = date(2019, 1, 1) + timedelta(days=chance.randrange(3_000))
    if chance.random() < 0.2:  # month ends and leap days
        start = plainly.months_on(date(2024, 1, 31), chance.randrange(-30, 30))
    unit = chance.choice(["months", "months", "weeks", "days"])
    every = chance.choice({"months": [1, 1, 1, 2, 3], "weeks": [1, 2, 4], "days": [1, 10, 30]}[unit])
    days = every * {"months": 30, "weeks": 7, "days": 1}[unit]
    first = start + timedelta(days=chance.choice([0, days, days, days + chance.randrange(40)]))
    return {
        "principal": str(Decimal(chance.choice([chance.randint(1, 10_000), chance.randint(100_000, 50_000_000)])) / 100),
        "annual_rate_percent": str(Decimal(chance.choice([0, 75, 720, 1250, 1825, 2400, chance.randint(1, 4000)])) / 100),
        "periods": str(chance.choice([1, 2, 3, 6, 12, 24, chance.randint(1, 36)])),
        "period_unit": unit, "every": str(every), "start_date": str(start), "first_due_date": str(first),
        "method": chance.choice(["level", "level", "equal_principal", "fee_on_original"]),
        "day_count": chance.choice(["30/360", "actual/365", "actual/360", "actual/actual", "per_period"]),
        "rounding": chance.choice(["half_up", "half_up", "half_even", "up"]),
        "rounding_unit": chance.choice(["", "0.01", "0.1", "1", "10", "0.05"]),
    }  # fmt: skip


def test_random_plans_agree_with_every_period_counted_by_itself():
    chance = random.Random(20261124)
    methods = set()
    for _ in range(size(1_000, 100_000)):
        given = a_plan(chance)
        [found] = schedule.CHECK.answered([[Row(given, 2)]])
        assert not isinstance(found, Unanswerable), (found, given)
        expected = plainly.schedule(
            plainly.Terms(
                *(Fraction(given[name]) for name in ("principal", "annual_rate_percent")), int(given["periods"]),
                given["period_unit"], int(given["every"]), date.fromisoformat(given["start_date"]),
                date.fromisoformat(given["first_due_date"]), given["method"], given["day_count"], given["rounding"],
                Fraction(given["rounding_unit"] or "0.01"),
            )
        )  # fmt: skip
        assert [tuple(row.values()) for row in found] == expected, given
        methods.add((given["method"], given["day_count"], given["rounding"]))
    assert len(methods) == 3 * 5 * 3


def flows(chance: random.Random) -> tuple[str, str, list[tuple[date, Decimal]]]:
    """Money paid out once or in parts, then paid back: a little less than it, as much, more or much more."""
    convention, unit = chance.choice(["reg_z", "reg_z", "xirr", "periodic"]), chance.choice(list(plainly.A_YEAR))
    first = date(2019, 1, 1) + timedelta(days=chance.randrange(3_000))
    if chance.random() < 0.2:
        first = plainly.months_on(date(2024, 1, 31), chance.randrange(-30, 30))
    step = {"day": 1, "week": 7, "2 weeks": 14, "4 weeks": 28, "half month": 15}.get(unit)
    months = {"month": 1, "2 months": 2, "quarter": 3, "6 months": 6, "year": 12}.get(unit, 1)
    count = chance.choice([1, 2, 3, 12, chance.randint(1, 24)])
    advances = [(first, -Decimal(chance.randint(10_000, 5_000_000)) / 100)]
    begin = first + timedelta(days=chance.choice([0, 0, chance.randrange(1, 45)]))
    if chance.random() < 0.15:
        advances.append((begin, -Decimal(chance.randint(1, 500_000)) / 100))
    owed = -sum(amount for _, amount in advances)
    most = Decimal({"day": "1.1", "week": "1.5"}.get(unit, "3"))
    each = owed * chance.choice([Decimal("0.9"), Decimal(1), Decimal("1.06"), most]) / count
    paid = []
    for nr in range(1, count + 1):
        day = begin + timedelta(days=step * nr) if step else plainly.months_on(begin, months * nr)
        amount = each if chance.random() < 0.8 else each * Decimal("0.7")
        paid.append((day, max(Decimal("0.01"), amount.quantize(Decimal("0.01")))))
    return convention, unit, advances + paid


def test_random_flows_have_the_rate_at_which_they_are_worth_nothing():
    chance = random.Random(20261125)
    for _ in range(size(1_000, 100_000)):
        convention, unit, told = flows(chance)
        rows = [
            Row({"date": str(day), "amount": str(amount), "convention": convention, "unit": unit}, nr)
            for nr, (day, amount) in enumerate(told, start=2)
        ]
        [found] = rate.CHECK.answered([rows])
        assert not isinstance(found, Unanswerable), (found, told)
        percent = found[0]["annual_rate_percent"]
        assert plainly.lies_between(told, convention, unit, percent), (convention, unit, percent, told)
