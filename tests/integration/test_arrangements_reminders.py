"""Reminders before a due date: of a promise and of an instalment, once each, through the gate, whoever is killed meanwhile."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from dunwell.arrangements import services
from dunwell.arrangements.models import Arrangement, ArrangementForce, DueReminder, Instalment, PromisePart
from dunwell.arrangements.rules.offers import Wish
from dunwell.arrangements.services import reminding
from dunwell.casework.models import Case
from dunwell.casework.services import take_next
from dunwell.casework.services.tasks import set_tasks
from dunwell.channels import services as channels
from dunwell.channels.models import Message, MessageEvent
from dunwell.compliance import services as compliance
from dunwell.desk.reading import page_of
from dunwell.evidence.models import Log
from dunwell.legal.queries import proof
from dunwell.nightly.services import reassess
from dunwell.payments import services as payments
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import AccountRole, Party
from tests import build, plans

pytestmark = pytest.mark.django_db
D = build.TODAY
DUE = D + timedelta(days=3)


@pytest.fixture(autouse=True)
def mail(settings) -> None:
    settings.EMAIL_HOST = "127.0.0.1"  # connected; whether it leaves is channels' own matter


def promised(*amounts: str, made_on: date = D, days: int = 3) -> list[PromisePart]:
    """Parts of promises of one late person, each of a promise of its own, all by the same day."""
    party, _, case = build.debtor()
    build.contact_point(party=party, kind="email", value="a@example.com")
    return [
        services.make_promise(
            party_id=party.pk, parts=[(made_on + timedelta(days), Decimal(amount))], by=plans.BY,
            now=plans.noon(made_on), key=f"p-{number}", case_id=case.pk,
        ).parts.get()
        for number, amount in enumerate(amounts)
    ]  # fmt: skip


def text_of(message: Message) -> str:
    return portfolio.open_text(party_id=message.party_id, sealed=bytes(message.text_sealed))


def days_on_which_he_is_reminded(since: date, days: int = 6) -> list[date]:
    found = []
    for on in (since + timedelta(n) for n in range(days)):
        before = DueReminder.objects.count()
        services.follow(now=plans.noon(on))
        services.follow(now=plans.noon(on))
        found += [on] * (DueReminder.objects.count() - before)
    return found


def test_of_all_that_he_promised_by_a_day_he_is_reminded_once_on_the_day_before():
    promised("500.00", "600.00")
    assert days_on_which_he_is_reminded(D) == [DUE - timedelta(1)]
    message = Message.objects.get()
    assert (message.purpose, message.channel, message.template.code) == ("reminder", "email", "EMAIL-PROMISE-DUE")
    assert f"{DUE}前还款CNY 1,100.00" in text_of(message)
    assert Log.objects.get(kind="promise.reminded").data["amounts"] == {"CNY": "1100.00"}


def test_what_is_promised_for_tomorrow_is_not_called_to_mind_within_the_hour():
    promised("500.00", days=1)
    assert days_on_which_he_is_reminded(D) == [D + timedelta(1)]


def test_who_has_paid_or_whose_promise_was_withdrawn_is_not_reminded():
    kept, withdrawn = promised("500.00", "600.00")
    PromisePart.objects.filter(pk=kept.pk).update(state="kept", received="500.00")
    services.withdraw(promise_id=withdrawn.promise_id, reason="typed twice", by=plans.BY, now=plans.noon(D))
    assert days_on_which_he_is_reminded(D) == []


def test_whom_nothing_can_reach_is_written_down_once_as_not_reminded(settings):
    settings.EMAIL_HOST = ""
    promised("500.00")
    assert days_on_which_he_is_reminded(D) == [DUE - timedelta(1)]
    assert DueReminder.objects.get().message_id is None and not Message.objects.exists()


def plan_in_force(*, past_due: str = "0.00", standing: str = "in_force") -> Arrangement:
    party, _, _ = build.debtor(past_due=past_due)
    build.contact_point(party=party, kind="email", value="a@example.com")
    account = party.accounts.get()
    build.AccountState.objects.update(past_due="1500.00")
    plan = plans.propose(account, Wish("personalised_plan", 24), now=plans.noon(D))
    plans.agree(plan, now=plans.noon(D))
    build.AccountState.objects.update(past_due=past_due)
    Arrangement.objects.update(standing=standing)
    compliance.place_hold(
        party_id=party.pk, account_id=account.pk, kind="art70", reason="#1", by=plans.BY, now=plans.noon(D)
    )
    return plan


def test_an_instalment_is_called_to_mind_three_days_before_though_nothing_is_past_due():
    """The gate lets it pass: demands stop while a plan is performed, a reminder of its instalment does not."""
    plan = plan_in_force()
    due = plan.instalments.get(position=1).due_date
    assert days_on_which_he_is_reminded(due - timedelta(5)) == [due - timedelta(3)]
    message = Message.objects.get()
    assert f"本期应还CNY 500.00，到期日为{due}" in text_of(message)
    channels.send_due(now=plans.noon(due - timedelta(2)), limit=10)
    message.refresh_from_db()
    assert message.refusal_rule == "" and message.decision.verdict == "ALLOW"
    assert f"CNY 500.00，到期日为{due}" in text_of(message)  # filled again when it leaves: with the same figures


def test_who_pays_all_that_is_owed_early_has_ended_his_plan_and_is_not_reminded_of_what_was_to_come():
    plan = plan_in_force()
    ArrangementForce.objects.create(arrangement=plan, in_force_on=D, recorded_at=plans.noon(D))
    due = plan.instalments.get(position=1).due_date
    payments.receive(
        account_id=plan.account_id, amount=Decimal("11000.00"), currency="CNY", posting_date=D, transaction_date=D,
        host_ref="R-1", source="file", by=plans.BY, now=plans.noon(D),
    )  # fmt: skip

    def judged(on: date, owed: str) -> str:
        """Where the plan stands when the host tells on a day that so much is owed."""
        build.AccountState.objects.update(principal_retail=owed, business_date=on)
        for _ in range(2):  # judged, and after what follows judged again
            reassess(now=plans.noon(on), party_ids=[plan.party_id])
            services.follow(now=plans.noon(on))
        plan.refresh_from_db()
        return plan.standing

    assert judged(D + timedelta(3), "1000.00") == "in_force"
    assert (
        judged(D + timedelta(4), "0.00") == "ended" and plan.repayments.get().repaid
    )  # a thousand of its instalments never came
    assert judged(D + timedelta(5), "300.00") == "ended"  # he uses his card again
    assert days_on_which_he_is_reminded(due - timedelta(5)) == []


def test_a_breached_plan_is_not_called_to_mind():
    plan = plan_in_force(past_due="1500.00", standing="breached")
    due = plan.instalments.get(position=1).due_date
    reminding.remind(by=plans.BY, now=plans.noon(due - timedelta(3)))
    assert not DueReminder.objects.exists() and Instalment.objects.filter(state="open").exists()


def test_killed_between_message_and_fact_neither_is_there_and_the_next_worker_does_both(monkeypatch):
    promised("500.00")
    now = plans.noon(DUE - timedelta(1))
    with monkeypatch.context() as broken:
        broken.setattr(DueReminder.objects, "bulk_create", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            reminding.remind(by=plans.BY, now=now)
    assert not Message.objects.exists()
    assert reminding.remind(by=plans.BY, now=now) == 1 and Message.objects.count() == 1


def joint(role: str = "guarantor", *, reached: bool = True, days: int = 3) -> tuple[Party, Case, Party]:
    """600.00 promised by the cardholder and 900.00 by somebody who answers for his account, all by one day."""
    [own] = promised("600.00")
    party, case = own.promise.party, own.promise.party.cases.get()
    payer = build.party(name_masked="李*", language="zh-hans")
    AccountRole.objects.create(account_no=party.accounts.get().account_no, party=payer, role=role)
    if reached:
        build.contact_point(party=payer, kind="email", value="payer@example.com")
    services.make_promise(
        party_id=party.pk, parts=[(D + timedelta(days), Decimal("900.00"), payer.pk)], by=plans.BY, now=plans.noon(D),
        key="joint", case_id=case.pk,
    )  # fmt: skip
    return party, case, payer


def test_a_joint_payer_is_reminded_himself_of_his_part_alone_and_the_gate_is_asked_about_him():
    party, _, payer = joint()
    assert days_on_which_he_is_reminded(D) == [DUE - timedelta(1)] * 2
    own, his = Message.objects.order_by("pk")
    assert (own.contact_point.party, his.contact_point.party, his.party) == (party, payer, party)
    assert f"{DUE}前还款CNY 600.00" in text_of(own)
    channels.send_due(now=plans.noon(DUE - timedelta(1)) + timedelta(minutes=1), limit=10)
    his.refresh_from_db()
    assert his.template.code == "EMAIL-JOINT-DUE" and his.decision.verdict == "ALLOW"
    assert (his.decision.facts["attempt"]["party"], his.decision.facts["attempt"]["purpose"]) == (
        "guarantor",
        "reminder",
    )
    said = text_of(his)  # as it was filled again when it left
    assert f"李*：\n\n您曾答应于{DUE}前支付CNY 900.00" in said
    account = party.accounts.get()
    for of_the_debt in ("张*", "1,500.00", "12,000.00", "600.00", account.account_no[-4:], "信用卡", "逾期"):
        assert of_the_debt not in said.replace(str(DUE), "")
    told = Log.objects.filter(kind="promise.reminded", data__payer=payer.pk).get()
    assert told.data["amounts"] == {"CNY": "900.00"} and told.data["payer_role"] == "guarantor"
    assert set_tasks(now=plans.noon(DUE - timedelta(1))) == 0


@pytest.mark.parametrize(
    ("role", "reached", "wish", "why"),
    [
        ("guarantor", True, "opt_out", "G-OPT-OUT"),
        ("supplementary", True, "", "CN-TP-RELATED"),
        ("joint_debtor", False, "", "no text, line or contact point"),
    ],
)
def test_a_joint_payer_whom_nothing_may_reach_is_a_task_for_a_collector_and_never_a_reminder_to_the_cardholder(
    role, reached, wish, why
):
    party, case, payer = joint(role, reached=reached)
    if wish:
        compliance.record_consent(party_id=payer.pk, kind=wish, channel="email", by=plans.BY, now=plans.noon(D))
    now = plans.noon(DUE - timedelta(1))
    services.follow(now=now)
    channels.send_due(now=now + timedelta(minutes=1), limit=10)
    [sent] = Message.objects.filter(contact_point__party=party)
    assert "900.00" not in text_of(sent) and "1,500.00" not in text_of(sent)
    user = build.user("collector")
    Case.objects.update(queue="", ready_at=now + timedelta(days=9))  # a promise is open: nobody would come to it
    assert take_next(user=user, now=now) is None
    later = now + timedelta(minutes=2)
    assert [set_tasks(now=later), set_tasks(now=later)] == [1, 0]
    assert take_next(user=user, now=later + timedelta(seconds=2)) == case
    with translation.override("en"):
        page = page_of(case.pk, user, later + timedelta(seconds=2))
        assert f"(李*, not reminded: {why})" in page.promise.words
        assert page.why == "A joint payer was not reminded of his part: speak with him"
    assert take_next(user=build.user("collector"), now=later + timedelta(days=3)) == case  # it stands over a weekend


def test_what_is_paid_is_no_task_though_the_gate_refused_the_joint_payers_reminder():
    party, _, _ = joint()
    now = plans.noon(DUE - timedelta(1))
    services.follow(now=now)
    build.AccountState.objects.update(past_due="0.00")
    channels.send_due(now=now + timedelta(minutes=1), limit=10)
    refused = set(Message.objects.values_list("refusal_rule", flat=True))
    assert refused == {"G-PAID"} and set_tasks(now=now + timedelta(minutes=2)) == 0


def test_a_copy_of_the_cardholders_data_does_not_tell_what_was_written_to_a_joint_payer_and_his_own_does():
    party, _, payer = joint()
    services.follow(now=plans.noon(DUE - timedelta(1)))
    for message in Message.objects.all():
        MessageEvent.objects.create(message=message, state="sent", recorded_at=plans.noon(DUE - timedelta(1)))
    ever = proof.Period(D, DUE)
    assert [one.to for one in proof.messages_to(party, ever)] == ["a@example.com"]
    [his] = proof.messages_to(payer, ever)
    assert his.to == "payer@example.com" and "CNY 900.00" in his.text
    assert [one.to for one in proof.messages(party, ever)] == ["a@example.com", "payer@example.com"]  # of the debt
