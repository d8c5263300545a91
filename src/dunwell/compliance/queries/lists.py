"""Staff and sensitive persons: who may open their cases."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from dunwell.compliance.models import ListEntry, NamedOfficer
from dunwell.compliance.queries.facts import GUARDED
from dunwell.portfolio.models import Party


def withheld(user_id: int | None, *, now: datetime, party: str = "party_id") -> Q:
    """Of a query's rows those whose person (`party` names the column) the user may not open: to be left out."""
    named = frozenset() if user_id is None else officer_of(user_id, now=now)
    entries = ListEntry.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=now),
        party_id=OuterRef(party), list__in=[name for name in GUARDED if name not in named], starts_at__lte=now,
        removal=None,
    )  # fmt: skip
    return Q(Exists(entries))


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
    return not closed_to(user_id, [party_id], now=now)


def closed_to(user_id: int | None, party_ids: Iterable[int], *, now: datetime) -> frozenset[int]:
    """Of these parties those that a user may not open; one query, two when one of them is listed."""
    lists = guarded(party_ids, now=now)
    named = officer_of(user_id, now=now) if lists and user_id is not None else frozenset()
    return frozenset(party_id for party_id, names in lists.items() if not names <= named)


def closed_numbers(user_id: int | None, party_nos: Iterable[str], *, now: datetime) -> frozenset[str]:
    """The same by customer number."""
    found = Party.objects.filter(withheld(user_id, now=now, party="pk"), party_no__in=set(party_nos))
    return frozenset(found.values_list("party_no", flat=True))
