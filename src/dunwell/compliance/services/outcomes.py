"""What came of a contact. Facts: the last one recorded counts, none is edited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from dunwell.compliance.models import Contact, ContactOutcome, ListEntry
from dunwell.compliance.queries.packs import in_force
from dunwell.compliance.rules.outcomes import (
    DEAD_NUMBER,
    OWN_PROOFS,
    SHOWN_PROOFS,
    WRONG_PERSON,
    fits,
    lowers,
    says_number_is_wrong,
)
from dunwell.compliance.rules.values import NOTHING_LEFT
from dunwell.compliance.services.locks import wait_for
from dunwell.evidence import services as evidence
from dunwell.evidence.models import StoredFile
from dunwell.evidence.services import read_file
from dunwell.identity.models import Entity
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint


class OutcomeRefused(ValueError):
    """An outcome that cannot be recorded; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The carrier's own record of what happened: `record` is its id there, `file` the file in which it stands."""

    record: str
    file: StoredFile | None = None


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
    proof: Proof | None = None,
) -> ContactOutcome:
    """Write down what came of a contact (codes of contact-rules 2.1). The same `key` again writes nothing.

    A dead number makes the contact point invalid; a wrong person suspends it and puts the number on the
    wrong-number list, for every case (rules.outcomes.says_number_is_wrong). Raises OutcomeRefused when the channel has
    no such outcome, and when a correction would count less than what it corrects and comes without `proof`.
    """
    contact = Contact.objects.select_related("entity").get(pk=contact_id)
    wait_for(b"party/%d" % contact.party_id)
    before = ContactOutcome.objects.filter(key=key).first()
    if before is not None:
        return before
    why = fits(contact.channel, outcome, identified)
    if why:
        raise OutcomeRefused(why)
    if seconds is not None and seconds < 0:
        raise OutcomeRefused(f"a talk lasts 0 seconds or more, not {seconds}")
    last = contact.outcomes.order_by("-id").first()
    if last is not None and last.outcome == NOTHING_LEFT:
        raise OutcomeRefused("it is proven that nothing left")
    if last is not None and lowers(last.outcome, outcome, in_force(business_date(now))):
        _demand(proof, contact, f"{outcome} would count less than {last.outcome}")
    row = _write(
        contact, outcome, by=by, now=now, key=key, identified=identified, seconds=seconds, result=result, proof=proof
    )
    if outcome in DEAD_NUMBER and contact.contact_point_id:
        portfolio.set_point_status(
            contact_point_id=contact.contact_point_id,
            status=ContactPoint.Status.INVALID,
            reason=outcome,
            by=by,
            now=now,
        )
    wrong = says_number_is_wrong(outcome=outcome, result=result, party=contact.party_type, direction=contact.direction)
    if wrong and contact.contact_point_id:
        _suspend_wrong_number(contact, by=by, now=now)
    return row


@transaction.atomic
def give_back(
    *, contact_id: int, proof: str, by: Actor, now: datetime, key: str, shown: Proof | None = None
) -> ContactOutcome:
    """Free a slot because it is proven that nothing left.

    `proof` is a word of rules.outcomes: one of OWN_PROOFS (our own records say so), or one of SHOWN_PROOFS with the
    record that is `shown`. What may have been handed over is never given back: a contact with any other outcome, in
    doubt included, raises OutcomeRefused.
    """
    contact = Contact.objects.select_related("entity").get(pk=contact_id)
    wait_for(b"party/%d" % contact.party_id)
    before = ContactOutcome.objects.filter(key=key).first()
    if before is not None:
        return before
    if proof not in OWN_PROOFS | SHOWN_PROOFS:
        raise OutcomeRefused(f"{proof} does not prove that nothing left")
    last = contact.outcomes.order_by("-id").first()
    if last is not None:
        raise OutcomeRefused(f"the contact already has the outcome {last.outcome}")
    if proof in SHOWN_PROOFS:
        _demand(shown, contact, "a slot comes back on the record")
        wait_for(b"record/%d/" % contact.entity_id + shown.record.encode())
        same = ContactOutcome.objects.filter(outcome=NOTHING_LEFT, record=shown.record)
        if same.filter(contact__entity_id=contact.entity_id).exists():
            raise OutcomeRefused(f"the record {shown.record} has given a slot back already")
    return _write(contact, NOTHING_LEFT, by=by, now=now, key=key, result=proof, proof=shown)


def take_turns(*, contact_ids: Sequence[int]) -> None:
    """Wait for the parties of several contacts at once, so that two who report the same ones do not wait in a ring."""
    parties = Contact.objects.filter(pk__in=contact_ids).values_list("party_id", flat=True)
    wait_for(*{b"party/%d" % party_id for party_id in parties})


def _demand(proof: Proof | None, contact: Contact, why: str) -> None:
    """A record has its id; one that an agency reports stands in a file that was handed in."""
    if proof is None or not proof.record.strip():
        raise OutcomeRefused(f"{why}: the id of the telephone or message record is needed")
    if contact.entity.kind != Entity.Kind.BANK:
        if proof.file is None:
            raise OutcomeRefused(f"{why}: an agency hands in the file with the record {proof.record}")
        if proof.record.encode() not in read_file(proof.file):
            raise OutcomeRefused(f"the file {proof.file.name} has no record {proof.record}")


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
    proof: Proof | None = None,
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
        record=proof.record if proof else "",
        file=proof.file if proof else None,
    )
    evidence.write_many([recorded(row, by=by, now=now)])
    portfolio.touch(party_id=contact.party_id, now=now)
    return row


def recorded(row: ContactOutcome, *, by: Actor, now: datetime) -> evidence.Entry:
    """The log's entry of what came of a contact."""
    contact = row.contact
    return evidence.Entry(
        kind="contact.recorded",
        now=now,
        by=by,
        entity_id=contact.entity_id,
        party_id=contact.party_id,
        case_id=contact.case_id,
        account_id=contact.account_id,
        data={
            "contact": contact.pk,
            "channel": contact.channel,
            "direction": contact.direction,
            "purpose": contact.purpose,
            "party_type": contact.party_type,
            "contact_point": contact.contact_point_id,
            "outcome": row.outcome,
            "identified": row.identified,
            "seconds": row.seconds,
            "result": row.result,
            **({"record": row.record, "file": row.file.sha256 if row.file else None} if row.record else {}),
        },
        rows=(row,),
    )


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
