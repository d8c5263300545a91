"""The ledger's row of a slot that is granted, and the log's entry of it. Values only: nothing is written here."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from dunwell.compliance.models import Allotment, Contact, GateDecision
from dunwell.compliance.rules.gate import closes_at
from dunwell.compliance.rules.windows import zones_of
from dunwell.compliance.services.asking import Answered
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE, local
from dunwell.portfolio.models import ContactPoint

TOKEN_SECONDS = 60


def slot_ends(answered: Answered, *, now: datetime) -> datetime | None:
    """When the hours of contact end that a contact allowed now stands in; None where nothing closes."""
    facts = answered.known.facts
    return closes_at(now=now, pack=answered.pack, attempt=facts.attempt, flags=facts.flags)


def contact_row(
    answered: Answered, kept: GateDecision, *, key: str, number: int, by: Actor, now: datetime,
    allotment: Allotment | None = None,
) -> Contact:  # fmt: skip
    """The ledger's row of an allowed contact, not yet written."""
    known, pack = answered.known, answered.pack
    asking, attempt = known.asking, known.facts.attempt
    end = slot_ends(answered, now=now)
    expires = now + timedelta(seconds=TOKEN_SECONDS) if allotment is None else allotment.expires_at
    return Contact(
        id=number,
        entity_id=kept.entity_id,
        party_id=asking.party_id,
        person_id=asking.person_id,
        party_type=attempt.party,
        contact_point_id=asking.contact_point_id,
        point_digest=known.digest,
        case_id=asking.case_id,
        account_id=asking.account_id,
        channel=asking.channel,
        purpose=asking.purpose,
        decision=kept,
        token=uuid.uuid4(),
        expires_at=min(expires, end) if end else expires,
        local_date=local(now, zones_of(pack.clock, attempt.zones)[0]).date(),
        reserved_at=now,
        by_id=by.user_id,
        allotment=allotment,
        key=key,
    )


def reservation(contact: Contact, point: ContactPoint | None, *, by: Actor, now: datetime) -> evidence.Entry:
    """The log's entry of a slot that was taken: who reaches whom, where, at what hour of his, by which answer."""
    kept = contact.decision
    zones = kept.facts["attempt"]["zones"]
    return evidence.Entry(
        kind="contact.reserved",
        now=now,
        by=by,
        entity_id=contact.entity_id,
        party_id=contact.party_id,
        case_id=contact.case_id,
        account_id=contact.account_id,
        data={
            "contact": contact.pk,
            "channel": contact.channel,
            "purpose": contact.purpose,
            "party_type": contact.party_type,
            "contact_point": contact.contact_point_id,
            "masked": point.masked if point else "",
            "known_since": point.known_since if point else None,
            "local_at": local(now, zones[0] if zones else BANK_ZONE.key).isoformat(),
            "decision": kept.pk,
            "verdict": kept.verdict,
            "rule": kept.primary_rule,
            "pack": kept.pack_version,
            "pack_sha256": kept.pack_sha256,
        },
        rows=(contact, kept),
    )
