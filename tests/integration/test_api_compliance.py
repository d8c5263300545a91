"""A dialler asks before it dials and reports what came of it."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from dunwell.api.auth import make_key
from dunwell.compliance import services
from dunwell.compliance.models import Contact, ContactOutcome
from dunwell.evidence.models import Log, StoredFile
from dunwell.identity.models import Role
from dunwell.kernel.actor import Actor
from tests import build

MORNING = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch):
    """The wall clock: the one thing that a page reads and a test has to set."""

    class Clock:
        now = MORNING

    monkeypatch.setattr(timezone, "now", lambda: Clock.now)
    return Clock


@pytest.fixture
def call(clock):
    key = make_key(user=build.user(Role.COLLECTOR), name="dialler", now=MORNING)

    def ask(path, body):
        headers = {"Authorization": f"Bearer {key}"}
        answer = Client().post(f"/api/compliance/{path}", json.dumps(body), "application/json", headers=headers)
        return answer.status_code, answer.json()

    return ask


@pytest.fixture
def debt():
    party, point, case = build.debtor()
    build.contact_point(party=party, value="19000004321")
    return case, point


def test_a_dial_is_reserved_once_and_its_outcome_counts(call, debt):
    case, point = debt
    body = {"case_no": case.case_no, "contact_point": point.pk, "key": "dial-0001"}
    status, first = call("decide", body)
    assert (status, first["answer"]["decision"]) == (200, "ALLOW")
    assert call("decide", body)[1] == first
    report = {"contact": first["contact"], "token": first["token"], "outcome": "no_answer", "key": "came-0001"}
    for _ in range(2):
        assert call("contacts", [report]) == (
            200, [{"contact": first["contact"], "outcome": "no_answer", "late": False}],
        )  # fmt: skip
    assert (Contact.objects.count(), ContactOutcome.objects.count()) == (1, 1)
    assert call("decide", body | {"contact_point": 0})[0] == 404


def test_a_number_is_found_by_itself_and_a_strange_one_may_not_be_dialled(call, debt):
    case, _ = debt
    body = {"case_no": case.case_no, "number": "190 0000 4321", "key": "dial-0002"}
    assert call("decide", body)[1]["answer"]["decision"] == "ALLOW"
    assert call("decide", body | {"number": "19000009998", "key": "dial-0003"})[0] == 404


def test_the_refusal_names_every_rule_and_reserves_nothing(call, debt, clock):
    case, point = debt
    clock.now = MORNING + timedelta(hours=12)
    body = {"case_no": case.case_no, "contact_point": point.pk, "key": "dial-0004", "stated": {"recording": "no"}}
    _, refused = call("decide", body)
    assert [reason["rule"] for reason in refused["answer"]["reasons"]] == ["CN-TIME-NIGHT", "CN-REC-CALL"]
    assert refused["contact"] is None
    assert Contact.objects.count() == 0


def test_a_refusal_is_answered_again_under_its_key(call, debt, clock):
    case, point = debt
    body = {"case_no": case.case_no, "contact_point": point.pk, "key": "dial-0010"}
    clock.now = MORNING + timedelta(hours=12)
    first = call("decide", body)
    clock.now = MORNING
    assert call("decide", body) == first
    assert call("decide", body | {"key": "dial-0011"})[1]["answer"]["decision"] == "ALLOW"


def test_a_talk_reported_is_taken_back_on_its_record_only(call, debt):
    case, point = debt
    _, one = call("decide", {"case_no": case.case_no, "contact_point": point.pk, "key": "dial-0012"})
    report = {"contact": one["contact"], "token": one["token"], "outcome": "connected_rpc", "key": "came-0012"}
    assert call("contacts", [report])[0] == 200
    correction = report | {"outcome": "no_answer", "key": "came-0013"}
    status, refused = call("contacts", [correction])
    assert (status, "would count less" in refused["refused"]) == (409, True)
    assert call("contacts", [correction | {"record": "CDR-5"}])[0] == 200


def test_a_file_of_records_is_handed_in(clock):
    headers = {"Authorization": f"Bearer {make_key(user=build.user(Role.COLLECTOR), name='d', now=MORNING)}"}
    file = SimpleUploadedFile("cdr.csv", b"id,cause\nCDR-1,16\n")
    answer = Client().post("/api/compliance/files", {"file": file}, headers=headers)
    assert (answer.status_code, answer.json()["size"]) == (200, 18)
    assert StoredFile.objects.get().sha256 == answer.json()["sha256"]


@pytest.mark.parametrize("stated", [{"officer": "yes"}, {"night_consent": "2026-01-01"}, {"released": "CN-DISPUTE"}])
def test_what_is_looked_up_cannot_be_stated(call, debt, stated):
    case, point = debt
    body = {"case_no": case.case_no, "contact_point": point.pk, "key": "dial-0005", "stated": stated}
    assert call("decide", body)[0] == 422


def test_an_allotment_is_used_up_or_proven_unused(call, debt, clock):
    case, point = debt
    body = {"case_no": case.case_no, "contact_point": point.pk, "dials": 5, "key": "lot-00001"}
    _, given = call("allotments", body)
    assert len(given["contacts"]) == 3
    assert given["refused"]["reasons"][0]["rule"] == "CN-CALL-3-EFFECTIVE"
    assert call("allotments", body)[1]["contacts"] == given["contacts"]
    reports = [
        {"contact": one["contact"], "token": one["token"], "key": f"lot-{nr:05}", **what}
        for nr, (one, what) in enumerate(
            zip(
                given["contacts"],
                [
                    {"outcome": "busy"},
                    {"proof": "switch_record", "record": "CDR-1"},
                    {"proof": "switch_record", "record": "CDR-2"},
                ],
                strict=True,
            )
        )
    ]
    assert [one["outcome"] for one in call("contacts", reports)[1]] == ["busy", "nothing_left", "nothing_left"]
    _, more = call("allotments", body | {"dials": 6, "key": "lot-00002"})
    assert len(more["contacts"]) == 3  # one dial of six made, three conversations open


def test_all_reports_are_taken_or_none(call, debt):
    case, point = debt
    _, one = call("decide", {"case_no": case.case_no, "contact_point": point.pk, "key": "dial-0006"})
    good = {"contact": one["contact"], "token": one["token"], "outcome": "busy", "key": "came-0006"}
    assert call("contacts", [good, good | {"outcome": "delivered", "key": "came-0007"}])[0] == 409
    assert call("contacts", [good | {"token": "x"}])[0] == 404
    assert call("contacts", [good | {"proof": "switch_record"}])[0] == 422
    assert call("contacts", [good | {"proof": "his_word"}])[0] == 422
    assert call("contacts", [good | {"outcome": "", "proof": "switch_record"}])[0] == 409
    assert call("contacts", [good | {"record": "CDR-1", "file": "0" * 64}])[0] == 422
    assert ContactOutcome.objects.count() == 0


def test_a_dial_after_its_token_is_taken_and_logged_as_a_breach(call, debt, clock):
    case, point = debt
    _, one = call("decide", {"case_no": case.case_no, "contact_point": point.pk, "key": "dial-0008"})
    clock.now = MORNING + timedelta(minutes=10)
    report = {
        "contact": one["contact"], "token": one["token"], "outcome": "no_answer", "key": "came-0008",
        "began_at": (MORNING + timedelta(minutes=2)).isoformat(),
    }  # fmt: skip
    assert call("contacts", [report])[1][0]["late"] is True
    assert Log.objects.filter(kind="gate.breached").count() == 1


def test_another_entity_sees_neither_case_nor_contact(debt, clock):
    case, point = debt
    stranger = build.user(Role.COLLECTOR, of=build.entity("agency-1"), team=None)
    headers = {"Authorization": f"Bearer {make_key(user=stranger, name='agency', now=MORNING)}"}
    body = {"case_no": case.case_no, "contact_point": point.pk, "key": "dial-0009"}
    answer = Client().post("/api/compliance/decide", json.dumps(body), "application/json", headers=headers)
    assert answer.status_code == 404


def test_a_dial_about_one_account_is_not_stopped_by_what_is_held_of_another(call, debt):
    case, point = debt
    mine, other = case.party.accounts.get(), build.account(party=case.party)
    build.account_state(account=other)
    hold = {"party_id": case.party_id, "kind": "art70", "reason": "r", "by": Actor.program("test"), "now": MORNING}
    services.place_hold(account_id=other.pk, **hold)
    body = {"case_no": case.case_no, "contact_point": point.pk}
    assert call("decide", body | {"key": "dial-0020"})[1]["answer"]["decision"] == "BLOCK"
    about = body | {"account_no": mine.account_no}
    assert call("decide", about | {"key": "dial-0021"})[1]["answer"]["decision"] == "ALLOW"
    assert call("allotments", about | {"key": "lot-00021", "dials": 1})[1]["contacts"]
    assert call("decide", body | {"account_no": "none", "key": "dial-0022"})[0] == 404


def test_a_guarded_persons_case_is_asked_about_by_its_officers_only(call, debt):
    case, point = debt
    services.add_to_list(list="staff", party_id=case.party_id, reason="r", by=Actor.program("test"), now=MORNING)
    body = {"case_no": case.case_no, "contact_point": point.pk, "purpose": "service", "key": "dial-0023"}
    assert call("decide", body)[0] == 403


def test_an_agencys_system_asks_about_the_cases_that_it_was_given(debt, clock):
    party, point, case = build.debtor(of=build.entity("agency-1"))
    build.agency(debtors=[party])
    of_agency = build.user(Role.COLLECTOR, of=build.entity("agency-1"), team=None)
    headers = {"Authorization": f"Bearer {make_key(user=of_agency, name='agency', now=MORNING)}"}
    body = {"case_no": case.case_no, "contact_point": point.pk, "key": "dial-0024"}
    answer = Client().post("/api/compliance/decide", json.dumps(body), "application/json", headers=headers)
    assert answer.json()["answer"]["decision"] == "ALLOW"
    kept = Contact.objects.get().decision
    assert (kept.entity_id, kept.pack_version) == (of_agency.entity_id, "cn-2026-01")
