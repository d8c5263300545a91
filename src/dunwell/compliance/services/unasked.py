"""Calls that were made without the gate's leave: counted all the same, and written down as a breach."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from dunwell.compliance.models import Contact
from dunwell.compliance.queries.parties import party_of
from dunwell.compliance.services.locks import wait_for
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE, local
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint, Party


@transaction.atomic
def record_unasked(
    *, party_id: int, contact_point_id: int, channel: str, purpose: str, began_at: datetime, by: Actor, now: datetime,
    key: str, case_id: int | None = None,
) -> Contact:  # fmt: skip
    """Put a dial that nobody had asked for into the ledger, at the moment when it began; it counts in every limit.

    What came of it follows by `record_outcome`. The same `key` again answers the same contact.
    """
    wait_for(b"party/%d" % party_id)
    before = Contact.objects.filter(key=key).first()
    if before is not None:
        return before
    party, point = Party.objects.get(pk=party_id), ContactPoint.objects.get(pk=contact_point_id)
    contact = Contact.objects.create(
        entity_id=party.entity_id if by.entity_id is None else by.entity_id,
        party_id=party_id,
        person_id=point.party_id,
        party_type=party_of(party_id=party_id, person_id=point.party_id) or "third_unrelated",
        contact_point=point,
        point_digest=point.digest,
        case_id=case_id,
        channel=channel,
        purpose=purpose,
        token=uuid.uuid4(),
        expires_at=began_at,
        local_date=local(began_at, party.timezone or str(BANK_ZONE)).date(),
        reserved_at=began_at,
        by_id=by.user_id,
        key=key,
    )
    note_breach(contact=contact, began_at=began_at, by=by, now=now)
    portfolio.touch(party_id=party_id, now=now)
    return contact


def note_breach(*, contact: Contact, began_at: datetime, by: Actor, now: datetime) -> None:
    """Write into the log that a dial began without leave, or after its leave had ended."""
    evidence.write(
        kind="gate.breached", now=now, by=by, entity_id=contact.entity_id, party_id=contact.party_id,
        case_id=contact.case_id,
        data={"contact": contact.pk, "expired": contact.expires_at.isoformat(), "began": began_at.isoformat()},
    )  # fmt: skip
