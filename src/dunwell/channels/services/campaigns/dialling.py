"""One dial of a campaign: the gate decides and takes the slot; then, and only then, the dialler gets the number."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from dunwell.channels.lines import Line
from dunwell.channels.models import CampaignDial, CampaignEntry, CampaignPull
from dunwell.channels.services.caller_numbers import standings
from dunwell.channels.services.campaigns.giving import ended
from dunwell.channels.services.texts import values_of
from dunwell.channels.voice.caller_numbers import pick, policy
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.decision import Decision
from dunwell.portfolio import services as portfolio

TOLD = ("name", "bank", "amount", "due_date", "last4", "as_of")  # what a robot may say to who has shown who he is


class NoSuchEntry(LookupError):
    """A reference that is not of the campaign, or a call that was not allowed; the sentence says which."""


@dataclass(frozen=True, slots=True)
class Dialled:
    """`refused` is the rule: pulled, ended, or the gate's, and then `decision` has the reasons. `number` is empty where
    the dialler knows it by the reference."""

    decision: Decision | None = None
    refused: str = ""
    contact: Contact | None = None
    number: str = ""
    caller_number: str = ""


def call_key(line: str, call_id: str) -> str:
    """The key of the ledger's row of a dialler's call."""
    return f"dial-{line}-{hashlib.sha256(call_id.encode()).hexdigest()[:32]}"


@transaction.atomic
def dial(*, campaign_id: int, line: Line, reference: str, call_id: str, now: datetime) -> Dialled:
    """Ask for one dial. `call_id` is the dialler's own of the call it will make: the same again takes nothing and
    answers the same. Dial until the contact's `expires_at`, not later."""
    entry = _entry(campaign_id, line, reference)
    pulled = CampaignPull.objects.filter(entry=entry).exists()
    if pulled or ended(entry.campaign, now):
        return Dialled(refused="pulled" if pulled else "ended")
    by = Actor.program(line.code, entity_id=entry.campaign.entity_id)
    answer = compliance.reserve(
        party_id=entry.party_id, contact_point_id=entry.contact_point_id, channel=entry.campaign.channel,
        purpose=entry.campaign.purpose, case_id=entry.case_id, account_id=entry.account_id,
        key=call_key(line.code, call_id), by=by, now=now, keep_refusal=True,
    )  # fmt: skip
    if answer.contact is None:
        return Dialled(answer.decision, answer.decision.primary.rule)
    made, _ = CampaignDial.objects.get_or_create(
        contact=answer.contact,
        defaults={"entry": entry, "line": line.code, "call_id": call_id, "recorded_at": now},
    )
    if made.entry_id != entry.pk:
        raise NoSuchEntry(f"the call id {call_id} is another entry's")
    number = ""
    live = answer.contact.expires_at > now and not answer.contact.outcomes.exists()
    if live and line.options["number"] != "reference":
        number = portfolio.reveal_contact_point(
            contact_point_id=entry.contact_point_id, by=by, reason="dial", now=now, case_id=entry.case_id
        )
    shown = pick(standings(entity_id=entry.campaign.entity_id, now=now), entry.region, now, policy())
    return Dialled(answer.decision, "", answer.contact, number, shown.number if shown else "")


@transaction.atomic
def told_after_identity(*, campaign_id: int, line: Line, reference: str, call_id: str, now: datetime) -> dict[str, str]:
    """What a robot may say once the person has shown who he is: until then it knows no amount and no card.

    Only for a call under way that was allowed; that it was told stands in the log.
    """
    entry = _entry(campaign_id, line, reference)
    made = CampaignDial.objects.filter(entry=entry, call_id=call_id, contact__outcomes=None).first()
    if made is None:
        raise NoSuchEntry(f"no call {call_id} of {reference} is under way")
    (values,) = values_of([(entry.party, entry.party.language, "", entry.account_id)])
    evidence.write(
        kind="robot.identified", now=now, by=Actor.program(line.code, entity_id=entry.campaign.entity_id),
        entity_id=entry.campaign.entity_id, party_id=entry.party_id, case_id=entry.case_id,
        data={"contact": made.contact_id, "call_id": call_id, "told": list(TOLD)},
    )  # fmt: skip
    return {name: values[name] for name in TOLD}


def _entry(campaign_id: int, line: Line, reference: str) -> CampaignEntry:
    entry = (
        CampaignEntry.objects.select_related("campaign__end", "party__entity")
        .filter(campaign_id=campaign_id, campaign__line=line.code, reference=reference)
        .first()
    )
    if entry is None:
        raise NoSuchEntry(f"no entry {reference} in campaign {campaign_id}")
    return entry
