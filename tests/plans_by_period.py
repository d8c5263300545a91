"""Instalment plans and annual rates the slow way: period after period, from the contract's words and Regulation Z.

Nothing of the program is used. All is exact (fractions of whole numbers); a figure is rounded once, at the end.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

DAY = timedelta(days=1)
CENT = Fraction(1, 100)


@dataclass
class Terms:
    principal: Fraction
    percent: Fraction
    periods: int
    unit: str
    every: int
    start: date
    first: date
    method: str
    day_count: str
    rounding: str
    rounding_unit: Fraction


def months_on(day: date, count: int) -> date:
    """So many months later, month after month; the month's last day where it has no such day."""
    year, month = day.year, day.month
    for _ in range(abs(count)):
        month += 1 if count > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def to_multiple(amount: Fraction, unit: Fraction, how: str) -> Fraction:
    """Candidates below and above; the nearer one, or the rule's where they are equally near."""
    below = (amount // unit) * unit
    above = below + unit
    if below == amount:
        return below
    if how == "up":
        return above
    if amount - below != above - amount:
        return below if amount - below < above - amount else above
    return above if how == "half_up" or (below / unit) % 2 else below


def part_of_a_year(start: date, end: date, how: str) -> Fraction:
    if how == "30/360":
        return Fraction(_thirty(start, end), 360)
    each_day = [start + DAY * n for n in range((end - start).days)]
    if how == "actual/actual":
        return sum((Fraction(1, 366 if isleap(day.year) else 365) for day in each_day), Fraction(0))
    return Fraction(len(each_day), {"actual/365": 365, "actual/360": 360}[how])


def _thirty(start: date, end: date) -> int:
    """30/360 US: the last days of February and the 31st of the first date, and then of the second, become 30."""
    last_of_february = [day.month == 2 and (day + DAY).month == 3 for day in (start, end)]
    one, two = start.day, end.day
    if all(last_of_february):
        two = 30
    if last_of_february[0]:
        one = 30
    if two == 31 and one in (30, 31):
        two = 30
    if one == 31:
        one = 30
    return (end.year - start.year) * 360 + (end.month - start.month) * 30 + two - one


def schedule(terms: Terms) -> list[tuple[int, date, Fraction, Fraction, Fraction, Fraction]]:
    """Number, due date, principal, interest, payment, what is owed afterwards."""
    steps = {"months": lambda n: months_on(terms.first, n), "weeks": lambda n: terms.first + 7 * n * DAY,
             "days": lambda n: terms.first + n * DAY}  # fmt: skip
    dates = [steps[terms.unit](terms.every * n) for n in range(terms.periods)]
    rates = []
    for before, due in zip([terms.start, *dates], dates, strict=False):
        if terms.day_count == "per_period":
            part = Fraction(terms.every, {"months": 12, "weeks": 52, "days": 365}[terms.unit])
        else:
            part = part_of_a_year(before, due, terms.day_count)
        rates.append(terms.percent / 100 * part)
    grown, paid = terms.principal, Fraction(0)  # what is owed at the end is grown - instalment × paid
    for rate in rates:
        grown, paid = grown * (1 + rate), paid * (1 + rate) + 1
    instalment = to_multiple(grown / paid, terms.rounding_unit, terms.rounding)
    share = to_multiple(terms.principal / terms.periods, terms.rounding_unit, terms.rounding)
    owed, rows = terms.principal, []
    for nr, (due, rate) in enumerate(zip(dates, rates, strict=True), start=1):
        base = terms.principal * terms.percent / 100 if terms.method == "fee_on_original" else owed * rate
        interest = to_multiple(base, CENT, terms.rounding)
        principal = instalment - interest if terms.method == "level" else share
        if nr == terms.periods or principal > owed:
            principal = owed
        owed -= principal
        rows.append((nr, due, principal, interest, principal + interest, owed))
    return rows


def unit_periods(first: date, later: date, unit: str, series: int = 0) -> tuple[int, Fraction]:
    """Appendix J (b)(5): whole unit periods, and the part of one that remains at the beginning. `series` is the day of the
    month on which the payments are due: where a month is too short for it they are due on its last day."""
    if unit in ("day", "week", "2 weeks", "4 weeks"):
        days = {"day": 1, "week": 7, "2 weeks": 14, "4 weeks": 28}[unit]
        return (later - first).days // days, Fraction((later - first).days % days, days)
    in_series = max(later.day, series) if (later + DAY).day == 1 else later.day

    def back(count: int) -> date:
        month = months_on(later.replace(day=1), -count)
        return month.replace(day=min(in_series, monthrange(month.year, month.month)[1]))

    months = 0
    while back(months + 1) >= first:
        months += 1
    rest = (back(months) - first).days if months else (later - first).days
    if unit == "month":
        return months, Fraction(rest, 30)
    if unit == "year":
        if rest == 0:
            return months // 12, Fraction(months % 12, 12)
        years = months // 12
        return years, Fraction(((back(12 * years) if years else later) - first).days, 365)
    days = {"half month": 15, "2 months": 60, "quarter": 90, "6 months": 180}[unit]
    whole = 0
    count = 30 * months + rest
    while count >= days:
        whole, count = whole + 1, count - days
    return whole, Fraction(count, days)


A_YEAR = {"day": 365, "week": 52, "2 weeks": 26, "4 weeks": 13, "half month": 24, "month": 12, "2 months": 6, "quarter": 4,
          "6 months": 2, "year": 1}  # fmt: skip


def lies_between(flows: Sequence[tuple[date, Decimal]], convention: str, unit: str, told: Decimal) -> bool:
    """Whether the rate in per cent is the nearest with four decimals: half a place below it and half a place above it the
    flows are worth something of different sign. Of flows that are paid out first and paid back then: they have one rate."""
    worth = [_worth(flows, convention, unit, told + half) for half in (Decimal("-0.00005"), Decimal("0.00005"))]
    return worth[0] * worth[1] <= 0


def to_the_nearest(first: date, day: date, unit: str) -> int:
    """Equal periods between two days: of days by the calendar, of months by months of thirty days."""
    if unit in ("day", "week", "2 weeks", "4 weeks"):
        exact = Fraction((day - first).days, {"day": 1, "week": 7, "2 weeks": 14, "4 weeks": 28}[unit])
    else:
        exact = Fraction(_thirty(first, day), 360) * A_YEAR[unit]
    return int(to_multiple(exact, Fraction(1), "half_up"))


def _worth(flows: Sequence[tuple[date, Decimal]], convention: str, unit: str, percent: Decimal) -> Decimal:
    first, series = min(day for day, _ in flows), max(day.day for day, amount in flows if amount > 0)
    with localcontext(prec=45):
        total = Decimal(0)
        for day, amount in flows:
            if convention == "xirr":
                grown = max(1 + percent / 100, Decimal("1e-300"))  # a loss of all is told as -100 %
                total += amount / grown ** (Decimal((day - first).days) / 365)
                continue
            whole, part = unit_periods(first, day, unit, series)
            if convention == "periodic":
                whole, part = to_the_nearest(first, day, unit), Fraction(0)
            rate = percent / 100 / A_YEAR[unit]
            total += amount / ((1 + Decimal(part.numerator) / part.denominator * rate) * (1 + rate) ** whole)
        return total
