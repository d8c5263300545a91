"""Joint payers whom no reminder reached of the part that they promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

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
    """Of parts that are still open and due on that day or later, the first date first (two queries)."""
    found = DueReminder.objects.filter(due_date__gte=on, payer__isnull=False).order_by("due_date", "pk")
    rows = list(found if party_id is None else found.filter(party_id=party_id))
    if not rows:
        return ()
    messages = Message.objects.only("state", "refusal_rule").in_bulk([row.message_id for row in rows if row.message_id])
    still = set(
        PromisePart.objects.filter(
            state=Promise.State.OPEN, promise__withdrawal=None, promise__party__in={row.party_id for row in rows}
        ).values_list("promise__party_id", "payer_id", "due_date")
    )
    told = []
    for row in rows:
        message = messages.get(row.message_id)
        unreached = message is None or (message.state in UNREACHED and message.refusal_rule != PAID)
        if unreached and (row.party_id, row.payer_id, row.due_date) in still:
            state, rule = ("", "") if message is None else (message.state, message.refusal_rule)
            told.append(NotReminded(row.pk, row.party_id, row.payer_id, row.due_date, state, rule))
    return told
