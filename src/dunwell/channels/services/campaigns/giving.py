"""A campaign and its list: one number a case, known to the dialler by reference, with what the gate says of each now."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from dunwell.arrears import queries as arrears
from dunwell.channels.lines import Line
from dunwell.channels.models import Campaign, CampaignDial, CampaignEnd, CampaignEntry
from dunwell.channels.services.caller_numbers import region_of, standings
from dunwell.channels.voice.caller_numbers import pick, policy
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact
from dunwell.compliance.queries import Asking, DialBudget, dial_budgets
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint, Party

PHONES = ("mobile", "landline")
BATCH = 2000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case that was chosen, and where it comes among the others: smaller comes first."""

    case_id: int
    party_id: int
    priority: int


@dataclass(frozen=True, slots=True)
class Given:
    """One entry as the dialler gets it. `dials` are slots reserved beforehand, and only with them is `number` there."""

    entry: CampaignEntry
    masked: str
    budget: DialBudget
    caller_number: str
    dials: tuple[Contact, ...] = ()
    number: str = ""


@transaction.atomic
def open_campaign(
    *, line: Line, entity_id: int, title: str, chosen: dict, flow: str, ends_at: datetime, wanted: Sequence[Wanted],
    by: Actor, now: datetime, key: str, purpose: str = "demand",
) -> Campaign:  # fmt: skip
    """Make a campaign of the cases that have a valid telephone number, the mobile before the landline.

    The same `key` again answers the same campaign. Whether a number may be dialled is asked when the list is read, and
    again at the dial.
    """
    before = Campaign.objects.filter(key=key).first()
    if before is not None:
        return before
    campaign = Campaign.objects.create(
        entity_id=entity_id, line=line.code, channel=line.channel, purpose=purpose, title=title[:80], chosen=chosen,
        flow=flow[:64], ends_at=ends_at, recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    made = 0
    ordered = sorted(wanted, key=lambda one: (one.priority, one.case_id))
    for first in range(0, len(ordered), BATCH):
        made += _entries(campaign, ordered[first : first + BATCH])
    evidence.write(
        kind="campaign.opened", now=now, by=by, entity_id=entity_id,
        data={"campaign": campaign.pk, "line": line.code, "channel": line.channel, "chosen": chosen, "entries": made,
              "cases": len(ordered)},
    )  # fmt: skip
    return campaign


def _entries(campaign: Campaign, wanted: Sequence[Wanted]) -> int:
    points: dict[int, ContactPoint] = {}
    for point in ContactPoint.objects.filter(
        party_id__in=[one.party_id for one in wanted], kind__in=PHONES, status=ContactPoint.Status.VALID
    ).order_by("-kind", "id"):  # mobile before landline
        points.setdefault(point.party_id, point)
    about = arrears.only_late_accounts(points)
    touches = dict(Party.objects.filter(pk__in=points).values_list("pk", "touches"))
    sealed = [(point.party_id, bytes(point.value_sealed)) for point in points.values()]
    regions = dict(
        zip(
            points,
            map(region_of, (point.kind for point in points.values()), portfolio.open_many(items=sealed)),
            strict=True,
        )
    )
    rows = [
        CampaignEntry(
            campaign=campaign, party_id=one.party_id, contact_point=points[one.party_id], case_id=one.case_id,
            reference=secrets.token_urlsafe(15), priority=one.priority, region=regions[one.party_id],
            seen=touches[one.party_id], account_id=about.get(one.party_id),
        )
        for one in wanted
        if one.party_id in points
    ]  # fmt: skip
    return len(CampaignEntry.objects.bulk_create(rows, batch_size=BATCH))


@transaction.atomic
def end_campaign(*, campaign_id: int, by: Actor, now: datetime) -> None:
    """Nothing of the campaign may be dialled from now on. Twice is once."""
    campaign = Campaign.objects.get(pk=campaign_id)
    _, created = CampaignEnd.objects.get_or_create(
        campaign=campaign, defaults={"recorded_at": now, "recorded_by": by.user_id}
    )
    if created:
        evidence.write(
            kind="campaign.ended", now=now, by=by, entity_id=campaign.entity_id, data={"campaign": campaign.pk}
        )


def ended(campaign: Campaign, now: datetime) -> bool:
    """Whether nothing of it may be dialled any more."""
    return campaign.ends_at <= now or hasattr(campaign, "end")


def asking_of(entry: CampaignEntry) -> Asking:
    campaign = entry.campaign
    return Asking(
        entry.party_id, entry.party_id, entry.contact_point_id, campaign.channel, campaign.purpose, entry.case_id,
        account_id=entry.account_id,
    )  # fmt: skip


def given(*, campaign: Campaign, line: Line, after: int, limit: int, now: datetime) -> tuple[list[Given], int | None]:
    """A page of the list and where the next begins (None at its end): what was pulled, or may not be dialled soon, is
    left out. On a line that asks for its dials beforehand the slots are reserved here, and the number goes with them."""
    if ended(campaign, now):
        return [], None
    entries = list(
        campaign.entries.filter(pk__gt=after, pull=None)
        .select_related("contact_point", "campaign")
        .order_by("pk")[: limit + 1]
    )
    following = entries[limit - 1].pk if len(entries) > limit else None
    entries = entries[:limit]
    budgets = dial_budgets([asking_of(entry) for entry in entries], now=now, entity_id=campaign.entity_id)
    pool = standings(entity_id=campaign.entity_id, now=now)
    found = []
    for entry, budget in zip(entries, budgets, strict=True):
        if not budget.good:
            continue
        shown = pick(pool, entry.region, now, policy())
        dials, number = (), ""
        if line.options["asks"] == "list":
            dials, number = _beforehand(entry, line, now=now)
            if not dials:
                continue
        found.append(Given(entry, entry.contact_point.masked, budget, shown.number if shown else "", dials, number))
    return found, following


@transaction.atomic
def _beforehand(entry: CampaignEntry, line: Line, *, now: datetime) -> tuple[tuple[Contact, ...], str]:
    """The slots of an entry for the day, the same ones when the list is read again, while none is used or over."""
    by = Actor.program(line.code, entity_id=entry.campaign.entity_id)
    allotted = compliance.allot(
        party_id=entry.party_id, contact_point_id=entry.contact_point_id, dials=line.options["dials"],
        channel=entry.campaign.channel, purpose=entry.campaign.purpose, case_id=entry.case_id,
        account_id=entry.account_id, by=by, now=now,
        key=f"campaign-{entry.pk}-{business_date(now):%Y%m%d}",
    )  # fmt: skip
    for contact in allotted.contacts:
        CampaignDial.objects.get_or_create(
            contact=contact, defaults={"entry": entry, "line": line.code, "recorded_at": now}
        )
    live = tuple(contact for contact in allotted.contacts if contact.expires_at > now and not contact.outcomes.exists())
    if not live or line.options["number"] == "reference":
        return live, ""
    number = portfolio.reveal_contact_point(
        contact_point_id=entry.contact_point_id, by=by, reason="dial", now=now, case_id=entry.case_id
    )
    return live, number
