"""A call that comes in. The gate never refuses it, and no limit on our own contacts counts it."""

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

STRANGER = "third_unrelated"


@transaction.atomic
def take_call(
    *,
    party_id: int,
    by: Actor,
    now: datetime,
    key: str,
    person_id: int | None = None,
    contact_point_id: int | None = None,
    case_id: int | None = None,
    channel: str = "call",
) -> Contact:
    """Write down that somebody rings about a party's debt; what came of it follows by `record_outcome`.

    `person_id` None: somebody who has no part in his accounts, to whom nothing of the debt is said. `contact_point_id`
    None: from a number that is not known. `channel` is `call`, or `page` when he opened his own page. The same `key`
    again answers the same contact. A talk with the debtor ends his being out of contact (CN-TP-STOP).
    """
    wait_for(b"party/%d" % party_id)
    before = Contact.objects.filter(key=key).first()
    if before is not None:
        return before
    party = Party.objects.get(pk=party_id)
    party_type = party_of(party_id=party_id, person_id=person_id) if person_id else STRANGER
    point = ContactPoint.objects.get(pk=contact_point_id) if contact_point_id else None
    contact = Contact.objects.create(
        entity_id=party.entity_id if by.entity_id is None else by.entity_id,
        party_id=party_id,
        person_id=person_id or party_id,
        party_type=party_type or STRANGER,
        contact_point=point,
        point_digest=point.digest if point else None,
        case_id=case_id,
        channel=channel,
        direction="in",
        purpose="service",
        token=uuid.uuid4(),
        expires_at=now,
        local_date=local(now, party.timezone or str(BANK_ZONE)).date(),
        reserved_at=now,
        by_id=by.user_id,
        key=key,
    )
    evidence.write(
        kind="contact.begun",
        now=now,
        by=by,
        entity_id=contact.entity_id,
        party_id=party_id,
        case_id=case_id,
        data={
            "contact": contact.pk,
            "channel": channel,
            "direction": "in",
            "party_type": contact.party_type,
            "contact_point": contact_point_id,
            "masked": point.masked if point else "",
            "local_at": local(now, party.timezone or BANK_ZONE.key).isoformat(),
        },
        rows=(contact,),
    )
    portfolio.touch(party_id=party_id, now=now)
    return contact
