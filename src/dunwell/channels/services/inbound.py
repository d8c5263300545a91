"""Texts that people send us: kept for everybody whose number it came from; a word of withdrawal is obeyed at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from dunwell.channels.models import Inbound
from dunwell.channels.rules import meaning_of
from dunwell.compliance import services as compliance
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity
from dunwell.kernel import sealing
from dunwell.kernel.actor import Actor
from dunwell.portfolio import queries, reference, rules
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint

CARRIER = Actor.program("carrier")
PURPOSE = "channels/inbound"  # of the key under which a stranger's text is sealed


@dataclass(frozen=True, slots=True)
class Came:
    """One text as a line gives it. `key` is the provider's number of it, or made of what it says and when."""

    sender: str
    text: str
    received_at: datetime
    key: str = ""
    opt_out: bool = False  # the provider says that it is one


@transaction.atomic
def take_inbound(
    *, line: str, channel: str, kind: str, came: Sequence[Came], now: datetime, by: Actor = CARRIER
) -> int:
    """Keep texts, each once a person, in his timeline; how many rows were new.

    A number may be several people's: a withdrawal holds for all of them, for it is the number that was asked to be
    left alone. A text from a number that is nobody's is kept sealed, and shown to the operator.
    """
    return sum(_take(line, channel, kind, one, by=by, now=now) for one in came)


def _take(line: str, channel: str, kind: str, one: Came, *, by: Actor, now: datetime) -> int:
    number = rules.point(kind, one.sender, reference.tables())
    value = number.value or one.sender
    digests = queries.digests(kind, value)
    said = one.key or hashlib.sha256(f"{one.received_at.isoformat()}/{one.text}".encode()).hexdigest()[:32]
    key = f"{line}/{hashlib.sha256(f'{value}/{said}'.encode()).hexdigest()[:40]}"
    meaning = "opt_out" if one.opt_out else meaning_of(one.text)
    points = list(
        ContactPoint.objects.filter(kind=kind, digest__in=digests).select_related("party").order_by("party_id")
    )
    fields = {
        "line": line, "channel": channel, "digest": digests[-1], "masked": number.masked or "****", "meaning": meaning,
        "received_at": one.received_at, "recorded_at": now,
    }  # fmt: skip
    if not points:
        bank = Entity.objects.get(code=settings.BANK_ENTITY)
        sealed = seal_strange(one.text, key)
        _, new = Inbound.objects.get_or_create(key=key, defaults={**fields, "entity": bank, "text_sealed": sealed})
        return int(new)
    return sum(_keep(point, f"{key}/{point.party_id}", one.text, fields, by=by, now=now) for point in points)


def _keep(point: ContactPoint, key: str, text: str, fields: dict, *, by: Actor, now: datetime) -> int:
    portfolio.touch(party_id=point.party_id, now=now)  # first: it locks the party, so that a repetition waits
    if Inbound.objects.filter(key=key).exists():
        return 0
    row = Inbound.objects.create(
        key=key, party_id=point.party_id, contact_point=point, entity_id=point.party.entity_id,
        text_sealed=portfolio.seal_text(party_id=point.party_id, text=text), **fields,
    )  # fmt: skip
    entry = evidence.write(
        kind="message.received", now=now, by=by, entity_id=row.entity_id, party_id=point.party_id,
        data={
            "inbound": row.pk, "channel": row.channel, "contact_point": point.pk, "masked": row.masked,
            "meaning": row.meaning, "received_at": row.received_at.isoformat(),
        },
    )  # fmt: skip
    if row.meaning == "opt_out":
        compliance.record_consent(
            party_id=point.party_id,
            kind="opt_out",
            channel=row.channel,
            evidence_ref=f"log:{entry.pk}",
            by=by,
            now=now,
        )
    return 1


def keep_told(
    *,
    party_id: int,
    entity_id: int,
    line: str,
    channel: str,
    meaning: str,
    text: str,
    key: str,
    by: Actor,
    now: datetime,
) -> Inbound:
    """Keep what somebody who is known told us otherwise than by a number of his, in his timeline. The same key: the same."""
    portfolio.touch(party_id=party_id, now=now)
    row, new = Inbound.objects.get_or_create(
        key=key,
        defaults={
            "party_id": party_id, "entity_id": entity_id, "line": line, "channel": channel, "digest": b"", "masked": "",
            "meaning": meaning, "text_sealed": portfolio.seal_text(party_id=party_id, text=text), "received_at": now,
            "recorded_at": now,
        },
    )  # fmt: skip
    if new:
        evidence.write(
            kind="message.received", now=now, by=by, entity_id=entity_id, party_id=party_id,
            data={"inbound": row.pk, "channel": channel, "meaning": meaning, "received_at": now.isoformat()},
        )  # fmt: skip
    return row


def seal_strange(text: str, key: str) -> bytes:
    """A text of nobody we know, under a key of the house; its first two bytes name the master key's version."""
    masters = settings.KEYS.master()
    version = max(masters)
    house = sealing.digest(masters[version], PURPOSE)
    return version.to_bytes(2, "big") + sealing.seal(house, text.encode(), f"{PURPOSE}/{key}".encode(), settings.CIPHER)


def open_strange(row: Inbound) -> str:
    """The text of a row without a person."""
    sealed = bytes(row.text_sealed)
    version = int.from_bytes(sealed[:2], "big")
    house = sealing.digest(settings.KEYS.master(version)[version], PURPOSE)
    return sealing.unseal(house, sealed[2:], f"{PURPOSE}/{row.key}".encode()).decode()
