"""Limits on how often, and rests after a talk: counted in the debtor's days from the ledger of contacts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from dunwell.compliance.rules.pack import Cap, CoolOff, Flagged, Pack
from dunwell.compliance.rules.values import NOTHING_LEFT, PENDING, Attempt, Event, Flags
from dunwell.compliance.rules.windows import at_second
from dunwell.kernel.times import local

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Count:
    """How much of a cap is used; `free_at` is the first later moment at which it is not full, if any."""

    used: int
    limit: int
    free_at: datetime | None

    @property
    def full(self) -> bool:
        return self.used >= self.limit


def speaks(when: Flagged, flags: Flags) -> bool:
    """Whether a row that is said of some flags only is said of these."""
    return not when or all(flags.get(flag) in values for flag, values in when.items())


def lifted(row: Cap | CoolOff, flags: Flags, today: date) -> bool:
    """Whether the person's own agreement lifts a limit today; one that lapses counts from its date, that day included."""
    given = flags.get(row.lifted_by, "no") if row.lifted_by else "no"
    if given == "no" or not row.lifted_days:
        return given != "no"
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return False
    return day <= today < day + timedelta(days=row.lifted_days)


def concerns(event: Event, row: Cap | CoolOff, attempt: Attempt) -> bool:
    """Whether an event is of the same collector, person, number or debt, as the row counts them."""
    if row.scope == "collector_entity" and (event.actor, event.collector) != (attempt.actor, attempt.collector):
        return False
    match row.subject:
        case "contact_point":
            return event.point == attempt.point
        case "person":
            return event.person == attempt.person
        case "account":
            return attempt.debt in event.debt.split("+")
        case _:  # person_debt and third_party: a call that speaks of several debts counts for each
            return event.person == attempt.person and attempt.debt in event.debt.split("+")


def counts(event: Event, cap: Cap, attempt: Attempt, pack: Pack) -> bool:
    """Whether an event uses up a slot of this cap for this attempt."""
    outcome, exclude = event.outcome, cap.exclude
    if outcome == NOTHING_LEFT or (event.direction == "in" and "inbound" in exclude) or outcome in exclude:
        return False
    if cap.selector.channels and event.channel not in cap.selector.channels:
        return False
    if event.channel == "visit" and "face_to_face" in exclude:
        return False
    return concerns(event, cap, attempt) and (outcome == PENDING or outcome in pack.counting[cap.basis])


def count(
    cap: Cap,
    *,
    now: datetime,
    attempt: Attempt,
    history: Iterable[Event],
    pack: Pack,
    zone: str,
    today: date | None = None,
) -> Count:
    """What of the cap is used on the debtor's day of `now` (`today`, when it is known already)."""
    if cap.over == "rolling_hours":
        return _in_hours(cap, [event for event in history if counts(event, cap, attempt, pack)], now)
    today = today or local(now, zone).date()
    begins, ends = _span(cap.over, cap.days, today, zone)
    # Only what lies in the days that count is looked at further: most of a history is older.
    counted = [event for event in history if begins <= event.at < ends and counts(event, cap, attempt, pack)]
    used = len(counted)
    free_at = None
    if used >= cap.limit and cap.limit and cap.over != "lifetime":
        by_day = Counter(local(event.at, zone).date() for event in counted)
        days = (today + timedelta(days=ahead) for ahead in range(1, cap.days + 32))
        free_on = next((day for day in days if _used(cap, by_day, day) < cap.limit), None)
        free_at = midnight(free_on, zone) if free_on else None
    return Count(used=used, limit=cap.limit, free_at=free_at)


@lru_cache(maxsize=4096)
def _span(over: str, days: int, today: date, zone: str) -> tuple[datetime, datetime]:
    """The moments between which events count today."""
    first = _first_day(over, days, today)
    return midnight(first, zone) if first else BEGINNING, midnight(today + timedelta(days=1), zone)


@lru_cache(maxsize=4096)
def midnight(day: date, zone: str) -> datetime:
    """A local day's first moment, in UTC."""
    return at_second(day, 0, zone).astimezone(UTC)


def _in_hours(cap: Cap, counted: list[Event], now: datetime) -> Count:
    """Of the last hours: an event of exactly so long ago counts no more."""
    length = timedelta(hours=cap.days)
    within = sorted(event.at for event in counted if now - length < event.at <= now)
    free_at = within[len(within) - cap.limit] + length if cap.limit and len(within) >= cap.limit else None
    return Count(used=len(within), limit=cap.limit, free_at=free_at)


def rests_until(
    cooloff: CoolOff, *, now: datetime, attempt: Attempt, history: Iterable[Event], pack: Pack, zone: str
) -> datetime | None:
    """The end of the rest in which `now` lies, None when it lies in none.

    A talk of day D with day_one trigger_day and 7 days forbids D to D+6; with next_day it forbids to D+7.
    """
    today = local(now, zone).date()
    last: date | None = None
    for event in history:
        if event.outcome != PENDING and event.outcome not in pack.counting[cooloff.basis]:
            continue
        if event.direction == "in" and not cooloff.inbound:
            continue
        if (cooloff.triggers and event.channel not in cooloff.triggers) or not concerns(event, cooloff, attempt):
            continue
        day = local(event.at, zone).date()
        ends = day + timedelta(days=cooloff.days - (1 if cooloff.event_day_is_first else 0))
        if day <= today <= ends:
            last = ends if last is None else max(last, ends)
    return midnight(last + timedelta(days=1), zone) if last else None


def _used(cap: Cap, by_day: Counter[date], day: date) -> int:
    first = _first_day(cap.over, cap.days, day)
    return sum(number for counted, number in by_day.items() if (first is None or counted >= first) and counted <= day)


def _first_day(over: str, days: int, day: date) -> date | None:
    match over:
        case "lifetime":
            return None
        case "calendar_week":
            return day - timedelta(days=day.isoweekday() - 1)
        case "calendar_month":
            return day.replace(day=1)
        case _:
            return day - timedelta(days=days - 1)
