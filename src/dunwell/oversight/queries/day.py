"""The day's figures and each collector's day, counted from facts (docs/reports.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, Q, Sum

from dunwell.arrangements.models import Promise
from dunwell.casework.models import Case
from dunwell.identity.models import Role, User
from dunwell.oversight import rules
from dunwell.oversight.queries import facts
from dunwell.oversight.queries.facts import CALLS, CONNECTED, REACHED, Money, Scope
from dunwell.oversight.rules import Step


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on a day, at `at`: the funnel, the rates of calls, money, the gate."""

    day: date
    at: datetime
    currency: str
    funnel: Sequence[Step]
    calls: int
    connected: int
    reached: int
    money: Money
    blocked: int
    review: int
    kept: int
    judged: int
    working: int
    holding: int

    @property
    def received(self) -> Decimal:
        return self.money.received

    @property
    def contact_rate(self) -> Decimal | None:
        """接通率: calls that somebody answered / calls."""
        return rules.share(self.connected, self.calls)

    @property
    def right_party_rate(self) -> Decimal | None:
        """本人接通率: calls in which the person himself was reached / calls."""
        return rules.share(self.reached, self.calls)

    @property
    def kept_rate(self) -> Decimal | None:
        """承诺兑现率: parts of promises kept / parts judged, due in the last 30 days."""
        return rules.share(self.kept, self.judged)


def day(scope: Scope) -> Day:
    """Everything of one day, in one entity and currency. Contacts and plans have no currency."""
    call = Q(channel__in=CALLS)
    calls = facts.attempts(scope).aggregate(
        n=Count("pk", filter=call),
        connected=Count("pk", filter=call & Q(outcome__in=CONNECTED)),
        reached=Count("pk", filter=call & Q(outcome=REACHED)),
        staff=Count("by_id", filter=call, distinct=True),
        parties=Count("party", distinct=True),
        parties_reached=Count("party", filter=Q(outcome=REACHED), distinct=True),
    )
    promised = facts.promised(scope).aggregate(n=Count("promise__party", distinct=True), amount=Sum("amount"))
    money = facts.money(scope)
    gate = facts.refused(scope).aggregate(
        blocked=Count("pk", filter=Q(verdict="BLOCK")), review=Count("pk", filter=Q(verdict="REVIEW"))
    )
    judged = facts.judged(scope).aggregate(n=Count("pk"), kept=Count("pk", filter=Q(state=Promise.State.KEPT)))
    paid = money.paid
    return Day(
        day=scope.day,
        at=scope.now,
        currency=scope.currency,
        funnel=rules.funnel(
            [
                ("planned", facts.planned(scope).aggregate(n=Count("party", distinct=True))["n"], None),
                ("attempted", calls["parties"], None),
                ("reached", calls["parties_reached"], None),
                ("promised", promised["n"], promised["amount"] or Decimal(0)),
                ("paid", len(paid), sum(paid.values(), Decimal(0))),
            ]
        ),
        calls=calls["n"],
        connected=calls["connected"],
        reached=calls["reached"],
        money=money,
        blocked=gate["blocked"],
        review=gate["review"],
        kept=judged["kept"],
        judged=judged["n"],
        working=calls["staff"],
        holding=Case.objects.filter(entity_id=scope.entity_id, held_by__isnull=False, held_until__gt=scope.now).count(),
    )


@dataclass(frozen=True, slots=True)
class CollectorDay:
    """A collector's day: contacts, how many reached the person, promises, money of the parties reached, own cases."""

    user_id: int
    staff_no: str
    name_zh: str
    name_en: str
    team_zh: str
    team_en: str
    contacts: int
    calls: int
    reached: int
    promises: int
    promised: Decimal
    received: Decimal
    cases: int

    @property
    def right_party_rate(self) -> Decimal | None:
        return rules.share(self.reached, self.contacts)


def collectors(scope: Scope, money: Money | None = None) -> list[CollectorDay]:
    """Each collector's day. A repayment goes to the collector who last reached the party in the seven days up to it;
    cases are those he owned on that day. Who has left since stands there as long as the day has something of his."""
    contacts = {
        row["by_id"]: row
        for row in facts.attempts(scope)
        .values("by_id")
        .annotate(
            n=Count("pk"),
            calls=Count("pk", filter=Q(channel__in=CALLS)),
            reached=Count("pk", filter=Q(outcome=REACHED)),
        )
        .order_by()
        if row["by_id"] is not None
    }
    promises = {
        row["promise__recorded_by"]: row
        for row in facts.promised(scope)
        .values("promise__recorded_by")
        .annotate(n=Count("promise", distinct=True), amount=Sum("amount"))
        .order_by()
        if row["promise__recorded_by"] is not None
    }
    cases = facts.owned_by(scope)
    last, received = facts.attributed(scope), defaultdict(Decimal)
    for party, amount in (money or facts.money(scope)).by_party.items():
        if party in last:
            received[last[party]] += amount
    at_work = Q(is_active=True, role__in=[Role.COLLECTOR, Role.TEAM_LEADER])
    users = (
        User.objects.filter(entity_id=scope.entity_id)
        .filter(at_work | Q(pk__in={*contacts, *promises, *cases, *received}))
        .select_related("team")
        .order_by("staff_no")
    )
    return [
        CollectorDay(
            user.pk,
            user.staff_no,
            user.name_zh,
            user.name_en,
            user.team.name_zh if user.team else "",
            user.team.name_en if user.team else "",
            contacts.get(user.pk, {}).get("n", 0),
            contacts.get(user.pk, {}).get("calls", 0),
            contacts.get(user.pk, {}).get("reached", 0),
            promises.get(user.pk, {}).get("n", 0),
            promises.get(user.pk, {}).get("amount") or Decimal(0),
            received[user.pk],
            cases.get(user.pk, 0),
        )
        for user in users
    ]


@dataclass(frozen=True, slots=True)
class Productivity:
    """人均产能: received / collectors who made a contact; 件均: open cases that have an owner / owners."""

    received: Decimal
    working: int
    cases: int
    owners: int

    @property
    def per_collector(self) -> Decimal | None:
        return (self.received / self.working).quantize(Decimal("0.01")) if self.working else None

    @property
    def cases_per_collector(self) -> Decimal | None:
        return (Decimal(self.cases) / self.owners).quantize(Decimal("0.1")) if self.owners else None


def productivity(rows: Sequence[CollectorDay]) -> Productivity:
    return Productivity(
        sum((row.received for row in rows), Decimal(0)),
        sum(1 for row in rows if row.contacts),
        sum(row.cases for row in rows),
        sum(1 for row in rows if row.cases),
    )
