"""Slots and outcomes of many messages in one transaction: the same rules as one by one, in a few statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.compliance.queries.facts import Asking
from dunwell.compliance.queries.packs import in_force
from dunwell.compliance.rules.gate import closes_at
from dunwell.compliance.rules.outcomes import fits, lowers
from dunwell.compliance.rules.values import NOTHING_LEFT
from dunwell.compliance.services.asking import answers, keep_many
from dunwell.compliance.services.locks import wait_for
from dunwell.compliance.services.outcomes import OutcomeRefused, recorded
from dunwell.compliance.services.reserving import Reserved, contact_row, reservation
from dunwell.engine.statements import insert_rows
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint


@dataclass(frozen=True, slots=True)
class Slot:
    """One of many answers; `closes_at` is when the hours of contact end: what is delivered later comes too late."""

    reserved: Reserved
    closes_at: datetime | None


@transaction.atomic
def reserve_many(*, wanted: Sequence[tuple[str, Asking]], by: Actor, now: datetime) -> dict[str, Slot]:
    """Take the slots of many contacts, by key. As `reserve`, with one wait for all names and one count.

    Of several that share a party, a person or a number only the first is answered, for the next would have to count it:
    the others are not in the answer, and are asked anew. A key that was answered before is not in it either.
    """
    points = {asking.contact_point_id for _, asking in wanted}
    at = ContactPoint.objects.only("digest", "masked", "known_since").in_bulk(points - {None})
    digests = {pk: point.digest for pk, point in at.items()}
    known = set(Contact.objects.filter(key__in=[key for key, _ in wanted]).values_list("key", flat=True))
    names: set[bytes] = set()
    alone: list[tuple[str, Asking]] = []
    for key, asking in wanted:
        mine = {b"party/%d" % asking.party_id, b"person/%d" % asking.person_id, b"party/%d" % asking.person_id}
        mine |= {b"point/" + bytes(digests[asking.contact_point_id])} if asking.contact_point_id in digests else set()
        if key not in known and not mine & names:
            names |= mine
            alone.append((key, asking))
    if not alone:
        return {}
    now += wait_for(*names)
    found = answers([asking for _, asking in alone], by=by, now=now)
    kept = keep_many(found, by=by, now=now)
    allowed = [
        (contact_row(answered, row, key=key, by=by, now=now), row)
        for (key, _), answered, row in zip(alone, found, kept, strict=True)
        if answered.decision.allowed
    ]
    contacts = {contact.key: contact for contact, _ in allowed}
    insert_rows([*contacts.values()])
    evidence.write_many(
        [reservation(contact, row, at.get(contact.contact_point_id), by=by, now=now) for contact, row in allowed]
    )
    portfolio.touch_many(party_ids=[contact.party_id for contact, _ in allowed], now=now)
    return {
        key: Slot(
            Reserved(answered.decision, row, contacts.get(key)),
            closes_at(
                now=now, pack=answered.pack, attempt=answered.known.facts.attempt, flags=answered.known.facts.flags
            ),
        )
        for (key, _), answered, row in zip(alone, found, kept, strict=True)
    }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one of many messages: a plain outcome, which marks no number. `record` is the carrier's own."""

    contact_id: int
    outcome: str
    key: str
    record: str = ""


@transaction.atomic
def record_many(*, outcomes: Sequence[Outcome], by: Actor, now: datetime) -> int:
    """Write down what came of many messages, as `record_outcome` does one by one; how many were new."""
    if not outcomes:
        return 0
    contacts = Contact.objects.in_bulk([one.contact_id for one in outcomes])
    wait_for(*{b"party/%d" % contact.party_id for contact in contacts.values()})
    before = (
        ContactOutcome.objects.filter(contact__in=contacts).order_by("id").values_list("contact_id", "outcome", "key")
    )
    keys = {key for _, _, key in before}
    last = {contact_id: outcome for contact_id, outcome, _ in before}
    pack = in_force(business_date(now))
    new: list[ContactOutcome] = []
    for one in outcomes:
        contact, was = contacts[one.contact_id], last.get(one.contact_id)
        if one.key in keys:
            continue
        why = fits(contact.channel, one.outcome, False)
        if not why and was == NOTHING_LEFT:
            why = "it is proven that nothing left"
        if not why and was and not one.record and lowers(was, one.outcome, pack):
            why = f"{one.outcome} would count less than {was}: the id of the message record is needed"
        if why:
            raise OutcomeRefused(why)
        keys.add(one.key)
        last[one.contact_id] = one.outcome
        new.append(
            ContactOutcome(
                contact=contact, outcome=one.outcome, record=one.record[:120], recorded_at=now, recorded_by=by.user_id,
                key=one.key,
            )
        )  # fmt: skip
    insert_rows(new)
    evidence.write_many([recorded(row, by=by, now=now) for row in new])
    portfolio.touch_many(party_ids=[row.contact.party_id for row in new], now=now)
    return len(new)
