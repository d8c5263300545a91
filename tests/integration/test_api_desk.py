"""The desk through the API: the same services, the same refusals."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client

from dunwell.api.auth import make_key
from dunwell.casework.models import Note, Reminder
from dunwell.identity.models import Role
from tests import build

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def collector():
    return build.user(Role.COLLECTOR)


@pytest.fixture
def call(collector):
    key = make_key(user=collector, name="soft-phone", now=NOW)

    def ask(path, body=None, method="post"):
        headers = {"Authorization": f"Bearer {key}"}
        if method == "get":
            answer = Client().get(f"/api/{path}", headers=headers)
        else:
            answer = Client().post(f"/api/{path}", json.dumps(body or {}), "application/json", headers=headers)
        return answer.status_code, answer.json() if answer.content else None

    return ask


def test_nothing_waits(call):
    assert call("next") == (204, None)


def test_a_case_is_shown_masked(call, collector):
    case = build.case(of=collector.entity)
    status, shown = call(f"cases/{case.case_no}", method="get")
    assert status == 200
    assert (shown["case_no"], shown["name_masked"]) == (case.case_no, case.party.name_masked)


def test_a_case_of_another_entity_is_not_there(call):
    elsewhere = build.case(of=build.entity("agency-x"))
    assert call(f"cases/{elsewhere.case_no}", method="get")[0] == 404


def test_a_note_is_kept_once(call, collector):
    case = build.case(of=collector.entity)
    for _ in range(2):
        assert call(f"cases/{case.case_no}/notes", {"text": "夜班，下午再打", "key": "note-0001"})[0] == 201
    assert Note.objects.count() == 1
    assert "夜班".encode() not in bytes(Note.objects.get().text_sealed)


@pytest.mark.parametrize("at", ["2020-01-01T10:00:00+08:00", "2099-01-01T10:00:00"])
def test_a_moment_that_has_passed_or_has_no_zone_is_refused(call, collector, at):
    case = build.case(of=collector.entity)
    assert call(f"cases/{case.case_no}/reminders", {"at": at, "key": "remind-01"})[0] == 422
    assert not Reminder.objects.exists()


def test_an_outcome_without_a_dial_is_refused_with_its_field(call, collector):
    case = build.case(of=collector.entity)
    status, problems = call(f"cases/{case.case_no}/contacts", {"contact": 0, "code": "no_answer", "key": "outcome-1"})
    assert status == 422
    assert [one["code"] for one in problems] == ["no_contact"]


def test_another_cases_contact_point_is_not_dialled(call, collector):
    case = build.case(of=collector.entity)
    assert call(f"cases/{case.case_no}/dials", {"contact_point": 1, "key": "dial-0001"})[0] == 404
