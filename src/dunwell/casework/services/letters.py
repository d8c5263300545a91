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
    *, case: Case, text: str, number: str, by: Actor, now: datetime, account_id: int | None = None
) -> Message | None:
    """Put the letter into the outbox once a `number`; None when there is no address of his or no approved text."""
    channels.load_templates()
    point = ContactPoint.objects.filter(party_id=case.party_id, kind="address", status="valid").order_by("id").first()
    if point is None:
        return None
    try:
        return channels.queue_message(
            party_id=case.party_id, contact_point_id=point.pk, template_code=text, case_id=case.pk, case_no=number,
            account_id=account_id, by=by, now=now, key=f"answer-{number}",
        )  # fmt: skip
    except TextError:
        return None
