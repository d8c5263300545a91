"""Out of the outbox into a sender's hands: rate, breaker, today's text, the gate, and `sending`, in one commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.utils.module_loading import import_string

from dunwell.channels.lines import Line, Parcel
from dunwell.channels.lines.reading import NEEDED
from dunwell.channels.models import LineState, Message, MessageEvent
from dunwell.channels.queries import Place, withdrawn_texts
from dunwell.channels.rules import may_leave
from dunwell.channels.services.moving import Move, move_many
from dunwell.channels.services.texts import TextError, beside, values_of, written
from dunwell.channels.smpp.texts import parts_of
from dunwell.compliance import services as compliance
from dunwell.compliance.models import GateDecision
from dunwell.compliance.queries import Asking
from dunwell.engine.statements import insert
from dunwell.kernel.actor import Actor
from dunwell.kernel.decision import Decision, Verdict
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio

OWN_RATE = frozenset({"smpp", "print_shop"})  # a session keeps its rate part by part, a job is a batch
WAIT_AT_MOST = timedelta(hours=36)  # a message that may leave only later than this is refused, or has failed


@dataclass(slots=True)
class Claimed:
    """What a claim did: parcels to hand over, and how many messages went another way. `taken` of them were looked at."""

    parcels: list[Parcel] = field(default_factory=list)
    taken: int = 0
    later: int = 0
    refused: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """A message with its texts and its address in clear."""

    message: Message
    subject: str
    text: str
    to: str
    values: dict[str, str]
    renewed: bool


@transaction.atomic
def claim(*, line: Line, limit: int, sender: int, by: Actor, now: datetime) -> Claimed:
    """Take due messages of a line, at most `limit`, within its rate and only while its breaker is closed.

    Each is filled again with today's figures, asked of the gate, and committed as `sending` under the sender's number:
    from then on a crash leaves it in doubt, and never sends it twice.
    """
    states = LineState.objects if line.adapter in OWN_RATE else LineState.objects.select_for_update()
    state, _ = states.get_or_create(line=line.code)
    if state.open_until is not None and state.open_until > now:
        return Claimed()
    free = limit
    if line.adapter not in OWN_RATE:
        free, _ = may_leave(state.next_at, now, line.per_second, limit)
    if free < 1:
        return Claimed()
    messages = list(
        Message.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("contact_point__party", "party")
        .prefetch_related("template", "party__entity")  # few, and shared by all
        .filter(state=Message.State.PLANNED, channel=line.channel, not_before__lte=now)
        .order_by("not_before", "id")[:free]
    )
    if not messages:
        return Claimed()
    done = Claimed(taken=len(messages))
    gone = withdrawn_texts(business_date(now))
    opened = [one for one in _renewed(messages) if _fits(one, line, gone, done, by=by, now=now)]
    leaving = _asked(opened, line, sender, done, by=by, now=now)
    if line.adapter not in OWN_RATE and leaving:
        parts = sum(message.parts or 1 for message in leaving)
        _, state.next_at = may_leave(state.next_at, now, line.per_second, parts)
        state.save(update_fields=["next_at"])
    return done


def _renewed(messages: Sequence[Message]) -> list[Opened]:
    """Fill the texts again with today's figures: what leaves is what is owed now, not when it was planned.

    Where one cannot be filled any more nothing is past due, and the gate refuses it for that. They are written with the
    message's next state.
    """
    texts = iter(portfolio.open_many(items=[part for message in messages for part in _sealed(message)]))
    values = values_of([(m.party, m.template.language, m.case_no, m.account_id) for m in messages])
    found: list[Opened] = []
    for message, known in zip(messages, values, strict=True):
        person = message.contact_point.party
        if person.pk != message.party_id:
            known = beside(person, message.template.language, message.party.entity)
        known |= message.said
        subject = next(texts) if message.subject_sealed else ""
        text, to = next(texts), next(texts)
        try:
            fresh = written(message.template, known, message.party.entity)
        except TextError:
            fresh = subject, text
        found.append(Opened(message, *fresh, to, known, renewed=fresh != (subject, text)))
    renewed = [one for one in found if one.renewed]
    fresh_ones = [(one.message.party_id, part) for one in renewed for part in (one.subject, one.text) if part]
    sealed_anew = iter(portfolio.seal_many(items=fresh_ones))
    for one in renewed:
        one.message.subject_sealed = next(sealed_anew) if one.subject else None
        one.message.text_sealed = next(sealed_anew)
    return found


def _note_renewed(opened: Iterable[Opened], *, now: datetime) -> None:
    anew = [one.message for one in opened if one.renewed]
    insert(
        MessageEvent, len(anew), message_id=[message.pk for message in anew],
        state=[message.state for message in anew], detail="text renewed", recorded_at=now,
    )  # fmt: skip


def _sealed(message: Message) -> list[tuple[int, bytes]]:
    """The texts under the party's key, and the address under the key of whose it is."""
    texts = [(message.party_id, bytes(part)) for part in (message.subject_sealed, message.text_sealed) if part]
    return [*texts, (message.contact_point.party_id, bytes(message.contact_point.value_sealed))]


