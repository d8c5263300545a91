"""Signing in: password, throttling, one-time codes, the log."""

from __future__ import annotations

import pytest
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from dunwell.evidence.models import Log
from dunwell.identity.models import Role
from dunwell.identity.services import change_user, create_user, first_password
from tests import build

pytestmark = pytest.mark.django_db


def sign_in(client, user, password=build.PASSWORD, **more):
    return client.post("/login", {"username": user.username, "password": password, **more})


def kinds():
    return list(Log.objects.order_by("id").values_list("kind", flat=True))


def test_the_right_password_leads_to_the_page_that_was_asked_for(client):
    answer = sign_in(client, build.user(), next="/lists")
    assert answer.status_code == 302 and answer["Location"] == "/lists"
    assert kinds() == ["user.signed_in"]


def test_an_address_of_somebody_else_is_not_followed(client):
    assert sign_in(client, build.user(), next="https://example.com/")["Location"] == "/"


def test_the_session_gets_a_new_key_when_somebody_signs_in(client):
    user = build.user()
    client.get("/login")
    before = client.session.session_key
    sign_in(client, user)
    assert client.session.session_key and client.session.session_key != before


def test_five_failures_block_the_name_even_for_the_right_password(client):
    user = build.user()
    for _ in range(5):
        sign_in(client, user, "wrong")
    assert sign_in(client, user).status_code == 429
    assert "user.signed_in" not in kinds()


def test_a_user_without_access_cannot_sign_in_and_is_signed_out(client):
    user = build.user()
    sign_in(client, user)
    change_user(user=user, role=user.role, team=user.team, is_active=False)
    assert client.get("/desk").status_code == 302
    assert sign_in(client, user).status_code == 422


def test_a_one_time_code_is_asked_for_where_one_is_enrolled(client):
    user = build.user()
    device = TOTPDevice.objects.create(user=user, confirmed=True)
    assert sign_in(client, user).status_code == 200
    assert client.get("/desk").status_code == 302, "the password alone is not enough"
    assert client.post("/login/code", {"code": "000000"}).status_code == 422
    TOTPDevice.objects.update(throttling_failure_count=0)  # the device slows wrong tries down; this test does not wait
    code = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift).token()
    assert client.post("/login/code", {"code": f"{code:06}"}).status_code == 302
    assert client.get("/desk").status_code == 200


def test_enrolling_asks_for_a_code_as_proof_and_shows_a_picture(client):
    user = build.user()
    sign_in(client, user)
    page = client.get("/profile/code").content.decode()
    assert "<svg" in page and "style=" not in page
    device = TOTPDevice.objects.get(user=user)
    code = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift).token()
    assert client.post("/profile/code", {"code": f"{code:06}"}).status_code == 302
    assert TOTPDevice.objects.get(user=user).confirmed
    assert "user.code_enrolled" in kinds()


def test_a_new_password_keeps_this_session_and_ends_the_others(client):
    from django.test import Client

    user, other = build.user(), Client()
    sign_in(client, user)
    sign_in(other, user)
    new = "another-long-password"
    assert client.post("/profile/password", {"old": build.PASSWORD, "new": new, "again": new}).status_code == 302
    assert client.get("/profile").status_code == 200
    assert other.get("/profile").status_code == 302


def test_the_administrator_makes_a_user_and_the_first_password_is_shown_once(client):
    sign_in(client, build.user(Role.ADMINISTRATOR))
    form = {"username": "new", "staff_no": "S9", "name_zh": "新", "name_en": "New", "role": "collector", "team": ""}
    page = client.post("/users", form).content.decode()
    assert "user.created" in kinds()
    assert "new" in page and client.get("/users").content.decode().count("First password") == 0
    assert client.post("/users", form).status_code == 422, "a name is used once"


def test_first_passwords_pass_the_rules_and_differ():
    assert first_password() != first_password()
    user = create_user(
        username="u",
        staff_no="S",
        name_zh="甲",
        name_en="A",
        entity=build.entity(),
        team=None,
        role="legal",
        password=first_password(),
    )
    assert user.pk
