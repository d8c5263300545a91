"""What came of many messages in one transaction: the same rules as one by one, in a few statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.compliance.queries.packs import in_force
from dunwell.compliance.rules.outcomes import fits, lowers
from dunwell.compliance.rules.values import NOTHING_LEFT
from dunwell.compliance.services.locks import wait_for
from dunwell.compliance.services.outcomes import OutcomeRefused, recorded
from dunwell.engine.statements import insert_rows
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio


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
