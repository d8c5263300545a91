"""Links that open the page once, and one-time codes: made at the moment at which a message leaves, never kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from dunwell.channels.models import Message
from dunwell.channels.rules import placeholders
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Party, PartyIdentity
from dunwell.selfservice import rules
from dunwell.selfservice.models import Link, Session, Visit

CODE_KEY = "code/"  # of the message that carries the code a request asked for
SENDER = Actor.program("sender")


@dataclass(frozen=True, slots=True)
class Made:
    """A link and its address, which nobody can tell again."""

    link: Link
    address: str


def address_of(token: str) -> str:
    return f"{settings.CARDHOLDER_URL}/l/{token}"


@transaction.atomic
def make_link(
    *,
    party_id: int,
    channel: str,
    by: Actor,
    now: datetime,
    contact_point_id: int | None = None,
    case_id: int | None = None,
) -> Made:
    """Make a link for a person, by the channel that carries it; it opens only while its contact point is valid."""
    party = Party.objects.get(pk=party_id)
    token = rules.new_token()
    kept = rules.kept(token)
    days = rules.number("link_days", business_date(now))[channel]
    link = Link.objects.create(
        entity_id=party.entity_id, party=party, contact_point_id=contact_point_id, case_id=case_id, channel=channel,
        token=kept, knows=_knows(party_id, kept), expires_at=now + timedelta(days=days), recorded_at=now,
        recorded_by=by.user_id,
    )  # fmt: skip
    evidence.write(
        kind="selfservice.link_made", now=now, by=by, entity_id=party.entity_id, party_id=party_id, case_id=case_id,
        data={"link": link.pk, "channel": channel, "contact_point": contact_point_id,
              "expires_at": link.expires_at.isoformat()},
    )  # fmt: skip
    return Made(link, address_of(token))


def _knows(party_id: int, kept: bytes) -> bytes | None:
    """The hash of the last characters of his document's number; None where the bank has given none."""
    sealed = PartyIdentity.objects.filter(pk=party_id).values_list("id_sealed", flat=True).first()
    if sealed is None:
        return None
    number = portfolio.open_text(party_id=party_id, sealed=bytes(sealed))
    return rules.known(settings.KEYS.answers(), kept, number) if len(number) >= rules.KNOWN_LAST else None


def secrets_of(*, messages: Sequence[Message], now: datetime) -> dict[int, dict[str, str]]:
    """What {link} and {code} say in messages that leave now, by message; only of those whose text names one.

    In the transaction in which they leave: a message that does not leave has no link, and each attempt its own.
    """
    found: dict[int, dict[str, str]] = {}
    for message in messages:
        names = placeholders(message.template.subject) | placeholders(message.template.body)
        said = {}
        if "link" in names:
            made = make_link(
                party_id=message.party_id, channel=message.channel, contact_point_id=message.contact_point_id,
                case_id=message.case_id, by=SENDER, now=now,
            )  # fmt: skip
            said["link"] = made.address
        if "code" in names:
            said["code"] = _code_for(message, now=now)
        if said:
            found[message.pk] = said
    return found


def _code_for(message: Message, *, now: datetime) -> str:
    """A fresh code for the session that asked; one that nobody waits for any more opens nothing."""
    code = rules.new_code()
    asked = message.key.removeprefix(CODE_KEY)
    session = Session.objects.filter(request__pk=int(asked)).first() if asked.isdecimal() else None
    if session is not None:
        session.code = rules.sent(settings.KEYS.answers(), bytes(session.secret), code)
        session.code_ends_at = now + timedelta(minutes=rules.number("code_minutes", business_date(now)))
        session.save(update_fields=["code", "code_ends_at"])
    return code


def forget_visits(*, now: datetime) -> int:
    """Delete the counts of visitors of yesterday and before. A duty of the worker."""
    gone, _ = Visit.objects.filter(minute__lt=now - timedelta(days=1)).delete()
    return gone
