"""Who has which messages in hand: a sender's lock ends with its connection, however that ends."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import connection, transaction

from dunwell.channels.models import Message
from dunwell.channels.services.moving import Move, move_many
from dunwell.channels.services.receipts import match_receipts
from dunwell.compliance import services as compliance
from dunwell.kernel.actor import Actor

LOCK_CLASS = 20_551  # of the session locks of senders


class Sender:
    """One sender: a number that its database connection holds a lock on. Used by one thread."""

    def __init__(self) -> None:
        self.number = 0
        self._backend = 0

    def hold(self) -> int:
        """The number, locked by the connection of now; another one after the connection was lost."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (backend,) = cursor.fetchone()
            if backend != self._backend:
                self.number, self._backend = secrets.randbelow(2**31 - 1) + 1, backend
                cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, self.number])
        return self.number

    def release(self) -> None:
        """Let go: what is still `sending` under this number counts as interrupted from now on."""
        if self._backend:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, self.number])
            self._backend = 0


def mark_interrupted(*, mine: int, by: Actor, now: datetime) -> int:
    """What senders left as `sending` when they died is in doubt. How many messages that were.

    Of letters nothing is: the print shop's folder shows which were written (services.letters).
    """
    in_hand = Message.objects.filter(state=Message.State.SENDING).exclude(sender=mine).exclude(channel="letter")
    marked = 0
    for number in list(in_hand.order_by().values_list("sender", flat=True).distinct()):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, number or 0])
            if not cursor.fetchone()[0]:
                continue  # it lives
            try:
                marked += _in_doubt(number, by=by, now=now)
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, number or 0])
    return marked


@transaction.atomic
def _in_doubt(number: int | None, *, by: Actor, now: datetime) -> int:
    messages = list(
        Message.objects.select_for_update(of=("self",))
        .select_related("template")
        .filter(state=Message.State.SENDING, sender=number)
        .order_by("id")
    )
    outcomes = [
        compliance.Outcome(m.contact_id, "in_doubt", f"message-{m.pk}-in_doubt-{m.contact_id}")
        for m in messages
        if m.contact_id
    ]
    compliance.record_many(outcomes=outcomes, by=by, now=now)
    moves = [Move(message, Message.State.IN_DOUBT, "the sender was interrupted") for message in messages]
    move_many(moves=moves, by=by, now=now)
    for line in {message.line for message in messages}:
        match_receipts(line=line, by=by, now=now)
    return len(messages)
