"""`dunwell check days`: whether banks in mainland China work on a day, and of which holiday it is."""

from __future__ import annotations

from collections.abc import Sequence

from dunwell.kernel.calendar import BeyondCalendar
from dunwell.kernel.cases import Answer, Check, Row, Unanswerable
from dunwell.portfolio import reference


def answer(rows: Sequence[Row]) -> list[Answer]:
    """The arrangement of record; a day that it does not hold has no answer."""
    row = rows[0]
    row.choice("calendar", ("cn",), default="cn")
    day, calendar = row.day("date"), reference.calendar()
    try:
        works = calendar.of_record(day)
    except BeyondCalendar as beyond:
        raise Unanswerable(f"Row {row.number}, date: {beyond}.") from None
    return [{"working_day": works, "name": reference.holiday_names().get(day, "")}]


CHECK = Check(reads=("case_id", "date"), may_read=("calendar",), answers=("working_day", "name"), answer=answer)
