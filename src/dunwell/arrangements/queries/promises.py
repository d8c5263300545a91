"""Reads of promises, and what may be promised today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import F, QuerySet, Sum

from dunwell.arrangements.models import Promise, PromisePart
from dunwell.arrangements.rules import promises as rules
from dunwell.arrangements.rules.promises import Part, Problem
from dunwell.arrears.models import AccountState
from dunwell.kernel import times
from dunwell.portfolio import reference
from dunwell.portfolio.models import Account, AccountRole, Party


@dataclass(frozen=True, slots=True)
class Terms:
    """What the promise dialogue needs: the sum, the least part, and each day with whether it can be chosen."""

    currency: str
    past_due: Decimal
    least: Decimal
    last_day: date
    parts: int
    days: tuple[tuple[date, bool], ...]


def past_due(*, party_id: int, currency: str) -> Decimal:
    """What is past due of a party in a currency, payments of today included (published columns)."""
    states = AccountState.objects.filter(account__party_id=party_id, account__currency=currency)
    return states.aggregate(sum=Sum("past_due"))["sum"] or Decimal(0)


def open_promises(*, party_id: int, currency: str | None = None) -> QuerySet[Promise]:
    """Promises with a part that is not judged yet, and that were not withdrawn."""
    found = Promise.objects.filter(party_id=party_id, withdrawal=None, parts__state=Promise.State.OPEN).distinct()
    return found if currency is None else found.filter(currency=currency)


def problems_with(*, parts: Sequence[Part], party_id: int, currency: str, now: datetime) -> list[Problem]:
    """Everything that keeps the parts from being a promise today: the policy, and what is promised openly already.

    Several promises may be open, together not above what is past due.
    """
    made_on = times.business_date(now)
    under = rules.policy(made_on)
    owed, made = past_due(party_id=party_id, currency=currency), open_promises(party_id=party_id, currency=currency)
    free = owed - _promised(party_id=party_id, currency=currency)
    if made.count() >= under.promises or (free <= 0 < owed):
        return [Problem("promise_open")]
    return rules.check(
        parts, past_due=free, made_on=made_on, under=under, is_working_day=reference.calendar().is_working_day,
        payers={None, *(payer.party_id for payer in payers(party_id=party_id, on=made_on))},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Payer:
    """Somebody who has a part in a person's accounts and may promise beside him."""

    party_id: int
    party_no: str
    role: str
    name_masked: str


def payers(*, party_id: int, on: date) -> list[Payer]:
    """Who may promise a part beside the person: by the policy's roles on his accounts, each once, strongest role first."""
    roles = rules.policy(on).payers
    accounts = Account.objects.filter(party_id=party_id).values("account_no")
    found = AccountRole.objects.filter(
        account_no__in=accounts,
        role__in=roles,
        party__entity_id__in=Party.objects.filter(pk=party_id).values("entity_id"),
    ).exclude(party_id=party_id)
    told: dict[int, Payer] = {}
    for row in sorted(found.select_related("party"), key=lambda row: (roles.index(row.role), row.party_id)):
        told.setdefault(row.party_id, Payer(row.party_id, row.party.party_no, row.role, row.party.name_masked))
    return list(told.values())


def _promised(*, party_id: int, currency: str) -> Decimal:
    """What open parts still bring, beyond what came in on them."""
    parts = PromisePart.objects.filter(
        promise__party_id=party_id, promise__currency=currency, promise__withdrawal=None, state=Promise.State.OPEN
    )
    return parts.aggregate(sum=Sum(F("amount") - F("received")))["sum"] or Decimal(0)


def promises_of(*, party_id: int, limit: int = 20) -> list[Promise]:
    """The party's last promises, the newest first, with parts and withdrawal (two queries)."""
    return list(
        Promise.objects.filter(party_id=party_id)
        .select_related("withdrawal")
        .prefetch_related("parts__payer")
        .order_by("-id")[:limit]
    )


def terms(*, past_due: Decimal, currency: str, now: datetime) -> Terms:
    """What may be promised today about `past_due`."""
    today = times.business_date(now)
    policy, calendar = rules.policy(today), reference.calendar()
    days = (today + timedelta(days=ahead) for ahead in range(policy.days + 1))
    return Terms(
        currency=currency,
        past_due=past_due,
        least=policy.least(past_due),
        last_day=policy.last_day(today),
        parts=policy.parts,
        days=tuple((day, calendar.is_working_day(day)) for day in days),
    )
