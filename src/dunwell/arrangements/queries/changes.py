"""Reads of what cardholders ask for of running plans."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet

from dunwell.arrangements.models import Arrangement, ChangeRequest
from dunwell.arrangements.queries.plans import PERFORMED


def open_changes() -> QuerySet[ChangeRequest]:
    """What nobody has answered: the last request of a plan that runs on, for which no other was proposed since."""
    later = ChangeRequest.objects.filter(arrangement=OuterRef("arrangement"), pk__gt=OuterRef("pk"))
    return ChangeRequest.objects.filter(
        ~Exists(later), ~Exists(_proposed()), answer=None, arrangement__standing__in=PERFORMED, arrangement__end=None
    )


def is_open(asked: ChangeRequest) -> bool:
    """Whether this request still waits for an answer."""
    return open_changes().filter(pk=asked.pk).exists()


def changes_asked(*, entity_id: int) -> QuerySet[ChangeRequest]:
    """What waits for an answer, the oldest first."""
    found = open_changes().filter(entity_id=entity_id)
    return found.select_related("arrangement__account", "arrangement__party", "words").order_by("pk")


def last_changes(arrangement_ids: Iterable[int]) -> dict[int, ChangeRequest]:
    """The last request of each plan, with its answer; those for which another plan was proposed since are left out."""
    found = ChangeRequest.objects.filter(arrangement__in=arrangement_ids).select_related("answer").order_by("pk")
    last = {one.arrangement_id: one for one in found.annotate(proposed=Exists(_proposed()))}
    return {plan: one for plan, one in last.items() if not one.proposed}


def _proposed() -> QuerySet[Arrangement]:
    """Plans proposed since in the place of the one that was asked about; of a combined one in that of any part."""
    its = Q(replaces=OuterRef("arrangement")) | Q(replaces__combined=OuterRef("arrangement__combined"))
    return Arrangement.objects.filter(its, recorded_at__gte=OuterRef("recorded_at"))
