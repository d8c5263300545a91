"""An operator's word on a message in doubt: it left, or it did not. Never a second message."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dunwell.channels.lines import line_named
from dunwell.channels.lines.reading import cost
from dunwell.channels.models import Message
from dunwell.channels.services.moving import move
from dunwell.compliance import services as compliance
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date

LEFT, DID_NOT_LEAVE = "left", "did_not_leave"


class ResolveRefused(ValueError):
    """It cannot be resolved so; the sentence says why."""


@transaction.atomic
def resolve(*, message_id: int, verdict: str, reason: str, by: Actor, now: datetime) -> Message:
    """Say what the provider's own record shows: `left` or `did_not_leave`, with the reason (ResolveRefused without).

    What left is sent, and costs. What did not leave has failed; its slot stays used, for in doubt is never given back,
    and it is not sent again: whoever still wants it writes a new message, and the gate is asked anew.
    """
    reason = reason.strip()
    if verdict not in (LEFT, DID_NOT_LEAVE) or not reason:
        raise ResolveRefused("say whether it left, and by which record you know")
    message = Message.objects.select_for_update(of=("self",)).select_related("template").get(pk=message_id)
    if message.state != Message.State.IN_DOUBT:
        raise ResolveRefused("it is not in doubt any more")
    if verdict == DID_NOT_LEAVE:
        move(message, Message.State.FAILED, detail=f"did not leave: {reason}", by=by, now=now)
        return message
    line = line_named(message.line)
    price = line.price_on(business_date(message.handed_at or now)) if line else None
    if price is not None:
        message.cost, message.currency = cost(message.parts or 1, price), price.currency
    compliance.record_outcome(
        contact_id=message.contact_id, outcome="sent", by=by, now=now, proof=compliance.Proof(reason[:120]),
        key=f"message-{message.pk}-sent-{message.contact_id}",
    )  # fmt: skip
    move(message, Message.State.SENT, detail=f"left: {reason}", by=by, now=now)
    return message
