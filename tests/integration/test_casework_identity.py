"""Nothing of a debt is said before the identity check has passed, and nobody guesses his way through it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from dunwell.casework import services
from dunwell.casework.models import IdentityCheck
from dunwell.casework.services import identity
from dunwell.compliance.models import Contact
from dunwell.evidence.models import Log
from tests import build
from tests.integration.test_desk_calls import ZONES, ZoneInfo

pytestmark = pytest.mark.django_db
AMOUNT = "1,500.00"


@pytest.fixture
def on_call(client):
    """A collector on the line with somebody who says that he is the debtor."""
    zone = next(zone for zone in ZONES if 9 <= timezone.now().astimezone(ZoneInfo(zone)).hour < 21)
    person, point, case = build.debtor(timezone=zone)
    build.identity(party=person)
    user = build.user(language="en")
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[1])
    services.hold(case_id=case.pk, user=user, now=timezone.now())
    client.post(f"/cases/{case.case_no}/dial", {"point": point.pk, "key": "dial-1"}, HTTP_HX_REQUEST="true")
    return client, case, Contact.objects.get()


def panel(client, case, contact):
    return client.get(f"/cases/{case.case_no}/identity/{contact.pk}").content.decode()


def without_numbers(page, case):
    """What is shown, but for the case's number and the check's key: they hold any figures."""
    return re.sub(r'value="check-[^"]*"', "", page).replace(case.case_no, "")


def answer(client, case, contact, key="c1", **wrong):
    asked = re.findall(r'data-question="(\w+)"', panel(client, case, contact))
    said = {f"answer-{code}": wrong.get("all", build.ANSWERS[code]) for code in asked}
    form = {"check": key, **said}
    return client.post(f"/cases/{case.case_no}/identity/{contact.pk}", form).content.decode()


def test_the_amount_stands_in_the_script_only_after_a_pass(on_call):
    client, case, contact = on_call
    before = panel(client, case, contact)
    assert AMOUNT not in before and "say nothing of an account or a debt" in before
    before = without_numbers(before, case)
    assert not any(value in before for value in ("0013", "4417", "202103"))  # what is on file is not shown
    script = f"/cases/{case.case_no}/script/{contact.pk}"
    assert AMOUNT not in client.get(script).content.decode()
    after = answer(client, case, contact)
    assert f'hx-get="{script}"' in after and 'id="identified"' in after
    assert AMOUNT in client.get(script).content.decode()
    check = IdentityCheck.objects.get()
    assert check.passed and set(check.asked.values()) == {True} and len(check.asked) == 2
    assert Log.objects.filter(kind="identity.passed", party_id=case.party_id).count() == 1


def test_a_wrong_answer_fails_without_saying_which_and_puts_other_questions(on_call):
    client, case, contact = on_call
    said = without_numbers(answer(client, case, contact, all="9999"), case)
    assert "Not passed" in said and AMOUNT not in said and "9999" not in said
    assert IdentityCheck.objects.get().passed is False
    assert identity.standing(contact=contact, now=timezone.now()).failures == 1


def test_failures_lock_everybody_out_for_the_time_of_the_policy(on_call):
    client, case, contact = on_call
    for number in range(3):
        answer(client, case, contact, key=f"c{number}", all="9999")
    locked = panel(client, case, contact)
    assert "Too many failed checks" in locked and "data-question" not in locked
    now = timezone.now()
    with pytest.raises(identity.CheckRefused, match="locked"):
        build.identified(contact, now=now)
    assert not identity.standing(contact=contact, now=now + timedelta(hours=25)).refusal


def test_the_same_check_sent_twice_is_one(on_call):
    client, case, contact = on_call
    asked = re.findall(r'data-question="(\w+)"', panel(client, case, contact))
    form = {"check": "c1", **{f"answer-{code}": "9999" for code in asked}}
    for _ in range(2):
        client.post(f"/cases/{case.case_no}/identity/{contact.pk}", form)
    assert IdentityCheck.objects.count() == 1


def test_other_answers_than_those_asked_for_are_no_check(on_call):
    client, case, contact = on_call
    said = client.post(f"/cases/{case.case_no}/identity/{contact.pk}", {"check": "c1", "answer-id_last4": "0013"})
    assert not IdentityCheck.objects.exists() and "changed meanwhile" in said.content.decode()


def test_what_was_revealed_to_the_collector_is_not_asked(on_call):
    client, case, contact = on_call
    client.post(f"/cases/{case.case_no}/reveal", {"what": "identity", "reason": "request"})
    assert not {"id_last4", "birth_day", "birth_year"} & set(
        re.findall(r'data-question="(\w+)"', panel(client, case, contact))
    )


def test_a_result_about_the_debt_needs_the_check_whatever_the_form_says(on_call):
    client, case, contact = on_call
    form = {"key": "s1", "contact": contact.pk, "code": "refused", "note": "", "identified": "on",
            "disclosed": ["who_we_are", "recorded", "objections"]}  # fmt: skip
    refused = client.post(f"/cases/{case.case_no}/contact", form, HTTP_HX_REQUEST="true")
    assert refused.status_code == 422 and "has to be identified" in refused.content.decode()
    answer(client, case, contact)
    assert client.post(f"/cases/{case.case_no}/contact", form, HTTP_HX_REQUEST="true").status_code == 204


def test_the_check_of_a_colleagues_call_is_not_shown(on_call):
    client, case, contact = on_call
    other = build.user(language="en")
    client.force_login(other, backend=settings.AUTHENTICATION_BACKENDS[1])
    assert client.get(f"/cases/{case.case_no}/identity/{contact.pk}").status_code == 404
