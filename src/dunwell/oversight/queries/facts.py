"""A day's facts, as its figures count them: contacts, money, promises, plans, the gate's answers, ownership.

Every figure and the rows behind it are made of these, so that they cannot differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib import resources

from django.db import connection
from django.db.models import Case as Choice
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When

from dunwell.arrangements.models import Promise, PromisePart
from dunwell.casework.models import PlannedAction
from dunwell.compliance.models import Contact, ContactOutcome, GateDecision
from dunwell.compliance.rules.purposes import OUTSIDE
from dunwell.kernel.times import BANK_ZONE
from dunwell.payments.models import Payment, Reversal

CALLS = ("call", "ai_call")
REACHED = "connected_rpc"
CONNECTED = (REACHED, "connected_wpc", "hung_up", "refused_to_identify")
GIVEN_BACK = "nothing_left"
FINAL = (Promise.State.KEPT, Promise.State.PARTLY_KEPT, Promise.State.BROKEN)
ATTRIBUTED = timedelta(days=7)
OWNED = resources.files("dunwell.oversight").joinpath("sql", "owned.sql").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Scope:
    """Of which day, entity and currency the figures are, counted at `now`. Contacts and cases have no currency.

    `collector` narrows the rows behind a figure to one person's.
    """

    day: date
    now: datetime
    entity_id: int
    currency: str
    collector: int | None = None


def last_outcome(field: str) -> Subquery:
    """A field of the outcome that counts: the last one recorded."""
    return Subquery(ContactOutcome.objects.filter(contact=OuterRef("pk")).order_by("-id").values(field)[:1])


def with_outcome(contacts: QuerySet[Contact]) -> QuerySet[Contact]:
    """Contacts with what came of them: a talk with a third party (to locate or to relay) was answered, and did not reach the
    person."""
    talk_outside = Q(last=REACHED, party_type__in=OUTSIDE)
    outcome = Choice(When(talk_outside, then=Value("connected_wpc")), default=F("last"))
    return contacts.annotate(last=last_outcome("outcome"), outcome=outcome)


def attempts(scope: Scope) -> QuerySet[Contact]:
    """The day's outward contacts, each with what came of it; what never left is not an attempt."""
    made = Contact.objects.filter(entity_id=scope.entity_id, local_date=scope.day, direction="out")
    found = with_outcome(made).exclude(outcome=GIVEN_BACK)
    return found if scope.collector is None else found.filter(by_id=scope.collector)


def repayments(scope: Scope) -> QuerySet[Payment]:
    """Repayments of the day in the accounts in work, announced ones included until the host answers."""
    return Payment.objects.filter(
        account__entity_id=scope.entity_id, currency=scope.currency, business_date=scope.day,
        kind=Payment.Kind.REPAYMENT, answer=None,
    )  # fmt: skip


def taken_back(scope: Scope) -> QuerySet[Reversal]:
    """What was taken back of repayments on the day, whenever they came."""
    return Reversal.objects.filter(
        payment__account__entity_id=scope.entity_id, payment__currency=scope.currency, business_date=scope.day,
        payment__kind=Payment.Kind.REPAYMENT,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Money:
    """What came in on a day, less what was taken back: by party, and how many repayments it was."""

    by_party: dict[int, Decimal]
    repayments: int

    @property
    def received(self) -> Decimal:
        return sum(self.by_party.values(), Decimal(0))

    @property
    def paid(self) -> dict[int, Decimal]:
        """The parties of whom more came than was taken back."""
        return {party: amount for party, amount in self.by_party.items() if amount > 0}


def money(scope: Scope) -> Money:
    """The day's money: two queries."""
    came: dict[int, Decimal] = defaultdict(Decimal)
    number = 0
    for party, amount, rows in _by_party(repayments(scope), "account__party_id"):
        came[party] += amount
        number += rows
    for party, amount, _ in _by_party(taken_back(scope), "payment__account__party_id"):
        came[party] -= amount
    return Money(dict(came), number)


def _by_party(found: QuerySet, party: str) -> Iterable[tuple[int, Decimal, int]]:
    return found.order_by().values_list(party).annotate(amount=Sum("amount"), rows=Count("pk"))


def attributed(scope: Scope) -> dict[int, int]:
    """Party -> the collector who last reached it in the seven days up to the day."""
    made = Contact.objects.filter(
        entity_id=scope.entity_id,
        local_date__gt=scope.day - ATTRIBUTED,
        local_date__lte=scope.day,
        by_id__isnull=False,
    )
    return dict(with_outcome(made).filter(outcome=REACHED).order_by("id").values_list("party_id", "by_id"))


def promised(scope: Scope) -> QuerySet[PromisePart]:
    """The parts of promises made on the day that were not withdrawn."""
    found = PromisePart.objects.filter(
        promise__entity_id=scope.entity_id, promise__currency=scope.currency, promise__made_on=scope.day,
        promise__withdrawal=None,
    )  # fmt: skip
    return found if scope.collector is None else found.filter(promise__recorded_by=scope.collector)


def judged(scope: Scope) -> QuerySet[PromisePart]:
    """Parts of promises due in the 30 days up to the day that are judged."""
    return PromisePart.objects.filter(
        promise__entity_id=scope.entity_id, promise__currency=scope.currency, promise__withdrawal=None,
        due_date__gt=scope.day - timedelta(days=30), due_date__lte=scope.day, state__in=FINAL,
    )  # fmt: skip


def planned(scope: Scope) -> QuerySet[PlannedAction]:
    """What the strategy planned for the day, whatever became of it."""
    return PlannedAction.objects.filter(entity_id=scope.entity_id, due_on=scope.day)


def refused(scope: Scope) -> QuerySet[GateDecision]:
    """What the gate did not let through on the day (the bank's): blocked, and sent to review."""
    begin = datetime.combine(scope.day, time(0), BANK_ZONE)
    return GateDecision.objects.filter(
        entity_id=scope.entity_id, decided_at__gte=begin, decided_at__lt=begin + timedelta(days=1),
        verdict__in=("BLOCK", "REVIEW"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owned:
    """A case with its owner of the day."""

    owner_id: int
    case_no: str
    party_no: str
    since: date
    opened_on: date


def owned(scope: Scope) -> list[Owned]:
    """The cases open on the day that had an owner then."""
    with connection.cursor() as cursor:
        cursor.execute(f"{OWNED} ORDER BY c.case_no", _of_day(scope))
        return [Owned(*row) for row in cursor.fetchall()]


def owned_by(scope: Scope) -> dict[int, int]:
    """Owner -> how many cases were his on the day."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT owner_id, count(*) FROM ({OWNED}) AS owned GROUP BY owner_id", _of_day(scope))
        return dict(cursor.fetchall())


def _of_day(scope: Scope) -> dict[str, object]:
    return {"day": scope.day, "entity": scope.entity_id, "collector": scope.collector}
