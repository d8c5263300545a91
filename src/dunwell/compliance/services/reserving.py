"""Taking slots: the locks, the count, the decision and the ledger's row in one transaction, for one contact or for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Unpack

from django.db import transaction

from dunwell.compliance.models import Allotment, Contact, GateDecision
from dunwell.compliance.queries import facts
from dunwell.compliance.queries.facts import About, Asking
from dunwell.compliance.queries.packs import in_force
from dunwell.compliance.services.asking import Answered, decided, decision_of, keep_many, keep_texts
from dunwell.compliance.services.granting import contact_row, reservation, slot_ends
from dunwell.compliance.services.locks import take_turn
from dunwell.engine.statements import insert_rows, send, together
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.decision import Decision
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio

# What rows will be numbered: the log's entry, which names them, can then be sent together with them.
NUMBERED = """
    SELECT asked.key, nextval('compliance_gatedecision_id_seq') AS decision, nextval('compliance_contact_id_seq') AS contact,
        taken.key IS NOT NULL OR kept.key IS NOT NULL AS before
    FROM unnest(%(keys)b::text[]) WITH ORDINALITY AS asked(key, n)
    LEFT JOIN compliance_contact AS taken ON taken.key = asked.key
    LEFT JOIN compliance_gatedecision AS kept ON kept.key = asked.key AND %(keep_refusal)s::boolean
    ORDER BY asked.n
"""


@dataclass(frozen=True, slots=True)
class Reserved:
    """The gate's answer to one sending or dial; `contact` is there when it was allowed."""

    decision: Decision
    kept: GateDecision
    contact: Contact | None

    @property
    def allowed(self) -> bool:
        return self.contact is not None


@dataclass(frozen=True, slots=True)
class Slot:
    """One of many answers; `closes_at` is when the hours of contact end: what is delivered later comes too late."""

    reserved: Reserved
    closes_at: datetime | None


@transaction.atomic
def reserve(
    *,
    key: str,
    by: Actor,
    now: datetime,
    allotment: Allotment | None = None,
    keep_refusal: bool = False,
    **about: Unpack[About],
) -> Reserved:
    """Ask at the moment of dialling or sending, and take the slot if allowed.

    Two callers cannot both take the last slot of a person or of a number: each waits for the other's
    commit, and counts again; the clock then shows the wait as well, so that no slot is granted on an hour that
    has passed. The same `key` again answers what it granted, and takes nothing; with `keep_refusal` it answers what
    it refused, too, where a sender without it asks anew. The
    token of the contact ends after 60 s or with the hours of contact, whichever comes first. A refusal is
    kept as a decision; this never raises because of one. `text` is scanned for what no text may say. A dial of
    an `allotment` may be made until that ends.
    """
    slots = _take([(key, Asking.about(**about))], by=by, now=now, allotment=allotment, keep_refusal=keep_refusal)
    return slots[key].reserved if slots else _answered_before(key)


@transaction.atomic
def reserve_many(
    *, wanted: Sequence[tuple[str, Asking]], by: Actor, now: datetime, keep_refusal: bool = False
) -> dict[str, Slot]:
    """Take the slots of many contacts, by key. As `reserve`, with one wait for all names and one count.

    Of several that share a party, a person or a number only the first is answered, for the next would have to count it:
    the others are not in the answer, and are asked anew. A key that was answered before is not in it either.
    """
    return _take(wanted, by=by, now=now, keep_refusal=keep_refusal) if wanted else {}


def _take(
    wanted: Sequence[tuple[str, Asking]], *, by: Actor, now: datetime, allotment: Allotment | None = None,
    keep_refusal: bool = False,
) -> dict[str, Slot]:  # fmt: skip
    names = {name for _, asking in wanted for name in names_of(asking)}
    turn = take_turn(*names, points=(one.contact_point_id for _, one in wanted if one.contact_point_id is not None))
    now += turn.waited
    numbers_at = {pk: bytes(point.digest) for pk, point in turn.points.items()}
    pack = in_force(business_date(now))
    keep_texts(pack, now)
    alone = _alone(wanted, numbers_at)
    with together():
        numbering = send(NUMBERED, {"keys": [key for key, _ in alone], "keep_refusal": keep_refusal})
        inquiry = facts.inquire(
            [one for _, one in alone], now=now, entity_id=by.entity_id, pack=pack, user_id=by.user_id
        )
    number = {row["key"]: row for row in numbering.named()}
    found: dict[str, Answered] = {
        key: answered
        for (key, _), answered in zip(alone, decided(facts.known(inquiry, pack=pack), pack, now=now), strict=True)
        if not number[key]["before"]
    }
    with together():
        kept = keep_many(
            [*found.values()], numbered=[number[key]["decision"] for key in found], by=by, now=now,
            keys=[*found] if keep_refusal else None,
        )  # fmt: skip
        granted = {
            key: contact_row(answered, row, key=key, number=number[key]["contact"], by=by, now=now, allotment=allotment)
            for (key, answered), row in zip(found.items(), kept, strict=True)
            if answered.decision.allowed
        }
        insert_rows([*granted.values()])
        evidence.write_many(
            [
                reservation(contact, turn.points.get(contact.contact_point_id), by=by, now=now)
                for contact in granted.values()
            ]
        )
        portfolio.touch_many(party_ids=[contact.party_id for contact in granted.values()], now=now)
    return {
        key: Slot(Reserved(answered.decision, row, granted.get(key)), slot_ends(answered, now=now))
        for (key, answered), row in zip(found.items(), kept, strict=True)
    }


def names_of(asking: Asking) -> tuple[bytes, ...]:
    """What a taking of a slot waits for, beside the number: the party and the person, whose own case it may be too."""
    return b"party/%d" % asking.party_id, b"person/%d" % asking.person_id, b"party/%d" % asking.person_id


def _alone(wanted: Sequence[tuple[str, Asking]], numbers_at: Mapping[int, bytes]) -> list[tuple[str, Asking]]:
    """Those that share neither party nor person nor number with one before."""
    names: set[bytes] = set()
    alone: list[tuple[str, Asking]] = []
    for key, asking in wanted:
        mine = {*names_of(asking), b"point/" + numbers_at.get(asking.contact_point_id, b"")}
        if not mine & names:
            names |= mine - {b"point/"}
            alone.append((key, asking))
    return alone


def _answered_before(key: str) -> Reserved:
    contact = Contact.objects.select_related("decision").filter(key=key).first()
    kept = GateDecision.objects.get(key=key) if contact is None else contact.decision
    return Reserved(decision=decision_of(kept), kept=kept, contact=contact)
