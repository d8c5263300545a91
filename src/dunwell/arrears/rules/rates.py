"""The annual rate that people are told, from dated flows: actuarial (Regulation Z appendix J), dated, or by period."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction

from dunwell.arrears.rules.day_count import days_30_360, months_later

CONVENTIONS = ("reg_z", "xirr", "periodic")
#: unit → (unit periods a year, its days or None, its months or None)
UNITS: dict[str, tuple[int, int | None, int | None]] = {
    "day": (365, 1, None),
    "week": (52, 7, None),
    "2 weeks": (26, 14, None),
    "4 weeks": (13, 28, None),
    "half month": (24, 15, None),
    "month": (12, None, 1),
    "2 months": (6, None, 2),
    "quarter": (4, None, 3),
    "6 months": (2, None, 6),
    "year": (1, None, 12),
}
FOUR_DECIMALS = Decimal("0.0001")
HIGHEST = Decimal("1e20")
_CONTEXT = Context(prec=50, Emax=10**9, Emin=-(10**9))


@dataclass(frozen=True, slots=True)
class Flow:
    """Money on a day: paid out to the debtor negative, paid by the debtor positive."""

    date: date
    amount: Decimal


class NoRate(ValueError):
    """No rate makes the two sides equal; the text is a sentence."""


def annual_rate_percent(flows: Sequence[Flow], *, convention: str, unit: str = "month") -> Decimal:
    """The rate a year in per cent, four decimals, half-up. Raises NoRate.

    `reg_z`: i × unit periods a year, of A = Σ P / ((1 + f·i)(1 + i)^t). `xirr`: compounded, actual/365. `periodic`: as
    `reg_z` with equal periods. Where several rates solve it, the one next to nothing is told.
    """
    ordered = sorted(flows, key=lambda flow: flow.date)
    if not any(f.amount < 0 for f in ordered) or not any(f.amount > 0 for f in ordered):
        raise NoRate("there must be money paid out to the debtor (negative) and money paid by the debtor (positive)")
    if ordered[0].date == ordered[-1].date:
        raise NoRate("all flows are on one day: there is no time in which a rate could work")
    terms = [(*term, flow.amount) for term, flow in zip(timed(ordered, convention, unit), ordered, strict=True)]
    with localcontext(_CONTEXT):
        rate = period_rate(terms)
        if convention == "xirr":
            a_year = (1 + rate) ** 365 - 1
        else:
            a_year = rate * UNITS[unit][0]
        if a_year > HIGHEST:  # its four decimals would be noise
            raise NoRate("the rate a year has more than twenty digits")
        return (a_year * 100).quantize(FOUR_DECIMALS, rounding=ROUND_HALF_UP)


def timed(flows: Sequence[Flow], convention: str, unit: str) -> list[tuple[int, Fraction]]:
    """Whole unit periods and the odd part of each flow since the first, by the convention; `flows` ascend."""
    first = flows[0].date
    if convention == "xirr":
        return [((flow.date - first).days, Fraction(0)) for flow in flows]
    if convention == "periodic":
        return [(whole_periods(first, flow.date, unit), Fraction(0)) for flow in flows]
    anchor = max(flow.date.day for flow in flows if flow.amount > 0)
    return [unit_periods(first, flow.date, unit, anchor=anchor) for flow in flows]


def whole_periods(first: date, day: date, unit: str) -> int:
    """The number of equal periods between two dates, to the nearest: real dates wander by weekends and short months."""
    _, days, months = UNITS[unit]
    if months is None and unit != "half month":
        return math_round(Fraction((day - first).days, days or 1))
    return math_round(Fraction(days_30_360(first, day), days or 30 * (months or 1)))


def math_round(value: Fraction) -> int:
    """To the nearest whole number, a half upward."""
    return (value + Fraction(1, 2)).__floor__()


def unit_periods(first: date, day: date, unit: str, *, anchor: int = 0) -> tuple[int, Fraction]:
    """Whole unit periods t and the odd part f between two dates, appendix J (b)(5).

    Months are measured back from the later date; the odd days that remain at the beginning are over 30 (15 for half
    months, 30 a month for longer units; of a year whole months over 12, else days over 365). `anchor` is the day of the
    month of the series: a payment on 28 February in a series of the 31st is measured back to the 31sts.
    """
    _, days, months = UNITS[unit]
    elapsed = (day - first).days
    if months is None and unit != "half month":
        whole, rest = divmod(elapsed, days or 1)
        return whole, Fraction(rest, days or 1)
    on = day.day
    if on == monthrange(day.year, day.month)[1] and anchor > on:
        on = anchor
    full = (day.year - first.year) * 12 + day.month - first.month
    while full > 0 and months_later(day, -full, on=on) < first:
        full -= 1
    odd = (months_later(day, -full, on=on) - first).days if full else elapsed
    if unit == "month":
        return full, Fraction(odd, 30)
    if unit == "year":
        years, more = divmod(full, 12)
        if not odd:
            return years, Fraction(more, 12)
        return years, Fraction((months_later(day, -12 * years, on=on) - first).days, 365)
    length = days or 30 * (months or 1)
    whole, rest = divmod(30 * full + odd, length)
    return whole, Fraction(rest, length)


def period_rate(terms: Sequence[tuple[int, Fraction, Decimal]]) -> Decimal:
    """The rate a unit period i with Σ a / ((1 + f·i)(1 + i)^t) = 0: bracketed from nothing outward, then closed in.

    `terms` are t, f and the amount. Raises NoRate when no rate above −100 % solves it.
    """
    sums: dict[tuple[int, Fraction], Decimal] = {}
    for whole, part, amount in terms:
        sums[whole, part] = sums.get((whole, part), Decimal(0)) + amount
    flat = [(w, Decimal(p.numerator) / Decimal(p.denominator), a) for (w, p), a in sorted(sums.items()) if a]

    def worth(rate: Decimal) -> Decimal:
        grown, total, power, at = 1 + rate, Decimal(0), Decimal(1), 0
        for whole, part, amount in flat:
            power *= grown ** (whole - at)
            at = whole
            total += amount / (power * (1 + part * rate))
        return total

    with localcontext(_CONTEXT):
        here = worth(Decimal(0))
        if here == 0:
            return Decimal(0)
        up = down = (Decimal(0), here)
        for step in range(40):
            higher = Decimal("0.001") * 2**step
            lower = -higher if step < 9 else -1 + Decimal(2) ** -(step - 7)
            for rate, near in ((higher, up), (lower, down)):
                value = worth(rate)
                if value == 0:
                    return rate
                if (value > 0) != (near[1] > 0):
                    return _closed_in(worth, *near, rate, value)
                if rate > 0:
                    up = (rate, value)
                else:
                    down = (rate, value)
    raise NoRate("no rate makes what was paid out equal to what is paid back")


def _closed_in(worth, left: Decimal, at_left: Decimal, right: Decimal, at_right: Decimal) -> Decimal:
    """The root between two rates of different sign: regula falsi (Illinois), halved where it is slow."""
    side = 0
    for turn in range(500):
        if abs(right - left) < Decimal("1e-30"):
            break
        middle = (left + right) / 2 if turn % 4 == 3 else (left * at_right - right * at_left) / (at_right - at_left)
        value = worth(middle)
        if value == 0 or middle in (left, right):
            return middle
        if (value > 0) == (at_right > 0):
            right, at_right = middle, value
            if side == 1:
                at_left /= 2
            side = 1
        else:
            left, at_left = middle, value
            if side == -1:
                at_right /= 2
            side = -1
    return (left + right) / 2


@dataclass(frozen=True, slots=True)
class FinancingCost:
    """What a plan costs in all (rule of 2026-08-01, CN-COST26): each charge, their sum, and the rate a year.

    `annual_rate_percent` is 12 × the monthly rate of the flows; `compounded_percent` the same compounded (dated flows).
    What would be charged only on default is told beside it and is in neither figure.
    """

    principal: Decimal
    charges: tuple[tuple[str, Decimal], ...]
    total: Decimal
    annual_rate_percent: Decimal
    compounded_percent: Decimal
    on_default: tuple[tuple[str, str], ...]


def financing_cost(
    *,
    paid_out: Flow,
    payments: Sequence[Flow],
    charges: Sequence[tuple[str, Decimal]],
    on_default: Sequence[tuple[str, str]] = (),
) -> FinancingCost:
    """The disclosure of one plan. `charges` must sum to what is paid beyond what was paid out: ValueError if not."""
    total = sum((amount for _, amount in charges), Decimal(0))
    beyond = sum((flow.amount for flow in payments), Decimal(0)) + paid_out.amount
    if beyond != total:
        raise ValueError(f"the charges are {total}, but {beyond} is paid beyond what was paid out")
    flows = [paid_out, *payments]
    return FinancingCost(
        principal=-paid_out.amount,
        charges=tuple(charges),
        total=total,
        annual_rate_percent=annual_rate_percent(flows, convention="reg_z", unit="month"),
        compounded_percent=annual_rate_percent(flows, convention="xirr"),
        on_default=tuple(on_default),
    )
