"""Many plans of the same terms at once, as columns of whole cents: the figures of schedule.py and rates.py, digit for digit.

What divides whole numbers is done in whole numbers. The level instalment and the rate are worked out in floating point,
whose error is bounded; a row whose figure lies so near a half that the error might turn it goes to the exact program.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dunwell.arrears.rules.day_count import later
from dunwell.arrears.rules.rates import UNITS, Flow, NoRate, annual_rate_percent, timed
from dunwell.arrears.rules.schedule import CENT, Plan, annuity, instalment_of, period_shares

Cents = NDArray[np.int64]
MOST = 10**13  # cents of one plan; floating point counts whole cents up to 9 × 10^15
HIGHEST = 2**63 - 1  # ten-thousandths of a per cent a year: the largest rate that a column holds
_EPSILON = float(np.finfo(np.float64).eps)
_FOUR_DECIMALS = 10_000


@dataclass(frozen=True, slots=True)
class Schedules:
    """The instalments of many plans: a row a due date, a column a plan, in cents."""

    principal: Cents
    interest: Cents
    balance_after: Cents

    @property
    def payment(self) -> Cents:
        return self.principal + self.interest


def share_of(amount: Cents, share: Fraction) -> Cents:
    """A share of amounts that are not negative, to the cent, half-up."""
    top, bottom = 2 * share.numerator, 2 * share.denominator
    if int(amount.max(initial=0)) * top + bottom >= 2**63:
        return ((amount.astype(object) * top + share.denominator) // bottom).astype(np.int64)
    return (amount * top + share.denominator) // bottom


def schedules(like: Plan, principal: Cents) -> Schedules:
    """The plans of these principals with the terms of `like`, whose own principal is not looked at.

    Rounded half-up to the cent; another rounding, a principal of nothing or one above MOST raises ValueError.
    """
    if like.rounding != "half_up" or like.rounding_unit != CENT:
        raise ValueError("plans in columns are rounded half-up to the cent")
    if principal.size and not 0 < int(principal.min()) <= int(principal.max()) <= MOST:
        raise ValueError("the principal of a plan lies above nothing and at most at 100,000,000,000.00")
    dates = [later(like.first_due_date, like.period_unit, like.every * nr) for nr in range(like.periods)]
    rate = Fraction(like.annual_rate_percent) / 100
    rates = [rate * share for share in period_shares(like, dates)]
    level = _level(principal, tuple(rates)) if like.method == "level" else None
    part = share_of(principal, Fraction(1, like.periods))
    shape = (like.periods, principal.size)
    told = Schedules(*(np.empty(shape, np.int64) for _ in range(3)))
    balance = principal
    for at, period_rate in enumerate(rates):
        fee = like.method == "fee_on_original"
        interest = share_of(principal, rate) if fee else share_of(balance, period_rate)
        paid = part if level is None else level - interest
        paid = balance if at == like.periods - 1 else np.minimum(paid, balance)
        balance = balance - paid
        told.principal[at], told.interest[at], told.balance_after[at] = paid, interest, balance
    return told


def _level(principal: Cents, rates: tuple[Fraction, ...]) -> Cents:
    if not any(rates):
        return share_of(principal, Fraction(1, len(rates)))
    near = principal / _float_annuity(rates)
    level = np.floor(near).astype(np.int64)
    beyond = near - level
    level += beyond >= 0.5
    # one half of a last place each for the annuity, the division and the cents, and twice that for good measure
    for row in np.flatnonzero(np.abs(beyond - 0.5) <= 4 * _EPSILON * near):
        exact = instalment_of(Decimal(int(principal[row])) / 100, annuity(rates))
        level[row] = int((exact * 100 + Decimal("0.5")).__floor__())
    return level


@lru_cache(maxsize=256)
def _float_annuity(rates: tuple[Fraction, ...]) -> float:
    return float(annuity(rates))


def annual_rates(paid_out: Cents, payments: Cents, *, on: date, dates: Sequence[date], convention: str) -> Cents:
    """The rate a year of each column of flows in ten-thousandths of a per cent, as annual_rate_percent tells it by the month.

    `paid_out` on a day is paid back by `payments` (a row a date, dates ascending, none negative). Raises NoRate as that does.
    A rate above HIGHEST is told as that: 0.35 for 0.27 after three days is five thousand million million per cent.
    """
    if dates[-1] == on:
        raise NoRate("all flows are on one day: there is no time in which a rate could work")
    flows = [Flow(on, Decimal(-1)), *(Flow(day, Decimal(1)) for day in dates)]
    terms = timed(flows, convention, "month")
    whole = np.array([term for term, _ in terms[1:]], np.float64)[:, None]
    odd = np.array([float(part) for _, part in terms[1:]], np.float64)[:, None]
    rate, sure = _solved(paid_out.astype(np.float64), payments.astype(np.float64), whole, odd)
    if convention == "xirr":
        a_year = np.expm1(365 * np.log1p(rate))
    else:
        a_year = rate * UNITS["month"][0]
    exact = a_year * (100 * _FOUR_DECIMALS)
    told = np.floor(exact)
    beyond = exact - told
    # evaluating the flows costs some 1e-8 of the last digit told; a thousand times that is left to the exact program
    sure &= (np.abs(beyond - 0.5) > 1e-5 + 1e-12 * np.abs(exact)) & (payments > 0).all(axis=0)
    found = np.where(sure, told + (beyond >= 0.5), 0).astype(np.int64)
    free = payments.sum(axis=0) == paid_out
    for row in np.flatnonzero(~(sure | free)):
        found[row] = min(_exactly(int(paid_out[row]), payments[:, row], on, dates, convention), HIGHEST)
    return found


def _solved(paid_out, payments, whole, odd) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The rate a period by Newton's method, and where it is sure: payments only after the one sum paid out have one rate
    above nothing, and what they are worth falls and is convex in it."""
    cost = payments.sum(axis=0) - paid_out
    times = whole + odd
    slope, bend = (times * payments).sum(axis=0), (times * (times + 1) * payments).sum(axis=0)
    with np.errstate(all="ignore"):  # rows without a rate above nothing are not sure, and told apart below
        rate = cost / (slope - bend * cost / (2 * slope))
        for _ in range(30):
            worth = payments * np.exp(-whole * np.log1p(rate))
            falls = whole / (1 + rate)
            if odd.any():
                worth /= 1 + odd * rate
                falls = falls + odd / (1 + odd * rate)
            step = (worth.sum(axis=0) - paid_out) / (worth * falls).sum(axis=0)
            rate = np.maximum(rate + step, 0)
            if not (np.abs(step) > 1e-9 * (1e-3 + rate)).any():
                break
        sure = (cost > 0) & (rate < 1) & (np.abs(step) <= 1e-9 * (1e-3 + rate))
    return np.where(sure, rate, 0.0), sure


def _exactly(paid_out: int, payments: Cents, on: date, dates: Sequence[date], convention: str) -> int:
    flows = [Flow(on, -Decimal(paid_out) / 100)]
    flows += [Flow(day, Decimal(int(one)) / 100) for day, one in zip(dates, payments, strict=True)]
    return int(annual_rate_percent(flows, convention=convention, unit="month") * _FOUR_DECIMALS)
