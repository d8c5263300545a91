"""The page of a case's arrangements: offers side by side, proposed by one and approved by another, consent, the host."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dunwell.arrangements.means.queries import stated
from dunwell.arrangements.means.services import state_means
from dunwell.arrangements.models import Arrangement
from dunwell.identity.models import Role
from tests import build

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
