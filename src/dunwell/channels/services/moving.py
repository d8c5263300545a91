"""A message's next state: its columns, its event, its line in the log, and the touch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

from django.db import transaction
from django.db.models import Model

from dunwell.channels.models import Message, MessageEvent
from dunwell.channels.rules import whole_text
from dunwell.engine.statements import send, sent_rows, together
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
    left = _left([one.message for one in moves if one.state in LEFT], now)
    values = {name: [getattr(one.message, name) for one in moves] for name in COLUMNS}
    with together():
        send(statement("move"), values)
        sent_rows(
            MessageEvent, len(moves), message_id=values["id"], state=values["state"],
            detail=[one.detail[:200] for one in moves], recorded_at=now,
        )  # fmt: skip
        evidence.write_many([_entry(one, left.get(one.message.pk, {}), by=by, now=now) for one in moves])
        portfolio.touch_many(party_ids=[one.message.party_id for one in moves], now=now)


def _entry(one: Move, left: Mapping[str, object], *, by: Actor, now: datetime) -> evidence.Entry:
    message = one.message
    return evidence.Entry(
        kind=f"message.{one.state}",
        now=now,
        by=by,
        entity_id=message.entity_id,
        party_id=message.party_id,
        case_id=message.case_id,
        data={
            "message": message.pk,
            "channel": message.channel,
            "purpose": message.purpose,
            "template": message.template.code,
            "rule": message.refusal_rule,
            "detail": one.detail[:200],
            **left,
        },
        rows=(*((message,) if one.state in FINAL else ()), *one.rows),
    )


def _left(messages: Sequence[Message], now: datetime) -> dict[int, dict[str, object]]:
    """What the log says of messages that left: to which point, known since when, at what hour there, and which text.

    Of a person who was erased meanwhile nothing can be opened: no text is said.
    """
    if not messages:
        return {}
    points = {
        pk: (masked, known_since, zone or home or BANK_ZONE.key)
        for pk, masked, known_since, zone, home in ContactPoint.objects.filter(
            pk__in={one.contact_point_id for one in messages}
        ).values_list("pk", "masked", "known_since", "timezone", "party__timezone")
    }
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
        masked, known_since, zone = points[one.contact_point_id]
        found[one.pk] = {
            "contact": one.contact_id, "contact_point": one.contact_point_id, "masked": masked, "known_since": known_since,
            "local_at": local(now, zone).isoformat(), "decision": one.decision_id, "text_sha256": hashes.get(one.pk),
        }  # fmt: skip
    return found
