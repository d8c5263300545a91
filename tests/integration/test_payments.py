"""Receipts against a real database, as the application's role."""

from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest

from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.payments import services
from dunwell.payments.models import Payment, PaymentAnswer, Reversal
from dunwell.portfolio.models import Party
from tests import build

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
DAY = date(2026, 11, 20)
pytestmark = pytest.mark.django_db


def receive(account, ref="R1", amount="100.00", **more):
    fields = {
        "account_id": account.pk, "amount": Decimal(amount), "currency": "CNY", "posting_date": DAY,
        "transaction_date": DAY, "host_ref": ref, "source": "typed", "by": Actor.program("test"), "now": NOW,
    }  # fmt: skip
    return services.receive(**{**fields, **more})


def test_the_same_payment_twice_is_one_payment():
    account = build.account()
    first, second = receive(account), receive(account)
    assert first == second
    assert Payment.objects.count() == 1
    assert Log.objects.filter(kind="payment.received").count() == 1


def test_the_same_reference_with_another_amount_is_refused():
    account = build.account()
    receive(account)
    with pytest.raises(services.PaymentRefused) as refused:
        receive(account, amount="100.01")
    assert refused.value.code == "reference_used"


def test_another_currency_is_refused():
    with pytest.raises(services.PaymentRefused) as refused:
        receive(build.account(), currency="USD")
    assert refused.value.code == "currency"


def test_a_booking_answers_what_was_announced():
    account = build.account()
    announced = receive(account, ref="APP-7", provisional=True)
    booked = receive(account, ref="HOST-9")
    assert announced.answer.answer == PaymentAnswer.Answer.POSTED
    assert announced.answer.posted_as == booked


def test_what_the_host_has_booked_is_not_announced_again():
    account = build.account()
    booked = receive(account, ref="R1")
    assert receive(account, ref="R1", provisional=True) == booked


def test_a_receipt_touches_the_party_each_time():
    account = build.account()
    before = Party.objects.get(pk=account.party_id).touches
    payment = receive(account)
    services.reverse(
        payment_id=payment.pk,
        amount=payment.amount,
        posting_date=DAY,
        host_ref="REV",
        by=Actor.program("test"),
        now=NOW,
    )
    assert Party.objects.get(pk=account.party_id).touches == before + 2


@pytest.mark.parametrize(("first", "second", "refused"), [("40.00", "60.00", False), ("40.00", "60.01", True)])
def test_no_more_is_taken_back_than_came(first, second, refused):
    payment = receive(build.account())
    by = Actor.program("test")

    def take_back(amount, ref):
        services.reverse(payment_id=payment.pk, amount=Decimal(amount), posting_date=DAY, host_ref=ref, by=by, now=NOW)

    take_back(first, "REV1")
    take_back(first, "REV1")  # again: no effect
    if refused:
        with pytest.raises(services.PaymentRefused):
            take_back(second, "REV2")
    else:
        take_back(second, "REV2")
    assert sum(r.amount for r in Reversal.objects.all()) == (Decimal(first) if refused else Decimal("100.00"))


def transactions(rows):
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE t (account_no VARCHAR, host_ref VARCHAR, type VARCHAR, amount DECIMAL(18,2), currency VARCHAR,"
        " posting_date DATE, transaction_date DATE, counts_to_minimum BOOLEAN, reverses_ref VARCHAR)"
    )
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?, 'CNY', '2026-11-20', NULL, NULL, ?)", rows)
    return connection


def take(account, rows):
    return services.take_transactions(
        transactions(rows), "t", entity_id=account.entity_id, business_date=DAY, by=Actor.program("test"), now=NOW
    )


def test_a_file_books_receipts_once_and_leaves_purchases_and_strangers_alone():
    account = build.account()
    rows = [
        (account.account_no, "P1", "repayment", 300, None),
        (account.account_no, "P2", "purchase", 50, None),
        (account.account_no, "P3", "merchant_refund", 20, None),
        (account.account_no, "P4", "reversal", 300, "P1"),
        ("nobody's", "P5", "repayment", 10, None),
    ]
    assert take(account, rows).booked == 2
    assert take(account, rows).booked == 0
    assert sorted(Payment.objects.values_list("host_ref", "counts_to_minimum")) == [("P1", True), ("P3", False)]
    assert Reversal.objects.get().payment.host_ref == "P1"


def test_a_corrected_file_takes_back_what_it_no_longer_names():
    account = build.account()
    take(
        account, [(account.account_no, "P1", "repayment", 300, None), (account.account_no, "P2", "repayment", 70, None)]
    )
    take(account, [(account.account_no, "P2", "repayment", 70, None)])
    assert [(r.payment.host_ref, r.amount) for r in Reversal.objects.all()] == [("P1", Decimal("300.00"))]
    assert Payment.objects.count() == 2
