"""What waits for a second person, and old decisions decided again for an auditor."""

import json
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.utils import timezone

from dunwell.api.auth import make_key
from dunwell.compliance import services
from dunwell.compliance.models import GateDecision, Release
from dunwell.kernel.actor import Actor
from tests import build

BY = Actor.program("test")
MORNING = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: MORNING)


@pytest.fixture
def at(client):
    def enter(user):
        client.force_login(user, backend="dunwell.identity.backends.Backend")
        return client

    return enter


@pytest.fixture
def asked():
    """A complaint is open, and a collector asks."""
    party, point, case = build.debtor()
    services.place_hold(party_id=party.pk, kind="complaint", reason="r", by=BY, now=MORNING)
    asker = build.user("collector")
    by = Actor(user_id=asker.pk, name=asker.username, entity_id=asker.entity_id)
    services.ask(party_id=party.pk, contact_point_id=point.pk, channel="call", case_id=case.pk, by=by, now=MORNING)
    return party, point, case, GateDecision.objects.get()


def test_a_question_waits_for_another_person_and_leaves_when_it_is_released(at, asked):
    party, _, _, row = asked
    page = at(build.user("team_leader"))
    assert party.party_no in page.get("/rules/reviews").content.decode()
    assert page.post(f"/rules/reviews/{row.pk}/release", {"reason": ""}).status_code == 422
    assert page.post(f"/rules/reviews/{row.pk}/release", {"reason": "another collector"}).status_code == 302
    assert Release.objects.get().reason == "another collector"
    assert party.party_no not in page.get("/rules/reviews").content.decode()
    assert at(build.user("collector")).get("/rules/reviews").status_code == 403


def test_ones_own_question_and_a_guarded_persons_do_not_wait_for_one(at, asked):
    party, _, _, row = asked
    leader = build.user("team_leader")
    own = _with(row, actor=leader.pk)
    own.save()
    assert list(at(leader).get("/rules/reviews").context["rows"]) == []
    assert at(leader).post(f"/rules/reviews/{own.pk}/release", {"reason": "r"}).status_code == 422
    services.add_to_list(list="staff", party_id=party.pk, reason="r", by=BY, now=MORNING)
    other = build.user("team_leader")
    assert list(at(other).get("/rules/reviews").context["rows"]) == []
    assert at(other).post(f"/rules/reviews/{row.pk}/release", {"reason": "r"}).status_code == 422
    assert Release.objects.count() == 0


def test_another_system_releases_what_it_is_asked_and_the_dial_is_allowed(asked):
    _, point, case, _ = asked

    def call(user, path, body=None):
        headers = {"Authorization": f"Bearer {make_key(user=user, name='system', now=MORNING)}"}
        where = f"/api/compliance/{path}"
        answer = (
            Client().get(where, headers=headers)
            if body is None
            else Client().post(where, json.dumps(body), "application/json", headers=headers)
        )
        return answer.status_code, answer.json()

    asker, leader = build.user("collector"), build.user("team_leader")
    dial = {"case_no": case.case_no, "contact_point": point.pk}
    _, refused = call(asker, "decide", dial | {"key": "dial-0001"})
    assert refused["answer"]["decision"] == "REVIEW"
    assert [one["decision"] for one in call(leader, "reviews")[1]] == [refused["decision"]]
    given = {"decision": refused["decision"], "reason": "another collector"}
    assert call(asker, "reviews", given)[0] == 403
    assert call(leader, "reviews", given)[1]["rules"] == ["CN-COMPLAINT"]
    assert call(asker, "decide", dial | {"key": "dial-0002"})[1]["answer"]["decision"] == "ALLOW"


def test_an_auditor_sees_each_decision_decided_again(at, asked):
    row = asked[3]
    page = at(build.user("compliance"))
    assert [one["same"] for one in page.get("/rules/decisions?day=2026-11-24").context["rows"]] == [True]
    assert page.get("/rules/decisions?day=2026-11-23").context["rows"] == []
    GateDecision.objects.bulk_create(
        [_with(row, facts=row.facts | {"flags": {"paid": "no"}}), _with(row, sha="0" * 64)]
    )
    shown = page.get("/rules/decisions?day=2026-11-24")
    assert [one["same"] for one in shown.context["rows"]] == [True, False, False]
    assert "allowed Contact is permitted" in shown.content.decode()
    assert "is not at hand" in shown.content.decode()
    assert at(build.user("collector")).get("/rules/decisions").status_code == 403


def _with(row, *, facts=None, sha=None, actor=None):
    """Another decision, of which something is not as it was."""
    fields = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.name != "id"}
    changed = {"facts": facts or row.facts, "pack_sha256": sha or row.pack_sha256, "actor_id": actor}
    return GateDecision(**fields | changed)
