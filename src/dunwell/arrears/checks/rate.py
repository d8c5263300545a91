"""`dunwell check rate`: the annual rate of dated flows."""

from __future__ import annotations

from collections.abc import Sequence

from dunwell.arrears.rules.rates import CONVENTIONS, UNITS, Flow, NoRate, annual_rate_percent
from dunwell.kernel.cases import Answer, Check, Row, Unanswerable


def answer(rows: Sequence[Row]) -> list[Answer]:
    convention = rows[0].choice("convention", CONVENTIONS)
    unit = "month" if convention == "xirr" else rows[0].choice("unit", tuple(UNITS), default="month")
    flows = [Flow(row.day("date"), row.money("amount", negative=True)) for row in rows]
    try:
        return [{"annual_rate_percent": annual_rate_percent(flows, convention=convention, unit=unit)}]
    except NoRate as reason:
        raise Unanswerable(f"Row {rows[0].number}: {reason}.") from None


CHECK = Check(
    reads=("case_id", "date", "amount", "convention"),
    may_read=("unit",),
    answers=("annual_rate_percent",),
    beside=False,
    answer=answer,
)
