"""Payments by a provider: the order, and what the provider says of it. Only into an account of his own."""

from __future__ import annotations

import secrets
from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog
from django.db import connection, transaction

from dunwell.arrears.models import AccountState
from dunwell.casework.models import Case
from dunwell.compliance.models import Contact
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.payments import services as payments
from dunwell.payments.models import Payment
from dunwell.portfolio.models import Account
from dunwell.selfservice import rules
from dunwell.selfservice.models import CallBack, CallBackOutcome, Order, Request
from dunwell.selfservice.providers import Asked, Forged, Told, provider
from dunwell.selfservice.services.replies import Reply, refused

log = structlog.get_logger("dunwell.selfservice")
PROVIDER = Actor.program("payment provider")
PAID = "paid"


def order(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """Write the order and answer the address at the provider, signed by us."""
    found = provider()
    if found is None:
        return refused("no_provider")
    account = Account.objects.filter(party_id=asked.party_id, pk=body.get("account") or 0).first()
    if account is None:
        return refused("account")
    try:
        amount = rules.amount_of(str(body.get("amount", "")), owed=owed_on(account.pk))
    except rules.Wrong as wrong:
        return refused(wrong.code)
    made = Order.objects.create(
        request=asked, account=account, order_no=f"DW{secrets.token_hex(12).upper()}", provider=found.code, amount=amount,
        currency=account.currency, recorded_at=now,
    )  # fmt: skip
    address = found.checkout(Asked(made.order_no, amount, account.currency, account.account_no), now=now)
    return Reply(data={"order": made.order_no, "address": address, "amount": str(amount), "currency": account.currency})


def owed_on(account_id: int) -> Decimal:
    """All that is owed on an account, what was announced already left out; nothing on one that is not in work."""
    state = AccountState.objects.filter(account_id=account_id).first()
    return max(state.balance, Decimal(0)) if state else Decimal(0)


def book_call_backs(*, now: datetime, limit: int = 200) -> int:
    """Take what the provider said: money becomes an announced payment, once, and demands stop. A duty of the worker."""
    waiting = list(CallBack.objects.filter(outcome=None).order_by("pk").values_list("pk", flat=True)[:limit])
    done = 0
    for call_back_id in waiting:
        try:
            done += _book(call_back_id, now=now)
        except Exception as error:
            log.error("call-back not booked", call_back=call_back_id, error=type(error).__name__, exc_info=True)
    return done


@transaction.atomic
def _book(call_back_id: int, *, now: datetime) -> bool:
    call_back = CallBack.objects.select_related("order__account", "order__request").get(pk=call_back_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('dunwell.order/' || %s, 0))", [call_back.order_id]
        )
    if CallBackOutcome.objects.filter(pk=call_back_id).exists():
        return False
    payment, why = None, ""
    try:
        told = _read(call_back)
        why = _refused(told, call_back)
        if not why:
            payment = _announce(told, call_back.order, now=now)
    except Forged:
        why = "signature"
    except payments.PaymentRefused as problem:
        why = problem.code[:16]
    CallBackOutcome.objects.create(call_back=call_back, payment=payment, refused=why, recorded_at=now)
    if why:
        asked, account = call_back.order.request, call_back.order.account
        evidence.write(
            kind="selfservice.call_back_refused", now=now, by=PROVIDER, entity_id=asked.entity_id,
            party_id=account.party_id, account_id=account.pk,
            data={"order": call_back.order.order_no, "reference": call_back.provider_ref, "code": why},
        )  # fmt: skip
    return True


def _read(call_back: CallBack) -> Told:
    """What was said, its signature looked at once more: the process that took it in is not trusted with money."""
    found = provider()
    if found is None or found.code != call_back.order.provider:
        raise Forged("the provider is not known any more")
    return found.read(call_back.body.encode(), call_back.signature)


def _refused(told: Told, call_back: CallBack) -> str:
    order = call_back.order
    if told.state != PAID:
        return "failed"
    if told.order_no != order.order_no or told.account_no != order.account.account_no:
        return "account"
    if told.currency != order.currency:
        return "currency"
    if told.amount != order.amount:
        return "amount"
    if CallBackOutcome.objects.filter(call_back__order=order, payment__isnull=False).exists():
        return "again"
    return ""


def _announce(told: Told, order: Order, *, now: datetime) -> Payment:
    day = business_date(min(told.paid_at, now))
    return payments.receive(
        account_id=order.account_id, amount=told.amount, currency=told.currency, posting_date=day, transaction_date=day,
        business_date=business_date(now), host_ref=f"{order.provider}-{told.reference}"[:64], source=Payment.Source.PAGE,
        by=PROVIDER, now=now, provisional=True,
    )  # fmt: skip
