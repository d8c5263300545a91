"""Instalment plans: what falls due when, rounded as the contract says, the last instalment closing to the cent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache

from dunwell.arrears.rules.day_count import later, year_fraction

METHODS = ("level", "equal_principal", "fee_on_original")
ROUNDINGS = ("half_up", "half_even", "up")
PERIODS_A_YEAR = {"days": 365, "weeks": 52, "months": 12}
CENT = Decimal("0.01")
_EXACT = Context(prec=60)
#: Decimals of a level instalment that are sure at this precision; what lies beyond is noise that must not round up.
_SURE = Decimal(1).scaleb(-35)


@dataclass(frozen=True, slots=True)
class Plan:
    """The terms. `annual_rate_percent` is the year's rate; with `fee_on_original` the fee a period, both in per cent.

    A period is `every` times `period_unit`. `rounding_unit` is that of the instalment (of its principal part, where
    principal is equal); interest is always rounded to the cent.
    """

    principal: Decimal
    annual_rate_percent: Decimal
    periods: int
    start_date: date
    first_due_date: date
    period_unit: str = "months"
    every: int = 1
    method: str = "level"
    day_count: str = "per_period"
    rounding: str = "half_up"
    rounding_unit: Decimal = CENT


@dataclass(frozen=True, slots=True)
class Instalment:
    nr: int
    due_date: date
    principal: Decimal
    interest: Decimal
    payment: Decimal
    balance_after: Decimal


def rounded(amount: Fraction | Decimal, unit: Decimal, mode: str) -> Decimal:
    """To a multiple of `unit`, symmetric around nothing; `up` is away from it."""
    parts = Fraction(amount) / Fraction(unit)
    size = abs(parts)
    if mode == "up":
        count = math.ceil(size)
    elif mode == "half_even":
        count = round(size)
    else:
        count = math.floor(size + Fraction(1, 2))
    return unit * (count if parts >= 0 else -count)


def instalments(plan: Plan) -> Iterator[Instalment]:
    """The plan's rows. What an instalment pays beyond the balance is taken off it; the last one closes."""
    dates = [later(plan.first_due_date, plan.period_unit, plan.every * nr) for nr in range(plan.periods)]
    shares = period_shares(plan, dates)
    rate = Fraction(plan.annual_rate_percent) / 100
    level = rounded(level_payment(plan.principal, [rate * s for s in shares]), plan.rounding_unit, plan.rounding)
    part = rounded(Fraction(plan.principal) / plan.periods, plan.rounding_unit, plan.rounding)
    balance = plan.principal
    for nr, (due_date, share) in enumerate(zip(dates, shares, strict=True), start=1):
        if plan.method == "fee_on_original":
            exact = Fraction(plan.principal) * rate
        else:
            exact = Fraction(balance) * rate * share
        interest = rounded(exact, CENT, plan.rounding)
        principal = level - interest if plan.method == "level" else part
        if nr == plan.periods:
            principal = balance
        principal = min(principal, balance)
        balance -= principal
        yield Instalment(nr, due_date, principal, interest, principal + interest, balance)


def period_shares(plan: Plan, dates: list[date]) -> list[Fraction]:
    """Each period as a part of a year: the first from the start date, or all alike where the count is per period."""
    if plan.day_count == "per_period" or plan.method == "fee_on_original":
        return [Fraction(plan.every, PERIODS_A_YEAR[plan.period_unit])] * len(dates)
    starts = [plan.start_date, *dates]
    return [year_fraction(start, end, plan.day_count) for start, end in zip(starts, dates, strict=False)]


def level_payment(principal: Decimal, rates: Sequence[Fraction]) -> Decimal:
    """The instalment before rounding that pays `principal` off with these rates a period: P / Σ 1/Π(1 + i).

    200,000 over 180 months at 7.5 % / 12 is 1,854.0247200054619…
    """
    return instalment_of(principal, annuity(tuple(rates)))


def instalment_of(principal: Decimal, annuity: Decimal) -> Decimal:
    """What pays `principal` off where one yuan an instalment pays off `annuity`; before rounding."""
    return _EXACT.quantize(_EXACT.divide(principal, annuity), _SURE)


@lru_cache(maxsize=256)
def annuity(rates: tuple[Fraction, ...]) -> Decimal:
    """What one yuan an instalment pays off with these rates a period: Σ 1/Π(1 + i)."""
    factor, total = Decimal(1), Decimal(0)
    for rate in rates:
        grown = Fraction(1) + rate
        factor = _EXACT.divide(_EXACT.multiply(factor, Decimal(grown.denominator)), Decimal(grown.numerator))
        total = _EXACT.add(total, factor)
    return total


def pay_down(
    *, balance: Decimal, share: Decimal, least: Decimal, rate: Decimal, round_each_statement: bool
) -> tuple[int, Decimal, Decimal]:
    """Paying only the minimum: how many payments, the last of them, and all interest; what carries unrounded is exact.

    Each statement asks for `share` of the balance, at least `least`; what is left bears `rate` a period. A ledger
    rounds at each posting; a projection may carry unrounded: say which one a figure is. ValueError when it never ends.
    """
    paid, interest, exact = 0, Decimal(0), Context(prec=60)
    while balance > 0:
        payment = min(balance, max(least, exact.multiply(balance, share)))
        if round_each_statement:
            payment = rounded(payment, CENT, "half_up")
        paid += 1
        left = exact.subtract(balance, payment)
        charged = exact.multiply(left, rate)
        if round_each_statement:
            charged = rounded(charged, CENT, "half_up")
        interest = exact.add(interest, charged)
        grown = exact.add(left, charged)
        if paid > 10_000 or (grown >= balance and payment == least):
            raise ValueError("the minimum does not even pay the interest: the balance never comes down")
        balance = grown
    return paid, rounded(payment, CENT, "half_up"), rounded(interest, CENT, "half_up")
