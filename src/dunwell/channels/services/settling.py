"""What came of hand-overs, taken down: state, outcome, parts, cost, the point's status, the line's breaker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from dunwell.channels.lines import HandedOver, Line
from dunwell.channels.lines.reading import cost
from dunwell.channels.models import LineState, Message, MessageEvent, MessagePart
from dunwell.channels.rules import breaker_seconds, retry_after_minutes
from dunwell.channels.services.moving import Move, move_many
from dunwell.channels.services.receipts import match_receipts
from dunwell.compliance import services as compliance
from dunwell.engine.statements import insert_rows
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint

NOT_TAKEN = "server did not take it"
WORKS_FOR = timedelta(seconds=5)  # so long it need not be written down again that a line works


@dataclass(slots=True)
class Sent:
    """What one pass did, in messages."""

    sent: int = 0
    not_connected: int = 0
    refused: int = 0
    later: int = 0
    failed: int = 0
    in_doubt: int = 0


def settle(*, line: Line, results: Sequence[tuple[int, HandedOver]], done: Sent, by: Actor, now: datetime) -> None:
    """Write down what is known of hand-overs of a line, in one commit. A message that is settled already is left.

    The line's breaker follows in a commit of its own: whoever claims holds it, and waits for the persons of these.
    """
    came = dict(results)
    _settle(line, came, done, by=by, now=now)
    note_line(line=line, now=now, worked=any(t.state == "sent" for t in came.values()), down=_down(came.values()))


@transaction.atomic
def _settle(line: Line, came: Mapping[int, HandedOver], done: Sent, *, by: Actor, now: datetime) -> None:
    messages = list(
        Message.objects.select_for_update(of=("self",))
        .prefetch_related("template")
        .filter(pk__in=came, state__in=(Message.State.SENDING, Message.State.IN_DOUBT))
        .order_by("id")
    )
    moves: list[Move] = []
    outcomes: list[compliance.Outcome] = []
    taken: list[MessagePart] = []
    for message in messages:
        told = came[message.pk]
        taken += [
            MessagePart(
                message=message, part=part.number, line=line.code, provider_id=part.provider_id[:80], recorded_at=now
            )
            for part in told.parts
        ]
        if told.state == "sent":
            _price(message, line, told.billed or len(told.parts) or message.parts or 1, now)
            message.refusal_rule = ""
            moves.append(Move(message, Message.State.SENT, told.detail))
            outcomes.append(_outcome(message, "sent", told))
            done.sent += 1
        elif told.state == "unknown":
            if told.parts:
                _price(message, line, len(told.parts), now)
            if message.state != Message.State.IN_DOUBT:
                moves.append(Move(message, Message.State.IN_DOUBT, told.detail))
                outcomes.append(_outcome(message, "in_doubt", told))
                done.in_doubt += 1
        elif message.state == Message.State.SENDING:
            moves.append(_refused(message, told, done, by=by, now=now))
    compliance.record_many(outcomes=outcomes, by=by, now=now)
    move_many(moves=moves, by=by, now=now)
    insert_rows(taken)
    doubt = any(one.state == Message.State.IN_DOUBT for one in moves)
    if taken or doubt:  # receipts may have come before
        these = None if doubt else {part.provider_id for part in taken}
        match_receipts(line=line.code, by=by, now=now, provider_ids=these)


def _outcome(message: Message, outcome: str, told: HandedOver) -> compliance.Outcome:
    record = told.parts[0].provider_id if told.parts else ""
    return compliance.Outcome(
        message.contact_id, outcome, f"message-{message.pk}-{outcome}-{message.contact_id}", record
    )


def _down(told: object) -> str:
    return next((one.detail or "line down" for one in told if one.line_down), "")  # type: ignore[attr-defined]


def _price(message: Message, line: Line, parts: int, now: datetime) -> None:
    """The cost by the price list of the business day. A day without a price: nothing is known of it."""
    price = line.price_on(business_date(now))
    message.parts = max(parts, message.parts or 1)
    if price is not None:
        message.cost, message.currency = cost(parts, price), price.currency


def _refused(message: Message, told: HandedOver, done: Sent, *, by: Actor, now: datetime) -> Move:
    compliance.give_back(
        contact_id=message.contact_id,
        proof="server_refused" if told.begun else "not_handed_over",
        by=by, now=now, key=f"back-{message.contact_id}",
    )  # fmt: skip
    message.contact, message.parts = None, None
    if told.dead:
        portfolio.set_point_status(
            contact_point_id=message.contact_point_id, status=ContactPoint.Status.SUSPENDED, reason="user_unknown",
            by=by, now=now,
        )  # fmt: skip
    if told.lasting:
        done.failed += 1
        return Move(message, Message.State.FAILED, told.detail)
    if not told.begun:
        done.later += 1
        return Move(message, Message.State.PLANNED, told.detail)  # the line's own breaker makes it wait
    why = f"{NOT_TAKEN}: {told.detail}"[:200]
    failures = MessageEvent.objects.filter(message=message, detail__startswith="server ").count() + 1
    minutes = retry_after_minutes(failures)
    if minutes is None:
        done.failed += 1
        return Move(message, Message.State.FAILED, why)
    message.not_before = now + timedelta(minutes=minutes)
    done.later += 1
    return Move(message, Message.State.PLANNED, why)


@transaction.atomic
def note_line(*, line: Line, now: datetime, worked: bool = False, down: str = "") -> None:
    """The line's breaker: a failure counts, opens it after some, and anything that was taken closes it."""
    works = LineState.objects.filter(line=line.code, failures=0, open_until=None, worked_at__gt=now - WORKS_FOR)
    if not down and (not worked or works.exists()):
        return
    state, _ = LineState.objects.select_for_update().get_or_create(line=line.code)
    if worked:
        state.failures, state.open_until, state.worked_at = 0, None, now
    if down:
        state.failures += 1
        state.detail, state.failed_at = down[:200], now
        seconds = breaker_seconds(state.failures)
        state.open_until = now + timedelta(seconds=seconds) if seconds else None
    state.save()
