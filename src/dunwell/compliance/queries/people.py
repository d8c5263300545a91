"""What binds the contacts with a person now: holds, consents and wishes, list entries, releases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from dunwell.compliance.models import Circumstance, Consent, Hold, ListEntry, NamedOfficer, Release


@dataclass(frozen=True, slots=True)
class Binding:
    """Everything in force for a party at a moment, the newest first."""

    holds: tuple[Hold, ...]
    consents: tuple[Consent, ...]
    entries: tuple[ListEntry, ...]
    releases: tuple[Release, ...]
    circumstances: tuple[Circumstance, ...]


def binding(party_id: int, *, now: datetime) -> Binding:
    """What is in force for a party; five queries."""
    lasting = Q(ends_at=None) | Q(ends_at__gt=now)
    holds = Hold.objects.select_related("account").filter(lasting, party_id=party_id, lift=None).order_by("-id")
    last: dict[tuple[str, str, int | None], Consent] = {}
    for row in Consent.objects.select_related("account").filter(party_id=party_id, starts_at__lte=now).order_by("id"):
        last[row.kind, row.channel, row.account_id] = row
    so: dict[tuple[str, int | None, int | None], Circumstance] = {}
    rows = Circumstance.objects.select_related("person", "agency").filter(party_id=party_id, starts_at__lte=now)
    for fact in rows.order_by("id"):
        so[fact.kind, fact.person_id, fact.agency_id] = fact
    consents = [row for row in last.values() if row.ends_at is None or row.ends_at > now]
    return Binding(
        holds=tuple(holds),
        consents=tuple(sorted(consents, key=lambda row: -row.pk)),
        entries=tuple(_entries(now).filter(party_id=party_id)),
        circumstances=tuple(row for row in so.values() if row.ends_at is None or row.ends_at > now),
        releases=tuple(Release.objects.filter(party_id=party_id, ends_at__gt=now).order_by("-recorded_at")),
    )


def entries(*, now: datetime, entity_id: int, limit: int = 200) -> tuple[ListEntry, ...]:
    """The entries in force of all internal lists, of an entity's persons and of numbers, the newest first."""
    of_entity = Q(party=None) | Q(party__entity_id=entity_id)
    return tuple(_entries(now).select_related("party", "approval").filter(of_entity)[:limit])


def officers(*, now: datetime, entity_id: int) -> tuple[NamedOfficer, ...]:
    """Who is named for a guarded list now."""
    last: dict[tuple[str, int], NamedOfficer] = {}
    for row in NamedOfficer.objects.filter(entity_id=entity_id, starts_at__lte=now).order_by("id"):
        last[row.list, row.user_id] = row
    return tuple(row for row in last.values() if row.ends_at is None or row.ends_at > now)


def _entries(now: datetime):  # noqa: ANN202  (a query set)
    lasting = Q(ends_at=None) | Q(ends_at__gt=now)
    return ListEntry.objects.filter(lasting, starts_at__lte=now, removal=None).order_by("-id")
