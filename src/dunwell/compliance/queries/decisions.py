"""Decisions, for a second person's release and for an auditor."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from dunwell.compliance.models import GateDecision
from dunwell.compliance.queries.lists import guarded, officer_of
from dunwell.kernel.decision import Verdict
from dunwell.kernel.times import BANK_ZONE

WAITING_DAYS = 3  # a question older than this is asked again


def reviews(*, now: datetime, entity_id: int, user_id: int, limit: int = 100) -> list[GateDecision]:
    """What waits for a second person: the last REVIEW of each case, person, channel and purpose that nobody has
    released, without one's own questions and without persons whom the reader may not open."""
    since = now - timedelta(days=WAITING_DAYS)
    rows = (
        GateDecision.objects.filter(entity_id=entity_id, decided_at__gte=since, decided_at__lte=now)
        .exclude(verdict=Verdict.BLOCK)
        .select_related("party", "release")
        .order_by("-id")[: limit * 20]
    )
    last: dict[tuple[object, ...], GateDecision] = {}
    for row in rows:
        last.setdefault((row.party_id, row.case_id, row.facts["attempt"]["person"], row.channel, row.purpose), row)
    waiting = [row for row in last.values() if row.verdict == Verdict.REVIEW and not hasattr(row, "release")]
    closed, mine = guarded({row.party_id for row in waiting}, now=now), officer_of(user_id, now=now)
    open_to = [row for row in waiting if closed.get(row.party_id, frozenset()) <= mine]
    return [row for row in open_to if row.actor_id != user_id][:limit]


def of_day(day: date, *, entity_id: int, after: int = 0, limit: int = 200) -> list[GateDecision]:
    """The decisions of a day on the bank's clock, from the one after `after` on."""
    begins = datetime(day.year, day.month, day.day, tzinfo=BANK_ZONE)
    rows = GateDecision.objects.filter(
        entity_id=entity_id, decided_at__gte=begins, decided_at__lt=begins + timedelta(days=1), pk__gt=after
    )
    return list(rows.select_related("party").order_by("pk")[:limit])
