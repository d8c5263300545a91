"""At the door: a code to another contact point, a new link in the place of an old one, and what is prepared inside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import translation

from dunwell.casework.models import Case
from dunwell.channels.lines import connected
from dunwell.channels.models import Message
from dunwell.channels.rules import TextError
from dunwell.channels.services import queue_message
from dunwell.compliance.models import Contact
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.nightly import computed as nights
from dunwell.nightly.computed import receipt, words
from dunwell.portfolio.models import ContactPoint
from dunwell.portfolio.queries import accounts_of
from dunwell.selfservice.models import Request
from dunwell.selfservice.services.links import CODE_KEY
from dunwell.selfservice.services.replies import Reply, refused

LANGUAGES = ("zh-hans", "en")
CHANNEL_OF = {"mobile": "sms", "email": "email"}
LINK_TEXTS = {"sms": "SMS-LINK", "email": "EMAIL-LINK", "letter": "LETTER-LINK"}
CODE_TEXTS = {"sms": "SMS-CODE", "email": "EMAIL-CODE"}
WENT = (Message.State.PLANNED, Message.State.SENDING, Message.State.SENT, Message.State.DELIVERED)


def why(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """How each of his figures is computed, in both languages, from the night's own programs."""
    shown: dict[str, list[dict[str, Any]]] = {language: [] for language in LANGUAGES}
    for account in accounts_of(asked.party_id):
        try:
            made = nights.compute(account_no=account.account_no, business_date=business_date(now))
        except nights.NotKnown:
            continue
        figures = receipt.receipt(made)
        for language in LANGUAGES:
            with translation.override(language):
                told = words.shown(figures, cardholder=True)
            shown[language].append({"account": account.pk, "as_of": made.as_of.isoformat(), "figures": told})
    return Reply(data={"receipts": shown})


def send_code(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """A one-time code, to a contact point on file other than the link's, by a line that is connected."""
    points = ContactPoint.objects.filter(
        party_id=asked.party_id, status=ContactPoint.Status.VALID, kind__in=CHANNEL_OF
    ).exclude(pk=asked.link.contact_point_id or 0)
    for point in sorted(points, key=lambda one: (one.kind != "mobile", one.pk)):
        channel = CHANNEL_OF[point.kind]
        if connected(channel):
            return _send(asked, point, CODE_TEXTS[channel], f"{CODE_KEY}{asked.pk}", case, by=by, now=now)
    return refused("no_line")


def send_again(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """A new link to where the old one went, when that may still be reached."""
    point = asked.link.contact_point
    code = LINK_TEXTS.get(asked.link.channel)
    if point is None or code is None or point.status != ContactPoint.Status.VALID:
        return refused("no_line")
    return _send(asked, point, code, f"again/{asked.pk}", case, by=by, now=now)


def _send(
    asked: Request, point: ContactPoint, text: str, key: str, case: Case | None, *, by: Actor, now: datetime
) -> Reply:
    try:
        message = queue_message(
            party_id=asked.party_id, contact_point_id=point.pk, template_code=text, by=by, now=now, key=key,
            case_id=case.pk if case else None, case_no=case.case_no if case else "",
        )  # fmt: skip
    except TextError:
        return refused("no_text")
    data = {"message": message.pk, "state": message.state}
    return Reply(data=data) if message.state in WENT else refused("not_sent", **data)
