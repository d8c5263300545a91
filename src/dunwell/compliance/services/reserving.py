"""Taking a slot: the locks, the count, the decision and the ledger's row in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from dunwell.compliance.models import Allotment, Contact, GateDecision
from dunwell.compliance.queries.facts import Asking
from dunwell.compliance.rules.gate import closes_at
from dunwell.compliance.rules.values import DEMAND
from dunwell.compliance.rules.windows import zones_of
from dunwell.compliance.services.asking import Answered, answer, decision_of, keep
from dunwell.compliance.services.locks import wait_for
from dunwell.engine.statements import fetch, fetch_named, insert_rows
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.decision import Decision
from dunwell.kernel.times import BANK_ZONE, local
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint

TOKEN_SECONDS = 60
POINT = "SELECT id, digest, masked, known_since FROM portfolio_contactpoint WHERE id = %(point)s"
ASKED_BEFORE = "SELECT 1 FROM compliance_contact WHERE key = %(key)s"


@dataclass(frozen=True, slots=True)
class Reserved:
    """The gate's answer to one sending or dial; `contact` is there when it was allowed."""

    decision: Decision
    kept: GateDecision
    contact: Contact | None

    @property
    def allowed(self) -> bool:
        return self.contact is not None


@transaction.atomic
def reserve(
    *,
    party_id: int,
    contact_point_id: int,
    channel: str,
    key: str,
    by: Actor,
    now: datetime,
    purpose: str = DEMAND,
    case_id: int | None = None,
    person_id: int | None = None,
    stated: Mapping[str, str] | None = None,
    account_id: int | None = None,
    text: str | None = None,
    allotment: Allotment | None = None,
    keep_refusal: bool = False,
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
    person = person_id or party_id
    point = point_at(contact_point_id)
    now += wait_for(*names_of(party_id, person, point))
    if fetch(ASKED_BEFORE, {"key": key}):
        before = Contact.objects.select_related("decision").get(key=key)
        if before.decision is not None:
            return Reserved(decision=decision_of(before.decision), kept=before.decision, contact=before)
    refused = GateDecision.objects.filter(key=key).first() if keep_refusal else None
    if refused is not None:
        return Reserved(decision=decision_of(refused), kept=refused, contact=None)
    asking = Asking(party_id, person, contact_point_id, channel, purpose, case_id, stated or {}, account_id, text)
    answered = answer(asking, by=by, now=now)
    kept = keep(answered, by=by, now=now, key=key if keep_refusal else None)
    if not answered.decision.allowed:
        return Reserved(decision=answered.decision, kept=kept, contact=None)
    contact = contact_row(answered, kept, key=key, by=by, now=now, allotment=allotment)
    insert_rows([contact])
    evidence.write_many([reservation(contact, kept, point, by=by, now=now)])
    portfolio.touch(party_id=party_id, now=now)
    return Reserved(decision=answered.decision, kept=kept, contact=contact)


def contact_row(
    answered: Answered, kept: GateDecision, *, key: str, by: Actor, now: datetime, allotment: Allotment | None = None
) -> Contact:
    """The ledger's row of an allowed contact, not yet written."""
    known, pack = answered.known, answered.pack
    asking, attempt = known.asking, known.facts.attempt
    end = closes_at(now=now, pack=pack, attempt=attempt, flags=known.facts.flags)
    expires = now + timedelta(seconds=TOKEN_SECONDS) if allotment is None else allotment.expires_at
    return Contact(
        entity_id=kept.entity_id,
        party_id=asking.party_id,
        person_id=asking.person_id,
        party_type=attempt.party,
        contact_point_id=asking.contact_point_id,
        point_digest=known.digest,
        case_id=asking.case_id,
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


def reservation(
    contact: Contact, kept: GateDecision, point: ContactPoint | None, *, by: Actor, now: datetime
) -> evidence.Entry:
    """The log's entry of a slot that was taken: who reaches whom, where, at what hour of his, by which answer."""
    zones = kept.facts["attempt"]["zones"]
    return evidence.Entry(
        kind="contact.reserved",
        now=now,
        by=by,
        entity_id=contact.entity_id,
        party_id=contact.party_id,
        case_id=contact.case_id,
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


def point_at(contact_point_id: int) -> ContactPoint:
    """A contact point with what a slot needs of it. ContactPoint.DoesNotExist when there is none."""
    found = fetch_named(POINT, {"point": contact_point_id})
    if not found:
        raise ContactPoint.DoesNotExist(f"there is no contact point {contact_point_id}")
    return ContactPoint(**found[0])


def names_of(party_id: int, person_id: int, point: ContactPoint) -> tuple[bytes, ...]:
    """What a taking of a slot waits for: the party, the person, and the number, whoever has it."""
    return b"party/%d" % party_id, b"person/%d" % person_id, b"point/" + bytes(point.digest)
