"""Limits on how often: counted in the debtor's days from the ledger of contacts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunwell.compliance.rules.pack import Cap, Pack
from dunwell.compliance.rules.values import NOTHING_LEFT, PENDING, Attempt, Event
from dunwell.compliance.rules.windows import at_second
from dunwell.kernel.times import local


@dataclass(frozen=True, slots=True)
class Count:
    """How much of a cap is used; `free_on` is the first later day on which it is not full, if any."""

    used: int
    limit: int
    free_on: date | None

    @property
    def full(self) -> bool:
        return self.used >= self.limit


def counts(event: Event, cap: Cap, attempt: Attempt, pack: Pack) -> bool:
    """Whether an event uses up a slot of this cap for this attempt."""
    if event.outcome == NOTHING_LEFT or ("inbound" in cap.exclude and event.direction == "in"):
        return False
    if event.outcome in cap.exclude:
        return False
    if cap.selector.channels and event.channel not in cap.selector.channels:
        return False
    if cap.scope == "collector_entity" and event.actor != attempt.actor:
        return False
    same = {
        "contact_point": event.point == attempt.point,
        "person": event.person == attempt.person,
        "person_debt": event.person == attempt.person and event.debt == attempt.debt,
        "third_party": event.person == attempt.person and event.debt == attempt.debt,
    }[cap.subject]
    return same and (event.outcome == PENDING or event.outcome in pack.counting[cap.basis])


def count(cap: Cap, *, now: datetime, attempt: Attempt, history: Iterable[Event], pack: Pack, zone: str) -> Count:
    """What of the cap is used on the debtor's day of `now`."""
    today = local(now, zone).date()
    by_day = Counter(local(e.at, zone).date() for e in history if counts(e, cap, attempt, pack))
    used = _used(cap, by_day, today)
    free_on = None
    if used >= cap.limit and cap.limit and cap.over != "lifetime":
        days = (today + timedelta(days=ahead) for ahead in range(1, cap.days + 32))
        free_on = next((day for day in days if _used(cap, by_day, day) < cap.limit), None)
    return Count(used=used, limit=cap.limit, free_on=free_on)


def free_from(found: Count, zone: str) -> datetime | None:
    """The moment at which a full cap has room again, its own day's midnight."""
    return at_second(found.free_on, 0, zone) if found.free_on else None


def _used(cap: Cap, by_day: Counter[date], day: date) -> int:
    first = _first_day(cap, day)
    return sum(number for counted, number in by_day.items() if (first is None or counted >= first) and counted <= day)


def _first_day(cap: Cap, day: date) -> date | None:
    match cap.over:
        case "lifetime":
            return None
        case "calendar_week":
            return day - timedelta(days=day.isoweekday() - 1)
        case "calendar_month":
            return day.replace(day=1)
        case _:
            return day - timedelta(days=cap.days - 1)
