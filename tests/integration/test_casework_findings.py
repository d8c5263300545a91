"""What was found out of a person, and the care he needs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dunwell.casework.models import Finding, VulnerabilityMark
from dunwell.casework.queries import knowing
from dunwell.casework.services import findings, queue
from dunwell.compliance.models import Hold, HoldLift
from dunwell.evidence.models import Log
from dunwell.kernel.times import business_date
from tests import build

pytestmark = pytest.mark.django_db
BY = build.Actor.program("test")


@pytest.fixture
def work(client):
    _person, _point, case = build.debtor()
    user = build.user(language="en")
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[1])
    return client, user, case


def sign_in(client, role):
    user = build.user(role, language="en")
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[1])
    return user


def test_the_last_finding_of_a_kind_is_the_current_one_and_the_earlier_ones_stay(work):
    client, _user, case = work
    at = f"/cases/{case.case_no}/findings"
    client.post(at, {"key": "f1", "intent": "avoids", "reason": "forgot", "heard": "says the bill never came"})
    client.post(at, {"key": "f2", "intent": "willing", "reason": "job_lost", "heard": "dismissed in October"})
    client.post(at, {"key": "f2", "intent": "willing", "reason": "job_lost"})
    known = knowing.known(case.party_id, now=timezone.now())
    assert {kind: one.code for kind, one in known.current.items()} == {"intent": "willing", "reason": "job_lost"}
    assert Finding.objects.count() == 4
    page = client.get(f"/cases/{case.case_no}/situation").content.decode()
    assert "dismissed in October" in page and "says the bill never came" in page
    assert "Job lost" in client.get(f"/cases/{case.case_no}").content.decode()
    assert not Log.objects.filter(data__icontains="dismissed").exists()
    assert client.post(at, {"key": "f3", "reason": "laziness"}).status_code == 422
    assert client.post(at, {"key": "f4"}).status_code == 422


def test_a_finding_grows_old(work):
    _client, user, case = work
    findings.record_findings(case_id=case.pk, found={"intent": "willing"}, by=BY, now=build.NOW, key="f1")
    assert not knowing.known(case.party_id, now=build.NOW + timedelta(days=60)).current["intent"].old
    assert knowing.known(case.party_id, now=build.NOW + timedelta(days=61)).current["intent"].old


def test_a_mark_places_its_hold_ends_with_it_and_is_seen_by_few(work):
    client, user, case = work
    until = business_date(timezone.now()) + timedelta(days=20)
    at = f"/cases/{case.case_no}/care"
    form = {"key": "m1", "kind": "serious_illness", "until": until.isoformat(), "detail": "chemotherapy until March"}
    for _ in range(2):
        assert client.post(at, form).status_code == 204
    mark = VulnerabilityMark.objects.get()
    hold = Hold.objects.get()
    assert (hold.kind, mark.hold_id, business_date(hold.ends_at)) == ("illness", hold.pk, until + timedelta(days=1))
    place = f"/cases/{case.case_no}/situation"
    assert "chemotherapy" in client.get(place).content.decode()
    colleague = sign_in(client, "collector")
    page = client.get(place).content.decode()
    assert (
        "Ask how he is first" in page
        and "Serious illness" not in page.split("<details")[0]
        and "chemotherapy" not in page
    )
    queue.hold(case_id=case.pk, user=colleague, now=timezone.now())
    page = client.get(place).content.decode()
    assert "Serious illness" in page.split("<details")[0] and "chemotherapy" not in page
    sign_in(client, "compliance")
    assert "chemotherapy" in client.get(place).content.decode()
    assert not Log.objects.filter(kind="vulnerability.marked", data__icontains="illness").exists()
    client.force_login(colleague, backend=settings.AUTHENTICATION_BACKENDS[1])
    assert client.post(f"{at}/{mark.pk}", {"reason": ""}).status_code == 422
    assert client.post(f"{at}/{mark.pk}", {"reason": "well again"}).status_code == 204
    assert HoldLift.objects.get().hold_id == hold.pk
    assert not knowing.known(case.party_id, now=timezone.now()).care


@pytest.mark.parametrize(("days", "kind"), [(0, "elderly"), (91, "serious_illness"), (5, "mood")])
def test_a_mark_without_a_right_end_or_kind_is_refused(work, days, kind):
    client, _user, case = work
    until = (business_date(timezone.now()) + timedelta(days=days)).isoformat()
    assert client.post(f"/cases/{case.case_no}/care", {"key": "m", "kind": kind, "until": until}).status_code == 422
    assert not VulnerabilityMark.objects.exists() and not Hold.objects.exists()


def test_the_situation_is_read_in_at_most_fifteen_queries(work):
    client, _user, case = work
    for number in range(30):
        findings.record_findings(
            case_id=case.pk, found={"intent": "willing"}, heard="x", by=BY, now=build.NOW, key=f"f{number}"
        )
    client.get(f"/cases/{case.case_no}/situation")
    with CaptureQueriesContext(connection) as asked:
        client.get(f"/cases/{case.case_no}/situation")
    assert len([one for one in asked if (one["sql"] or "--").startswith(("SELECT", "WITH", "--"))]) <= 15
