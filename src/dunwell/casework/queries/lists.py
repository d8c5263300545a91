"""Lists of cases: chips, filters, key-set pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from dunwell.arrangements.models import Promise, PromisePart
from dunwell.arrears.queries import published_day
from dunwell.casework.models import Case, Reminder
from dunwell.casework.queries.covers import assists_on, works_for
from dunwell.compliance.models import ContactOutcome
from dunwell.compliance.queries import withheld
from dunwell.identity.models import User
from dunwell.kernel import times
from dunwell.portfolio.models import ContactPoint

ROWS = 200
#: Counting stops here: the page then says "1,000+".
COUNTED = 1000
#: Where the strategy sends a case; the empty one has nothing to do.
QUEUES = ("call", "visit", "agency", "law_firm")
PHONES = (ContactPoint.Kind.MOBILE, ContactPoint.Kind.LANDLINE)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list shows; every field stands in the URL. Empty means any."""

    chips: tuple[str, ...] = ()
    bucket: str = ""
    stage: str = ""
    segment: str = ""
    queue: str = ""
    owner: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in the order of the queue; `after` gives the next page (rank, id), None at the end."""

    cases: tuple[Case, ...]
    after: tuple[int, int] | None


def _promise_due(user: User, now: datetime) -> Q:
    parts = PromisePart.objects.filter(
        promise__party_id=OuterRef("party_id"),
        promise__withdrawal=None,
        state=Promise.State.OPEN,
        due_date=times.business_date(now),
    )
    return Q(Exists(parts))


def _call_back_due(user: User, now: datetime) -> Q:
    due = Reminder.objects.filter(case_id=OuterRef("pk"), kind__in=Reminder.COMES_FIRST, done_at=None, due_at__lte=now)
    return Q(Exists(due))


def _never_contacted(user: User, now: datetime) -> Q:
    reached = ContactOutcome.objects.filter(contact__person_id=OuterRef("party_id"), outcome="connected_rpc")
    return ~Q(Exists(reached))


def _number_invalid(user: User, now: datetime) -> Q:
    usable = ContactPoint.objects.filter(
        party_id=OuterRef("party_id"), kind__in=PHONES, status=ContactPoint.Status.VALID
    )
    return ~Q(Exists(usable))


#: What collectors ask for, by the chip's name.
CHIPS: dict[str, Callable[[User, datetime], Q]] = {
    "mine": lambda user, now: Q(owner__in=works_for(user.pk, now)),
    "assisting": lambda user, now: Q(pk__in=assists_on(times.business_date(now)).filter(user=user).values("case")),
    "unowned": lambda user, now: Q(owner=None),
    "call_back_due": _call_back_due,
    "promise_due": _promise_due,
    "promise_broken": lambda user, now: Q(promise_state__in=(Promise.State.BROKEN, Promise.State.PARTLY_KEPT)),
    "never_contacted": _never_contacted,
    "number_invalid": _number_invalid,
}


def case_list(
    asked: Filter, *, user: User, now: datetime, after: tuple[int, int] | None = None, limit: int = ROWS
) -> Page:
    """A page of open cases of the user's entity that he may open, at most 200 rows, two queries.

    An unknown chip raises KeyError.
    """
    found = filtered(asked, user, now).select_related("party", "owner", "held_by").order_by("rank", "id")
    if after is not None:
        rank, last = after
        found = found.filter(Q(rank__gt=rank) | Q(rank=rank, id__gt=last), rank__gte=rank)
    limit = min(limit, ROWS)
    day = published_day(user.entity_id)
    cases = tuple(case.reckoned(day) for case in found[: limit + 1])
    more = len(cases) > limit
    return Page(cases[:limit], (cases[limit - 1].rank, cases[limit - 1].pk) if more else None)


def chip_counts(asked: Filter, *, user: User, now: datetime) -> dict[str, int]:
    """How many cases each chip would show beside the other filters; 1,000 means that many or more. One query a chip."""
    base = filtered(replace(asked, chips=()), user, now)
    return {name: base.filter(chip(user, now))[:COUNTED].count() for name, chip in CHIPS.items()}


def queue_counts(asked: Filter, *, user: User, now: datetime) -> dict[str, int]:
    """How many cases each queue holds beside the other filters; 1,000 means that many or more. One query."""
    found = filtered(replace(asked, queue=""), user, now).order_by().values_list("queue", flat=True)
    first, *others = (found.filter(queue=queue)[:COUNTED] for queue in QUEUES)
    counted = Counter(first.union(*others, all=True))
    return {queue: counted[queue] for queue in QUEUES}


def queue_left(*, user: User, now: datetime) -> int:
    """How many cases Next has for the user now: his own and the pool; 1,000 means that many or more."""
    ready = Q(ready_at=None) | Q(ready_at__lte=now)
    free = Q(held_by=None) | Q(held_until__lte=now) | Q(held_by=user)
    waiting = Case.objects.filter(ready, free, entity_id=user.entity_id, queue="call", closed_on=None)
    waiting = waiting.exclude(withheld(user.pk, now=now))
    mine = works_for(user.pk, now)
    return waiting.filter(Q(owner__in=mine) | Q(owner=None))[:COUNTED].count()


def filtered(asked: Filter, user: User, now: datetime) -> QuerySet[Case]:
    """The open cases of the user's entity that he may open and that a list shows."""
    found = Case.objects.filter(entity_id=user.entity_id, closed_on=None).exclude(withheld(user.pk, now=now))
    for name in ("bucket", "stage", "segment", "queue"):
        if value := getattr(asked, name):
            found = found.filter(**{name: value})
    if asked.owner is not None:
        found = found.filter(owner_id=asked.owner)
    for chip in asked.chips:
        found = found.filter(CHIPS[chip](user, now))
    return found
