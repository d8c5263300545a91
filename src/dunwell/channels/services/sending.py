"""Out of the outbox, by the lines that are not a session: each message asks the gate again, and leaves once or not at all.

A message is committed as `sending` before it is handed over, under the number of a sender that holds a lock. After a
crash the lock is gone and the state is still `sending`: nobody knows whether it left, so it is `in_doubt`, counts
against the caps, and is never sent again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from dunwell.channels.lines import HandedOver, Line, Parcel, lines
from dunwell.channels.lines.gateway import Gateway
from dunwell.channels.lines.mail import MailServer
from dunwell.channels.models import Message
from dunwell.channels.services.claiming import WAIT_AT_MOST, claim, judged, refusal
from dunwell.channels.services.moving import Move, move_many
from dunwell.channels.services.senders import Sender, mark_interrupted
from dunwell.channels.services.settling import Sent, note_line, settle
from dunwell.channels.services.texts import load_templates
from dunwell.kernel.actor import Actor

SENDER = Actor.program("sender")
ADAPTERS: dict[str, type[MailServer] | type[Gateway]] = {"smtp": MailServer, "http_sms": Gateway, "http_push": Gateway}


def send_due(*, now: datetime, limit: int, by: Actor = SENDER) -> Sent:
    """Send what is due, at most `limit` messages. May be killed at any line and run again, and run beside itself.

    What goes by an SMPP session is sent by `services.session_line`, not here.
    """
    load_templates()
    done, sender = Sent(), Sender()
    began = time.monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - began)

    try:
        done.in_doubt += mark_interrupted(mine=sender.hold(), by=by, now=now)
        known = lines()
        _not_connected(limit, {line.channel for line in known}, done, by=by, now=now)
        _give_up(limit, done, by=by, now=now)
        for line in known:
            if line.adapter in ADAPTERS and limit:
                _send_by(line, limit, sender, done, by=by, clock=clock)
    finally:
        sender.release()
    return done


def _send_by(line: Line, limit: int, sender: Sender, done: Sent, *, by: Actor, clock: Callable[[], datetime]) -> None:
    """Claim, hand over and settle, batch by batch, until nothing is due or the line does not take it."""
    if not _anything_due(line, clock()):
        return
    adapter = ADAPTERS[line.adapter](line)
    while limit > 0:
        try:
            adapter.open()
        except OSError as down:
            note_line(line=line, now=clock(), down=f"{type(down).__name__}: {down}")
            return
        claimed = claim(line=line, limit=min(limit, line.batch), sender=sender.hold(), by=by, now=clock())
        done.later, done.refused, done.failed = (
            done.later + claimed.later, done.refused + claimed.refused, done.failed + claimed.failed,
        )  # fmt: skip
        limit -= claimed.taken
        results = [(parcel.message_id, _hand_over(adapter, parcel, clock())) for parcel in claimed.parcels]
        if results:
            settle(line=line, results=results, done=done, by=by, now=clock())
        if not claimed.taken or any(told.line_down for _, told in results):
            break
    adapter.close()


def _hand_over(adapter: MailServer | Gateway, parcel: Parcel, now: datetime) -> HandedOver:
    if parcel.expires_at is not None and now >= parcel.expires_at:
        return HandedOver("refused", "its time had passed", begun=False)
    return adapter.hand_over(parcel)


def _due(now: datetime):  # noqa: ANN202
    return Message.objects.filter(state=Message.State.PLANNED, not_before__lte=now)


def _anything_due(line: Line, now: datetime) -> bool:
    return _due(now).filter(channel=line.channel).exists()


@transaction.atomic
def _not_connected(limit: int, channels: set[str], done: Sent, *, by: Actor, now: datetime) -> None:
    """Due messages of channels that have no line: the gate's answer is kept, and nothing is called sent."""
    for message in (
        _due(now)
        .exclude(channel__in=channels)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("template")
        .order_by("not_before", "id")[:limit]
    ):
        kept, decision = judged(message, by=by, now=now)
        if decision.allowed:
            message.decision = kept
            moved = Move(message, Message.State.NOT_CONNECTED, rows=(kept,))
            done.not_connected += 1
        else:
            moved = refusal(message, kept, decision, now=now)
            waits = moved.state == Message.State.PLANNED
            done.later, done.refused = done.later + waits, done.refused + (not waits)
        move_many(moves=[moved], by=by, now=now)


@transaction.atomic
def _give_up(limit: int, done: Sent, *, by: Actor, now: datetime) -> None:
    """What has waited too long, for a line that is down, has failed: its text speaks of another day."""
    old = list(
        _due(now)
        .filter(wanted_at__lt=now - WAIT_AT_MOST)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("template")
        .order_by("id")[:limit]
    )
    move_many(moves=[Move(message, Message.State.FAILED, "waited too long") for message in old], by=by, now=now)
    done.failed += len(old)
