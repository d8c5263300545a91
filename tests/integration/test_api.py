"""Money announced by the bank's own systems, with a key or a session."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from dunwell.api.auth import make_key
from dunwell.identity.models import ApiKey, Role
from dunwell.payments.models import Payment, PaymentAnswer
from tests import build

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def call(path, body, *, key=None, method="post"):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = getattr(Client(), method)(
        f"/api/{path}", json.dumps(body), content_type="application/json", headers=headers
    )
    return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def key():
    return make_key(user=build.user(Role.MANAGER), name="the bank's app", now=NOW)


def announced(account, **more):
    return {"account_no": account.account_no, "amount": "250.00", "host_ref": "APP-1", **more}


def test_an_announced_payment_is_provisional_and_the_call_is_safe_to_repeat(key):
    account = build.account()
    first = call("payments", announced(account), key=key)
    assert first == call("payments", announced(account), key=key)
    assert first[0] == 200 and first[1]["state"] == "provisional"
    assert Payment.objects.get().provisional


def test_dropped_by_the_host(key):
    account = build.account()
    call("payments", announced(account), key=key)
    status, answer = call("payments/dropped", {"account_no": account.account_no, "host_ref": "APP-1"}, key=key)
    assert (status, answer["state"]) == (200, "dropped")
    assert PaymentAnswer.objects.get().answer == "dropped"


def test_the_same_reference_with_another_amount_is_a_conflict_that_names_both(key):
    account = build.account()
    call("payments", announced(account), key=key)
    status, answer = call("payments", announced(account, amount="251.00"), key=key)
    assert status == 409
    assert answer == {"code": "reference_used", "params": {"host_ref": "APP-1", "booked": "250.00", "found": "251.00"}}


@pytest.mark.parametrize("bad", [{"amount": "-1"}, {"amount": "1.001"}, {"host_ref": ""}, {"currency": "YUAN"}])
def test_what_is_not_a_payment_is_named(key, bad):
    status, answer = call("payments", announced(build.account(), **bad), key=key)
    assert status == 422
    assert answer["detail"][0]["loc"][-1] == next(iter(bad))
    assert not Payment.objects.exists()


def test_a_stranger_and_a_revoked_key_are_refused(key):
    account = build.account()
    assert call("payments", announced(account))[0] == 401
    assert call("payments", announced(account), key="dw_guess")[0] == 401
    ApiKey.objects.update(revoked_at=NOW)
    assert call("payments", announced(account), key=key)[0] == 401
    assert not Payment.objects.exists()


def test_an_account_of_another_entity_is_not_found(key):
    elsewhere = build.party(of=build.entity("agency-x"))
    assert call("payments", announced(build.account(party=elsewhere)), key=key)[0] == 404


def test_who_may_not_enter_payments_is_told_what_he_lacks():
    analyst = make_key(user=build.user(Role.ANALYST), name="a script", now=NOW)
    status, answer = call("payments", announced(build.account()), key=analyst)
    assert status == 403 and "payment.enter" in answer["detail"]
    assert not Payment.objects.exists()


def test_the_key_itself_is_kept_nowhere(key):
    assert key.encode() not in bytes(ApiKey.objects.get().digest)


def test_a_session_needs_its_token():
    user = build.user(Role.MANAGER)
    client = Client(enforce_csrf_checks=True)
    client.force_login(user, backend="dunwell.identity.backends.Backend")
    answer = client.post("/api/payments", json.dumps(announced(build.account())), content_type="application/json")
    assert answer.status_code == 403
    assert not Payment.objects.exists()


def test_openapi_names_what_can_be_called(key):
    document = Client().get("/api/openapi.json").json()
    assert {"/api/payments", "/api/payments/dropped", "/api/payments/reversed"} <= set(document["paths"])
