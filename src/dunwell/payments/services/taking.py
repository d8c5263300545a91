"""A day's transactions file: the receipts of accounts in work, as the day's latest file tells them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from duckdb import DuckDBPyConnection

from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.payments.models import Payment, PaymentAnswer, Reversal
from dunwell.payments.rules.announced import Announced, answered_by, counts
from dunwell.payments.rules.corrected import Back, Outcome, Standing, Told, outcome
from dunwell.payments.services.receiving import answer, entry, open_announcements, reverse
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account

BATCH = 2000
Key = tuple[int, str]  # account, the host's reference

#: The bookings of a transactions file that are receipts of accounts in work, in file order.
RECEIPTS = """
    SELECT t.account_no, t.host_ref, t.type, t.amount, t.currency, t.posting_date,
           coalesce(t.transaction_date, t.posting_date) AS transaction_date, t.counts_to_minimum, t.reverses_ref
    FROM {table} AS t JOIN in_work USING (account_no)
    WHERE t.type IN ('repayment', 'merchant_refund', 'chargeback', 'reversal')
    ORDER BY t.posting_date, t.type = 'reversal', t.host_ref
"""


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that contradicts what is known: its key, the column, and what fills the sentence of `code`."""

    key: tuple[str, str]
    column: str
    code: str
    found: str
    expected: str


@dataclass(slots=True)
class TakenReceipts:
    """What became of a file's receipts: how many are new, the rows that were not taken, what was said otherwise before.

    `changes` counts bookings that were `withdrawn`, `corrected`, or count `again`.
    """

    booked: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _File:
    """The file's rows about accounts in work: bookings by their key, reversals by the key of what they reverse."""

    told: dict[Key, Told] = field(default_factory=dict)
    back: dict[Key, dict[str, Back]] = field(default_factory=lambda: defaultdict(dict))


@dataclass(frozen=True, slots=True)
class _Known:
    """The last booking of a reference, and what stands of it; nothing stands of one that was withdrawn."""

    payment: Payment
    standing: Standing | None
    left: Decimal


@transaction.atomic
def take_transactions(
    connection: DuckDBPyConnection, table: str, *, entity_id: int, business_date: date, by: Actor, now: datetime
) -> TakenReceipts:
    """Take the receipts of one day's whole transactions file, for accounts in PostgreSQL.

    `table` is a DuckDB table of validated rows of the transactions contract. What an earlier file of the same date told
    and this one leaves out or tells otherwise is taken back as withdrawn and booked anew (rules.corrected): no fact is
    changed or deleted. Rows that contradict what is known are answered, not taken.
    """
    accounts = {one.account_no: one for one in Account.objects.filter(entity_id=entity_id)}
    numbers = {one.pk: number for number, one in accounts.items()}
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE in_work AS SELECT unnest($1::VARCHAR[]) AS account_no", [list(accounts)]
    )
    taken = TakenReceipts()
    file = _read(connection.execute(RECEIPTS.format(table=table)).fetchall(), accounts, business_date, taken)
    keys = _keys(file, entity_id=entity_id, day=business_date)
    # one that is announced or typed in at this moment waits, so that each sees the other
    list(Account.objects.select_for_update(no_key=True).filter(pk__in={a for a, _ in keys}).order_by("pk").only("pk"))
    known = _known(keys)
    fresh: list[tuple[Payment, Outcome, str]] = []
    for key in sorted(keys):
        last = known.get(key)
        found = outcome(last.standing if last else None, file.told.get(key), file.back.get(key, {}), day=business_date)
        for one in found.contradictions:
            taken.refused.append(
                RefusedRow(
                    (numbers[key[0]], one.reversal or key[1]),
                    "host_ref" if one.code == "reference_used" else "amount",
                    one.code,
                    one.reversal or key[1] if one.code == "reference_used" else str(one.found),
                    str(one.expected),
                )
            )
        if found.withdraw and last is not None:
            taken.changes["corrected" if found.book else "withdrawn"] += 1
            if last.left > 0:
                _withdraw(last, day=business_date, corrected=found.book is not None, by=by, now=now)
        elif found.book is not None and last is not None:
            taken.changes["again"] += 1
        if found.book is None:
            if last is not None:
                _reverse(last.payment, found.reverse, day=business_date, by=by, now=now)
            continue
        told_on = business_date if key in file.told else last.standing.day if last and last.standing else None
        payment = _payment(accounts[numbers[key[0]]], key[1], found.book, last, day=business_date, told_on=told_on)
        payment.recorded_at, payment.recorded_by = now, by.user_id
        corrects = str(last.payment.amount) if found.withdraw and last else ""
        fresh.append((payment, found, corrects))
    _book(fresh, day=business_date, by=by, now=now)
    taken.booked = len(fresh)
    return taken


def _read(rows: list[tuple], accounts: Mapping[str, Account], day: date, taken: TakenReceipts) -> _File:
    file = _File()
    for account_no, host_ref, kind, amount, currency, posted, made, counted, reverses in rows:
        account = accounts[account_no]
        if currency != account.currency:
            taken.refused.append(
                RefusedRow((account_no, host_ref), "currency", "other_currency", currency, account.currency)
            )
        elif kind == "reversal":
            file.back[account.pk, reverses][host_ref] = Back(amount, posted, day, Reversal.Source.FILE)
        else:
            file.told[account.pk, host_ref] = Told(kind, amount, counts(kind, counted), made, posted)
    return file


