"""The life of a pack, and old decisions under the rules of their day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from dunwell.compliance import queries, services, shipped
from dunwell.compliance.models import GateDecision, PackDraft, PackStep, PackText
from dunwell.compliance.queries.packs import approved_on, stacked
from dunwell.compliance.rules.reading import PackError
from dunwell.compliance.services import packs
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from tests import build

BY = Actor.program("test")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
TODAY = date(2026, 11, 24)
pytestmark = pytest.mark.django_db
OVERLAY = """overlay:
  id: CN-BANK
  of: CN
  version: {version}
  jurisdiction: {{zh: 本行, en: the bank}}
  effective: [2026-06-01, null]
  status_date: 2026-05-01
caps:
  - {{rule: CN-CALL-6-PER-POINT, channels: [call, ai_call], subject: contact_point, basis: attempt, over: calendar_day,
     limit: {limit}, exclude: [inbound]}}
"""


@pytest.fixture
def people():
    users = [build.user(role) for role in ("compliance", "manager")]
    return [user.actor for user in users]


def dial(point, nr, now=NOW):
    taken = services.reserve(
        party_id=point.party_id, contact_point_id=point.pk, channel="call", key=f"d{now:%d}{nr}", by=BY, now=now
    )
    if taken.contact:
        services.record_outcome(contact_id=taken.contact.pk, outcome="no_answer", by=BY, now=now, key=f"o{now:%d}{nr}")
    return taken.decision


def text(version="bank-1", limit=3):
    return OVERLAY.format(version=version, limit=limit)


def test_a_pack_is_tried_approved_by_another_in_force_from_its_day_and_superseded(people, client):
    writer, manager = people
    _, point, _ = build.debtor()
    for nr in range(5):
        assert dial(point, nr).allowed
    row = packs.draft(text=text(), by=writer, now=NOW)
    assert packs.draft(text=text(), by=writer, now=NOW) == row
    tomorrow = TODAY + timedelta(days=1)
    with pytest.raises(packs.PackRefused, match="tried"):
        packs.approve(draft_id=row.pk, from_day=tomorrow, by=manager, now=NOW)
    trial = packs.try_on(draft_id=row.pk, by=writer, now=NOW + timedelta(hours=1)).data
    assert (trial["decisions"], trial["different"], trial["changes"]) == (5, 2, {"ALLOW → BLOCK": 2})
    assert {one["would_rule"] for one in trial["differences"]} == {"CN-CALL-6-PER-POINT"}
    assert "3 dials" in trial["differences"][0]["why_en"]
    client.force_login(build.user("compliance", language="en"), backend="dunwell.identity.backends.Backend")
    assert "allowed → refused: 2" in client.get("/rules/packs").content.decode()
    for by, day, why in ((writer, tomorrow, "another person"), (manager, TODAY, "coming day")):
        with pytest.raises(packs.PackRefused, match=why):
            packs.approve(draft_id=row.pk, from_day=day, by=by, now=NOW)
    packs.approve(draft_id=row.pk, from_day=tomorrow, by=manager, now=NOW)
    assert queries.lives(TODAY)[0].state == "approved"
    assert queries.in_force(TODAY).version == "cn-2026-01"
    assert queries.in_force(tomorrow).version == "cn-2026-01+bank-1"
    later = NOW + timedelta(days=1)
    assert [dial(point, nr, later).allowed for nr in range(4)] == [True, True, True, False]
    refused = GateDecision.objects.order_by("-id").first()
    assert (refused.pack_version, refused.primary_rule) == ("cn-2026-01+bank-1", "CN-CALL-6-PER-POINT")

    second = packs.draft(text=text("bank-2", 2), by=writer, now=later)
    packs.try_on(draft_id=second.pk, by=writer, now=later)
    packs.approve(draft_id=second.pk, from_day=date(2026, 11, 26), by=manager, now=later)
    assert [life.state for life in queries.lives(date(2026, 11, 26))] == ["in_force", "superseded"]
    assert queries.in_force(date(2026, 11, 26)).version == "cn-2026-01+bank-2"
    for kept in GateDecision.objects.all():  # of both days, each under the pack of its day
        assert services.decided_again(kept) == services.decision_of(kept)


def approved(body, day, people, now=NOW):
    writer, manager = people
    row = packs.draft(text=body, by=writer, now=now)
    packs.try_on(draft_id=row.pk, by=writer, now=now)
    packs.approve(draft_id=row.pk, from_day=day, by=manager, now=now)
    return row


def second(version="other-1", limit=4):
    """Another overlay, of another office."""
    return text(version, limit).replace("id: CN-BANK", "id: CN-OFFICE")


def test_an_overlay_is_approved_on_what_will_be_in_force_from_its_day(people):
    writer, manager = people
    first = approved(text(limit=3), date(2026, 11, 27), people)
    row = packs.draft(text=second(limit=4), by=writer, now=NOW)  # it tightens the law
    packs.try_on(draft_id=row.pk, by=writer, now=NOW)
    for day in (date(2026, 11, 26), date(2026, 11, 28)):  # before the other one begins, and after
        with pytest.raises(PackError, match=r"other-1.yaml, line 9: .* at most 3, not 4"):
            packs.approve(draft_id=row.pk, from_day=day, by=manager, now=NOW)
    packs.withdraw(draft_id=first.pk, reason="r", by=writer, now=NOW)
    packs.approve(draft_id=row.pk, from_day=date(2026, 11, 28), by=manager, now=NOW)
    assert queries.in_force(date(2026, 11, 28)).version == "cn-2026-01+other-1"


def test_what_was_approved_never_stops_the_gate(people, client):
    """As an older version approved them: each on the bare law, together they do not fit."""
    writer, _ = people
    for body in (text(limit=3), second(limit=4)):
        row = packs.draft(text=body, by=writer, now=NOW)
        PackStep.objects.create(draft=row, step="approved", from_day=TODAY, recorded_at=NOW)
    pack = queries.in_force(TODAY)
    assert pack.version == "cn-2026-01+bank-1+other-1"
    assert pack.warnings == ("other-1.yaml, line 9: CN-CALL-6-PER-POINT is loosened: at most 3, not 4.",)
    with pytest.raises(PackError, match="at most 3, not 4"):  # who approves is told so, though the gate has laid it on
        stacked(approved_on(TODAY), TODAY, strict=True)
    _, point, _ = build.debtor()
    assert [dial(point, nr).allowed for nr in range(4)] == [True, True, True, False]  # the stricter one decides
    for kept in GateDecision.objects.all():
        assert services.decided_again(kept) == services.decision_of(kept)
    client.force_login(build.user("compliance"), backend="dunwell.identity.backends.Backend")
    assert "at most 3, not 4" in client.get("/rules/packs").content.decode()


def test_a_pack_in_force_is_withdrawn_by_another_person_from_a_day(people):
    writer, manager = people
    tomorrow, later = TODAY + timedelta(days=1), NOW + timedelta(days=3)
    row = approved(text(), tomorrow, people)
    newer = approved(text("bank-2", 2), date(2026, 11, 26), people)
    for by, day, reason, why in (
        (manager, None, "r", "from which day"),
        (writer, date(2026, 11, 28), "r", "another person"),
        (manager, date(2026, 11, 28), "", "has a reason"),
    ):
        with pytest.raises(packs.PackRefused, match=why):
            packs.withdraw(draft_id=newer.pk, reason=reason, by=by, now=later, from_day=day)
    packs.withdraw(draft_id=newer.pk, reason="too strict", by=manager, now=later, from_day=date(2026, 11, 28))
    assert queries.in_force(date(2026, 11, 27)).version == "cn-2026-01+bank-2"
    assert queries.in_force(date(2026, 11, 28)).version == "cn-2026-01+bank-1"  # the one it had superseded
    assert [life.state for life in queries.lives(date(2026, 11, 28))] == ["withdrawn", "in_force"]
    packs.withdraw(draft_id=row.pk, reason="too", by=manager, now=later, from_day=date(2026, 11, 28))
    assert queries.in_force(date(2026, 11, 28)).version == "cn-2026-01"


def test_an_overlay_whose_last_day_has_passed_binds_no_more(people):
    approved(text().replace("[2026-06-01, null]", "[2026-06-01, 2026-12-31]"), date(2026, 11, 30), people)
    assert queries.in_force(date(2026, 12, 31)).version == "cn-2026-01+bank-1"
    assert queries.in_force(date(2027, 1, 1)).version == "cn-2026-01"


def test_a_draft_brings_its_parts(people):
    law = (shipped.FOLDER / "cn-2026-01.yaml").read_text("utf-8").replace("version: cn-2026-01", "version: cn-2027-01")
    law = law.replace("cn-2026-01-duties.yaml", "cn-2027-01-duties.yaml")
    with pytest.raises(PackError, match="no cn-2027-01-duties.yaml"):
        packs.draft(text=law, by=people[0], now=NOW)
    part = shipped.part("cn-2026-01-duties.yaml").replace(
        "CN-TP-LOST, parameters: {days: 3", "CN-TP-LOST, parameters: {days: 5"
    )
    row = packs.draft(text=law, parts={"cn-2027-01-duties.yaml": part}, by=people[0], now=NOW)
    packs.try_on(draft_id=row.pk, by=people[0], now=NOW)
    packs.approve(draft_id=row.pk, from_day=date(2026, 11, 25), by=people[1], now=NOW)
    pack = queries.in_force(date(2026, 11, 25))
    assert (pack.version, pack.number("CN-TP-LOST", "days")) == ("cn-2027-01", 5)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [(text(limit=8), "draft.yaml, line 9: CN-CALL-6-PER-POINT is loosened"), ("pack: [", "not YAML"), ("", "empty")],
)
def test_a_draft_that_loosens_or_cannot_be_read_is_refused_with_its_line(people, body, sentence):
    with pytest.raises(PackError, match=sentence):
        packs.draft(text=body, by=people[0], now=NOW)
    assert PackDraft.objects.count() == 0


def test_a_version_is_never_another_text_and_a_draft_can_be_taken_back(people):
    writer, manager = people
    row = packs.draft(text=text(), by=writer, now=NOW)
    with pytest.raises(packs.PackRefused, match="another version"):
        packs.draft(text=text(limit=2), by=writer, now=NOW)
    packs.try_on(draft_id=row.pk, by=writer, now=NOW)
    packs.withdraw(draft_id=row.pk, reason="r", by=writer, now=NOW)
    with pytest.raises(packs.PackRefused, match="withdrawn"):
        packs.approve(draft_id=row.pk, from_day=TODAY + timedelta(days=1), by=manager, now=NOW)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_walks_a_draft_through_its_life(client, language):
    writer, manager = (build.user(role, language=language) for role in ("compliance", "manager"))
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date()

    def enter(user):
        client.force_login(user, backend="dunwell.identity.backends.Backend")

    enter(writer)
    wrong = client.post("/rules/packs/new", {"text": text(limit=9)})
    assert wrong.status_code == 422
    assert "line 9" in wrong.content.decode()
    assert client.post("/rules/packs/new", {"text": text()}).status_code == 302
    row = PackDraft.objects.get()
    assert client.post(f"/rules/packs/{row.pk}/try").status_code == 302
    assert client.post(f"/rules/packs/{row.pk}/approve", {"from_day": tomorrow}).status_code == 422  # one's own
    enter(manager)
    assert client.post("/rules/packs/new", {"text": text("bank-9")}).status_code == 403
    assert client.post(f"/rules/packs/{row.pk}/approve", {"from_day": "soon"}).status_code == 422
    assert client.post(f"/rules/packs/{row.pk}/approve", {"from_day": tomorrow}).status_code == 302
    page = client.get("/rules/packs").content.decode()
    assert "bank-1" in page
    assert {"en": "Approved", "zh-hans": "已批准"}[language] in page


def test_a_limit_by_hours_stands_in_the_catalogue(people, client):
    body = text().replace("over: calendar_day", "over: {rolling_hours: 3}").replace("bank-1", "hours-1")
    row = packs.draft(text=body, by=people[0], now=NOW)
    PackStep.objects.create(draft=row, step="approved", from_day=TODAY, recorded_at=NOW)
    client.force_login(build.user("compliance"), backend="dunwell.identity.backends.Backend")
    assert "3 in 3 hours" in client.get("/rules").content.decode()


def test_a_trial_looks_back_as_far_as_the_draft_counts(people):
    _, point, _ = build.debtor()
    for day in range(4):
        dial(point, day, NOW - timedelta(days=28 - 9 * day))  # one on each of four days in a month
    body = text().replace("over: calendar_day", "over: {rolling_days: 30}")
    row = packs.draft(text=body, by=people[0], now=NOW)
    trial = packs.try_on(draft_id=row.pk, by=people[0], now=NOW).data
    assert (trial["decisions"], trial["different"], trial["unreadable"]) == (4, 1, 0)
    assert trial["differences"][0]["would_rule"] == "CN-CALL-6-PER-POINT"


def test_a_trial_says_what_it_could_not_read(people):
    _, point, _ = build.debtor()
    dial(point, 0)
    broken = GateDecision.objects.get()
    broken.pk, broken.facts = None, {"attempt": {"channel": "call"}, "history": [], "flags": {}}
    broken.save(force_insert=True)
    row = packs.draft(text=text(), by=people[0], now=NOW)
    trial = packs.try_on(draft_id=row.pk, by=people[0], now=NOW).data
    assert (trial["decisions"], trial["unreadable"]) == (2, 1)


def test_the_text_of_a_shipped_pack_is_kept_with_what_it_decided(people, monkeypatch):
    _, point, _ = build.debtor()
    dial(point, 0)
    kept = GateDecision.objects.get()
    assert PackText.objects.get().sha256 == kept.pack_sha256
    monkeypatch.setattr(shipped, "packs", lambda: ())  # the next version ships another text
    assert services.decided_again(kept) == services.decision_of(kept)


def test_a_shipped_pack_is_taken_into_use_by_a_named_person(people, client):
    manager = build.user("manager")
    client.force_login(manager, backend="dunwell.identity.backends.Backend")
    assert "nobody of the bank" in client.get("/rules/packs").content.decode()
    assert client.post("/rules/packs/confirm").status_code == 302
    assert manager.name("en") in client.get("/rules/packs").content.decode()
    assert Log.objects.filter(kind="pack.confirmed").count() == 1
    client.force_login(build.user("collector"), backend="dunwell.identity.backends.Backend")
    assert client.post("/rules/packs/confirm").status_code == 403
