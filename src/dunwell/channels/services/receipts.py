"""What the carrier says became of messages: stored, matched, and taken into their state."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count

from dunwell.channels.lines.gateway import BUSINESS_ID
from dunwell.channels.models import Message, MessagePart, Receipt, ReceiptMatch
from dunwell.channels.rules import after_receipts
from dunwell.channels.services.moving import Move, move_many
from dunwell.compliance import services as compliance
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import reference, rules
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint

CARRIER = Actor.program("carrier")
BUSINESS = "business_id"
LATEST = timedelta(days=3)  # after the hand-over no receipt is matched by its number any more
OUTCOMES = {Message.State.SENT: "sent", Message.State.DELIVERED: "delivered", Message.State.UNDELIVERED: "bounced"}


@dataclass(frozen=True, slots=True)
class Told:
    """One receipt as a line gives it. `to` is the number it went to, `reference` ours where it was given back."""

    provider_id: str
    state: str
    code: str = ""
    to: str = ""
    reference: str = ""
    at: datetime | None = None
    dead_number: bool = False


@transaction.atomic
def take_receipts(*, line: str, kind: str, told: Sequence[Told], now: datetime, by: Actor = CARRIER) -> int:
    """Keep receipts, each once, and match them; how many were new. `kind` is the kind of number: mobile, email, im.

    A receipt of a message in doubt, whose part we never heard of, is matched by the number it went to, where exactly
    one message in doubt went there. What cannot be matched stays, and is tried again when a message turns doubtful.
    """
    rows = [
        Receipt(
            line=line,
            provider_id=one.provider_id[:80],
            reference=one.reference[:40],
            digest=digest_of(kind, one.to) if one.to else None,
            state=one.state,
            code=one.code[:40],
            dead_number=one.dead_number,
            at=one.at,
            recorded_at=now,
            key=_key(line, one),
        )
        for one in told
    ]
    before = Receipt.objects.filter(key__in=[row.key for row in rows]).count()
    Receipt.objects.bulk_create(rows, ignore_conflicts=True)
    match_receipts(line=line, by=by, now=now, provider_ids={row.provider_id for row in rows})
    return len({row.key for row in rows}) - before


def _key(line: str, one: Told) -> str:
    """The same receipt told again has the same; a number that the provider uses again for another message has not."""
    return hashlib.sha256(
        "/".join((line, one.provider_id, one.state, one.code, one.to, str(one.at))).encode()
    ).hexdigest()


def digest_of(kind: str, value: str) -> bytes:
    """The keyed hash under which a number is kept, in its one way of writing."""
    return rules.digest(settings.KEYS.search(), kind, rules.point(kind, value, reference.tables()).value or value)[0]


@transaction.atomic
def match_receipts(*, line: str, by: Actor, now: datetime, provider_ids: Collection[str] | None = None) -> int:
    """Match what is unmatched of a line (or of these numbers of the provider), and move the messages. How many."""
    with connection.cursor() as cursor:  # a part and its receipt may be written at once: one of the two sees the other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"dunwell.receipts.{line}"])
    waiting = Receipt.objects.filter(line=line, match__isnull=True)
    if provider_ids is not None:
        waiting = waiting.filter(provider_id__in=provider_ids)
    else:
        waiting = waiting.filter(recorded_at__gte=now - LATEST)
    receipts = list(waiting.order_by("id"))
    if not receipts:
        return 0
    known = MessagePart.objects.filter(line=line, provider_id__in=[one.provider_id for one in receipts]).order_by("id")
    by_id = dict(known.values_list("provider_id", "message_id"))  # the last one of a number that was used again
    ours = _ours(line, [one.reference for one in receipts])
    doubtful = _doubtful(line, [r for r in receipts if r.provider_id not in by_id and r.digest is not None], now)
    found: dict[int, tuple[int, str]] = {}
    for receipt in receipts:
        if receipt.provider_id in by_id:
            found[receipt.pk] = (by_id[receipt.provider_id], "number")
        elif receipt.reference in ours:
            found[receipt.pk] = (ours[receipt.reference], BUSINESS)
        elif receipt.digest is not None:
            candidates = doubtful.get(bytes(receipt.digest), [])
            if receipt.reference.isdecimal():
                candidates = [pk for pk in candidates if pk & 0xFFFF == int(receipt.reference)]
            if len(candidates) == 1:
                found[receipt.pk] = (candidates[0], "reference" if receipt.reference else "sole_doubt")
    return _matched({r.pk: r for r in receipts}, found, by=by, now=now)


def _ours(line: str, references: Sequence[str]) -> dict[str, int]:
    """The messages that references name in full: our business numbers."""
    numbers = {
        reference: int(reference.removeprefix(BUSINESS_ID))
        for reference in references
        if reference.startswith(BUSINESS_ID) and reference.removeprefix(BUSINESS_ID).isdecimal()
    }
    there = set(Message.objects.filter(line=line, pk__in=numbers.values()).values_list("pk", flat=True))
    return {reference: number for reference, number in numbers.items() if number in there}


def _doubtful(line: str, receipts: Sequence[Receipt], now: datetime) -> dict[bytes, list[int]]:
    """Messages in doubt, by the number they went to."""
    digests = {bytes(receipt.digest) for receipt in receipts}
    if not digests:
        return {}
    found: dict[bytes, list[int]] = defaultdict(list)
    in_doubt = Message.objects.filter(
        line=line, state=Message.State.IN_DOUBT, contact_point__digest__in=digests, handed_at__gte=now - LATEST
    )
    for pk, digest in in_doubt.values_list("pk", "contact_point__digest"):
        found[bytes(digest)].append(pk)
    return found


def _matched(receipts: dict[int, Receipt], found: dict[int, tuple[int, str]], *, by: Actor, now: datetime) -> int:
    if not found:
        return 0
    messages = {
        message.pk: message
        for message in Message.objects.select_for_update(of=("self",))
        .select_related("template")
        .filter(pk__in={pk for pk, _ in found.values()})
        .order_by("id")
    }
    ReceiptMatch.objects.bulk_create(
        ReceiptMatch(receipt=receipts[receipt], message_id=message, found_by=how, recorded_at=now)
        for receipt, (message, how) in found.items()
    )
    told: dict[int, list[Receipt]] = defaultdict(list)
    for receipt, (message, _how) in found.items():
        told[message].append(receipts[receipt])
    take_into_state(messages=list(messages.values()), told=told, by=by, now=now)
    dead = {messages[found[pk][0]].contact_point_id for pk in found if receipts[pk].dead_number}
    for point in sorted(dead):
        portfolio.set_point_status(
            contact_point_id=point, status=ContactPoint.Status.INVALID, reason="empty_number", by=by, now=now
        )
    return len(found)


def take_into_state(
    *, messages: Sequence[Message], by: Actor, now: datetime, told: Mapping[int, Sequence[Receipt]] | None = None
) -> None:
    """Move messages, locked by the caller, to what their receipts say; the log holds those that were `told` now."""
    told = told or {}
    said: dict[int, list[tuple[str, str, str]]] = defaultdict(list)
    matches = ReceiptMatch.objects.filter(message__in=messages).select_related("receipt").order_by("receipt_id")
    taken = MessagePart.objects.filter(message__in=messages).values_list("message_id").annotate(Count("pk")).order_by()
    expected = dict(taken)
    for match in matches:
        receipt = match.receipt
        said[match.message_id].append((receipt.provider_id, receipt.state, receipt.code))
    whole = {match.message_id for match in matches if match.found_by == BUSINESS}  # told of all parts at once
    moves, outcomes = [], []
    for message in messages:
        parts = expected.get(message.pk, 0) if message.state != Message.State.IN_DOUBT else 0
        parts = 1 if message.pk in whole else parts or message.parts or 1
        state, code = after_receipts(message.state, parts, said[message.pk])
        if state != message.state:
            moves.append(Move(message, state, code, tuple(told.get(message.pk, ()))))
            key = f"message-{message.pk}-{state}-{message.contact_id}"
            outcomes.append(compliance.Outcome(message.contact_id, OUTCOMES[state], key, said[message.pk][-1][0]))
    compliance.record_many(outcomes=[one for one in outcomes if one.contact_id], by=by, now=now)
    move_many(moves=moves, by=by, now=now)
    moved = {one.message.pk for one in moves}
    evidence.write_many(
        [
            evidence.Entry(
                kind="message.receipt", now=now, by=by, entity_id=message.entity_id, party_id=message.party_id,
                case_id=message.case_id,
                data={"message": message.pk, "channel": message.channel, "state": [one.state for one in told[message.pk]]},
                rows=tuple(told[message.pk]),
            )
            for message in messages
            if message.pk in told and message.pk not in moved
        ]
    )  # fmt: skip
