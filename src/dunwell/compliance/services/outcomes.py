"""What came of a contact. Facts: the last one recorded counts, none is edited."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dunwell.compliance.models import Contact, ContactOutcome, ListEntry
from dunwell.compliance.rules.outcomes import DEAD_NUMBER, PROOFS, WRONG_PERSON, fits
from dunwell.compliance.rules.values import NOTHING_LEFT
from dunwell.compliance.services.locks import wait_for
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint


class OutcomeRefused(ValueError):
    """An outcome that cannot be recorded; the sentence says why."""


@transaction.atomic
def record_outcome(
    *,
    contact_id: int,
    outcome: str,
    by: Actor,
    now: datetime,
    key: str,
    identified: bool = False,
    seconds: int | None = None,
    result: str = "",
) -> ContactOutcome:
    """Write down what came of a contact (codes of contact-rules 2.1). The same `key` again writes nothing.

    A dead number makes the contact point invalid; a wrong person suspends it and puts the number on the
    wrong-number list, for every case. Raises OutcomeRefused when the channel has no such outcome.
    """
    contact = Contact.objects.get(pk=contact_id)
    wait_for(b"party/%d" % contact.party_id)
    before = ContactOutcome.objects.filter(key=key).first()
    if before is not None:
        return before
    why = fits(contact.channel, outcome, identified)
    if why:
        raise OutcomeRefused(why)
    if seconds is not None and seconds < 0:
        raise OutcomeRefused(f"a talk lasts 0 seconds or more, not {seconds}")
    row = _write(contact, outcome, by=by, now=now, key=key, identified=identified, seconds=seconds, result=result)
    if outcome in DEAD_NUMBER and contact.contact_point_id:
        portfolio.set_point_status(
            contact_point_id=contact.contact_point_id,
            status=ContactPoint.Status.INVALID,
            reason=outcome,
            by=by,
            now=now,
        )
    if outcome == WRONG_PERSON and contact.contact_point_id:
        _suspend_wrong_number(contact, by=by, now=now)
    return row


@transaction.atomic
def give_back(*, contact_id: int, proof: str, by: Actor, now: datetime, key: str) -> ContactOutcome:
    """Free a slot because it is proven that nothing left (`proof`: a word of rules.outcomes.PROOFS).

    What may have been handed over is never given back: a contact with any other outcome, in doubt
    included, raises OutcomeRefused.
    """
    contact = Contact.objects.get(pk=contact_id)
    wait_for(b"party/%d" % contact.party_id)
    before = ContactOutcome.objects.filter(key=key).first()
    if before is not None:
        return before
    if proof not in PROOFS:
        raise OutcomeRefused(f"{proof} does not prove that nothing left")
    last = contact.outcomes.order_by("-id").first()
    if last is not None:
        raise OutcomeRefused(f"the contact already has the outcome {last.outcome}")
    return _write(contact, NOTHING_LEFT, by=by, now=now, key=key, result=proof)


def _write(
    contact: Contact,
    outcome: str,
    *,
    by: Actor,
    now: datetime,
    key: str,
    identified: bool = False,
    seconds: int | None = None,
    result: str = "",
) -> ContactOutcome:
    row = ContactOutcome.objects.create(
        contact=contact,
        outcome=outcome,
        identified=identified,
        seconds=seconds,
        result=result,
        recorded_at=now,
        recorded_by=by.user_id,
        key=key,
    )
    evidence.write(
        kind="contact.recorded",
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
            "outcome": outcome,
            "identified": identified,
            "seconds": seconds,
            "result": result,
        },
    )
    portfolio.touch(party_id=contact.party_id, now=now)
    return row


def _suspend_wrong_number(contact: Contact, *, by: Actor, now: datetime) -> None:
    portfolio.set_point_status(
        contact_point_id=contact.contact_point_id,
        status=ContactPoint.Status.SUSPENDED,
        reason=WRONG_PERSON,
        by=by,
        now=now,
    )
    digest = contact.point_digest
    listed = ListEntry.objects.filter(
        list=ListEntry.List.WRONG_NUMBER, digest=digest, ends_at=None, removal__isnull=True
    ).exists()
    if not listed:
        entry = ListEntry.objects.create(
            list=ListEntry.List.WRONG_NUMBER,
            digest=digest,
            reason=WRONG_PERSON,
            starts_at=now,
            recorded_at=now,
            recorded_by=by.user_id,
        )
        evidence.write(
            kind="list.added",
            now=now,
            by=by,
            party_id=contact.party_id,
            case_id=contact.case_id,
            data={"entry": entry.pk, "list": entry.list, "contact": contact.pk},
        )
