"""Taking entries back: whoever was touched since the gate was last asked is asked about again, and the dialler is told."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q

from dunwell.channels.lines import diallers
from dunwell.channels.lines.dialler import post
from dunwell.channels.models import CampaignEntry, CampaignPull
from dunwell.channels.services.campaigns.giving import asking_of
from dunwell.compliance.queries import dial_budgets
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor

PULLER = Actor.program("campaigns")
LIMIT, LONGEST_WAIT = 500, timedelta(minutes=5)


@transaction.atomic
def pull_back(*, now: datetime, limit: int = LIMIT, by: Actor = PULLER) -> int:
    """Take back the entries that may not be dialled any more: paid, held, complained about. How many.

    Only who was touched since is asked about. Hours and limits that come back within 36 hours take nothing back.
    """
    with connection.cursor() as cursor:  # one at a time: who reads on from a number misses no smaller one
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('dunwell.campaigns.pull'))")
    changed = list(
        CampaignEntry.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("campaign", "party")
        .filter(
            Q(party__touches__gt=F("seen")), pull=None, campaign__end=None, campaign__ends_at__gt=now
        )
        .order_by("pk")[:limit]
    )  # fmt: skip
    pulled = 0
    for entity_id in {entry.campaign.entity_id for entry in changed}:
        entries = [entry for entry in changed if entry.campaign.entity_id == entity_id]
        budgets = dial_budgets([asking_of(entry) for entry in entries], now=now, entity_id=entity_id)
        for entry, budget in zip(entries, budgets, strict=True):
            entry.seen = entry.party.touches
            if not budget.good:
                _pull(entry, budget.decision.primary.rule, by=by, now=now)
                pulled += 1
    CampaignEntry.objects.bulk_update(changed, ["seen"])
    return pulled


def _pull(entry: CampaignEntry, rule: str, *, by: Actor, now: datetime) -> None:
    campaign = entry.campaign
    told = next((line for line in diallers() if line.code == campaign.line and line.options["url"]), None)
    CampaignPull.objects.create(
        entry=entry, line=campaign.line, rule=rule, recorded_at=now, next_try_at=now if told else None
    )
    evidence.write(
        kind="campaign.pulled", now=now, by=by, entity_id=campaign.entity_id, party_id=entry.party_id,
        case_id=entry.case_id, data={"campaign": campaign.pk, "entry": entry.pk, "rule": rule},
    )  # fmt: skip


def tell_pulled(*, now: datetime, limit: int = LIMIT) -> int:
    """Push what was taken back to each dialler's web-hook; how many it took. One that does not answer is told again after
    1, 2, 4 … seconds, at most five minutes; it can read them by itself as well."""
    pull_back(now=now, limit=limit)
    told = 0
    for line in diallers():
        waiting = list(
            CampaignPull.objects.select_related("entry")
            .filter(line=line.code, told_at=None, next_try_at__lte=now)
            .order_by("pk")[:limit]
        )
        if not waiting or not line.options["url"]:
            continue
        said = [
            {"campaign": pull.entry.campaign_id, "reference": pull.entry.reference, "rule": pull.rule,
             "at": pull.recorded_at.isoformat()}
            for pull in waiting
        ]  # fmt: skip
        rows = CampaignPull.objects.filter(pk__in=[pull.pk for pull in waiting])
        if post(line, {"event": "pulled", "pulled": said}, now):
            told += rows.update(told_at=now, next_try_at=None, tries=F("tries") + 1)
        else:
            wait = min(timedelta(seconds=2 ** min(min(pull.tries for pull in waiting), 9)), LONGEST_WAIT)
            rows.update(tries=F("tries") + 1, next_try_at=now + wait)
    return told
