"""The answer in writing, by the letter path of every message: approved text, gate, dispatch, proof."""

from __future__ import annotations

from datetime import datetime

from dunwell.casework.models import Case
from dunwell.channels import services as channels
from dunwell.channels.models import Message
from dunwell.channels.rules import TextError
from dunwell.kernel.actor import Actor
from dunwell.portfolio.models import ContactPoint


def answer_letter(
    *, case: Case, text: str, number: str, by: Actor, now: datetime, account_id: int | None = None, answer: str = ""
) -> Message | None:
    """Put the letter into the outbox once a `number`, with what was written to him in it; None when there is no address of
    his or no approved text, or the gate does not let it leave."""
    channels.load_templates()
    point = ContactPoint.objects.filter(party_id=case.party_id, kind="address", status="valid").order_by("id").first()
    if point is None:
        return None
    try:
        message = channels.queue_message(
            party_id=case.party_id, contact_point_id=point.pk, template_code=text, case_id=case.pk, case_no=number,
            account_id=account_id, by=by, now=now, key=f"answer-{number}",
            said={"answer": answer} if answer else {},
        )  # fmt: skip
    except TextError:
        return None
    return None if message.state == message.State.REFUSED else message
