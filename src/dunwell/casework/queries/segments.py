"""Who goes where: open cases by segment."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import Count, Q, Sum

from dunwell.casework.models import Case


def segment_counts(entity_id: int) -> Mapping[str, tuple[int, Decimal]]:
    """Segment -> open cases, and what is past due in those that are in yuan."""
    open_cases = Case.objects.filter(entity_id=entity_id, closed_on=None)
    yuan = Sum("past_due", filter=Q(currency="CNY"), default=Decimal(0))
    counted = open_cases.order_by("segment").values_list("segment").annotate(cases=Count("id"), late=yuan)
    return {segment: (cases, late) for segment, cases, late in counted}