def _keys(file: _File, *, entity_id: int, day: date) -> set[Key]:
    """Every reference that the file names, or that an earlier file of the day told."""
    of_entity = Payment.objects.filter(account__entity_id=entity_id, provisional=False)
    earlier = of_entity.filter(Q(told_on=day) | Q(reversals__told_on=day)).values_list("account_id", "host_ref")
    return {*file.told, *file.back, *earlier}


def _known(keys: set[Key]) -> dict[Key, _Known]:
    found: dict[Key, Payment] = {}
    for payment in (
        Payment.objects.filter(
            provisional=False, account_id__in={account for account, _ in keys}, host_ref__in={ref for _, ref in keys}
        )
        .order_by("booking")
        .select_related("account")
        .prefetch_related("reversals")
    ):
        if (payment.account_id, payment.host_ref) in keys:
            found[payment.account_id, payment.host_ref] = payment
    return {key: _stands(payment) for key, payment in found.items()}


def _stands(payment: Payment) -> _Known:
    reversals = sorted(payment.reversals.all(), key=lambda one: one.pk)
    left = payment.amount - sum((one.amount for one in reversals), Decimal(0))
    if any(one.source == Reversal.Source.WITHDRAWN for one in reversals):
        return _Known(payment, None, left)
    told = Told(payment.kind, payment.amount, payment.counts_to_minimum, payment.transaction_date, payment.posting_date)
    back = {one.host_ref: Back(one.amount, one.posting_date, one.told_on, one.source) for one in reversals}
    return _Known(payment, Standing(told, payment.told_on, back), left)


def _payment(
    account: Account, host_ref: str, told: Told, last: _Known | None, *, day: date, told_on: date | None
) -> Payment:
    return Payment(
        account=account,
        kind=told.kind,
        amount=told.amount,
        currency=account.currency,
        posting_date=told.posting_date,
        transaction_date=told.transaction_date,
        business_date=day,
        source=Payment.Source.FILE if told_on else last.payment.source,
        host_ref=host_ref,
        booking=last.payment.booking + 1 if last else 1,
        told_on=told_on,
        counts_to_minimum=told.counts,
    )


def _withdraw(last: _Known, *, day: date, corrected: bool, by: Actor, now: datetime) -> None:
    reverse(
        payment_id=last.payment.pk,
        amount=last.left,
        posting_date=day,
        business_date=day,
        host_ref=f"withdrawn:{last.payment.host_ref}",
        source=Reversal.Source.WITHDRAWN,
        by=by,
        now=now,
        reason="corrected" if corrected else "withdrawn",
    )


def _reverse(payment: Payment, back: Mapping[str, Back], *, day: date, by: Actor, now: datetime) -> None:
    for host_ref, one in back.items():
        if one.amount > 0:
            reverse(
                payment_id=payment.pk, amount=one.amount, posting_date=one.posting_date, business_date=day,
                host_ref=host_ref, source=one.source, told_on=one.day, by=by, now=now,
            )  # fmt: skip


def _book(fresh: list[tuple[Payment, Outcome, str]], *, day: date, by: Actor, now: datetime) -> None:
    """Insert the bookings; log them, answer what they were announced as, touch their parties, take back what goes back."""
    if not fresh:
        return
    payments = [payment for payment, _, _ in fresh]
    Payment.objects.bulk_create(payments, batch_size=BATCH)
    party_of = {payment.account_id: payment.account.party_id for payment in payments}
    evidence.write_many(
        [
            entry(
                payment, "payment.received", party_id=party_of[payment.account_id], by=by, now=now,
                **({"corrects": corrects} if corrects else {}),
            )
            for payment, _, corrects in fresh
        ]
    )  # fmt: skip
    _answer(payments, by=by, now=now)
    portfolio.touch_many(party_ids=set(party_of.values()), now=now)
    for payment, found, _ in fresh:
        _reverse(payment, found.reverse, day=day, by=by, now=now)


def _answer(payments: list[Payment], *, by: Actor, now: datetime) -> None:
    """What was announced and is booked now is answered; a reference that is booked anew answers none a second time."""
    waiting: dict[int, list[Announced]] = defaultdict(list)
    for one in open_announcements().filter(account_id__in={payment.account_id for payment in payments}):
        waiting[one.account_id].append(Announced(one.pk, one.host_ref, one.amount, one.transaction_date))
    if not waiting:
        return
    anew = [payment for payment in payments if payment.booking > 1]
    answered = set(
        PaymentAnswer.objects.filter(
            posted_as__account_id__in={one.account_id for one in anew},
            posted_as__host_ref__in={one.host_ref for one in anew},
        ).values_list("posted_as__account_id", "posted_as__host_ref")
    )
    for payment in payments:
        if (payment.account_id, payment.host_ref) in answered:
            continue
        match = answered_by(
            host_ref=payment.host_ref,
            amount=payment.amount,
            transaction_date=payment.transaction_date,
            announced=waiting[payment.account_id],
        )
        if match is not None:
            waiting[payment.account_id].remove(match)
            answer(payment_id=match.id, answer=PaymentAnswer.Answer.POSTED, posted_as=payment, by=by, now=now)
