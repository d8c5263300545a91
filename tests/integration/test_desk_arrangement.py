"""The page of a case's arrangements: offers side by side, proposed by one and approved by another, consent, the host."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dunwell.arrangements import services
from dunwell.arrangements.means.queries import stated
from dunwell.arrangements.means.services import state_means
from dunwell.arrangements.models import Arrangement
from dunwell.arrangements.rules.offers import Wish
from dunwell.arrangements.services.instructing import Told
from dunwell.arrears.models import AccountState
from dunwell.identity.models import Role
from tests import build, plans

pytestmark = pytest.mark.django_db
KNOWN = {"left": "700", "circumstances": "yes", "willing": "yes", "heard": "the shop closed"}


@pytest.fixture
def case(db):
    party = build.party()
    account = build.account(party=party)
    build.account_state(account=account)
    return build.case(party=party)


def signed_in(client, role: Role):
    user = build.user(role)
    client.force_login(user, backend="dunwell.identity.backends.Backend")
    return user


def test_offers_lie_side_by_side_with_the_rule_that_forbids_the_others(case, client):
    signed_in(client, Role.COLLECTOR)
    client.get(f"/cases/{case.case_no}/arrangement")
    with CaptureQueriesContext(connection) as said:
        page = client.get(f"/cases/{case.case_no}/arrangement", {**KNOWN, "asked": "停息挂账"}).content.decode()
    assert len(said) <= 15
    assert "Personalised plan (Art 70)" in page and "500.00" in page and "200.00" in page
    assert "P-WHO" in page  # a collector may not propose a settlement
    assert "nothing is promised now" in page


def test_what_is_left_a_month_is_taken_from_his_statement_of_means_unless_somebody_types(case, client):
    user = signed_in(client, Role.COLLECTOR)
    address = f"/cases/{case.case_no}/arrangement"
    assert 'name="left" value=""' in client.get(address).content.decode()
    items = {"salary": Decimal("5000"), "rent": Decimal("2000")}
    state_means(party_id=case.party_id, items=items, household=1, by=user.actor, now=build.NOW, key="m")
    left = stated(case.party_id).left.amount
    with CaptureQueriesContext(connection) as said:
        page = client.get(address).content.decode()
    assert len(said) <= 15
    assert f'name="left" value="{left}"' in page and f"{left:,.2f} by his statement of 2026-11-23" in page
    assert 'name="left" value="700"' in client.get(address, {"left": "700"}).content.decode()


def test_one_proposes_another_approves_and_the_cardholder_agrees(case, client):
    signed_in(client, Role.COLLECTOR)
    address = f"/cases/{case.case_no}/arrangement"
    form = {**KNOWN, "code": "personalised_plan", "term": "24", "key": "k", "first_payment": "0.00"}
    client.post(f"{address}/propose", form)
    client.post(f"{address}/propose", form)  # a double click
    plan = Arrangement.objects.get()
    assert (plan.amount, plan.term, plan.terms["heard"]) == (Decimal("12000.00"), 24, "the shop closed")
    acts = f"/cases/{case.case_no}/arrangements/{plan.pk}"
    assert client.post(f"{acts}/answer", {"answer": "approve"}).status_code == 403
    signed_in(client, Role.TEAM_LEADER)
    assert 'value="approve"' in client.get(address).content.decode()
    client.post(f"{acts}/answer", {"answer": "approve"})
    plan.refresh_from_db()
    assert plan.standing == "approved"
    agreed = {"form": "written", "evidence": build.proof(case.party)}
    page = client.post(f"{acts}/agree", agreed, follow=True).content.decode()
    assert "whole cost has to be laid before" in page
    page = client.post(f"{acts}/agree", {**agreed, "disclosed": "yes"}, follow=True).content.decode()
    assert "Agreed, with the host" in page and "Stop of interest" in page and "no answer yet" in page


def test_terms_that_are_forbidden_are_not_proposed(case, client):
    signed_in(client, Role.COLLECTOR)
    address = f"/cases/{case.case_no}/arrangement/propose"
    answer = client.post(address, {**KNOWN, "code": "personalised_plan", "term": "12", "key": "k"})
    assert answer.status_code == 422 and "P-ABILITY" in answer.content.decode()
    assert client.post(address, {**KNOWN, "left": "7oo", "code": "deferral", "term": "1"}).status_code == 422
    assert not Arrangement.objects.exists()


WORDS = {
    "en": ("One plan together with", "of it", "combined, 2 accounts", "So the whole is not in force"),
    "zh-hans": ("合并分期，连同账户", "其中", "合并分期，2 个账户", "整份协议因此不生效"),
}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_two_cards_are_reckoned_proposed_approved_and_refused_as_one(case, client, language):
    (together, of_it, combined, not_in_force), first = WORDS[language], case.party.accounts.get()
    second = build.account(party=case.party)
    dollars = build.account(party=case.party, currency="USD")
    build.account_state(account=second, past_due="1600.00")  # later in the list: the most past due stands first
    collector = build.user(Role.COLLECTOR, language=language)
    client.force_login(collector, backend="dunwell.identity.backends.Backend")
    address = f"/cases/{case.case_no}/arrangement"
    page = client.get(address).content.decode()
    assert together in page and f'name="with" value="{first.pk}"' in page
    assert f'name="with" value="{dollars.pk}"' not in page
    known = {**KNOWN, "left": "1100", "account": second.pk, "with": first.pk}
    with CaptureQueriesContext(connection) as asked:
        page = client.get(address, known).content.decode()
    assert len(asked) <= 18
    assert "24,000.00" in page and "1,000.00" in page  # 500.00 each
    assert f"{of_it} {first.account_no}" in page and f"{of_it} {second.account_no}" in page
    form = {**known, "code": "personalised_plan", "term": "24", "key": "k", "first_payment": "0.00"}
    client.post(f"{address}/propose", form)
    client.post(f"{address}/propose", form)
    lead, other = Arrangement.objects.order_by("pk")
    assert (lead.account_id, other.account_id, lead.combined_id) == (second.pk, first.pk, other.combined_id)
    page = client.get(address).content.decode()
    assert combined in page and page.count('<article class="plan"') == 1

    leader = build.user(Role.TEAM_LEADER, language=language)
    client.force_login(leader, backend="dunwell.identity.backends.Backend")
    listed = client.get("/arrangements").content.decode()
    assert "24,000.00" in listed and f"{second.account_no}, {first.account_no}" in listed
    client.post(f"/cases/{case.case_no}/arrangements/{lead.pk}/answer", {"answer": "approve"})
    agreed = {"form": "written", "evidence": build.proof(case.party), "disclosed": "yes"}
    client.post(f"/cases/{case.case_no}/arrangements/{lead.pk}/agree", agreed)
    refused = other.instructions.earliest("pk")
    told = Told(refused.pk, False, build.TODAY, "blocked by the card system")
    services.answer_instruction(told=told, source="api", by=plans.BY, now=build.NOW)
    page = client.get(address).content.decode()
    assert not_in_force in page and "blocked by the card system" in page and first.account_no in page


def test_accounts_of_different_currencies_are_not_combined_whatever_is_posted(case, client):
    signed_in(client, Role.COLLECTOR)
    dollars = build.account(party=case.party, currency="USD")
    form = {
        **KNOWN,
        "account": case.party.accounts.earliest("pk").pk,
        "code": "personalised_plan",
        "term": "24",
        "key": "k",
    }
    client.post(f"/cases/{case.case_no}/arrangement/propose", {**form, "with": dollars.pk})
    assert Arrangement.objects.get().combined is None


def test_what_was_settled_together_is_certified_by_one_button(case, client):
    signed_in(client, Role.COLLECTOR)
    first, second = case.party.accounts.get(), build.account(party=case.party)
    build.account_state(account=second, past_due="1500.00")
    wish, told = Wish("personalised_plan", 24), {"left": Decimal("1100.00"), "others": [second.pk]}
    made = plans.propose(first, wish, now=build.NOW, **told)
    Arrangement.objects.update(standing="ended", standing_on=build.TODAY)
    AccountState.objects.update(balance=0)
    address = f"/cases/{case.case_no}/arrangement"
    assert 'name="together" value="yes"' in client.get(address).content.decode()
    form = {"account": made.account_id, "kind": "settled", "together": "yes", "reason": "he asked", "key": "c"}
    page = client.post(f"/cases/{case.case_no}/certificate", form, follow=True).content.decode()
    assert f"{first.account_no}, {second.account_no}" in page
