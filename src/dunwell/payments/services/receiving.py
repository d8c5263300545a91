"""One receipt at a time: received or announced, answered, taken back. Each writes a fact, its log entry, and touches
the party."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet, Sum

from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.payments.models import Payment, PaymentAnswer, Reversal
from dunwell.payments.rules.announced import Announced, answered_by, counts
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account


class PaymentRefused(ValueError):
    """A receipt that contradicts what is known. `code` names the reason, `params` fill its sentence."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(f"{code}: {params}")
        self.code = code
        self.params = params


@transaction.atomic
def receive(
    *,
    account_id: int,
    amount: Decimal,
    currency: str,
    posting_date: date,
    transaction_date: date,
    host_ref: str,
    source: str,
    by: Actor,
    now: datetime,
    business_date: date | None = None,
    kind: str = Payment.Kind.REPAYMENT,
    counts_to_minimum: bool | None = None,
    provisional: bool = False,
) -> Payment:
    """Book money received, or announce it (`provisional`: it stops demands until the host posts or drops it).

    A booked payment carries the host's own reference: the host's file is expected to tell the same one. The same
    reference on the same account is the same payment: it is returned, nothing is written. The same reference with
    another amount or currency raises PaymentRefused, as does a currency other than the account's.
    """
    account = Account.objects.select_for_update().get(pk=account_id)
    if account.currency != currency:
        raise PaymentRefused("currency", account=account.account_no, expected=account.currency, found=currency)
    if amount <= 0:
        raise PaymentRefused("amount", found=str(amount))
    last = last_booking(account_id=account.pk, host_ref=host_ref, provisional=provisional)
    known = last
    if provisional and known is None:  # announced after the host has already booked it
        known = last_booking(account_id=account.pk, host_ref=host_ref)
    elif known is not None and is_withdrawn(known):
        known = None
    if known is not None:
        if known.amount != amount:
            raise PaymentRefused("reference_used", host_ref=host_ref, booked=str(known.amount), found=str(amount))
        return known
    payment = Payment.objects.create(
        account=account,
        kind=kind,
        amount=amount,
        currency=currency,
        posting_date=posting_date,
        transaction_date=transaction_date,
        business_date=business_date or posting_date,
        source=source,
        host_ref=host_ref,
        booking=last.booking + 1 if last else 1,
        counts_to_minimum=counts(kind, counts_to_minimum),
        provisional=provisional,
        recorded_at=now,
        recorded_by=by.user_id,
    )
    _log(payment, "payment.provisional" if provisional else "payment.received", by=by, now=now)
    if not provisional:
        waiting = _announced(account_id=account.pk)
        match = answered_by(host_ref=host_ref, amount=amount, transaction_date=transaction_date, announced=waiting)
        if match is not None:
            answer(payment_id=match.id, answer=PaymentAnswer.Answer.POSTED, posted_as=payment, by=by, now=now)
    portfolio.touch(party_id=account.party_id, now=now)
    return payment


@transaction.atomic
def answer(
    *, payment_id: int, answer: str, by: Actor, now: datetime, posted_as: Payment | None = None
) -> PaymentAnswer:
    """Record what the host said to an announced payment. The first answer stands; a second is not written."""
    payment = Payment.objects.select_related("account").get(pk=payment_id)
    if not payment.provisional:
        raise PaymentRefused("not_provisional", host_ref=payment.host_ref)
    said, created = PaymentAnswer.objects.get_or_create(
        payment=payment, defaults={"answer": answer, "posted_as": posted_as, "recorded_at": now}
    )
    if created:
        _log(payment, "payment.answered", by=by, now=now, answer=answer)
        portfolio.touch(party_id=payment.account.party_id, now=now)
    return said


@transaction.atomic
def reverse(
    *,
    payment_id: int,
    amount: Decimal,
    posting_date: date,
    host_ref: str,
    by: Actor,
    now: datetime,
    business_date: date | None = None,
    source: str = Reversal.Source.TYPED,
    told_on: date | None = None,
    **said: str,
) -> Reversal:
    """冲正: take a booked payment back, whole or in part. The same reference again writes nothing.

    More than what is left of the payment raises PaymentRefused. `said` goes into the log entry.
    """
    payment = Payment.objects.select_related("account").get(pk=payment_id)
    Account.objects.select_for_update().get(pk=payment.account_id)  # two reversals of one payment take turns
    known = Reversal.objects.filter(payment=payment, host_ref=host_ref).first()
    if known is not None:
        return known
    taken_back = payment.reversals.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    if payment.provisional:
        raise PaymentRefused("provisional_is_dropped", host_ref=payment.host_ref)
    if amount <= 0 or amount > payment.amount - taken_back:
        raise PaymentRefused("reversal_too_large", found=str(amount), left=str(payment.amount - taken_back))
    reversal = Reversal.objects.create(
        payment=payment,
        amount=amount,
        posting_date=posting_date,
        business_date=business_date or posting_date,
        host_ref=host_ref,
        source=source,
        told_on=told_on,
        recorded_at=now,
        recorded_by=by.user_id,
    )
    _log(payment, "payment.reversed", by=by, now=now, reversed=str(amount), reversal_ref=host_ref, **said)
    portfolio.touch(party_id=payment.account.party_id, now=now)
    return reversal


def last_booking(*, account_id: int, host_ref: str, provisional: bool = False) -> Payment | None:
    """The last booking of a reference on an account."""
    found = Payment.objects.filter(account_id=account_id, host_ref=host_ref, provisional=provisional)
    return found.order_by("-booking").first()


def is_withdrawn(payment: Payment) -> bool:
    """Whether the host's corrected file took the booking back."""
    return payment.reversals.filter(source=Reversal.Source.WITHDRAWN).exists()


def open_announcements() -> QuerySet[Payment]:
    """Announced payments to which the host has said nothing yet."""
    return Payment.objects.filter(provisional=True, answer=None)


def _announced(*, account_id: int) -> list[Announced]:
    return [
        Announced(one.pk, one.host_ref, one.amount, one.transaction_date)
        for one in open_announcements().filter(account_id=account_id)
    ]


def entry(payment: Payment, kind: str, *, party_id: int, by: Actor, now: datetime, **more: str) -> evidence.Entry:
    """A log entry about a payment, with what it is."""
    return evidence.Entry(
        kind=kind,
        now=now,
        business_date=payment.business_date,
        by=by,
        party_id=party_id,
        account_id=payment.account_id,
        data={
            "payment": payment.pk,
            "amount": str(payment.amount),
            "currency": payment.currency,
            "payment_kind": payment.kind,
            "source": payment.source,
            "posting_date": payment.posting_date.isoformat(),
            "host_ref": payment.host_ref,
            **more,
        },
    )


def _log(payment: Payment, kind: str, *, by: Actor, now: datetime, **more: str) -> None:
    evidence.write_many([entry(payment, kind, party_id=payment.account.party_id, by=by, now=now, **more)])
