"""The head of a collector's worklist as it stands now: it moves during the day as facts arrive."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from dunwell.arrears.queries import published_day
from dunwell.casework.models import Case
from dunwell.casework.queries.covers import works_for
from dunwell.compliance.queries import withheld
from dunwell.identity.models import User
from dunwell.kernel.times import business_date

HEAD = 12


def worklist(user: User, now: datetime) -> list[Case]:
    """The next cases for calls that he owns or covers, in the order in which Next brings them; put off ones last."""
    owners = works_for(user.pk, business_date(now))
    mine = Case.objects.filter(owner__in=owners, queue="call", closed_on=None).exclude(withheld(user.pk, now=now))
    free = mine.filter(Q(held_by=None) | Q(held_until__lte=now) | Q(held_by=user)).select_related("party", "owner")
    ready = list(free.filter(Q(ready_at=None) | Q(ready_at__lte=now)).order_by("rank", "pk")[:HEAD])
    if len(ready) < HEAD:
        ready += free.filter(ready_at__gt=now).order_by("ready_at", "pk")[: HEAD - len(ready)]
    day = published_day(user.entity_id)
    return [case.reckoned(day) for case in ready]
