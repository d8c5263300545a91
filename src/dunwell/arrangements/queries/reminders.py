"""Joint payers whom no reminder reached of the part that they promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, OuterRef, Q, Subquery

from dunwell.arrangements.models import DueReminder, Promise, PromisePart
from dunwell.channels.models import Message

State = Message.State
UNREACHED = (State.REFUSED, State.FAILED, State.NOT_CONNECTED, State.UNDELIVERED, State.CANCELLED)
PAID = "G-PAID"  # refused for that nothing is left to be said to him


@dataclass(frozen=True, slots=True)
class NotReminded:
    """`state` is the message's, empty where nothing could carry one; `rule` the gate's where it refused."""

    reminder_id: int
    party_id: int
    payer_id: int
    due_date: date
    state: str = ""
    rule: str = ""


def not_reminded(*, on: date, party_id: int | None = None) -> Sequence[NotReminded]:
    """Of parts that are still open and due on that day or later, the first date first (one query)."""
    still = PromisePart.objects.filter(
        state=Promise.State.OPEN, promise__withdrawal=None, promise__party=OuterRef("party"), payer=OuterRef("payer"),
        due_date=OuterRef("due_date"),
    )  # fmt: skip
    message = Message.objects.filter(pk=OuterRef("message_id"))
    found = DueReminder.objects.filter(Exists(still), due_date__gte=on, payer__isnull=False).annotate(
        state=Subquery(message.values("state")), rule=Subquery(message.values("refusal_rule"))
    )
    unreached = Q(message_id=None) | (Q(state__in=UNREACHED) & ~Q(rule=PAID))
    mine = Q() if party_id is None else Q(party_id=party_id)
    rows = found.filter(unreached, mine).order_by("due_date", "pk")
    return [
        NotReminded(row.pk, row.party_id, row.payer_id, row.due_date, row.state or "", row.rule or "") for row in rows
    ]