def _fits(one: Opened, line: Line, gone: set[Place], done: Claimed, *, by: Actor, now: datetime) -> bool:
    """Whether it may leave by the line at all: a text not withdrawn, its signature, the number of the approved one."""
    template, why = one.message.template, ""
    if one.message.wanted_at and now - one.message.wanted_at > WAIT_AT_MOST:
        why = "waited too long"
    elif (template.code, template.version, template.draft_id) in gone:
        why = f"{template.code} version {template.version} was withdrawn"
    elif not line.carries(template.code, template.version, template.language):
        why = f"{template.code} version {template.version} has no template number at {line.code}"
    elif line.options.get("signature") and not one.text.startswith(f"【{line.options['signature']}】"):
        why = f"the signature is not {line.options['signature']}"
    if why:
        _note_renewed([one], now=now)
        move_many(moves=[Move(one.message, Message.State.FAILED, why)], by=by, now=now)
        done.failed += 1
    return not why


def _asked(
    opened: Sequence[Opened], line: Line, sender: int, done: Claimed, *, by: Actor, now: datetime
) -> list[Message]:
    attempts = dict(
        Message.objects.filter(pk__in=[one.message.pk for one in opened])
        .annotate(attempts=Count("events", filter=Q(events__state=Message.State.SENDING)))
        .values_list("pk", "attempts")
    )
    keys = {one.message.pk: f"message-{one.message.pk}-{attempts[one.message.pk] + 1}" for one in opened}
    slots = compliance.reserve_many(
        wanted=[(keys[one.message.pk], asking_of(one.message, one.subject, one.text)) for one in opened], by=by, now=now
    )
    _note_renewed((one for one in opened if keys[one.message.pk] in slots), now=now)
    moves, leaving, going = [], [], []
    for one in opened:
        message = one.message
        slot = slots.get(keys[message.pk])
        if slot is None:
            done.taken -= 1  # it shares a person with another of this batch: the next claim asks for it
            continue
        message.decision = slot.reserved.kept
        contact = slot.reserved.contact
        if contact is None:
            moves.append(refusal(message, slot.reserved.kept, slot.reserved.decision, now=now))
            waits = moves[-1].state == Message.State.PLANNED
            done.later, done.refused = done.later + waits, done.refused + (not waits)
            continue
        message.contact, message.sender, message.line, message.handed_at = contact, sender, line.code, now
        message.parts = parts_of(one.text) if message.channel == "sms" else 1
        moves.append(Move(message, Message.State.SENDING))
        leaving.append(message)
        going.append((one, contact.expires_at, slot.closes_at))
    said = import_string(settings.MESSAGE_SECRETS)(messages=leaving, now=now)
    for one, expires_at, closes_at in going:
        secret = said.get(one.message.pk)
        done.parcels.append(_parcel(_with(one, secret) if secret else one, line, expires_at, closes_at))
    move_many(moves=moves, by=by, now=now)
    return leaving


def _with(one: Opened, secret: dict[str, str]) -> Opened:
    """The message as it leaves, with its link or code: what is kept of it has neither."""
    values, template = {**one.values, **secret}, one.message.template
    subject, text = written(template, values, one.message.party.entity)
    return replace(one, subject=subject, text=text, values=values)


def asking_of(message: Message, subject: str, text: str) -> Asking:
    """What the gate is asked about a message; the text as it would leave, for what no text may say."""
    return Asking(
        party_id=message.party_id,
        person_id=message.contact_point.party_id,
        contact_point_id=message.contact_point_id,
        channel=message.channel,
        purpose=message.purpose,
        case_id=message.case_id,
        account_id=message.account_id,
        text="\n".join(filter(None, (subject, text))),
    )


def judged(message: Message, *, by: Actor, now: datetime) -> tuple[GateDecision, Decision]:
    """The gate's answer to a message as it stands in the outbox, its text opened; kept, whatever it is."""
    sealed = [(message.party_id, bytes(part)) for part in (message.subject_sealed, message.text_sealed) if part]
    asking = asking_of(message, "", "\n".join(portfolio.open_many(items=sealed)))
    return compliance.judge(
        party_id=asking.party_id, person_id=asking.person_id, contact_point_id=asking.contact_point_id, channel=asking.channel,
        purpose=asking.purpose, case_id=asking.case_id, account_id=asking.account_id, text=asking.text, by=by, now=now,
    )  # fmt: skip


def refusal(message: Message, kept: GateDecision, decision: Decision, *, now: datetime) -> Move:
    """What follows from a refusal: it waits for a time within reach, or is refused with the rule."""
    after = decision.retry_after
    message.decision, message.refusal_rule = kept, decision.primary.rule
    if decision.verdict is Verdict.BLOCK and after is not None and after <= now + WAIT_AT_MOST:
        message.not_before = after
        return Move(message, Message.State.PLANNED, decision.primary.rule)
    return Move(message, Message.State.REFUSED, decision.primary.rule)


def _parcel(one: Opened, line: Line, expires_at: datetime, closes_at: datetime | None) -> Parcel:
    message, options = one.message, line.options
    until = message.handed_at + timedelta(hours=options.get("validity_hours", 24))
    named = one.values if "secret" in NEEDED[line.adapter] else {}
    return Parcel(
        message_id=message.pk,
        reference=message.message_id,
        to=one.to,
        text=one.text,
        subject=one.subject,
        template=line.template_no(message.template.code, message.template.version, message.template.language)
        or message.template.code,
        values=named,
        signature=options.get("signature", ""),
        expires_at=expires_at,
        valid_until=min(until, closes_at) if closes_at else until,
    )
