"""The clocks of accounts: computed from facts for a page, read from the published rows for a list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files

from django.db import connection
from django.db.models import Count, F, Q, QuerySet

from dunwell.arrears.models import AccountState
from dunwell.compliance.queries import in_force
from dunwell.legal.models import LimitationClock, LimitationFact
from dunwell.legal.rules.limitation import Clock, Event, Obstacle, Terms, clock, counts, kinds
from dunwell.portfolio.reference import calendar

STATEMENT = (files("dunwell.legal") / "sql" / "interruptions.sql").read_text(encoding="utf-8")
MOST = 200  # rows of a page


def terms(on: date) -> Terms:
    """The numbers of the pack in force on a day."""
    return Terms.of(in_force(on).duties)


def clocks(account_ids: Iterable[int], *, on: date) -> dict[int, Clock]:
    """The clock of each account that has something unpaid, by what is known now."""
    accounts = list(account_ids)
    due = dict(
        AccountState.objects.filter(account_id__in=accounts, past_due__gt=0, oldest_due_date__isnull=False).values_list(
            "account_id", "oldest_due_date"
        )
    )
    events = _told(due)
    obstacles: dict[int, list[Obstacle]] = defaultdict(list)
    for fact in LimitationFact.objects.filter(account_id__in=due, withdrawal=None):
        if fact.kind in kinds():
            events[fact.account_id].append(Event(fact.starts_on, fact.kind, f"fact {fact.pk}"))
        else:
            obstacles[fact.account_id].append(Obstacle(fact.kind, fact.starts_on, fact.ends_on, f"fact {fact.pk}"))
    numbers, days = terms(on), calendar()
    return {
        account: clock(since, events[account], obstacles[account], terms=numbers, working_days=days)
        for account, since in due.items()
    }


def _told(due: Mapping[int, date]) -> dict[int, list[Event]]:
    """What the programs can tell, by account; a contact counts as the first kind that takes it."""
    by_contact = [kind for kind in kinds().values() if kind.channels]
    values = {
        "accounts": list(due),
        "purposes": sorted({purpose for kind in by_contact for purpose in kind.purposes}),
        "outcomes": sorted({outcome for kind in by_contact for outcome in kind.outcomes}),
    }
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, values)
        rows = cursor.fetchall()
    found: dict[int, list[Event]] = defaultdict(list)
    for account, on, kind, what, number, channel, purpose, source, outcome, recorded in rows:
        counted = kind or next(
            (
                one.id
                for one in by_contact
                if counts(one, channel=channel, purpose=purpose, source=source, outcome=outcome, recorded=recorded)
            ),
            "",
        )
        if counted:
            found[account].append(Event(on, counted, f"{what} {number}"))
    return found


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of the list: accounts whose period ends within so many days; `expired` for those that are too late."""

    id: str
    days: int | None
    accounts: int


def chips(*, entity_id: int, on: date) -> list[Chip]:
    """How many accounts each part of the list has."""
    warnings = terms(on).warnings
    parts = {f"w{days}": Count("pk", filter=_within(on, days)) for days in warnings}
    parts |= {"expired": Count("pk", filter=Q(expires_on__lt=on)), "held": Count("pk", filter=Q(expires_on=None))}
    rows = LimitationClock.objects.filter(account__entity_id=entity_id)
    found = rows.aggregate(all=Count("pk"), **parts)
    return [
        Chip("all", None, found["all"]),
        *(Chip(f"w{days}", days, found[f"w{days}"]) for days in sorted(warnings)),
        Chip("expired", None, found["expired"]),
        Chip("held", None, found["held"]),
    ]


def clock_list(*, entity_id: int, part: str, on: date, after: str = "") -> QuerySet[LimitationClock]:
    """The published clocks of a part, the earliest end first; `after` is `<end>~<account>` of the last one shown."""
    rows = LimitationClock.objects.filter(account__entity_id=entity_id).select_related("account__party")
    if part == "expired":
        rows = rows.filter(expires_on__lt=on)
    elif part == "held":
        rows = rows.filter(expires_on=None)
    elif part.startswith("w") and part[1:].isdecimal():
        rows = rows.filter(_within(on, int(part[1:])))
    if after.count("~") == 1:
        end, _, account = after.partition("~")
        if account.isdecimal() and end:
            rows = rows.filter(Q(expires_on__gt=end) | Q(expires_on=end, account_id__gt=account))
    return rows.order_by(F("expires_on").asc(nulls_last=True), "account_id")[:MOST]


def _within(on: date, days: int) -> Q:
    return Q(expires_on__gte=on, expires_on__lte=on + timedelta(days=days))
