"""How campaigns stand: what was given, dialled, told, taken back, and what nothing could be made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q

from dunwell.channels.models import Campaign, CampaignDial, CampaignEntry, CampaignPull, DialRecord
from dunwell.compliance.models import ContactOutcome

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of one campaign; `waiting` are dials of which nobody has told what came of them."""

    campaign: Campaign
    entries: int = 0
    dialled: int = 0  # entries
    dials: int = 0
    waiting: int = 0
    pulled: int = 0
    problems: int = 0


def campaigns_of(*, entity_id: int, limit: int = SHOWN, only: int | None = None) -> list[Progress]:
    """The entity's campaigns, newest first, in five queries."""
    found = Campaign.objects.filter(entity_id=entity_id).select_related("end").order_by("-pk")
    campaigns = list(found.filter(pk=only) if only is not None else found[:limit])
    ids = [one.pk for one in campaigns]
    entries = dict(
        CampaignEntry.objects.filter(campaign__in=ids).values_list("campaign").annotate(Count("pk")).order_by()
    )
    waiting = Count("pk", filter=Q(contact__outcomes=None), distinct=True)
    dials = {
        row["entry__campaign"]: (row["entries"], row["calls"], row["waiting"])
        for row in CampaignDial.objects.filter(entry__campaign__in=ids)
        .values("entry__campaign")
        .annotate(entries=Count("entry", distinct=True), calls=Count("pk", distinct=True), waiting=waiting)
        .order_by()
    }
    pulled = dict(
        CampaignPull.objects.filter(entry__campaign__in=ids)
        .values_list("entry__campaign")
        .annotate(Count("pk"))
        .order_by()
    )
    problems = dict(
        DialRecord.objects.filter(campaign__in=ids)
        .exclude(problem="")
        .values_list("campaign")
        .annotate(Count("pk"))
        .order_by()
    )
    return [
        Progress(
            one, entries.get(one.pk, 0), *dials.get(one.pk, (0, 0, 0)), pulled.get(one.pk, 0), problems.get(one.pk, 0)
        )
        for one in campaigns
    ]


def outcomes_of(campaign: Campaign) -> dict[str, int]:
    """What came of its calls, each by the last that was recorded; the most frequent first."""
    last = (
        ContactOutcome.objects.filter(contact__dial_records__campaign=campaign)
        .order_by("contact_id", "-id")
        .distinct("contact_id")
        .values_list("outcome", flat=True)
    )
    return dict(Counter(last).most_common())


def problems_of(*, entity_id: int, campaign: Campaign | None = None) -> Sequence[DialRecord]:
    """Records of which nothing could be made, newest first: of a campaign, or of none that we know."""
    found = DialRecord.objects.filter(entity_id=entity_id, campaign=campaign).exclude(problem="")
    return list(found.order_by("-pk")[:SHOWN])


def pulled_of(campaign: Campaign) -> Sequence[CampaignPull]:
    return list(
        CampaignPull.objects.filter(entry__campaign=campaign)
        .select_related("entry__contact_point", "entry__party")
        .order_by("-pk")[:SHOWN]
    )
