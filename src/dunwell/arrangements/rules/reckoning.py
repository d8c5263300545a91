"""What offers come to: due dates, instalments, cost and true annual rate, for one account or a million, as columns of cents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from dunwell.arrangements.rules.products import Product
from dunwell.arrangements.rules.promises import in_force
from dunwell.arrears.rules.columns import Cents, Schedules, annual_rates, schedules
from dunwell.arrears.rules.day_count import later
from dunwell.arrears.rules.schedule import Plan
from dunwell.kernel.calendar import Calendar

NEXT_WORKING_DAY = "next_working_day"


@dataclass(frozen=True, slots=True)
class Reckoned:
    """Offers of one product and term that begin on one day, a column each: in cents, the rates in ten-thousandths of a per cent.

    `cost` is what is paid beyond what is financed; `annual_rate` 12 × the month's rate of the flows, `compounded` the same by
    dated flows. Both are nothing where it costs nothing.
    """

    dates: tuple[date, ...]
    rows: Schedules
    cost: Cents
    annual_rate: Cents
    compounded: Cents


def due_dates(
    terms: Product, *, term: int, on: date, calendar: Calendar, due_day: int | None = None
) -> list[date]:  # fmt: skip
    """The due dates of a term that begins on a day; a day off moves to the next working day where the policy says so.

    `due_day`: the day of the month that he chose, of instalments (policy.yaml); None: the product's own first date.
    """
    if terms.shape == "instalments":
        first = on + timedelta(days=terms.first_due_days) if due_day is None else _first_such_day(due_day, on)
        days = [later(first, "months", number) for number in range(term)]
    else:
        days = [later(on, terms.unit, term)]
    return [calendar.next_working_day(day) if terms.due_on_holiday == NEXT_WORKING_DAY else day for day in days]


def _first_such_day(day: int, on: date) -> date:
    soonest = on + timedelta(days=in_force("due_day", on)["ahead"])
    return soonest.replace(day=day) if soonest.day <= day else later(soonest.replace(day=day), "months", 1)


def reckoned(
    terms: Product, *, term: int, financed: Cents, on: date, calendar: Calendar, due_day: int | None = None
) -> Reckoned:
    """The offers that finance these amounts. ValueError where one of them finances nothing."""
    dates = due_dates(terms, term=term, on=on, calendar=calendar, due_day=due_day)
    plan = Plan(
        principal=Decimal(0), annual_rate_percent=terms.annual_rate_percent, periods=len(dates), start_date=on,
        first_due_date=dates[0], method=terms.method, day_count=terms.day_count,
    )  # fmt: skip
    return _with_rates(financed, schedules(plan, financed), on=on, dates=tuple(dates))


def in_all(made: Reckoned, *, financed: Cents, on: date) -> Reckoned:
    """Offers that are one agreement, as one column: their sums, and the rates of these."""
    rows = made.rows
    summed = Schedules(
        *(each.sum(axis=1, keepdims=True) for each in (rows.principal, rows.interest, rows.balance_after))
    )
    return _with_rates(financed.sum(keepdims=True), summed, on=on, dates=made.dates)


def _with_rates(financed: Cents, rows: Schedules, *, on: date, dates: tuple[date, ...]) -> Reckoned:
    cost = rows.interest.sum(axis=0)
    rates = np.zeros((2, financed.size), np.int64)
    if cost.any():
        payment = rows.payment
        for at, convention in enumerate(("reg_z", "xirr")):
            rates[at] = annual_rates(financed, payment, on=on, dates=dates, convention=convention)
    return Reckoned(dates, rows, cost, rates[0], rates[1])
