"""The answer in writing, by the letter path of every message: approved text, gate, dispatch, proof."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dunwell.casework.models import Case
from dunwell.channels import services as channels
from dunwell.channels.models import Message
from dunwell.channels.rules import TextError
from dunwell.compliance import queries as compliance
from dunwell.compliance.rules.content import Finding
from dunwell.kernel.actor import Actor
from dunwell.portfolio.models import ContactPoint


class Refused(ValueError):
    """Why nothing was written; `found` is of `content`: what the words may not say, each with its rule."""

    def __init__(self, code: str, found: Sequence[Finding] = ()) -> None:
        super().__init__(code)
        self.found = tuple(found)


def fit(text: str, *, party_id: int, now: datetime, refused: type[Refused]) -> None:
    """The words may stand in a letter to him: what the letter must say besides, its approved text says. Refused with
    `words` when there are none, with `content` when a rule forbids some."""
    if not text.strip():
        raise refused("words")
    found = compliance.findings(text=text, channel="letter", purpose="service", party_id=party_id, now=now)
    forbidden = [one for one in found if one.excerpt]
    if forbidden:
        raise refused("content", forbidden)


def answer_letter(
    *, case: Case, text: str, number: str, answer: str, by: Actor, now: datetime, account_id: int | None = None
) -> Message | None:
    """Put the letter into the outbox once a `number`, with what was written to him in it; None when there is no address of
    his or no approved text, or the gate does not let it leave."""
    paragraphs = "\n\n".join(part.strip(" #") for part in answer.strip().splitlines() if part.strip(" #"))
    channels.load_templates()
    point = ContactPoint.objects.filter(party_id=case.party_id, kind="address", status="valid").order_by("id").first()
    if point is None:
        return None
    try:
        message = channels.queue_message(
            party_id=case.party_id, contact_point_id=point.pk, template_code=text, case_id=case.pk, case_no=number,
            account_id=account_id, by=by, now=now, key=f"answer-{number}",
            said={"answer": paragraphs},
        )  # fmt: skip
    except TextError:
        return None
    return None if message.state == message.State.REFUSED else message
