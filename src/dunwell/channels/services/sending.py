"""Out of the outbox: each message asks the gate again, and leaves once or not at all.

A message is committed as `sending` before it is handed over, and its sender holds a lock of its session on
it. After a crash the lock is gone and the state is still `sending`: nobody knows whether it left, so it is
`in_doubt`, counts against the caps, and is never sent again.
"""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction

from dunwell.channels.lines import HandedOver, connected, hand_over, open_mail_server
from dunwell.channels.models import Message, MessageEvent
from dunwell.channels.rules import TextError, retry_after_minutes
from dunwell.channels.services.queueing import move
from dunwell.channels.services.texts import load_templates, render
from dunwell.compliance import services as compliance
from dunwell.compliance.models import GateDecision
from dunwell.kernel.actor import Actor
from dunwell.kernel.decision import Decision, Verdict
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint, Party

SENDER = Actor.program("sender")
WAIT_AT_MOST = timedelta(hours=36)  # a message the gate lets pass only later than this is refused
LOCK_CLASS = 20_551  # of the session locks on message rows
UNAVAILABLE, NOT_TAKEN = "server unavailable", "server did not take it"


@dataclass(slots=True)
class Sent:
    """What one pass did, in messages."""

    sent: int = 0
    not_connected: int = 0
    refused: int = 0
    later: int = 0
    failed: int = 0
    in_doubt: int = 0


def send_due(*, now: datetime, limit: int, by: Actor = SENDER) -> Sent:
    """Send what is due, at most `limit` messages. May be killed at any line and run again, and run beside itself."""
    load_templates()
    done = Sent()
    _mark_interrupted(done, by=by, now=now)
    elsewhere: set[int] = set()  # in another sender's hands
    server: BaseEmailBackend | None = None
    try:
        for _ in range(limit):
            message_id = _next(now, elsewhere)
            if message_id is None:
                break
            with _session_lock(message_id) as mine:
                if not mine:
                    elsewhere.add(message_id)
                    continue
                if server is None and _goes_by_mail(message_id):
                    server = _server_or_later(message_id, done, by=by, now=now)
                    if server is None:
                        continue
                if not _send_one(message_id, server, done, by=by, now=now) and server is not None:
                    server.close()
                    server = None
    finally:
        if server is not None:
            server.close()
    return done


def _next(now: datetime, elsewhere: set[int]) -> int | None:
    """A due message that no other sender has in hand."""
    with transaction.atomic():
        return (
            Message.objects.select_for_update(of=("self",), skip_locked=True)
            .filter(state=Message.State.PLANNED, not_before__lte=now)
            .exclude(pk__in=elsewhere)
            .order_by("not_before", "id")
            .values_list("pk", flat=True)
            .first()
        )


