"""What the start of a collector's day and a team's hand-out show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Q, Sum

from dunwell.arrangements.models import Promise, PromisePart
from dunwell.casework.models import Case, Reminder
from dunwell.casework.queries import queue_left
from dunwell.casework.queries.attribution import own_result
from dunwell.casework.queries.covers import covered_by
from dunwell.casework.words import reason
from dunwell.compliance.models import ContactOutcome
from dunwell.compliance.queries import withheld
from dunwell.compliance.rules.purposes import OUTSIDE
from dunwell.identity.models import Role, User
from dunwell.kernel import times


@dataclass(frozen=True)
class Today:
    """A collector's day so far: own dials, talks with the right party, promises, and what is waiting."""

    queue: int
    dials: int
    reached: int
    promises: int
    promised: dict[str, Decimal]  # by currency
    call_backs: list[tuple[Reminder, str]]  # and tasks; each with why
    due_parts: list[PromisePart]
    held: Case | None
    result: dict[str, Decimal]  # 业绩归属 of the month, by currency
    covers: list[User]  # who is away and whose cases are his meanwhile


def today_of(user: User, now: datetime) -> Today:
    """Today's figures and lists of one collector."""
    today = times.business_date(now)
    begin = now.astimezone(times.BANK_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    outcomes = ContactOutcome.objects.filter(
        recorded_by=user.pk, recorded_at__gte=begin, contact__channel="call", contact__direction="out"
    )
    counted = outcomes.aggregate(
        dials=Count("contact", distinct=True),
        reached=Count(
            "contact", distinct=True, filter=Q(outcome="connected_rpc") & ~Q(contact__party_type__in=OUTSIDE)
        ),
    )
    made = Promise.objects.filter(recorded_by=user.pk, recorded_at__gte=begin, withdrawal=None)
    promised = made.values("currency").annotate(number=Count("id", distinct=True), amount=Sum("parts__amount"))
    covered = covered_by(user.pk, now)
    mine = Q(case__owner=user) | Q(case__owner__in=covered) | Q(recorded_by=user.pk)
    call_backs = Reminder.objects.filter(
        mine, kind__in=Reminder.COMES_FIRST, done_at=None, case__closed_on=None, case__entity_id=user.entity_id
    )
    due = PromisePart.objects.filter(
        promise__recorded_by=user.pk,
        promise__withdrawal=None,
        state=Promise.State.OPEN,
        due_date=today,
    )
    closed, owed_by_closed = (
        withheld(user.pk, now=now, party="case__party_id"),
        withheld(user.pk, now=now, party="promise__party_id"),
    )
    return Today(
        queue=queue_left(user=user, now=now),
        dials=counted["dials"],
        reached=counted["reached"],
        promises=sum(each["number"] for each in promised),
        promised={each["currency"]: each["amount"] or Decimal(0) for each in promised},
        call_backs=[
            (one, reason({"code": one.reason, "params": {}}) if one.kind == Reminder.Kind.TASK else one.reason)
            for one in call_backs.exclude(closed).select_related("case__party").order_by("due_at")[:20]
        ],
        due_parts=list(due.exclude(owed_by_closed).select_related("promise__party").order_by("-amount")[:20]),
        held=Case.objects.filter(held_by=user, held_until__gt=now)
        .exclude(withheld(user.pk, now=now))
        .select_related("party")
        .first(),
        result=own_result(user_id=user.pk, entity_id=user.entity_id, first=today.replace(day=1), last=today),
        covers=list(User.objects.filter(pk__in=covered)) if covered else [],
    )


@dataclass(frozen=True)
class Owner:
    """What one collector owns now: cases, balance, and how they are spread over the buckets."""

    user: User
    cases: int
    balance: Decimal
    hard: int  # broken promises and first-payment defaults


def owners_of(user: User) -> list[Owner]:
    """Every collector of the entity with what he owns, by name."""
    people = User.objects.filter(entity_id=user.entity_id, is_active=True, role__in=(Role.COLLECTOR, Role.TEAM_LEADER))
    open_case = Q(owned_cases__closed_on=None, owned_cases__isnull=False)
    hard = open_case & (Q(owned_cases__promise_state="broken") | Q(owned_cases__first_payment_default=True))
    counted = people.annotate(
        cases=Count("owned_cases", filter=open_case),
        balance=Sum("owned_cases__balance", filter=open_case),
        hard=Count("owned_cases", filter=hard),
    )
    return [
        Owner(one, one.cases, one.balance or Decimal(0), one.hard) for one in counted.order_by("team__code", "username")
    ]
