"""A message's next state: its columns, its event, its line in the log, and the touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from django.db import connection, transaction

from dunwell.channels.models import Message, MessageEvent
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio

COLUMNS = (
    "id", "state", "not_before", "line", "sender", "handed_at", "parts", "cost", "currency", "contact_id", "decision_id",
    "refusal_rule", "subject_sealed", "text_sealed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Move:
    """A message, already changed but for its state, and the state it comes to."""

    message: Message
    state: str
    detail: str = ""


@cache
def statement(name: str) -> str:
    return (files("dunwell.channels") / "sql" / f"{name}.sql").read_text("utf-8")


def move(message: Message, state: str, *, by: Actor, now: datetime, detail: str = "", **fields: object) -> None:
    """One message's next state, with the fields that change beside it."""
    for name, value in fields.items():
        setattr(message, name, value)
    move_many(moves=[Move(message, state, detail)], by=by, now=now)


@transaction.atomic
def move_many(*, moves: Sequence[Move], by: Actor, now: datetime) -> None:
    """Many messages' next states, in a few statements. The rows are the caller's, locked."""
    if not moves:
        return
    for one in moves:
        one.message.state = one.state
    values = {name: [getattr(one.message, name) for one in moves] for name in COLUMNS}
    with connection.cursor() as cursor:
        cursor.execute(statement("move"), values)
    MessageEvent.objects.bulk_create(
        MessageEvent(message=one.message, state=one.state, detail=one.detail[:200], recorded_at=now) for one in moves
    )
    evidence.write_many(
        [
            evidence.Entry(
                kind=f"message.{one.state}",
                now=now,
                by=by,
                entity_id=one.message.entity_id,
                party_id=one.message.party_id,
                case_id=one.message.case_id,
                data={
                    "message": one.message.pk,
                    "channel": one.message.channel,
                    "purpose": one.message.purpose,
                    "template": one.message.template.code,
                    "rule": one.message.refusal_rule,
                    "detail": one.detail[:200],
                },
            )
            for one in moves
        ]
    )
    portfolio.touch_many(party_ids=[one.message.party_id for one in moves], now=now)
