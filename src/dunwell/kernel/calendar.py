"""Working days, as the State Council arranges them year by year; beyond the last known year, plain weekends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

_DAY = timedelta(days=1)


class BeyondCalendar(LookupError):
    """The arrangement for this date is not known yet: there is no answer of record."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days known to be working days or not, up to `last`.

    After `last` (and before the first day) weekends count as days off and the answer is `provisional`: it may change
    when the next arrangement is loaded, and whoever shows it says so. `names` holds the holidays' names.
    """

    days: Mapping[date, bool]
    last: date
    names: Mapping[date, str] = field(default_factory=dict)

    def provisional(self, day: date) -> bool:
        """Whether the answer for the day rests on plain weekends."""
        return day not in self.days

    def is_working_day(self, day: date) -> bool:
        """Whether banks work on the day; provisional outside the calendar."""
        known = self.days.get(day)
        return day.isoweekday() <= 5 if known is None else known

    def of_record(self, day: date) -> bool:
        """Whether banks work on the day; BeyondCalendar where that is not known."""
        if self.provisional(day):
            raise BeyondCalendar(f"the calendar ends on {self.last.isoformat()}; {day.isoformat()} is not in it")
        return self.days[day]

    def next_working_day(self, day: date) -> date:
        """The day itself when it is a working day, else the first one after it."""
        while not self.is_working_day(day):
            day += _DAY
        return day

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after the day (`count` 0: the day itself, or the next working day)."""
        if count < 0:
            raise ValueError(f"{count} working days: count forward")
        day = self.next_working_day(day) if count == 0 else day
        for _ in range(count):
            day = self.next_working_day(day + _DAY)
        return day

    def working_days_between(self, first: date, last: date) -> int:
        """How many working days lie after `first` and up to and including `last`."""
        return sum(self.is_working_day(first + _DAY * step) for step in range(1, (last - first).days + 1))

    def name(self, day: date) -> str:
        """The holiday's name, also on a make-up working day of it; empty on an ordinary day."""
        return self.names.get(day, "")
