"""The desk through the API: the same services, the same refusals."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from dunwell.api.auth import make_key
from dunwell.casework import queries as casework_queries
from dunwell.casework import services as casework
from dunwell.casework.models import Case, Note, Reminder
from dunwell.channels.models import Message
from dunwell.compliance.models import Hold
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


def test_cases_are_listed_page_by_page_and_found_by_a_whole_value(call, collector):
    cases = [build.debtor()[2] for _ in range(3)]
    status, page = call("cases?chip=unowned&bucket=M2&limit=2", method="get")
    assert status == 200 and len(page["cases"]) == 2
    _, rest = call(f"cases?chip=unowned&bucket=M2&limit=2&after={page['after']}", method="get")
    assert {one["case_no"] for one in page["cases"] + rest["cases"]} == {case.case_no for case in cases}
    assert rest["after"] is None
    assert call("cases?chip=everything", method="get")[0] == call("cases?owner=nobody", method="get")[0] == 422
    account = cases[0].party.accounts.get()
    _, (found,) = call("search", {"q": account.account_no})
    assert (found["case_no"], found["name_masked"]) == (cases[0].case_no, cases[0].party.name_masked)
    assert call("search", {"q": "nobody at all"}) == (200, [])


def test_what_happened_is_read_by_kind(call, collector):
    case = build.debtor()[2]
    call(f"cases/{case.case_no}/notes", {"text": "上夜班", "key": "note-0002"})
    status, line = call(f"cases/{case.case_no}/timeline?kind=note", method="get")
    assert status == 200 and [(one["sort"], one["text"]) for one in line["entries"]] == [("note", "上夜班")]
    assert call(f"cases/{case.case_no}/timeline?kind=gossip", method="get")[0] == 422


def test_a_call_that_comes_in_gives_its_action_and_takes_its_outcome(call, collector):
    person, point, case = build.debtor()
    body = {"person": person.party_no, "contact_point": point.pk, "key": "rings-001"}
    status, taken = call(f"cases/{case.case_no}/calls", body)
    assert (status, taken["action"]) == (200, "incoming")
    assert call(f"cases/{case.case_no}/calls", body) == (200, taken)
    result = {"contact": taken["contact"], "code": "interrupted", "key": "rang-0001"}
    assert call(f"cases/{case.case_no}/contacts", result)[0] == 200
    assert call(f"cases/{case.case_no}/calls", {"key": "rings-002"})[1]["action"] == "incoming_third"
    assert call(f"cases/{case.case_no}/calls", {"person": "stranger", "key": "rings-003"})[0] == 404


def test_a_message_is_previewed_then_queued_once(call, collector):
    _person, point, case = build.debtor()
    body = {"contact_point": point.pk, "template": "SMS-REMIND-1"}
    status, shown = call(f"cases/{case.case_no}/messages/preview", body)
    assert status == 200 and shown["text"].startswith("【") and not Message.objects.exists()
    first = call(f"cases/{case.case_no}/messages", {**body, "key": "message-1"})
    assert first[0] == 200 and first == call(f"cases/{case.case_no}/messages", {**body, "key": "message-1"})
    assert Message.objects.count() == 1
    assert call(f"cases/{case.case_no}/messages/preview", {**body, "template": "none"})[0] == 422


def test_a_number_is_shown_as_on_the_desk_and_a_hold_and_a_promise_are_placed(call, collector):
    person, point, case = build.debtor()
    reveal = {"what": point.pk, "reason": "wrong_number"}
    status, hidden = call(f"cases/{case.case_no}/reveals", reveal)
    assert (status, hidden["code"]) == (409, "not_held")
    hold = {"kind": "dispute", "reason": "says it is not his", "account_no": person.accounts.get().account_no}
    status, placed = call(f"cases/{case.case_no}/holds", hold)
    assert status == 201 and Hold.objects.get().account_id == person.accounts.get().pk
    assert call(f"cases/{case.case_no}/holds", {**hold, "kind": "sold"})[0] == 403
    casework.hold(case_id=case.pk, user=collector, now=timezone.now())
    status, hidden = call(f"cases/{case.case_no}/reveals", reveal)
    assert (status, hidden["code"]) == (409, "refused") and hidden["answer"]["reasons"]
    assert call(f"cases/{case.case_no}/holds/{placed['hold']}/lift", {"reason": "settled"})[0] == 204
    terms = casework_queries.case_page(case.pk, collector, timezone.now()).terms
    day = next(day for day, working in terms.days if working).isoformat()
    promise = {"parts": [{"due_date": day, "amount": "1050.00"}], "key": "promise-1"}
    status, made = call(f"cases/{case.case_no}/promises", promise)
    assert status == 201
    status, problems = call(f"cases/{case.case_no}/promises", {**promise, "key": "promise-2"})
    assert status == 422 and [one["code"] for one in problems] == ["above_past_due"]
    revision = {"reason": "mistyped", "parts": [{"due_date": day, "amount": "1500.00"}], "key": "promise-3"}
    status, again = call(f"cases/{case.case_no}/promises/{made['promise']}", revision)
    assert status == 200
    _, listed = call(f"cases/{case.case_no}/promises", method="get")
    assert [(one["promise"], one["withdrawn"]) for one in listed] == [
        (again["promise"], False), (made["promise"], True),
    ]  # fmt: skip


def test_cases_are_handed_out_and_taken_back(collector):
    cases = [build.debtor()[2] for _ in range(2)]
    key = make_key(user=build.user(Role.TEAM_LEADER), name="work force", now=NOW)

    def ask(path, body):
        headers = {"Authorization": f"Bearer {key}"}
        answer = Client().post(f"/api/{path}", json.dumps(body), "application/json", headers=headers)
        return answer.status_code, answer.json() if answer.content else None

    body = {"cases": [*(case.case_no for case in cases), "C-none"], "owners": [collector.staff_no], "key": "hand-out-1"}
    status, done = ask("hand-outs", body)
    assert status == 200 and done["skipped"] == {"C-none": "no_such_case"}
    assert sorted(done["dealt"][collector.staff_no]) == sorted(case.case_no for case in cases)
    assert ask("hand-outs", {**body, "ends_on": "2020-01-01", "key": "hand-out-2"})[0] == 422
    assert ask(f"cases/{cases[0].case_no}/take-back", {"key": "take-back-1"})[0] == 204
    assert set(Case.objects.values_list("owner", flat=True)) == {None, collector.pk}


def test_what_he_objects_to_and_what_is_left_to_him_by_another_system(call, collector):
    person, _point, case = build.debtor()
    account, at = person.accounts.get().account_no, f"cases/{case.case_no}"
    body = {"account_no": account, "kind": "record", "text": "已结清仍显示逾期", "key": "dispute-1"}
    status, made = call(f"{at}/disputes", body)
    assert (status, made["route"], made["outcome"]) == (200, "legal", "") and Hold.objects.get().pk == made["hold"]
    assert call(f"{at}/disputes", body) == (200, made)
    assert call(f"{at}/disputes", {**body, "kind": "mood", "key": "dispute-2"}) == (422, {"code": "kind"})
    complaint = {
        "source": "12363",
        "category": "record",
        "text": "要求更正",
        "against": collector.staff_no,
        "key": "complain-1",
    }
    status, taken = call(f"{at}/complaints", complaint)
    assert (status, taken["state"], taken["repeats"]) == (200, "open", "")
    assert call(f"{at}/means", method="get") == (200, {"left": None})
    stated = {"items": {"salary": "5000", "rent": "1200.50"}, "household": 1, "key": "means-001"}
    assert call(f"{at}/means", stated) == (200, {"left": "3013.50"})
    assert call(f"{at}/findings", {"reason": "job_lost", "key": "found-001"}) == (200, {"written": 1})
    assert call(f"{at}/paths", {"path": "hardship", "key": "path-0001"})[0] == 200
    ask = {"department": "legal", "what": "information", "text": "?", "needed_by": "2099-01-01", "key": "ask-00001"}
    assert call(f"{at}/requests", ask)[0] == 200
