"""The book: columns that the night published, and the stages as they stand now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Max, Min, Q, Subquery, Sum

from dunwell.arrears.models import AccountState
from dunwell.arrears.rules.risk import CLASSES
from dunwell.oversight import drilldown, rules
from dunwell.oversight.models import BucketDay, CohortMonth, RollRate
from dunwell.oversight.rules import BUCKETS, STAGES, Curve, Matrix

CURVES = 4


@dataclass(frozen=True, slots=True)
class BucketRow:
    """A bucket at the close of a day, with its share of what is owed late and its change since the month end before."""

    bucket: str
    days: str
    accounts: int
    balance: Decimal
    past_due: Decimal
    share: Decimal | None
    change: Decimal | None


@dataclass(frozen=True, slots=True)
class Buckets:
    day: date
    compared_with: date | None
    run_id: int | None
    rows: Sequence[BucketRow]
    late: BucketRow

    @property
    def accounts(self) -> int:
        return sum(row.accounts for row in self.rows)

    @property
    def balance(self) -> Decimal:
        return sum((row.balance for row in self.rows), Decimal(0))


def last_day(*, up_to: date | None = None) -> date | None:
    """The latest business date with published figures; None before the first night."""
    days = BucketDay.objects.all() if up_to is None else BucketDay.objects.filter(business_date__lte=up_to)
    return days.aggregate(found=Max("business_date"))["found"]


def last_close() -> tuple[date, list[str]] | None:
    """The last published business date with its currencies, in the order of `currencies`; None before the first night."""
    last = BucketDay.objects.order_by("-business_date").values("business_date")[:1]
    found = (
        BucketDay.objects.filter(business_date=last)
        .values_list("business_date", "currency")
        .annotate(n=Sum("accounts"))
        .order_by("-n", "currency")
    )
    rows = list(found)
    return (rows[0][0], [currency for _, currency, _ in rows]) if rows else None


def currencies(day: date) -> list[str]:
    """The currencies of the book, the one with most accounts first. They are never added together."""
    found = (
        BucketDay.objects.filter(business_date=day)
        .values("currency")
        .annotate(n=Sum("accounts"))
        .order_by("-n", "currency")
    )
    return [row["currency"] for row in found]


def buckets(day: date, currency: str) -> Buckets:
    """The book by bucket at the close of `day`, all eight buckets, and the sum of M1 to M7+."""
    month_before = BucketDay.objects.filter(business_date__lte=rules.month_end_before(day)).order_by("-business_date")
    found = list(
        BucketDay.objects.filter(
            Q(business_date=day) | Q(business_date=Subquery(month_before.values("business_date")[:1])),
            currency=currency,
        )
    )
    before = min((row.business_date for row in found if row.business_date < day), default=None)
    now = {row.bucket: row for row in found if row.business_date == day}
    then = {row.bucket: row.balance for row in found if before and row.business_date == before}
    late = sum((row.balance for bucket, row in now.items() if bucket != "M0"), Decimal(0))

    def change(balance: Decimal, earlier: Decimal | None) -> Decimal | None:
        return rules.share(balance - earlier, earlier) if before and earlier else None

    def row(bucket: str) -> BucketRow:
        got = now.get(bucket)
        balance = got.balance if got else Decimal(0)
        return BucketRow(
            bucket,
            rules.DAYS[bucket],
            got.accounts if got else 0,
            balance,
            got.past_due if got else Decimal(0),
            None if bucket == "M0" else rules.share(balance, late),
            change(balance, then.get(bucket)),
        )

    rows = [row(bucket) for bucket in BUCKETS]
    earlier = sum((balance for bucket, balance in then.items() if bucket != "M0"), Decimal(0))
    total = BucketRow(
        "M1–M7+",
        "",
        sum(r.accounts for r in rows[1:]),
        late,
        sum((r.past_due for r in rows[1:]), Decimal(0)),
        Decimal(1) if late else None,
        change(late, earlier),
    )
    return Buckets(day, before, next((r.run_id for r in now.values()), None), rows, total)


@dataclass(frozen=True, slots=True)
class StageRow:
    stage: str
    accounts: int
    balance: Decimal
    past_due: Decimal


def stages(currency: str, *, entity_id: int) -> list[StageRow]:
    """Accounts past due by stage as they stand now: the night's columns, today's payments included."""
    found = {
        row["stage"]: row
        for row in AccountState.objects.filter(account__entity_id=entity_id, account__currency=currency, past_due__gt=0)
        .values("stage")
        .annotate(n=Count("pk"), owed=Sum("balance"), late=Sum("past_due"))
    }
    return [
        StageRow(stage, found[stage]["n"], found[stage]["owed"], found[stage]["late"])
        if stage in found
        else StageRow(stage, 0, Decimal(0), Decimal(0))
        for stage in STAGES
    ]


@dataclass(frozen=True, slots=True)
class ClassRow:
    currency: str
    risk_class: str
    accounts: int
    balance: Decimal


def risk_classes(*, entity_id: int) -> list[ClassRow]:
    """Accounts in work by currency and five-tier class, as they stand now; currencies are never added."""
    found = (
        AccountState.objects.filter(account__entity_id=entity_id)
        .exclude(risk_class="")
        .values("account__currency", "risk_class")
        .annotate(n=Count("pk"), owed=Sum("balance"))
        .order_by()
    )
    place = {name: nr for nr, name in enumerate(CLASSES)}
    rows = [ClassRow(row["account__currency"], row["risk_class"], row["n"], row["owed"]) for row in found]
    return sorted(rows, key=lambda row: (row.currency, place[row.risk_class]))


def roll_months(currency: str, *, up_to: date | None = None) -> list[date]:
    """The month ends to which roll rates were published, newest first."""
    found = RollRate.objects.filter(currency=currency)
    if up_to:
        found = found.filter(month__lte=up_to)
    return list(found.order_by("-month").values_list("month", flat=True).distinct())


def matrices(months: Sequence[date], currency: str) -> dict[date, Matrix]:
    """The roll-rate matrix of each month asked for."""
    moved: dict[date, list[tuple[str, str, int, Decimal]]] = defaultdict(list)
    for row in RollRate.objects.filter(month__in=list(months), currency=currency):
        moved[row.month].append((row.from_bucket, row.to_bucket, row.accounts, row.balance))
    return {month: rules.matrix(month, moved[month]) for month in months if month in moved}


def curves(currency: str, *, up_to: date | None = None) -> list[Curve]:
    """Recovery by cohort of entry, oldest first. Who entered before the first file is left out: only those who stayed
    late would be seen of them."""
    first = BucketDay.objects.aggregate(found=Min("business_date"))["found"]
    if first is None:
        return []
    rows: dict[date, list[tuple[date, int, Decimal, Decimal]]] = defaultdict(list)
    found = CohortMonth.objects.filter(currency=currency, cohort__gte=first.replace(day=1)).order_by("cohort", "month")
    if up_to:
        found = found.filter(cohort__lte=up_to)
    for row in found:
        rows[row.cohort].append((row.month, row.accounts, row.entry_balance, row.recovered))
    made = [rules.curve(cohort, months) for cohort, months in sorted(rows.items())]
    return [each for each in made if each]


def live_accounts(
    *, entity_id: int, currency: str, stage: str = "", after: str = "", limit: int = drilldown.PAGE
) -> drilldown.Accounts:
    """The accounts behind a stage as they stand now, by account number: what `stages` counts, row by row."""
    found = AccountState.objects.filter(account__entity_id=entity_id, account__currency=currency, past_due__gt=0)
    if stage:
        found = found.filter(stage=stage)
    sums = found.aggregate(n=Count("pk"), owed=Sum("balance"), late=Sum("past_due"))
    rows = list(
        found.filter(account__account_no__gt=after)
        .order_by("account__account_no")
        .values_list(
            "account__account_no", "account__party__party_no", "bucket", "stage", "balance", "past_due",
            "oldest_due_date", "days_delinquent",
        )[: limit + 1]
    )  # fmt: skip
    shown = [drilldown.AccountRow(no, party, "", *rest) for no, party, *rest in rows[:limit]]
    more = shown[-1].account_no if len(rows) > limit else None
    return drilldown.Accounts(shown, sums["n"], sums["owed"] or Decimal(0), sums["late"] or Decimal(0), more)
