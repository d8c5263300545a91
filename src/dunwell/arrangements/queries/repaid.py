"""What was repaid early, and what became of money by which nothing was owed any more."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import BooleanField, DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from dunwell.arrangements.models import Arrangement, ArrangementRepaid
from dunwell.payments.models import Payment, Reversal

MONEY = DecimalField(max_digits=18, decimal_places=2)
NONE = Decimal("0.00")


def repaid_early(arrangement: str = "pk") -> Coalesce:
    """Whether an arrangement counts as repaid early, by what was written down of it last; a column of a query."""
    last = ArrangementRepaid.objects.filter(arrangement=OuterRef(arrangement)).order_by("-id").values("repaid")[:1]
    return Coalesce(Subquery(last), False, output_field=BooleanField())


def repaid_among(arrangements: Iterable[Arrangement]) -> set[int]:
    """The numbers of those that count as repaid early (one query)."""
    found = Arrangement.objects.filter(pk__in=[one.pk for one in arrangements]).alias(repaid=repaid_early())
    return set(found.filter(repaid=True).values_list("pk", flat=True))


def taken_back(*, account: str, books_of: str, told_at: str) -> QuerySet[Reversal]:
    """Reversals that the host's books of a day did not know yet, of money that was paid by then; for a subquery.

    `account`, `books_of` and `told_at` name the outer query's columns: the account, the day of the books and the moment at
    which they were told. What is told later of an earlier day was not known either.
    """
    return Reversal.objects.filter(
        _told_later(books_of, told_at), payment__account=OuterRef(account), payment__provisional=False,
        payment__transaction_date__lte=OuterRef(books_of),
    )  # fmt: skip


def missing(*, account: str, books_of: str, told_at: str) -> Combinable:
    """How much of the money paid by a day is not there, other than its books say: taken back, less what was booked anew or
    told late. A column of a query; the names are those of `taken_back`."""
    back = taken_back(account=account, books_of=books_of, told_at=told_at)
    anew = Payment.objects.filter(
        _told_later(books_of, told_at),
        account=OuterRef(account),
        provisional=False,
        transaction_date__lte=OuterRef(books_of),
    )
    return _sum(back.annotate(of=F("payment__account"))) - _sum(anew.annotate(of=F("account")))


def _told_later(books_of: str, told_at: str) -> Q:
    return Q(business_date__gt=OuterRef(books_of)) | Q(recorded_at__gt=OuterRef(told_at))


def _sum(found: QuerySet) -> Coalesce:
    sums = found.order_by().values("of").annotate(sum=Sum("amount")).values("sum")
    return Coalesce(Subquery(sums), NONE, output_field=MONEY)
