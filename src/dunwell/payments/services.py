"""The only writers of receipts. Each writes a fact, its log entry, and touches the party."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum
from duckdb import DuckDBPyConnection

from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.payments.models import Payment, PaymentAnswer, Reversal
from dunwell.payments.rules import Announced, answered_by, counts
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

    The same reference on the same account is the same payment: it is returned, nothing is written. The same
    reference with another amount or currency raises PaymentRefused, as does a currency other than the account's.
    """
    account = Account.objects.select_for_update().get(pk=account_id)
    if account.currency != currency:
        raise PaymentRefused("currency", account=account.account_no, expected=account.currency, found=currency)
    if amount <= 0:
        raise PaymentRefused("amount", found=str(amount))
    known = Payment.objects.filter(account=account, host_ref=host_ref, provisional=provisional).first()
    if known is None and provisional:  # announced after the host has already booked it
        known = Payment.objects.filter(account=account, host_ref=host_ref, provisional=False).first()
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
) -> Reversal:
    """冲正: take a booked payment back, whole or in part. The same reference again writes nothing.

    More than what is left of the payment raises PaymentRefused.
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
        recorded_at=now,
        recorded_by=by.user_id,
    )
    _log(payment, "payment.reversed", by=by, now=now, reversed=str(amount), reversal_ref=host_ref)
    portfolio.touch(party_id=payment.account.party_id, now=now)
    return reversal


#: The bookings of a transactions file that are receipts of accounts in work, in file order.
RECEIPTS = """
    SELECT t.account_no, t.host_ref, t.type, t.amount, t.currency, t.posting_date,
           coalesce(t.transaction_date, t.posting_date) AS transaction_date, t.counts_to_minimum, t.reverses_ref
    FROM {table} AS t JOIN in_work USING (account_no)
    WHERE t.type IN ('repayment', 'merchant_refund', 'chargeback', 'reversal')
    ORDER BY t.posting_date, t.type = 'reversal', t.host_ref
"""


@transaction.atomic
def take_transactions(
    connection: DuckDBPyConnection, table: str, *, entity_id: int, business_date: date, by: Actor, now: datetime
) -> int:
    """Book the receipts of one day's whole transactions file, for accounts in PostgreSQL; answers how many are new.

    `table` is a DuckDB table of validated rows of the transactions contract. Rows known by their reference are
    skipped. A payment booked from an earlier file of the same date and missing in this one was withdrawn by the host:
    it is reversed, for a fact is never deleted.
    """
    accounts = {
        number: (pk, party)
        for number, pk, party in Account.objects.filter(entity_id=entity_id).values_list("account_no", "id", "party_id")
    }
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE in_work AS SELECT unnest($1::VARCHAR[]) AS account_no", [list(accounts)]
    )
    rows = connection.execute(RECEIPTS.format(table=table)).fetchall()
    booked: list[Payment] = []
    reversals: list[tuple[str, str, str, Decimal, date]] = []
    for account_no, host_ref, kind, amount, currency, posted, made, counted, reverses in rows:
        if kind == "reversal":
            reversals.append((account_no, reverses, host_ref, amount, posted))
            continue
        booked.append(
            Payment(
                account_id=accounts[account_no][0],
                kind=kind,
                amount=amount,
                currency=currency,
                posting_date=posted,
                transaction_date=made,
                business_date=business_date,
                source=Payment.Source.FILE,
                host_ref=host_ref,
                counts_to_minimum=counts(kind, counted),
                recorded_at=now,
                recorded_by=by.user_id,
            )
        )
    new = _book(booked, accounts={pk: party for pk, party in accounts.values()}, by=by, now=now)
    for account_no, reverses, host_ref, amount, posted in reversals:
        payment = Payment.objects.filter(
            account_id=accounts[account_no][0], host_ref=reverses, provisional=False
        ).first()
        if payment is not None:
            reverse(
                payment_id=payment.pk,
                amount=amount,
                posting_date=posted,
                host_ref=host_ref,
                by=by,
                now=now,
                business_date=business_date,
            )
    _reverse_withdrawn(
        seen={(payment.account_id, payment.host_ref) for payment in booked},
        account_ids=[pk for pk, _ in accounts.values()],
        business_date=business_date,
        by=by,
        now=now,
    )
    return len(new)


def _book(booked: list[Payment], *, accounts: dict[int, int], by: Actor, now: datetime) -> list[Payment]:
    """Insert those whose reference is new; log them, answer what they were announced as, touch their parties."""
    if not booked:
        return []
    known = set(
        Payment.objects.filter(provisional=False, account_id__in={one.account_id for one in booked}).values_list(
            "account_id", "host_ref"
        )
    )
    new = list({(p.account_id, p.host_ref): p for p in booked if (p.account_id, p.host_ref) not in known}.values())
    Payment.objects.bulk_create(new, batch_size=2000)
    evidence.write_many([_entry(p, "payment.received", party_id=accounts[p.account_id], by=by, now=now) for p in new])
    waiting: dict[int, list[Announced]] = defaultdict(list)
    for one in _open_announcements().filter(account_id__in={p.account_id for p in new}):
        waiting[one.account_id].append(Announced(one.pk, one.host_ref, one.amount, one.transaction_date))
    for payment in new:
        match = answered_by(
            host_ref=payment.host_ref,
            amount=payment.amount,
            transaction_date=payment.transaction_date,
            announced=waiting[payment.account_id],
        )
        if match is not None:
            waiting[payment.account_id].remove(match)
            answer(payment_id=match.id, answer=PaymentAnswer.Answer.POSTED, posted_as=payment, by=by, now=now)
    portfolio.touch_many(party_ids={accounts[p.account_id] for p in new}, now=now)
    return new


def _reverse_withdrawn(
    *, seen: set[tuple[int, str]], account_ids: list[int], business_date: date, by: Actor, now: datetime
) -> None:
    earlier = Payment.objects.filter(
        source=Payment.Source.FILE, business_date=business_date, account_id__in=account_ids
    ).annotate(taken_back=Sum("reversals__amount"))
    for payment in earlier:
        left = payment.amount - (payment.taken_back or Decimal(0))
        if (payment.account_id, payment.host_ref) not in seen and left > 0:
            reverse(
                payment_id=payment.pk,
                amount=left,
                posting_date=business_date,
                host_ref=f"withdrawn:{payment.host_ref}",
                by=by,
                now=now,
                business_date=business_date,
            )


def _open_announcements():
    return Payment.objects.filter(provisional=True, answer=None)


def _announced(*, account_id: int) -> list[Announced]:
    return [
        Announced(one.pk, one.host_ref, one.amount, one.transaction_date)
        for one in _open_announcements().filter(account_id=account_id)
    ]


def _entry(payment: Payment, kind: str, *, party_id: int, by: Actor, now: datetime, **more: str) -> evidence.Entry:
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
    evidence.write_many([_entry(payment, kind, party_id=payment.account.party_id, by=by, now=now, **more)])
