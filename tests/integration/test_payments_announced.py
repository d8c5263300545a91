"""Announced payments (已还待入账): typed in, dropped in the browser, expired; what they had stopped goes on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from dunwell.compliance import services as compliance
from dunwell.evidence.models import Log
from dunwell.identity.models import Role
from dunwell.kernel.actor import Actor
from dunwell.payments import services
from dunwell.payments.models import Payment, PaymentAnswer
from dunwell.payments.rules.announced import last_day
from dunwell.portfolio import reference
from dunwell.portfolio.models import Touch
from tests import build

pytestmark = pytest.mark.django_db
BY = Actor.program("tests")
NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


def announce(
    account, ref: str = "APP-1", *, day: date = build.TODAY, now: datetime = NOW, amount: str = "1500.00"
) -> Payment:
    return services.receive(
        account_id=account.pk, amount=Decimal(amount), currency="CNY", posting_date=day, transaction_date=day, host_ref=ref,
        source="api", provisional=True, by=BY, now=now,
    )  # fmt: skip


def signed_in(role: Role) -> Client:
    client = Client()
    client.force_login(build.user(role), backend="dunwell.identity.backends.Backend")
    return client


@pytest.mark.parametrize(
    ("announced", "last"),
    [
        (date(2026, 11, 23), date(2026, 11, 26)),  # Monday
        (date(2026, 11, 27), date(2026, 12, 2)),  # Friday: the weekend does not count
        (date(2026, 9, 30), date(2026, 10, 10)),  # before the week of National Day; the 10th is a make-up day
    ],
)
def test_it_counts_for_three_working_days(announced, last):
    assert last_day(announced, calendar=reference.calendar()) == last


def test_an_announcement_nobody_answers_expires_after_its_last_day_and_demands_go_on():
    party, point, _ = build.debtor()
    payment = announce(party.accounts.get())

    def dial(key: str, at: datetime):
        return compliance.reserve(party_id=party.pk, contact_point_id=point.pk, channel="call", key=key, by=BY, now=at)

    assert "G-PAID" in [reason.rule for reason in dial("a", NOW).decision.reasons]
    on_last_day = NOW + timedelta(days=3)
    assert services.expire(now=on_last_day) == 0
    after = NOW + timedelta(days=4)
    Touch.objects.all().delete()
    assert services.expire(now=after) == 1
    assert services.expire(now=after) == 0
    assert payment.answer.answer == PaymentAnswer.Answer.EXPIRED
    assert Touch.objects.filter(party=party).exists()  # reassessed: what is past due is past due again
    assert Log.objects.get(kind="payment.answered").data["answer"] == "expired"
    assert "G-PAID" not in [reason.rule for reason in dial("b", after).decision.reasons]


def test_what_the_host_posts_after_the_expiry_counts_by_itself():
    account = build.account()
    announced = announce(account)
    services.expire(now=NOW + timedelta(days=7))
    booked = services.receive(
        account_id=account.pk, amount=Decimal("1500.00"), currency="CNY", posting_date=build.TODAY,
        transaction_date=build.TODAY, host_ref="H1", source="file", by=BY, now=NOW + timedelta(days=8),
    )  # fmt: skip
    assert booked.provisional is False
    assert PaymentAnswer.objects.get(payment=announced).answer == PaymentAnswer.Answer.EXPIRED


def test_a_leader_drops_what_will_not_come_once(django_assert_max_num_queries):
    account = build.account()
    build.case(party=account.party)
    payment = announce(account)
    client = signed_in(Role.TEAM_LEADER)
    with django_assert_max_num_queries(18):
        page = client.get("/payments").content.decode()
    assert "APP-1" in page and "1,500.00" in page and f"/payments/{payment.pk}/drop" in page
    for _ in range(2):
        assert client.post(f"/payments/{payment.pk}/drop", follow=True).status_code == 200
    assert payment.answer.answer == PaymentAnswer.Answer.DROPPED
    assert Log.objects.filter(kind="payment.answered").count() == 1
    assert f"/payments/{payment.pk}/drop" not in client.get("/payments").content.decode()


def test_only_those_who_enter_payments_drop_them_and_only_their_entity_s():
    payment = announce(build.account())
    elsewhere = announce(build.account(party=build.party(of=build.entity("agency-1"))), "APP-2")
    assert signed_in(Role.COLLECTOR).post(f"/payments/{payment.pk}/drop").status_code == 403
    assert signed_in(Role.COLLECTOR).get("/payments").status_code == 403
    manager = signed_in(Role.MANAGER)
    assert manager.post(f"/payments/{elsewhere.pk}/drop").status_code == 404
    assert "APP-2" not in manager.get("/payments").content.decode()
    assert not PaymentAnswer.objects.exists()


def test_a_listed_person_s_payment_is_seen_by_named_officers_only():
    payment = announce(build.account())
    compliance.add_to_list(
        party_id=payment.account.party_id, list="staff", reason="works here", by=BY, now=timezone.now()
    )
    manager = signed_in(Role.MANAGER)
    assert "APP-1" not in manager.get("/payments").content.decode()
    assert manager.post(f"/payments/{payment.pk}/drop").status_code == 404


@pytest.mark.parametrize(("ticked", "provisional"), [({}, True), ({"host_booked": "on"}, False)])
def test_what_is_typed_is_announced_unless_the_reference_is_the_host_s_own(ticked, provisional):
    account = build.account()
    case = build.case(party=account.party)
    form = {
        "account": account.pk,
        "amount": "150.00",
        "transaction_date": str(date(2026, 11, 20)),
        "host_ref": "T-1",
        **ticked,
    }
    assert signed_in(Role.TEAM_LEADER).post(f"/cases/{case.case_no}/payment", form).status_code == 204
    typed = Payment.objects.get()
    assert typed.provisional is provisional
    services.receive(
        account_id=account.pk, amount=Decimal("150.00"), currency="CNY", posting_date=date(2026, 11, 20),
        transaction_date=date(2026, 11, 20), host_ref="T-1" if ticked else "HOST-77", source="file", by=BY, now=NOW,
    )  # fmt: skip
    counting = Payment.objects.filter(answer=None)
    assert [one.amount for one in counting] == [
        Decimal("150.00")
    ]  # one payment, under whichever reference the host books it
