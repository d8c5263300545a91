"""A collector's call by his telephone, as the page shows it while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from dunwell.casework.rules.codes import codes
from dunwell.channels.models import CallEvent
from dunwell.channels.services import calling
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact, GateDecision
from dunwell.desk import words
from dunwell.desk.reaching import refusal_of
from dunwell.desk.view import Refusal

OVER = frozenset({CallEvent.Kind.ENDED, CallEvent.Kind.LOST, CallEvent.Kind.REFUSED})


@dataclass(frozen=True, slots=True)
class OnTelephone:
    """`proposed` is the outcome's code that an unanswered end came to; empty while nobody can propose one."""

    contact_id: int
    kind: str
    words: str
    since: datetime
    seconds: int | None
    cause: str
    proposed: str
    over: bool


def on_telephone(contact_id: int, action: str) -> OnTelephone | None:
    """How the call stands; None when no telephone makes it and the number is shown instead."""
    call = calling.shown(contact_id)
    if call is None:
        return None
    code = codes().actions[action].unanswered(call.outcome) if call.outcome else None
    return OnTelephone(
        contact_id=contact_id,
        kind=call.kind,
        words=str(words.CALL_EVENTS[call.kind]),
        since=call.since,
        seconds=call.seconds,
        cause=call.detail,
        proposed=code.code if code else "",
        over=call.kind in OVER,
    )


def refused_at_dial(contact: Contact) -> Refusal | None:
    """Why the gate let a call that was clicked not be dialled; None when it was not refused."""
    event = CallEvent.objects.filter(call_id=contact.pk, kind=CallEvent.Kind.REFUSED).first()
    if event is None:
        return None
    kept = (
        GateDecision.objects.filter(
            party_id=contact.party_id, contact_point_id=contact.contact_point_id, decided_at=event.at
        )
        .exclude(verdict="ALLOW")
        .last()
    )
    if kept is not None:
        return refusal_of(compliance.decision_of(kept))
    return Refusal(
        words=_("Your telephone was not ready before the permission ended. Dial again."),
        rule=event.detail, citation="", retry_after=None, review=False,
    )  # fmt: skip
