"""Calls by a connected telephone: asked for, taken by the line's process, and what became of each, as facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from dunwell.channels.lines import Line, line_for, line_named
from dunwell.channels.models import Call, CallEvent
from dunwell.channels.services.caller_numbers import region_of, standings
from dunwell.channels.voice.caller_numbers import pick, policy
from dunwell.channels.voice.causes import outcome_of
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio

TELEPHONE = Actor.program("telephone")


def seat_of(staff_no: str) -> Line | None:
    """The line by whose telephone a member of staff calls; None when there is none, and the number is shown instead."""
    line = line_for("call")
    return line if line is not None and line.adapter == "baresip" and staff_no in line.options["seats"] else None


@transaction.atomic
def ask_call(*, contact_id: int, staff_no: str, now: datetime) -> Call | None:
    """Ask for a reserved contact to be dialled by the collector's telephone. Twice is once. None without a telephone."""
    line = seat_of(staff_no)
    if line is None:
        return None
    call, _ = Call.objects.get_or_create(
        contact_id=contact_id, defaults={"line": line.code, "seat": staff_no, "asked_at": now}
    )
    return call


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call to dial now, with the number in clear: for the telephone, not for a screen."""

    contact_id: int
    number: str
    caller: str = ""  # of the pool, where the line's uri has a place for it


@transaction.atomic
def take_wanted(*, line: str, seat: str, now: datetime, by: Actor = TELEPHONE) -> Wanted | None:
    """The seat's next call, asked of the gate again and committed as dialled; None when there is none that may be.

    From then on a crash leaves it `lost`, and never dials it twice: one process keeps a seat, and a call has one event of
    a kind (a constraint holds it).
    """
    call = (
        Call.objects.select_related("contact__contact_point")
        .filter(~Exists(CallEvent.objects.filter(call=OuterRef("pk"))), line=line, seat=seat)
        .order_by("asked_at", "pk")
        .first()
    )
    if call is None:
        return None
    decision = compliance.decide_at_dial(contact_id=call.pk, by=by, now=now)
    if decision is None or not decision.allowed:
        rule = "token" if decision is None else decision.primary.rule
        _event(call, CallEvent.Kind.REFUSED, now=now, detail=rule)
        if not call.contact.outcomes.exists():  # he may have written one before his telephone was ready
            compliance.give_back(contact_id=call.pk, proof="not_handed_over", by=by, now=now, key=f"back-{call.pk}")
        return None
    point = call.contact.contact_point
    number = portfolio.open_text(party_id=point.party_id, sealed=bytes(point.value_sealed))
    caller = _caller(line, call.contact.entity_id, point.kind, number, now)
    _event(call, CallEvent.Kind.DIALLED, now=now, detail=caller)
    return Wanted(call.pk, number, caller)


def _caller(line: str, entity_id: int, kind: str, number: str, now: datetime) -> str:
    """The number of the pool that the call shows; empty where the telephone cannot name one."""
    known = line_named(line)
    if known is None or "{caller}" not in known.options["uri"]:
        return ""
    shown = pick(standings(entity_id=entity_id, now=now), region_of(kind, number), now, policy())
    return shown.number if shown else ""


@transaction.atomic
def note(
    *, contact_id: int, kind: str, now: datetime, call_id: str = "", cause: str = "", here: bool = False
) -> CallEvent | None:
    """Write down what the telephone told of a call; the first of a kind counts."""
    call = Call.objects.get(pk=contact_id)
    kinds = set(call.events.values_list("kind", flat=True))
    if kind in kinds or CallEvent.Kind.ENDED in kinds:
        return None
    outcome = ""
    if kind == CallEvent.Kind.ENDED and CallEvent.Kind.ANSWERED not in kinds:
        outcome = outcome_of(cause, rang=CallEvent.Kind.RINGING in kinds, here=here)
    return _event(call, kind, now=now, call_id=call_id, detail=cause, outcome=outcome, here=here)


@transaction.atomic
def note_lost(*, line: str, seat: str, now: datetime) -> int:
    """Calls that were dialled and whose end nobody heard, by a process that is gone; how many."""
    hanging = Call.objects.filter(
        Exists(CallEvent.objects.filter(call=OuterRef("pk"), kind=CallEvent.Kind.DIALLED)),
        ~Exists(CallEvent.objects.filter(call=OuterRef("pk"), kind__in=(CallEvent.Kind.ENDED, CallEvent.Kind.LOST))),
        line=line, seat=seat,
    )  # fmt: skip
    lost = list(hanging)
    for call in lost:
        _event(call, CallEvent.Kind.LOST, now=now)
    return len(lost)


def _event(call: Call, kind: str, *, now: datetime, call_id: str = "", detail: str = "", outcome: str = "",
           here: bool = False) -> CallEvent:  # fmt: skip
    made = CallEvent.objects.create(
        call=call, kind=kind, telephone_id=call_id[:80], detail=detail[:120], outcome=outcome, here=here, at=now
    )
    contact = Contact.objects.get(pk=call.pk)
    evidence.write(
        kind=f"telephone.{kind}", now=now, by=TELEPHONE, entity_id=contact.entity_id, party_id=contact.party_id,
        case_id=contact.case_id,
        data={"contact": call.pk, "seat": call.seat, "call_id": made.telephone_id, "cause": made.detail, "outcome": outcome},
    )  # fmt: skip
    return made


@dataclass(frozen=True, slots=True)
class Shown:
    """A call for the collector's screen: its last event, since when, how long it was spoken, and what to propose."""

    kind: str  # waiting, or a CallEvent's
    since: datetime
    seconds: int | None
    outcome: str
    detail: str


def shown(contact_id: int) -> Shown | None:
    """How a call stands; None when the contact was not called by a connected telephone."""
    call = Call.objects.filter(pk=contact_id).first()
    if call is None:
        return None
    events = {event.kind: event for event in call.events.order_by("id")}
    if not events:
        return Shown("waiting", call.asked_at, None, "", "")
    last = list(events.values())[-1]
    answered, ended = events.get(CallEvent.Kind.ANSWERED), events.get(CallEvent.Kind.ENDED)
    seconds = int((ended.at - answered.at).total_seconds()) if answered and ended else None
    return Shown(last.kind, last.at, seconds, last.outcome, last.detail)


def talked(contact_id: int) -> int | None:
    """Seconds of talk by the telephone's own events; None when no telephone heard one from answer to end."""
    at = dict(
        CallEvent.objects.filter(
            call_id=contact_id, kind__in=(CallEvent.Kind.ANSWERED, CallEvent.Kind.ENDED)
        ).values_list("kind", "at")
    )
    both = CallEvent.Kind.ANSWERED in at and CallEvent.Kind.ENDED in at
    return int((at[CallEvent.Kind.ENDED] - at[CallEvent.Kind.ANSWERED]).total_seconds()) if both else None
