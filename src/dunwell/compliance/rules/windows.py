"""Hours of contact, on the debtor's clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from dunwell.compliance.rules.pack import Clock, Interval, Pack, Window
from dunwell.compliance.rules.reading import interval
from dunwell.compliance.rules.values import Attempt, Flags
from dunwell.kernel.times import local

OF_ONE_DAY = ("holiday", "makeup_day")  # stated of the day of the attempt only
WHOLE_DAY = (Interval(0, 86400),)
HORIZON_DAYS = 15  # how far an opening is looked for: longer than any holiday


def zones_of(clock: Clock, candidates: tuple[str, ...]) -> tuple[str, ...]:
    """The clocks that must all permit, the one that gives the day first; empty when none is known."""
    named = tuple(dict.fromkeys(zone for zone in candidates if zone))
    if clock.basis == "debtor_location":
        named = named[:1]
    if named and named[0] in clock.covers:
        named = tuple(dict.fromkeys((clock.official, *named)))
    return named if all(_exists(zone) for zone in named) else ()


def known(zones: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the names that are time zones."""
    return tuple(zone for zone in zones if _exists(zone))


@cache
def _exists(zone: str) -> bool:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


def kind_of_day(clock: Clock, day: date, flags: Flags) -> str:
    """`holiday=…` and `makeup_day=yes` in the flags name the kind of today; else the pack's days; else the week."""
    stated = flags.get("holiday", "no")
    if stated != "no":
        return stated if stated in clock.special_days else "holiday"
    for name, days in clock.special_days.items():
        if day in days:
            return name
    if day in clock.working_days or flags.get("makeup_day", "no") != "no":
        return "weekday"
    if day in clock.days_of_rest:
        return "holiday"
    return "weekend" if day.isoweekday() in clock.weekend else "weekday"


def window_for(pack: Pack, attempt: Attempt, day: date, flags: Flags, layer: int = 0) -> Window | None:
    """The first row that speaks about this attempt on this day; layer 0 is the pack's, the next its overlays'."""
    stated: object = (flags.get("holiday"), flags.get("makeup_day"))
    if pack.when_flags:
        stated = (stated, tuple(flags.get(flag) for flag in pack.when_flags))
    who = (attempt.channel, attempt.party, attempt.purpose, attempt.actor)
    asked = ("window", who, layer, day, stated)
    found = pack.looked_up(asked, lambda: _rows_for(pack, attempt, day, flags, layer))
    return found[0] if found else None


def _rows_for(pack: Pack, attempt: Attempt, day: date, flags: Flags, layer: int) -> Iterator[Window]:
    kind = kind_of_day(pack.clock, day, flags)
    for window in (pack.windows, *pack.narrower)[layer]:
        if window.days and kind not in window.days:
            continue
        if window.when and not all(flags.get(flag) in values for flag, values in window.when.items()):
            continue
        chosen = window.selector.takes(
            channel=attempt.channel, party=attempt.party, purpose=attempt.purpose, actor=attempt.actor
        )
        if chosen and pack.rules[window.rule].in_force.on(day) and pack.binds(window.rule, attempt.actor):
            yield window


def refusing(pack: Pack, attempt: Attempt, moment: datetime, flags: Flags) -> Window | None:
    """The row that forbids this local moment, the pack's own before its overlays'; None when none does."""
    for layer in range(1 + len(pack.narrower)):
        window = window_for(pack, attempt, moment.date(), flags, layer)
        if window is None or agreed(window, flags, moment.date()):
            continue
        if not any(hours.holds(second_of(moment)) for hours in window.intervals):
            return window
    return None


def agreed(window: Window, flags: Flags, today: date) -> bool:
    """Whether the debtor agreed to other hours; the agreement's evidence carries a date, not after today."""
    for flag in window.override:
        if flag not in flags:
            continue
        try:
            if date.fromisoformat(flags.get(flag, "")) <= today:
                return True
        except ValueError:
            continue
    return False


def own_hours(flags: Flags, flag: str) -> tuple[Interval, ...] | None:
    """The debtor's own hours (`18:00-21:00,12:00-13:00`): empty when he has no wish, None when unreadable."""
    text = flags.get(flag, "no")
    if text in ("no", ""):
        return ()
    found = tuple(interval(part) for part in text.split(","))
    return None if None in found else found  # type: ignore[return-value]


def second_of(moment: datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


@lru_cache(maxsize=8192)
def at_second(day: date, second: int, zone: str) -> datetime:
    """A local second as a moment; 24:00 is the next day's midnight."""
    whole_days, rest = divmod(second, 86400)
    clock = time(rest // 3600, rest % 3600 // 60, rest % 60)
    return datetime.combine(day + timedelta(days=whole_days), clock, ZoneInfo(zone))


def next_open(now: datetime, zones: tuple[str, ...], hours_on: HoursOn) -> datetime | None:
    """The first moment from `now` on at which every clock permits; None when there is none in sight."""
    moment = now
    for _ in range(4 * HORIZON_DAYS):
        openings = [_next_open_at(moment, zone, hours_on) for zone in zones]
        if any(opening is None for opening in openings):
            return None
        latest = max(openings)  # type: ignore[type-var]
        if latest <= moment:  # type: ignore[operator]
            return moment
        moment = latest  # type: ignore[assignment]
    return None


def closes(now: datetime, zones: tuple[str, ...], hours_on: HoursOn) -> datetime | None:
    """When the hours that `now` lies in end, by the first clock that says so."""
    ends = []
    for zone in zones:
        there = local(now, zone)
        for hours in hours_on(there.date(), zone):
            if hours.holds(second_of(there)):
                overnight = hours.end <= hours.start and second_of(there) >= hours.start
                ends.append(at_second(there.date(), hours.end + (86400 if overnight else 0), zone))
    return min(ends, default=None)


def _next_open_at(now: datetime, zone: str, hours_on: HoursOn) -> datetime | None:
    there = local(now, zone)
    if any(hours.holds(second_of(there)) for hours in hours_on(there.date(), zone)):
        return now
    for ahead in range(HORIZON_DAYS):
        day = there.date() + timedelta(days=ahead)
        starts = sorted(at_second(day, hours.start, zone) for hours in hours_on(day, zone))
        for start in starts:
            if start > now:
                return start
    return None


class HoursOn:
    """The hours of a day, by the pack (or, given `own`, by the debtor's wish)."""

    def __init__(self, pack: Pack, attempt: Attempt, flags: Flags, own: tuple[Interval, ...] = ()) -> None:
        self.pack, self.attempt, self.own = pack, attempt, own
        self.flags = flags
        self.later = {name: value for name, value in flags.items() if name not in OF_ONE_DAY}
        self.stated_for: date | None = None

    def today_is(self, day: date) -> HoursOn:
        """A stated holiday speaks about this day only, not about the days on which the gate opens again."""
        self.stated_for = day
        return self

    def __call__(self, day: date, zone: str) -> tuple[Interval, ...]:
        if self.own:
            return self.own
        flags = self.flags if day == self.stated_for else self.later
        hours = WHOLE_DAY
        for layer in range(1 + len(self.pack.narrower)):
            window = window_for(self.pack, self.attempt, day, flags, layer)
            if window is not None and not agreed(window, self.flags, day):
                hours = window.intervals if hours is WHOLE_DAY else both(hours, window.intervals)
        return hours


def both(one: tuple[Interval, ...], other: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """The hours that two sets of hours have in common."""
    pairs = [(max(a.start, b.start), min(a.end, b.end)) for a in one for b in other]
    return tuple(Interval(start, end) for start, end in pairs if start < end)
