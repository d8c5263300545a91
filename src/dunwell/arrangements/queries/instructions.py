"""Reads of instructions: what the host has not been given, what it has not answered, and what each day came to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Q, QuerySet, Sum

from dunwell.arrangements.models import Instruction

ANSWERED_WITHIN = timedelta(days=1)  # business days of the host: it answers with its next file


@dataclass(frozen=True, slots=True)
class DayOfInstructions:
    """One business date's instructions of a kind: how many, and what became of them. Amounts are of one currency."""

    business_date: date
    kind: str
    currency: str
    asked: int
    confirmed: int
    rejected: int
    amount: Decimal
    amount_confirmed: Decimal

    @property
    def unanswered(self) -> int:
        return self.asked - self.confirmed - self.rejected


def open_instructions(*, entity_id: int, after: int = 0) -> QuerySet[Instruction]:
    """Those without an answer, by number; `after` a number, for whoever fetches them page by page."""
    found = Instruction.objects.filter(entity_id=entity_id, answer=None, pk__gt=after)
    return found.select_related("account", "sending__batch").order_by("id")


def overdue(*, entity_id: int, on: date) -> QuerySet[Instruction]:
    """Those that the host should have answered by a day."""
    return open_instructions(entity_id=entity_id).filter(business_date__lt=on - ANSWERED_WITHIN)


def reconciliation(*, entity_id: int, since: date) -> list[DayOfInstructions]:
    """What each business date asked of the host and what came back, the newest first."""
    rows = (
        Instruction.objects.filter(entity_id=entity_id, business_date__gte=since)
        .values("business_date", "kind", "currency")
        .annotate(
            asked=Count("id"),
            confirmed=Count("id", filter=Q(answer__confirmed=True)),
            rejected=Count("id", filter=Q(answer__confirmed=False)),
            sum=Sum("amount"),
            sum_confirmed=Sum("amount", filter=Q(answer__confirmed=True), default=Decimal(0)),
        )
        .order_by("-business_date", "kind", "currency")
    )
    return [
        DayOfInstructions(
            row["business_date"], row["kind"], row["currency"], row["asked"], row["confirmed"], row["rejected"],
            row["sum"], row["sum_confirmed"],
        )
        for row in rows
    ]  # fmt: skip
