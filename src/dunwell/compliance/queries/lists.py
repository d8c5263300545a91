"""Staff and sensitive persons: who may open their cases."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from dunwell.compliance.models import ListEntry, NamedOfficer
from dunwell.compliance.queries.facts import GUARDED


def guarded(party_ids: Iterable[int], *, now: datetime) -> dict[int, frozenset[str]]:
    """Of these parties those on a list that only named officers open, with their lists; one query."""
    entries = ListEntry.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=now),
        party_id__in=list(party_ids), list__in=GUARDED, starts_at__lte=now, removal=None,
    )  # fmt: skip
    found: dict[int, set[str]] = {}
    for party_id, name in entries.values_list("party_id", "list"):
        found.setdefault(party_id, set()).add(name)
    return {party_id: frozenset(names) for party_id, names in found.items()}


def officer_of(user_id: int, *, now: datetime) -> frozenset[str]:
    """The lists for which a user is named now."""
    last: dict[str, NamedOfficer] = {}
    for row in NamedOfficer.objects.filter(user_id=user_id, starts_at__lte=now).order_by("id"):
        last[row.list] = row
    return frozenset(name for name, row in last.items() if row.ends_at is None or row.ends_at > now)


def may_open(party_id: int, *, user_id: int | None, now: datetime) -> bool:
    """Whether a user may open a party's cases: everybody's are open, a listed person's to named officers only."""
    lists = guarded([party_id], now=now).get(party_id)
    if not lists:
        return True
    return user_id is not None and lists <= officer_of(user_id, now=now)
