"""Dials reserved beforehand, for a dialler that cannot ask at each dial."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from dunwell.compliance.models import Allotment, Contact, GateDecision
from dunwell.compliance.queries.facts import Asking
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
def allot(
    *,
    party_id: int,
    contact_point_id: int,
    dials: int,
    key: str,
    by: Actor,
    now: datetime,
    channel: str = "call",
    case_id: int | None = None,
    person_id: int | None = None,
    purpose: str = "demand",
    stated: dict[str, str] | None = None,
    account_id: int | None = None,
) -> Allotted:
    """Reserve up to `dials` slots at once, each a contact that counts from now on until an outcome is reported.

    They may be dialled until the hours of contact end. A dial that was not made comes back only on proof
    (`give_back`): the dialler's silence leaves it used. The same `key` again answers what was granted.
    """
    if not 1 <= dials <= MOST_DIALS:
        raise ValueError(f"an allotment is of 1 to {MOST_DIALS} dials")
    person = person_id or party_id
    asking = Asking(party_id, person, contact_point_id, channel, purpose, case_id, stated or {}, account_id)
    now += take_turn(*names_of(asking), points=[contact_point_id]).waited
    before = Allotment.objects.filter(key=key).first()
    if before is not None:
        return _answered(before)
    answered = answer(asking, by=by, now=now)
    facts = answered.known.facts
    closes = closes_at(now=now, pack=answered.pack, attempt=facts.attempt, flags=facts.flags)
    allotment = Allotment.objects.create(
        entity_id=answered.known.entity_id if by.entity_id is None else by.entity_id,
        party_id=party_id, contact_point_id=contact_point_id, channel=channel, asked=dials,
        expires_at=min(closes or now + LONGEST, now + LONGEST), reserved_at=now, by_id=by.user_id, key=key,
    )  # fmt: skip
    taken: list[Contact] = []
    for nr in range(dials):
        one = reserve(
            party_id=party_id, person_id=person, contact_point_id=contact_point_id, channel=channel,
            purpose=purpose, case_id=case_id, stated=stated, key=_key(allotment, nr), by=by, now=now,
            allotment=allotment, keep_refusal=True, account_id=account_id,
        )  # fmt: skip
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
