"""How long a period is, as a part of a year: exact fractions, by the convention of the contract."""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date, timedelta
from fractions import Fraction

DAY_COUNTS = ("30/360", "actual/365", "actual/360", "actual/actual", "per_period")


def year_fraction(start: date, end: date, day_count: str) -> Fraction:
    """The part of a year from `start` to `end`. `per_period` has none of its own: ValueError, as for any other word."""
    days = (end - start).days
    if day_count == "actual/365":
        return Fraction(days, 365)
    if day_count == "actual/360":
        return Fraction(days, 360)
    if day_count == "actual/actual":
        return _isda(start, end)
    if day_count == "30/360":
        return Fraction(days_30_360(start, end), 360)
    raise ValueError(f"{day_count} is not a day count")


def days_30_360(start: date, end: date) -> int:
    """Days of 30/360 US: the last day of February and the 31st count as the 30th."""
    first, last = start.day, end.day
    if _ends_february(start):
        if _ends_february(end):
            last = 30
        first = 30
    if last == 31 and first >= 30:
        last = 30
    first = min(first, 30)
    return 360 * (end.year - start.year) + 30 * (end.month - start.month) + last - first


def _ends_february(day: date) -> bool:
    return day.month == 2 and day.day == monthrange(day.year, 2)[1]


def _isda(start: date, end: date) -> Fraction:
    """actual/actual ISDA: the days that lie in a leap year over 366, the others over 365."""
    part, at = Fraction(0), start
    while at < end:
        till = min(end, date(at.year + 1, 1, 1)) if at.year < 9999 else end
        part += Fraction((till - at).days, 366 if isleap(at.year) else 365)
        at = till
    return part


def months_later(day: date, months: int, *, on: int | None = None) -> date:
    """The same day so many months later (or earlier), the month's last one where it has no such day.

    `on` is the day of the month meant, where `day` is already a shortened one.
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(on or day.day, monthrange(year, month + 1)[1]))


def later(day: date, unit: str, count: int) -> date:
    """`count` `days`, `weeks` or `months` later."""
    if unit == "months":
        return months_later(day, count)
    return day + timedelta(days=count * {"days": 1, "weeks": 7}[unit])
