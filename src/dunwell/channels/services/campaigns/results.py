"""Call records as diallers tell them: late, twice, in any order. Each is kept once, and counts once in the gate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from dunwell.channels.lines import Line
from dunwell.channels.models import CampaignDial, CampaignEntry, DialRecord
from dunwell.channels.services.campaigns.dialling import call_key
from dunwell.channels.services.inbound import seal_strange
from dunwell.channels.services.recordings import link_waiting
from dunwell.channels.voice.records import CallRecord, outcome_told, wrong_in
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.compliance.rules.values import NOTHING_LEFT
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio

RECORDED = "switch_record"


@dataclass(frozen=True, slots=True)
class Took:
    """Records that were new, and those of them of which nothing could be made (kept, and shown to an operator)."""

    new: int
    problems: int


def take_records(*, line: Line, told: Sequence[CallRecord], now: datetime) -> Took:
    """Take call records, each in a transaction of its own, so that a sender that was cut off tells all of them again."""
    taken = [_take(line, one, now=now) for one in told]
    rows = [row for row in taken if row is not None]
    return Took(new=len(rows), problems=sum(bool(row.problem) for row in rows))


@transaction.atomic
def _take(line: Line, one: CallRecord, *, now: datetime) -> DialRecord | None:
    """The row of a record that was not known yet. Who tells of the same entry at the same time waits."""
    said = json.dumps(asdict(one), sort_keys=True, default=str, ensure_ascii=False)
    key = f"{line.code}-{hashlib.sha256(said.encode()).hexdigest()[:48]}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"dials/{line.code}/{one.reference}"])
    if DialRecord.objects.filter(key=key).exists():
        return None
    entry = (
        CampaignEntry.objects.select_related("campaign")
        .filter(reference=one.reference, campaign__line=line.code)
        .first()
    )
    problem = wrong_in(one, now) or ("" if entry else "reference_unknown")
    contact, outcome = None, ""
    if entry is not None and not problem:
        contact, outcome, problem = _settle(line, entry, one, now=now)
    return _keep(line, entry, contact, one, outcome, problem, key=key, now=now)


def _settle(line: Line, entry: CampaignEntry, one: CallRecord, *, now: datetime) -> tuple[Contact | None, str, str]:
    """The contact a record is about, what it was counted as, and why it was not."""
    by = Actor.program(line.code, entity_id=entry.campaign.entity_id)
    outcome = outcome_told(one, line.options["outcomes"], entry.campaign.channel) if one.ended_at else ""
    contact, problem = _contact(line, entry, one)
    if problem:
        return None, "", problem
    if contact is None:
        if outcome == NOTHING_LEFT or (one.started_at is None and one.ended_at is None):
            return None, "", "" if outcome == NOTHING_LEFT else "no_times"
        contact = compliance.record_unasked(
            party_id=entry.party_id, contact_point_id=entry.contact_point_id, channel=entry.campaign.channel,
            purpose=entry.campaign.purpose, case_id=entry.case_id, began_at=one.started_at or one.ended_at, by=by,
            now=now, key=f"unasked-{call_key(line.code, one.call_id)}",
        )  # fmt: skip
    elif one.started_at and one.started_at >= contact.expires_at and not _told_before(line, one):
        compliance.note_breach(contact=contact, began_at=one.started_at, by=by, now=now)
    if outcome is None:
        return contact, "", "outcome_unknown"
    if not outcome:
        return contact, "", ""
    try:
        row = _record(contact, outcome, one, by=by, now=now)
    except compliance.OutcomeRefused as refused:
        return contact, "", str(refused)[:120]
    return contact, row.outcome, ""


def _record(contact: Contact, outcome: str, one: CallRecord, *, by: Actor, now: datetime) -> ContactOutcome:
    if outcome == NOTHING_LEFT:
        return compliance.give_back(
            contact_id=contact.pk, proof=RECORDED, shown=compliance.Proof(record=one.call_id), by=by, now=now,
            key=f"record-{contact.pk}-back",
        )  # fmt: skip
    return compliance.record_outcome(
        contact_id=contact.pk, outcome=outcome, identified=one.identified, seconds=one.seconds,
        result=one.intent[:24] if one.intent and outcome == "connected_rpc" else "", by=by, now=now,
        key=f"record-{contact.pk}-{outcome}",
    )  # fmt: skip


def _contact(line: Line, entry: CampaignEntry, one: CallRecord) -> tuple[Contact | None, str]:
    """By what the dial was answered with, by the call's id, by an earlier record of it, else the next reserved dial."""
    dials = CampaignDial.objects.select_related("contact").filter(entry=entry)
    if one.contact is not None:
        made = dials.filter(contact_id=one.contact).first()
        if made is None or str(made.contact.token) != one.token:
            return None, "contact_not_of_entry"
        return made.contact, ""
    made = dials.filter(line=line.code, call_id=one.call_id).first()
    if made is not None:
        return made.contact, ""
    known = DialRecord.objects.filter(line=line.code, call_id=one.call_id).exclude(contact=None).first()
    if known is not None:
        return (known.contact, "") if known.entry_id == entry.pk else (None, "call_of_another_entry")
    free = dials.filter(call_id="", contact__outcomes=None, contact__dial_records=None).order_by("contact_id").first()
    return (free.contact, "") if free else (None, "")


def _told_before(line: Line, one: CallRecord) -> bool:
    return DialRecord.objects.filter(line=line.code, call_id=one.call_id).exclude(started_at=None).exists()


def _keep(
    line: Line, entry: CampaignEntry | None, contact: Contact | None, one: CallRecord, outcome: str, problem: str, *,
    key: str, now: datetime,
) -> DialRecord:  # fmt: skip
    sealed = None
    if one.transcript:
        sealed = (
            portfolio.seal_text(party_id=entry.party_id, text=one.transcript)
            if entry
            else seal_strange(one.transcript, key)
        )
    entity_id = entry.campaign.entity_id if entry else Entity.objects.get(code=settings.BANK_ENTITY).pk
    row = DialRecord.objects.create(
        entity_id=entity_id, line=line.code, campaign=entry.campaign if entry else None, entry=entry, contact=contact,
        reference=one.reference[:40], call_id=one.call_id[:80], started_at=one.started_at, answered_at=one.answered_at,
        ended_at=one.ended_at, cause=one.cause[:120], told=one.outcome[:40], outcome=outcome, problem=problem,
        agent=one.agent[:32], shown_number=one.caller_number[:24], recording_id=one.recording_id[:80],
        intent=one.intent[:40], hand_over=one.hand_over and not problem, transcript_sealed=sealed, recorded_at=now,
        key=key,
    )  # fmt: skip
    if contact is not None:
        link_waiting(contact=contact, call_ids=[row.call_id, row.recording_id], now=now)
    if entry is not None and (one.transcript or one.hand_over):
        evidence.write(
            kind="robot.told", now=now, by=Actor.program(line.code, entity_id=entity_id), entity_id=entity_id,
            party_id=entry.party_id, case_id=entry.case_id,
            data={
                "record": row.pk, "contact": contact.pk if contact else None, "call_id": row.call_id,
                "intent": row.intent, "hand_over": row.hand_over, "recording": row.recording_id,
                "transcript_sha256": hashlib.sha256(one.transcript.encode()).hexdigest() if one.transcript else "",
            },
        )  # fmt: skip
    return row
