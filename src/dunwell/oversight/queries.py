"""What managers' pages read: published columns for the book, facts for the day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Case as Choice
from django.db.models import Count, F, Max, Min, OuterRef, Q, Subquery, Sum, Value, When

from dunwell.arrangements.models import Promise, PromisePart
from dunwell.arrears.models import AccountState
from dunwell.casework.models import Case, PlannedAction
from dunwell.compliance.models import Contact, ContactOutcome, GateDecision
from dunwell.compliance.rules.purposes import OUTSIDE
from dunwell.identity.models import Role, User
from dunwell.oversight import rules
from dunwell.oversight.models import BucketDay, CohortMonth, RollRate
from dunwell.oversight.rules import BUCKETS, STAGES, Curve, Matrix, Step
from dunwell.payments.models import Payment, Reversal

CURVES = 4
CALLS = ("call", "ai_call")
REACHED = "connected_rpc"
CONNECTED = (REACHED, "connected_wpc", "hung_up", "refused_to_identify")
GIVEN_BACK = "nothing_left"
FINAL = (Promise.State.KEPT, Promise.State.PARTLY_KEPT, Promise.State.BROKEN)


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


def stages(currency: str) -> list[StageRow]:
    """Accounts past due by stage as they stand now: the night's columns, today's payments included."""
    found = {
        row["stage"]: row
        for row in AccountState.objects.filter(account__currency=currency, past_due__gt=0)
        .values("stage")
        .annotate(n=Count("pk"), owed=Sum("balance"), late=Sum("past_due"))
    }
    return [
        StageRow(stage, found[stage]["n"], found[stage]["owed"], found[stage]["late"])
        if stage in found
        else StageRow(stage, 0, Decimal(0), Decimal(0))
        for stage in STAGES
    ]


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


def last_outcome(field: str) -> Subquery:
    """A field of the outcome that counts: the last one recorded."""
    return Subquery(ContactOutcome.objects.filter(contact=OuterRef("pk")).order_by("-id").values(field)[:1])


def attempts(day: date):
    """The day's contacts, each with what came of it; what never left is not an attempt.

    A talk with a third party (to locate or to relay) was answered, and did not reach the person.
    """
    talk_outside = Q(last=REACHED, party_type__in=OUTSIDE)
    return (
        Contact.objects.filter(local_date=day, direction="out")
        .annotate(
            last=last_outcome("outcome"),
            outcome=Choice(When(talk_outside, then=Value("connected_wpc")), default=F("last")),
            was_identified=last_outcome("identified"),
        )
        .exclude(outcome=GIVEN_BACK)
    )


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on a day, at `at`: the funnel, the rates of calls, money, the gate, and each collector."""

    day: date
    at: datetime
    funnel: Sequence[Step]
    calls: int
    connected: int
    reached: int
    received: Decimal
    payments: int
    blocked: int
    review: int
    kept: int
    judged: int
    working: int
    holding: int

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


def day(on: date, *, now: datetime) -> Day:
    """Everything of one day, counted from facts at `now`."""
    made = attempts(on)
    call = Q(channel__in=CALLS)
    calls = made.aggregate(
        n=Count("pk", filter=call),
        connected=Count("pk", filter=call & Q(outcome__in=CONNECTED)),
        reached=Count("pk", filter=call & Q(outcome=REACHED)),
        staff=Count("by_id", filter=call, distinct=True),
        parties=Count("party", distinct=True),
        parties_reached=Count("party", filter=Q(outcome=REACHED), distinct=True),
    )
    promised = PromisePart.objects.filter(promise__made_on=on).aggregate(
        n=Count("promise__party", distinct=True), amount=Sum("amount")
    )
    paid = payments_of(on).aggregate(n=Count("account__party", distinct=True), rows=Count("pk"), amount=Sum("amount"))
    taken_back = Reversal.objects.filter(business_date=on).aggregate(amount=Sum("amount"))["amount"] or Decimal(0)
    gate = refused(now).aggregate(
        blocked=Count("pk", filter=Q(verdict="BLOCK")), review=Count("pk", filter=Q(verdict="REVIEW"))
    )
    judged = judged_parts(on).aggregate(n=Count("pk"), kept=Count("pk", filter=Q(state=Promise.State.KEPT)))
    received = (paid["amount"] or Decimal(0)) - taken_back
    return Day(
        day=on,
        at=now,
        funnel=rules.funnel(
            [
                ("planned", planned_for(on).aggregate(n=Count("party", distinct=True))["n"], None),
                ("attempted", calls["parties"], None),
                ("reached", calls["parties_reached"], None),
                ("promised", promised["n"], promised["amount"] or Decimal(0)),
                ("paid", paid["n"], paid["amount"] or Decimal(0)),
            ]
        ),
        calls=calls["n"],
        connected=calls["connected"],
        reached=calls["reached"],
        received=received,
        payments=paid["rows"],
        blocked=gate["blocked"],
        review=gate["review"],
        kept=judged["kept"],
        judged=judged["n"],
        working=calls["staff"],
        holding=Case.objects.filter(held_by__isnull=False, held_until__gt=now).count(),
    )


def refused(now: datetime):
    """What the gate did not let through since the day began at `now`'s clock: blocked, and sent to review."""
    begin = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return GateDecision.objects.filter(decided_at__gte=begin, verdict__in=("BLOCK", "REVIEW"))


