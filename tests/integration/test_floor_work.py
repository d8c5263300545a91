"""Many cases at once, macros, saved views, scripts of the bank's own, training, and the worklist that moves."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml
from django.conf import settings as configured
from django.utils import timezone

from dunwell.casework import services as casework
from dunwell.casework.models import Case, Note, Reminder
from dunwell.casework.services import complaints
from dunwell.channels.models import Message
from dunwell.compliance import services as compliance
from dunwell.floor.models import Article, Examination, SavedView
from dunwell.floor.queries.beside import beside
from dunwell.floor.queries.worklist import Worklist
from dunwell.floor.rules.scripts import shipped
from dunwell.floor.rules.training import needed
from dunwell.floor.services import macros
from dunwell.floor.services.articles import ArticleRefused, approve_article, draft_article
from dunwell.floor.services.taking import NotNow, take_next
from dunwell.floor.services.training import take_test
from tests import build
from tests.build import NOW, TODAY
from tests.e2e.test_desk_browser import open_zone

pytestmark = pytest.mark.django_db


def enter(client, user):
    client.force_login(user, backend=configured.AUTHENTICATION_BACKENDS[1])
    return client


def test_many_cases_at_once_show_who_is_left_out_and_do_the_others_once(client):
    collector, other = build.user(), build.user()
    cases = [build.case(rank=1), build.case(rank=2), build.case(rank=3, closed_on=TODAY)]
    casework.hold(case_id=cases[1].pk, user=other, now=timezone.now())
    form = {"case": [one.pk for one in cases], "what": "snooze", "hours": "24", "text_snooze": "holiday"}
    enter(client, collector)
    shown = client.post("/many", {**form, "do": "preview"}).content.decode()
    assert "Would be done on 1 case" in shown and "2 left out" in shown and "a colleague has it" in shown
    assert not Reminder.objects.exists()
    act = {**form, "case": [cases[0].pk], "do": "act", "key": "k", "back": "?chip=mine"}
    for _ in range(2):
        assert client.post("/many", act)["Location"] == "/lists?chip=mine"
    assert Reminder.objects.get().case_id == cases[0].pk


def test_many_messages_pass_the_gate_each_by_itself(client):
    _person, _point, case = build.debtor(timezone=open_zone())
    without = build.case()
    enter(client, build.user())
    form = {"case": [case.pk, without.pk], "what": "message", "text_message": "SMS-REMIND-1"}
    shown = client.post("/many", {**form, "do": "preview"}).content.decode()
    assert "no valid mobile number" in shown
    client.post("/many", {**form, "do": "act", "key": "k"})
    assert list(Message.objects.values_list("case_id", flat=True)) == [case.pk]


def test_giving_many_away_is_for_team_leaders(client):
    case, collector = build.case(), build.user()
    form = {"case": [case.pk], "what": "assign", "owner": collector.pk, "do": "act", "key": "k"}
    assert enter(client, collector).post("/many", form).status_code == 403
    assert enter(client, build.user("team_leader")).post("/many", form).status_code == 302
    case.refresh_from_db()
    assert case.owner_id == collector.pk


def test_a_macro_does_all_of_its_steps_or_none_and_says_which_was_refused(client):
    leader, collector = build.user("team_leader"), build.user()
    names = {"zh-hans": "提醒并稍后", "en": "Remind, later"}
    steps = [
        {"do": "note", "text": "reminded"},
        {"do": "message", "text": "SMS-REMIND-1"},
        {"do": "snooze", "hours": 24},
    ]
    kept = macros.save_macro(code="REMIND", names=names, steps=steps, user=leader, now=NOW)
    without = build.case()
    enter(client, collector)
    assert "Remind, later" in client.get(f"/cases/{without.case_no}/macros").content.decode()
    refused = client.post(f"/cases/{without.case_no}/macros/{kept.pk}", {"key": "m"})
    assert refused.status_code == 422 and "step 2 is refused, no valid mobile number" in refused.content.decode()
    assert not Note.objects.exists() and not Reminder.objects.exists()
    _person, _point, case = build.debtor(timezone=open_zone())
    done = client.post(f"/cases/{case.case_no}/macros/{kept.pk}", {"key": "m2"})
    assert done.status_code == 204
    assert (Note.objects.count(), Message.objects.count(), Reminder.objects.count()) == (1, 1, 1)
    macros.save_macro(code="REMIND", names=names, steps=[], user=leader, now=NOW)
    assert macros.macros_of(leader.entity_id) == []


def test_a_saved_view_is_ones_own_unless_a_team_leader_shares_it(client):
    leader, collector, other = build.user("team_leader"), build.user(), build.user()
    enter(client, collector).post("/views", {"name": "Mine, broken", "query": "?chip=promise_broken", "shared": "on"})
    assert "Mine, broken" not in enter(client, other).get("/lists").content.decode()
    enter(client, leader).post("/views", {"name": "Everybody's", "query": "?bucket=M2", "shared": "on"})
    page = enter(client, other).get("/lists").content.decode()
    assert 'href="/lists?bucket=M2"' in page
    assert {one.shared for one in SavedView.objects.all()} == {False, True}


def test_a_script_of_the_banks_own_is_in_force_when_another_has_approved_it(client):
    writer, second, collector = build.user("team_leader"), build.user("compliance"), build.user()
    content = yaml.safe_load(yaml.safe_dump(shipped("script")[0]))
    content["steps"][1]["en"] = "We miss {amount} {currency}."
    draft = draft_article(kind="script", content=content, user=writer, now=NOW)
    assert draft_article(kind="script", content=content, user=writer, now=NOW) == draft
    case = build.case()

    def words():
        found = beside(case_id=case.pk, user_id=collector.pk, language="en", now=NOW).scripts
        return next(one.steps[1].words["en"] for one in found if one.code == content["code"])

    with pytest.raises(ArticleRefused, match="own"):
        approve_article(article_id=draft.pk, from_day=TODAY, user=writer, now=NOW)
    assert words() != "We miss {amount} {currency}."
    approve_article(article_id=draft.pk, from_day=TODAY, user=second, now=NOW)
    assert words() == "We miss {amount} {currency}."


def test_a_script_that_threatens_is_not_approved():
    writer, second = build.user("team_leader"), build.user("compliance")
    content = yaml.safe_load(yaml.safe_dump(shipped("script")[0]))
    content["said"]["refused"]["zh-hans"] = "再不还款就抓你坐牢，把你列入黑名单。"
    draft = draft_article(kind="script", content=content, user=writer, now=NOW)
    with pytest.raises(ArticleRefused) as refused:
        approve_article(article_id=draft.pk, from_day=TODAY, user=second, now=NOW)
    assert refused.value.code not in ("own", "past")


def test_the_shipped_scripts_break_no_rule_of_content():
    from dunwell.floor.services.articles import breaks

    assert [(raw["code"], breaks(raw, NOW)) for raw in shipped("script") if breaks(raw, NOW)] == []


def test_a_form_with_a_script_that_cannot_be_read_says_what_is_missing(client):
    enter(client, build.user("team_leader"))
    assert "cannot be read" in client.post("/texts/script", {"content": "code: ["}).content.decode()
    answer = client.post("/texts/knowledge", {"content": "code: X\ntitle: {en: A}\nbody: {}\nsource: {}"})
    assert answer.status_code == 422 and "is missing" in answer.content.decode()
    assert not Article.objects.exists()
    assert (
        '<b>After a broken promise</b> <span class="code">CALL-PROMISE-BROKEN'
        in client.get("/texts/script").content.decode()
    )


def test_without_the_tests_of_his_role_he_gets_no_case_where_the_bank_asks_for_them(settings, client):
    collector = build.user()
    build.case()
    settings.TRAINING_REQUIRED = True
    with pytest.raises(NotNow, match="untrained"):
        take_next(user=collector, now=NOW)
    enter(client, collector)
    assert client.post("/next")["Location"] == "/desk?why=untrained"
    for course in needed(collector.role):
        right = [asked.right for asked in course.questions]
        assert take_test(user=collector, code=course.code, answers=right, now=NOW).passed
    with pytest.raises(NotNow):
        take_next(user=collector, now=NOW + timedelta(days=365))
    assert take_next(user=collector, now=NOW + timedelta(days=364)) is not None


def test_a_test_by_its_page_is_written_down_with_what_was_wrong(client):
    enter(client, build.user())
    (course,) = [one for one in needed("collector") if one.code == "DATA"]
    wrong = {f"q{place}": (asked.right + 1) % 3 for place, asked in enumerate(course.questions)}
    page = client.post("/training/DATA", wrong).content.decode()
    assert "Not passed" in page and page.count("Wrong") == len(course.questions)
    assert not Examination.objects.get().passed


def test_the_worklist_moves_when_a_fact_arrives_and_is_silent_when_nothing_does(client):
    collector, leader = build.user(), build.user("team_leader")
    first, second = build.case(rank=1), build.case(rank=2)
    ids = [first.pk, second.pk]
    casework.hand_out(cases=ids, owners=[collector.pk], by=leader.actor, now=timezone.now(), key="h")
    enter(client, collector)
    shown = client.get("/desk/worklist").content.decode()
    assert shown.index(first.case_no) < shown.index(second.case_no)
    mark = next(line.removeprefix("id: ") for line in shown.splitlines() if line.startswith("id: "))
    assert "event: show" not in client.get("/desk/worklist", headers={"Last-Event-ID": mark}).content.decode()
    Case.objects.filter(pk=second.pk).update(rank=0)
    moved = client.get("/desk/worklist", headers={"Last-Event-ID": mark}).content.decode()
    assert moved.index(second.case_no) < moved.index(first.case_no)


def test_the_worklist_shows_what_next_brings_in_its_order_and_then_what_waits():
    leader, collector, absent, colleague = build.user("team_leader"), build.user(), build.user(), build.user()
    own, covered, held, paused, guarded, waiting, lapsed = (build.case(rank=rank) for rank in range(1, 8))
    mine = [own, held, paused, guarded, waiting, lapsed]
    for owner, cases in ((collector, mine), (absent, [covered])):
        casework.hand_out(
            cases=[one.pk for one in cases], owners=[owner.pk], by=leader.actor, now=NOW, key=f"to-{owner.pk}"
        )
    casework.set_absence(
        user_id=absent.pk, starts_on=TODAY, ends_on=TODAY, reason="leave", covers=[collector.pk], by=leader.actor, now=NOW,
        key="away",
    )  # fmt: skip
    casework.hold(case_id=held.pk, user=colleague, now=NOW)
    casework.hold(case_id=lapsed.pk, user=colleague, now=NOW - casework.HOLD)
    complaints.open_complaint(
        case_id=paused.pk, source="12378", category="language", severity="serious", text="骂人", against_id=collector.pk,
        by=leader.actor, now=NOW, key="complaint",
    )  # fmt: skip
    compliance.add_to_list(list="staff", party_id=guarded.party_id, reason="works here", by=leader.actor, now=NOW)
    Case.objects.filter(pk=waiting.pk).update(ready_at=NOW + timedelta(hours=3))

    rows = Worklist(collector, NOW).rows()
    assert [row.case.pk for row in rows] == [own.pk, covered.pk, lapsed.pk, waiting.pk]
    assert [row.later for row in rows] == [None, None, None, NOW + timedelta(hours=3)]
    brought = []
    while (case := casework.take_next(user=collector, now=NOW)) is not None:
        brought.append(case.pk)
        Case.objects.filter(pk=case.pk).update(queue="", held_by=None, held_until=None)
    assert brought == [row.case.pk for row in rows[:-1]]


def test_the_worklist_is_another_when_a_case_comes_to_its_time_or_the_page_to_another_language():
    leader, collector = build.user("team_leader"), build.user()
    case = build.case()
    casework.hand_out(cases=[case.pk], owners=[collector.pk], by=leader.actor, now=NOW, key="h")
    Case.objects.filter(pk=case.pk).update(ready_at=NOW + timedelta(minutes=1))
    waiting = Worklist(collector, NOW).mark
    assert waiting == Worklist(collector, NOW + timedelta(seconds=30)).mark
    ready = Worklist(collector, NOW + timedelta(minutes=2)).mark
    collector.language = "zh-hans" if collector.language == "en" else "en"
    assert len({waiting, ready, Worklist(collector, NOW + timedelta(minutes=2)).mark}) == 3


def test_a_call_under_way_is_shown_on_every_other_page(client):
    collector = build.user()
    _person, point, case = build.debtor(timezone=open_zone())
    casework.hold(case_id=case.pk, user=collector, now=timezone.now())
    enter(client, collector)
    assert case.case_no not in client.get("/desk/call").content.decode()
    client.post(f"/cases/{case.case_no}/dial", {"point": point.pk, "key": "d"}, HTTP_HX_REQUEST="true")
    strip = client.get("/desk/call").content.decode()
    assert f"/cases/{case.case_no}" in strip and point.masked in strip
