"""Payments during the day: announced as provisional, dropped when they did not come, reversed, typed in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema, Status
from ninja.errors import HttpError

from dunwell.api.auth import permitted
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.payments import services
from dunwell.payments.models import Payment, PaymentAnswer, Reversal
from dunwell.portfolio.models import Account

router = Router(tags=["payments"])


class Received(Schema):
    """Money received. `host_ref` makes the call safe to repeat: the same reference is the same payment.

    With `provisional: false` it is booked at once, and `host_ref` must be the reference under which the host books it:
    its file tells the same payment again. Under another reference it is announced only (the default).
    """

    account_no: str
    amount: Decimal = Field(gt=0, max_digits=18, decimal_places=2)
    currency: str = Field("CNY", min_length=3, max_length=3)
    transaction_date: date | None = None
    host_ref: str = Field(min_length=1, max_length=64)
    provisional: bool = True


class Booked(Schema):
    id: int
    account_no: str
    amount: Decimal
    currency: str
    host_ref: str
    provisional: bool
    state: str


class Refusal(Schema):
    code: str
    params: dict[str, str] = {}


class Dropped(Schema):
    account_no: str
    host_ref: str


class TakenBack(Schema):
    account_no: str
    payment_ref: str
    host_ref: str = Field(min_length=1, max_length=64)
    amount: Decimal = Field(gt=0, max_digits=18, decimal_places=2)


def _account(account_no: str, *, actor: Actor) -> Account:
    account = Account.objects.filter(entity_id=actor.entity_id, account_no=account_no).first()
    if account is None:
        raise HttpError(404, f"account {account_no} is not in work")
    return account


def _booked(payment: Payment) -> Booked:
    answered = PaymentAnswer.objects.filter(payment=payment).first()
    state = answered.answer if answered else ("provisional" if payment.provisional else "booked")
    return Booked(
        id=payment.pk,
        account_no=payment.account.account_no,
        amount=payment.amount,
        currency=payment.currency,
        host_ref=payment.host_ref,
        provisional=payment.provisional,
        state=state,
    )


@router.post("", response={200: Booked, 409: Refusal}, url_name="payments")
def receive(request: HttpRequest, payload: Received) -> Status:
    """Announce a payment (已还待入账): demands stop at once, until the host posts or drops it."""
    actor = permitted(request, "payment.enter")
    now = timezone.now()
    account = _account(payload.account_no, actor=actor)
    today = business_date(now)
    try:
        payment = services.receive(
            account_id=account.pk,
            amount=payload.amount,
            currency=payload.currency,
            posting_date=today,
            transaction_date=payload.transaction_date or today,
            host_ref=payload.host_ref,
            source=Payment.Source.API,
            provisional=payload.provisional,
            by=actor,
            now=now,
        )
    except services.PaymentRefused as refused:
        return Status(409, Refusal(code=refused.code, params=refused.params))
    return Status(200, _booked(payment))


@router.post("/dropped", response={200: Booked, 409: Refusal}, url_name="payments_dropped")
def dropped(request: HttpRequest, payload: Dropped) -> Status:
    """The host did not book an announced payment: what it had stopped goes on."""
    actor = permitted(request, "payment.enter")
    account = _account(payload.account_no, actor=actor)
    payment = Payment.objects.filter(account=account, host_ref=payload.host_ref, provisional=True).first()
    if payment is None:
        raise HttpError(404, f"no announced payment {payload.host_ref}")
    services.answer(payment_id=payment.pk, answer=PaymentAnswer.Answer.DROPPED, by=actor, now=timezone.now())
    return Status(200, _booked(payment))


@router.post("/reversed", response={200: Booked, 409: Refusal}, url_name="payments_reversed")
def reversed_payment(request: HttpRequest, payload: TakenBack) -> Status:
    """冲正: the host took a booked payment back, whole or in part."""
    actor = permitted(request, "payment.reverse")
    now = timezone.now()
    account = _account(payload.account_no, actor=actor)
    payment = services.last_booking(account_id=account.pk, host_ref=payload.payment_ref)
    if payment is None:
        raise HttpError(404, f"no booked payment {payload.payment_ref}")
    try:
        services.reverse(
            payment_id=payment.pk,
            amount=payload.amount,
            posting_date=business_date(now),
            host_ref=payload.host_ref,
            source=Reversal.Source.API,
            by=actor,
            now=now,
        )
    except services.PaymentRefused as refused:
        return Status(409, Refusal(code=refused.code, params=refused.params))
    return Status(200, _booked(payment))
