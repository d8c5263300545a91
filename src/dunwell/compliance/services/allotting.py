"""Dials reserved beforehand, for a dialler that cannot ask at each dial."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Unpack

from django.db import transaction

from dunwell.compliance.models import Allotment, Contact, GateDecision
from dunwell.compliance.queries.facts import About, Asking
from dunwell.compliance.rules.gate import closes_at
from dunwell.compliance.services.asking import answer, decision_of
from dunwell.compliance.services.locks import take_turn
from dunwell.compliance.services.reserving import Reserved, names_of, reserve
from dunwell.kernel.actor import Actor

MOST_DIALS, LONGEST = 6, timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Allotted:
    """The dials that were granted; `refused` is the gate's answer to the first that was not."""

    allotment: Allotment
    contacts: tuple[Contact, ...]
    refused: Reserved | None


@transaction.atomic
def allot(*, dials: int, key: str, by: Actor, now: datetime, **about: Unpack[About]) -> Allotted:
    """Reserve up to `dials` slots at once, each a contact that counts from now on until an outcome is reported.

    They may be dialled until the hours of contact end. A dial that was not made comes back only on proof
    (`give_back`): the dialler's silence leaves it used. The same `key` again answers what was granted.
    """
    if not 1 <= dials <= MOST_DIALS:
        raise ValueError(f"an allotment is of 1 to {MOST_DIALS} dials")
    asking = Asking.about(**about)
    now += take_turn(*names_of(asking), points=[asking.contact_point_id]).waited
    before = Allotment.objects.filter(key=key).first()
    if before is not None:
        return _answered(before)
    answered = answer(asking, by=by, now=now)
    facts = answered.known.facts
    closes = closes_at(now=now, pack=answered.pack, attempt=facts.attempt, flags=facts.flags)
    allotment = Allotment.objects.create(
        entity_id=answered.known.entity_id if by.entity_id is None else by.entity_id,
        party_id=asking.party_id, contact_point_id=asking.contact_point_id, channel=asking.channel, asked=dials,
        expires_at=min(closes or now + LONGEST, now + LONGEST), reserved_at=now, by_id=by.user_id, key=key,
    )  # fmt: skip
    taken: list[Contact] = []
    for nr in range(dials):
        one = reserve(**about, key=_key(allotment, nr), by=by, now=now, allotment=allotment, keep_refusal=True)
        if one.contact is None:
            return Allotted(allotment, tuple(taken), one)
        taken.append(one.contact)
    return Allotted(allotment, tuple(taken), None)


def _key(allotment: Allotment, nr: int) -> str:
    return f"allotment-{allotment.pk}-{nr}"


def _answered(allotment: Allotment) -> Allotted:
    """What was granted the first time, and why it was not more."""
    contacts = tuple(allotment.contacts.select_related("decision").order_by("id"))
    kept = GateDecision.objects.filter(key=_key(allotment, len(contacts))).first()
    refused = None if kept is None else Reserved(decision=decision_of(kept), kept=kept, contact=None)
    return Allotted(allotment, contacts, refused)