def judged_parts(on: date):
    """Parts of promises due in the 30 days up to `on` that are judged."""
    return PromisePart.objects.filter(due_date__gt=on - timedelta(days=30), due_date__lte=on, state__in=FINAL)


def planned_for(on: date):
    """What the strategy planned for the day, whatever became of it."""
    return PlannedAction.objects.filter(due_on=on)


def payments_of(on: date):
    """Repayments of the day in the accounts in work, announced ones included until the host answers."""
    return Payment.objects.filter(business_date=on, kind=Payment.Kind.REPAYMENT).exclude(answer__isnull=False)


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """One party of a funnel step: pseudonym, mask, its case, and the amount where the step has one."""

    party_no: str
    name_masked: str
    case_no: str
    amount: Decimal | None


def funnel_rows(step: str, on: date) -> list[FunnelRow]:
    """The parties that a step of the day's funnel counts, one row a party; KeyError for an unknown step."""
    party = ("party__party_no", "party__name_masked")
    amounts: dict[str, Decimal] = {}
    if step == "planned":
        found = planned_for(on).values_list(*party).distinct()
    elif step == "attempted":
        found = attempts(on).values_list(*party).distinct()
    elif step == "reached":
        found = attempts(on).filter(outcome=REACHED).values_list(*party).distinct()
    elif step == "promised":
        summed = PromisePart.objects.filter(promise__made_on=on).values_list(
            "promise__party__party_no", "promise__party__name_masked"
        )
        found = summed.annotate(total=Sum("amount")).order_by()
    elif step == "paid":
        summed = payments_of(on).values_list("account__party__party_no", "account__party__name_masked")
        found = summed.annotate(total=Sum("amount")).order_by()
    else:
        raise KeyError(step)
    rows = list(found)
    amounts = {row[0]: row[2] for row in rows if len(row) > 2}
    names = dict(sorted({row[0]: row[1] for row in rows}.items()))
    cases = dict(
        Case.objects.filter(party__party_no__in=list(names)).order_by("id").values_list("party__party_no", "case_no")
    )
    return [FunnelRow(no, name, cases.get(no, ""), amounts.get(no)) for no, name in names.items()]


@dataclass(frozen=True, slots=True)
class CollectorDay:
    """A collector's day: contacts, how many reached the person, promises, money of the parties reached, own cases."""

    user_id: int
    name_zh: str
    name_en: str
    team_zh: str
    team_en: str
    contacts: int
    reached: int
    promises: int
    promised: Decimal
    received: Decimal
    cases: int

    @property
    def right_party_rate(self) -> Decimal | None:
        return rules.share(self.reached, self.contacts)


ATTRIBUTED = timedelta(days=7)


def collectors(on: date) -> list[CollectorDay]:
    """Each collector's day. A repayment goes to the collector who last reached the party in the seven days up to it."""
    users = list(
        User.objects.filter(is_active=True, role__in=[Role.COLLECTOR, Role.TEAM_LEADER])
        .select_related("team")
        .order_by("staff_no")
    )
    contacts = {
        row["by_id"]: row
        for row in attempts(on)
        .values("by_id")
        .annotate(n=Count("pk"), reached=Count("pk", filter=Q(outcome=REACHED)))
        .order_by()
    }
    promises = {
        row["promise__recorded_by"]: row
        for row in PromisePart.objects.filter(promise__made_on=on)
        .values("promise__recorded_by")
        .annotate(n=Count("promise", distinct=True), amount=Sum("amount"))
        .order_by()
    }
    cases = dict(
        Case.objects.filter(closed_on=None, owner__isnull=False).values_list("owner").annotate(n=Count("pk")).order_by()
    )
    last: dict[int, int] = {}
    for party, by in (
        Contact.objects.filter(local_date__gt=on - ATTRIBUTED, local_date__lte=on, by_id__isnull=False)
        .annotate(outcome=last_outcome("outcome"))
        .filter(outcome=REACHED)
        .order_by("id")
        .values_list("party_id", "by_id")
    ):
        last[party] = by
    received: dict[int, Decimal] = defaultdict(Decimal)
    if last:
        for party, amount in (
            payments_of(on)
            .filter(account__party_id__in=list(last))
            .values_list("account__party_id")
            .annotate(s=Sum("amount"))
            .order_by()
        ):
            received[last[party]] += amount
    return [
        CollectorDay(
            user.pk,
            user.name_zh,
            user.name_en,
            user.team.name_zh if user.team else "",
            user.team.name_en if user.team else "",
            contacts.get(user.pk, {}).get("n", 0),
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
    """人均产能: received / collectors who worked; 件均: open cases that have an owner / owners."""

    per_collector: Decimal | None
    cases_per_collector: Decimal | None


def productivity(rows: Sequence[CollectorDay]) -> Productivity:
    working = [row for row in rows if row.contacts]
    owners = [row for row in rows if row.cases]
    received = sum((row.received for row in rows), Decimal(0))
    return Productivity(
        (received / len(working)).quantize(Decimal("0.01")) if working else None,
        (Decimal(sum(row.cases for row in owners)) / len(owners)).quantize(Decimal("0.1")) if owners else None,
    )
