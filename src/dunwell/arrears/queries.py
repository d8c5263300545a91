"""Reads of arrears: judgements of an account's class."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Least

from dunwell.arrears.models import RiskJudgement

MOST = 200


def judgements(*, entity_id: int) -> QuerySet[RiskJudgement]:
    """All judgements of an entity's accounts with their answers and last days, the newest first."""
    return (
        RiskJudgement.objects.filter(account__entity_id=entity_id)
        .select_related("account", "answer", "end")
        .annotate(last_day=Least("ends_on", Coalesce("end__last_day", "ends_on")))
        .order_by("-id")
    )


def waiting(*, entity_id: int) -> QuerySet[RiskJudgement]:
    """Those that nobody has answered yet, the oldest first."""
    return judgements(entity_id=entity_id).filter(answer=None).order_by("id")


def in_force(*, entity_id: int, on: date) -> QuerySet[RiskJudgement]:
    """Those that are approved and not over on a day, the next to end first."""
    return judgements(entity_id=entity_id).filter(answer__approved=True, last_day__gte=on).order_by("last_day", "id")
