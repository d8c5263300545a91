"""The outbox, read."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Max, Q

from dunwell.channels.models import Message

PAGE = 100


@dataclass(frozen=True, slots=True)
class Outbox:
    """Messages of an entity, newest first, with the number in each state; `before` continues the list."""

    messages: list[Message]
    counts: dict[str, int]
    before: int | None


def outbox(*, entity_id: int, state: str = "", before: int | None = None) -> Outbox:
    """At most 100 messages, in two queries. Each carries `last_detail_at`, the moment of its last event."""
    mine = Message.objects.filter(entity_id=entity_id)
    chosen = mine.filter(state=state) if state else mine
    if before is not None:
        chosen = chosen.filter(pk__lt=before)
    page = list(
        chosen.select_related("party", "contact_point", "template", "decision")
        .defer("text_sealed", "subject_sealed", "contact_point__value_sealed", "template__body")
        .annotate(last_event_at=Max("events__recorded_at", filter=Q(events__isnull=False)))
        .order_by("-pk")[: PAGE + 1]
    )
    counts = dict(mine.order_by().values_list("state").annotate(Count("pk")))
    return Outbox(messages=page[:PAGE], counts=counts, before=page[PAGE - 1].pk if len(page) > PAGE else None)
