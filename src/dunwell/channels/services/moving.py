"""A message's next state: its columns, its event, its line in the log, and the touch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from django.db import transaction
from django.db.models import Model

from dunwell.channels.models import Message, MessageEvent
from dunwell.channels.rules import whole_text
from dunwell.engine.statements import insert, send
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE, local
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint, PartyKey

LEFT = (Message.State.SENT, Message.State.IN_DOUBT)
FINAL = (Message.State.SENT, Message.State.DELIVERED, Message.State.UNDELIVERED)  # from then on its row stays as it is
COLUMNS = (
    "id", "state", "not_before", "line", "sender", "handed_at", "parts", "cost", "currency", "contact_id", "decision_id",
    "refusal_rule", "subject_sealed", "text_sealed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Move:
    """A message, already changed but for its state, and the state it comes to; `rows`: the facts that say so."""

    message: Message
    state: str
    detail: str = ""
    rows: tuple[Model, ...] = ()


@cache
def statement(name: str) -> str:
    return (files("dunwell.channels") / "sql" / f"{name}.sql").read_text("utf-8")


def move(
    message: Message,
    state: str,
    *,
    by: Actor,
    now: datetime,
    detail: str = "",
    rows: tuple[Model, ...] = (),
    **fields: object,
) -> None:
    """One message's next state, with the fields that change beside it."""
    for name, value in fields.items():
        setattr(message, name, value)
    move_many(moves=[Move(message, state, detail, rows)], by=by, now=now)


@transaction.atomic(savepoint=False)
def move_many(*, moves: Sequence[Move], by: Actor, now: datetime) -> None:
    """Many messages' next states, in a few statements. The rows are the caller's, locked."""
    if not moves:
        return
    for one in moves:
        one.message.state = one.state
    values = {name: [getattr(one.message, name) for one in moves] for name in COLUMNS}
    send(statement("move"), values)
    insert(
        MessageEvent, len(moves), message_id=values["id"], state=values["state"],
        detail=[one.detail[:200] for one in moves], recorded_at=now,
    )  # fmt: skip
    left = _left([one.message for one in moves if one.state in LEFT], now)
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
                    **left.get(one.message.pk, {}),
                },
                rows=(*((one.message,) if one.state in FINAL else ()), *one.rows),
            )
            for one in moves
        ]
    )
    portfolio.touch_many(party_ids=[one.message.party_id for one in moves], now=now)


def _left(messages: Sequence[Message], now: datetime) -> dict[int, dict[str, object]]:
    """What the log says of messages that left: to which point, known since when, at what hour there, and which text.

    Of a person who was erased meanwhile nothing can be opened: no text is said.
    """
    if not messages:
        return {}
    points = ContactPoint.objects.select_related("party").in_bulk({one.contact_point_id for one in messages})
    keyed = set(PartyKey.objects.filter(pk__in={one.party_id for one in messages}).values_list("pk", flat=True))
    opened = [one for one in messages if one.party_id in keyed]
    texts = iter(
        portfolio.open_many(
            items=[
                (one.party_id, bytes(part)) for one in opened for part in (one.subject_sealed, one.text_sealed) if part
            ]
        )
    )
    hashes = {
        one.pk: hashlib.sha256(whole_text(next(texts) if one.subject_sealed else "", next(texts))).hexdigest()
        for one in opened
    }
    found = {}
    for one in messages:
        point = points[one.contact_point_id]
        zone = point.timezone or point.party.timezone or BANK_ZONE.key
        found[one.pk] = {
            "contact": one.contact_id, "contact_point": point.pk, "masked": point.masked, "known_since": point.known_since,
            "local_at": local(now, zone).isoformat(), "decision": one.decision_id, "text_sha256": hashes.get(one.pk),
        }  # fmt: skip
    return found