class _session_lock:  # noqa: N801  (used as a statement)
    """The sender's hold on one message, which ends with its connection, however that ends."""

    def __init__(self, message_id: int) -> None:
        self.numbers = [LOCK_CLASS, message_id % 2**31]
        self.mine = False

    def __enter__(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", self.numbers)
            self.mine = cursor.fetchone()[0]
        return self.mine

    def __exit__(self, *_: object) -> None:
        if self.mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", self.numbers)


def _goes_by_mail(message_id: int) -> bool:
    return connected("email") and Message.objects.filter(pk=message_id, channel="email").exists()


def _server_or_later(message_id: int, done: Sent, *, by: Actor, now: datetime) -> BaseEmailBackend | None:
    """The e-mail server; when it cannot be had the message waits, and nothing was reserved for it."""
    try:
        return open_mail_server()
    except (OSError, smtplib.SMTPException) as down:
        with transaction.atomic():
            message = _locked(message_id, Message.State.PLANNED)
            if message is not None:
                _try_later(message, f"{UNAVAILABLE}: {type(down).__name__}", done, by=by, now=now)
        return None


def _locked(message_id: int, state: str) -> Message | None:
    return (
        Message.objects.select_for_update(of=("self",))
        .select_related("template", "contact_point")
        .filter(pk=message_id, state=state)
        .first()
    )


def _send_one(message_id: int, server: BaseEmailBackend | None, done: Sent, *, by: Actor, now: datetime) -> bool:
    """Take one message to its next state. False when the server's connection cannot be used any more."""
    with transaction.atomic():
        message = _locked(message_id, Message.State.PLANNED)
        if message is not None:
            _renew(message, now=now)
        if message is None or not _pass_gate(message, done, by=by, now=now):
            return True
        subject, text, address = _opened(message)
    # committed as `sending`: from here on a crash leaves it in doubt, and never sends it twice
    came = hand_over(server, to=address, subject=subject, text=text, message_id=message.message_id)  # type: ignore[arg-type]
    with transaction.atomic():
        message = _locked(message_id, Message.State.SENDING)
        if message is not None:
            _settle(message, came, done, by=by, now=now)
    return came.state != "unknown"


def _pass_gate(message: Message, done: Sent, *, by: Actor, now: datetime) -> bool:
    """Ask, and reserve where the line is connected. True when the message is to be handed over now."""
    asked = {
        "party_id": message.party_id,
        "contact_point_id": message.contact_point_id,
        "channel": message.channel,
        "purpose": message.purpose,
        "case_id": message.case_id,
        "text": "\n".join(filter(None, _opened(message)[:2])),
        "by": by,
        "now": now,
    }
    if not connected(message.channel):
        kept, decision = compliance.judge(**asked)
        if decision.allowed:
            move(message, Message.State.NOT_CONNECTED, by=by, now=now, decision=kept)
            done.not_connected += 1
        else:
            _refuse(message, kept, decision, done, by=by, now=now)
        return False
    attempt = message.events.filter(state=Message.State.SENDING).count() + 1
    taken = compliance.reserve(**asked, key=f"message-{message.pk}-{attempt}")
    if taken.contact is None:
        _refuse(message, taken.kept, taken.decision, done, by=by, now=now)
        return False
    move(message, Message.State.SENDING, by=by, now=now, decision=taken.kept, contact=taken.contact)
    return True


def _refuse(message: Message, kept: GateDecision, decision: Decision, done: Sent, *, by: Actor, now: datetime) -> None:
    rule, after = decision.primary.rule, decision.retry_after
    waits = decision.verdict is Verdict.BLOCK and after is not None and after <= now + WAIT_AT_MOST
    state = Message.State.PLANNED if waits else Message.State.REFUSED
    later = {"not_before": after} if waits else {}
    move(message, state, detail=rule, by=by, now=now, decision=kept, refusal_rule=rule, **later)
    done.later += waits
    done.refused += not waits


def _renew(message: Message, *, now: datetime) -> None:
    """Fill the text again with today's figures: what leaves is what is owed now, not when it was planned.

    Where it cannot be filled any more nothing is past due, and the gate refuses it for that.
    """
    party = Party.objects.select_related("entity").get(pk=message.party_id)
    try:
        subject, text = render(party, message.template, case_no=message.case_no)
    except TextError:
        return
    if (subject, text) == _opened(message)[:2]:
        return
    message.subject_sealed = portfolio.seal_text(party_id=party.pk, text=subject) if subject else None
    message.text_sealed = portfolio.seal_text(party_id=party.pk, text=text)
    message.save(update_fields=["subject_sealed", "text_sealed"])
    MessageEvent.objects.create(message=message, state=message.state, detail="text renewed", recorded_at=now)


def _opened(message: Message) -> tuple[str, str, str]:
    sealed = [message.subject_sealed or b"", message.text_sealed, message.contact_point.value_sealed]
    party = message.party_id
    opened = portfolio.open_many(items=[(party, bytes(part)) for part in sealed if part])
    return ("", *opened) if not sealed[0] else tuple(opened)  # type: ignore[return-value]


def _settle(message: Message, came: HandedOver, done: Sent, *, by: Actor, now: datetime) -> None:
    if came.state == "sent":
        _outcome(message, "sent", by=by, now=now)
        move(message, Message.State.SENT, by=by, now=now, refusal_rule="")
        done.sent += 1
    elif came.state == "unknown":
        _in_doubt(message, came.detail, done, by=by, now=now)
    else:
        compliance.give_back(
            contact_id=message.contact_id, proof="server_refused", by=by, now=now, key=f"back-{message.contact_id}"
        )
        if came.user_unknown:
            portfolio.set_point_status(
                contact_point_id=message.contact_point_id,
                status=ContactPoint.Status.SUSPENDED,
                reason="user_unknown",
                by=by,
                now=now,
            )
        if came.lasting:
            move(message, Message.State.FAILED, detail=came.detail, by=by, now=now)
            done.failed += 1
        else:
            _try_later(message, f"{NOT_TAKEN}: {came.detail}", done, by=by, now=now)


def _try_later(message: Message, why: str, done: Sent, *, by: Actor, now: datetime) -> None:
    failures = MessageEvent.objects.filter(message=message, detail__startswith="server ").count() + 1
    minutes = retry_after_minutes(failures)
    if minutes is None:
        move(message, Message.State.FAILED, detail=why[:200], by=by, now=now)
        done.failed += 1
        return
    not_before = now + timedelta(minutes=minutes)
    move(message, Message.State.PLANNED, detail=why[:200], by=by, now=now, not_before=not_before, contact=None)
    done.later += 1


def _mark_interrupted(done: Sent, *, by: Actor, now: datetime) -> None:
    """What a sender left as `sending` when it died."""
    for message_id in list(Message.objects.filter(state=Message.State.SENDING).values_list("pk", flat=True)):
        with _session_lock(message_id) as mine:
            if mine:
                with transaction.atomic():
                    message = _locked(message_id, Message.State.SENDING)
                    if message is not None:
                        _in_doubt(message, "the sender was interrupted", done, by=by, now=now)


def _in_doubt(message: Message, detail: str, done: Sent, *, by: Actor, now: datetime) -> None:
    _outcome(message, "in_doubt", by=by, now=now)
    move(message, Message.State.IN_DOUBT, detail=detail, by=by, now=now)
    done.in_doubt += 1


def _outcome(message: Message, outcome: str, *, by: Actor, now: datetime) -> None:
    compliance.record_outcome(
        contact_id=message.contact_id, outcome=outcome, by=by, now=now, key=f"message-{message.pk}-{outcome}"
    )
