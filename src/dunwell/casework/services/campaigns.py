"""Cases given out to a dialler or a robot, and those that a robot hands over to a person."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat

from dunwell.casework.models import Case, Reminder
from dunwell.casework.queries.lists import Filter, filtered
from dunwell.casework.services import notes
from dunwell.channels.lines import Line
from dunwell.channels.models import Campaign, DialRecord
from dunwell.channels.services import campaigns
from dunwell.identity.models import User
from dunwell.kernel.actor import Actor

ROBOT = Actor.program("robot")
MOST = 200_000  # entries of one campaign
SINCE = timedelta(days=30)  # a hand-over that old is no longer looked for


@transaction.atomic
def give_out(
    *, line: Line, asked: Filter, title: str, flow: str, ends_at: datetime, user: User, now: datetime, key: str
) -> Campaign:
    """Give the cases of a list, in its order, to a dialler; those that a colleague has in hand now are left out."""
    free = Q(held_by=None) | Q(held_until__lte=now)
    chosen = filtered(asked, user, now).filter(free).order_by("rank", "id").values_list("pk", "party_id", "rank")
    wanted = [campaigns.Wanted(*row) for row in chosen[:MOST]]
    said = {name: getattr(asked, name) for name in ("bucket", "stage", "segment", "queue") if getattr(asked, name)}
    return campaigns.open_campaign(
        line=line, entity_id=user.entity_id, title=title, chosen=said, flow=flow, ends_at=ends_at, wanted=wanted,
        by=user.actor, now=now, key=key,
    )  # fmt: skip


def take_over(*, now: datetime, limit: int = 200, by: Actor = ROBOT) -> int:
    """Whoever asked the robot for a person comes before all others, to who owns his case or to the pool; how many."""
    key = Concat(Value("robot-"), Cast(OuterRef("pk"), CharField()))
    waiting = list(
        DialRecord.objects.select_related("entry")
        .filter(~Exists(Reminder.objects.filter(key=key)), hand_over=True, recorded_at__gte=now - SINCE)
        .exclude(entry=None)
        .order_by("pk")[:limit]
    )
    cases = {case.pk: case for case in Case.objects.filter(pk__in=[one.entry.case_id for one in waiting])}
    for one in waiting:
        if cases[one.entry.case_id].closed_on is None:
            notes.call_back(
                case_id=one.entry.case_id, at=now + timedelta(seconds=1), by=by, now=now, key=f"robot-{one.pk}",
                reason=f"robot: {one.intent}"[:200],
            )  # fmt: skip
    return len(waiting)
