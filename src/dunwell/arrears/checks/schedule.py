"""`dunwell check schedule`: the instalments of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal

from dunwell.arrears.rules.day_count import DAY_COUNTS, later
from dunwell.arrears.rules.schedule import METHODS, PERIODS_A_YEAR, ROUNDINGS, Plan, instalments
from dunwell.kernel.cases import Answer, Check, Row

MOST_PERIODS = 12_000


def answer(rows: Sequence[Row]) -> list[Answer]:
    if len(rows) > 1:
        raise rows[1].wrong("case_id", "one row a plan; this case has a row already")
    row = rows[0]
    unit = row.choice("period_unit", tuple(PERIODS_A_YEAR), default="months")
    every = row.whole("every", least=1, default=1)
    start = row.day("start_date")
    first = row.day_or_none("first_due_date") or later(start, unit, every)
    rate = row.number_of("annual_rate_percent")
    principal = row.money("principal")
    rounding_unit = row.number_of("rounding_unit", default=Decimal("0.01"))
    if principal <= 0:
        raise row.wrong("principal", "an amount above 0")
    if rate < 0:
        raise row.wrong("annual_rate_percent", "a rate of 0 or above")
    if first < start:
        raise row.wrong("first_due_date", f"a day not before the start date {start}")
    if rounding_unit <= 0 or rounding_unit % Decimal("0.01"):
        raise row.wrong("rounding_unit", "a whole number of cents such as 0.01 or 1")
    plan = Plan(
        principal=principal,
        annual_rate_percent=rate,
        periods=row.whole("periods", least=1, most=MOST_PERIODS),
        start_date=start,
        first_due_date=first,
        period_unit=unit,
        every=every,
        method=row.choice("method", METHODS),
        day_count=row.choice("day_count", DAY_COUNTS, default="per_period"),
        rounding=row.choice("rounding", ROUNDINGS, default="half_up"),
        rounding_unit=rounding_unit,
    )
    return [asdict(instalment) for instalment in instalments(plan)]


CHECK = Check(
    reads=("case_id", "principal", "annual_rate_percent", "periods", "start_date", "method"),
    may_read=("period_unit", "every", "first_due_date", "day_count", "rounding", "rounding_unit"),
    answers=("nr", "due_date", "principal", "interest", "payment", "balance_after"),
    beside=False,
    answer=answer,
)
