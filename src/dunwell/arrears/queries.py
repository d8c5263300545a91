"""Reads of arrears: the published day, judgements of an account's class, and what differs from the host."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Count, Exists, Min, OuterRef, QuerySet
from django.db.models.functions import Coalesce, Least

from dunwell.arrears.models import AccountState, DifferenceExplanation, HostDifference, PublishedDay, RiskJudgement

MOST = 200


def published_day(entity_id: int) -> date | None:
    """The business date that the published columns stand for; none before the first night."""
    return PublishedDay.objects.filter(entity_id=entity_id).values_list("business_date", flat=True).first()


def days_on(day: date | None, *, days: int, of: date) -> int:
    """Days delinquent on a published `day`, from those of the day on which the row was written (`of`).

    A night writes a row again where more than the calendar moved it: a pause, grace that ran out, a payment.
    """
    return days if days <= 0 or day is None else days + max(0, (day - of).days)


def judgements(*, entity_id: int) -> QuerySet[RiskJudgement]:
    """All judgements of an entity's accounts with their answers and last days, the newest first."""
    return (
        RiskJudgement.objects.filter(account__entity_id=entity_id)
        .select_related("account__state", "answer", "end")
        .annotate(last_day=Least("ends_on", Coalesce("end__last_day", "ends_on")))
        .order_by("-id")
    )


def waiting(*, entity_id: int) -> QuerySet[RiskJudgement]:
    """Those that nobody has answered yet, the oldest first."""
    return judgements(entity_id=entity_id).filter(answer=None).order_by("id")


def in_force(*, entity_id: int, on: date) -> QuerySet[RiskJudgement]:
    """Those that are approved and not over on a day, the next to end first."""
    return judgements(entity_id=entity_id).filter(answer__approved=True, last_day__gte=on).order_by("last_day", "id")


def _unexplained() -> QuerySet[HostDifference]:
    explained = DifferenceExplanation.objects.filter(
        account=OuterRef("account"), business_date=OuterRef("business_date"), component=OuterRef("component"),
        expected=OuterRef("expected"), found=OuterRef("found"),
    )  # fmt: skip
    return HostDifference.objects.filter(~Exists(explained))


def unexplained(*, entity_id: int) -> QuerySet[HostDifference]:
    """Differences to the host beyond the tolerance that nobody has explained, the newest first."""
    return (
        _unexplained()
        .filter(account__entity_id=entity_id)
        .select_related("account")
        .order_by("-business_date", "account__account_no", "component")
    )


def parties_in_doubt(party_ids: Iterable[int]) -> frozenset[int]:
    """Of these people those whose letter, settlement and suit must wait: an account differs from the host, unexplained."""
    return frozenset(
        _unexplained().filter(account__party__in=list(party_ids)).values_list("account__party_id", flat=True)
    )


def only_late_accounts(party_ids: Iterable[int]) -> dict[int, int]:
    """Of each person of whom exactly one account is past due, that account: what is done about the debt is about it."""
    late = AccountState.objects.filter(account__party__in=list(party_ids), past_due__gt=0)
    counted = late.values("account__party_id").annotate(accounts=Count("pk"), only=Min("account_id"))
    return dict(counted.filter(accounts=1).order_by().values_list("account__party_id", "only"))
