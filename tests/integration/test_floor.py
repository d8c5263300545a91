"""Help, breaks, abuse and the board, by their addresses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.utils import timezone

from dunwell.casework import services as casework
from dunwell.casework.models import Case
from dunwell.compliance.models import ContactOutcome
from dunwell.floor.models import Abuse, HelpAnswer
from dunwell.floor.queries.board import board
from dunwell.floor.services.help import answer_help, ask_help
from dunwell.floor.services.taking import NotNow, take_next
from dunwell.floor.services.wellbeing import begin_break, end_break
from dunwell.kernel.times import business_date
from tests import build
from tests.build import NOW
from tests.e2e.test_desk_browser import open_zone

pytestmark = pytest.mark.django_db


def enter(client, user):
    client.force_login(user, backend=configured.AUTHENTICATION_BACKENDS[1])
    return client


def states(user, now):
    found = board(entity_id=user.entity_id, day=business_date(now), now=now)
    return {place.user_id: (place.state, place.case_no) for place in found.places}


def test_a_team_leader_sees_who_asks_for_help_and_takes_the_case_over(client):
    leader, collector = build.user("team_leader"), build.user()
    case = build.case()
    now = timezone.now()
    casework.hold(case_id=case.pk, user=collector, now=now)
    enter(client, collector).post(f"/cases/{case.case_no}/help", {"words": "He shouts", "key": "h1"})
    client.post(f"/cases/{case.case_no}/help", {"words": "He shouts", "key": "h1"})
    assert states(leader, timezone.now())[collector.pk] == ("help", case.case_no)
    enter(client, leader)
    assert "He shouts" in client.get("/team/board").content.decode()
    request = collector.help_requests.get()
    answer = client.post(f"/team/help/{request.pk}", {"answer": "took_over"})
    assert answer["Location"] == f"/cases/{case.case_no}"
    case.refresh_from_db()
    assert case.held_by_id == leader.pk and HelpAnswer.objects.get().answer == "took_over"
    assert states(leader, timezone.now())[leader.pk] == ("working", case.case_no)
    assert "shouts" not in client.get("/team/board").content.decode()


def test_the_first_answer_to_a_request_stands(client):
    leader, other, collector, case = build.user("team_leader"), build.user("team_leader"), build.user(), build.case()
    asked = ask_help(case_id=case.pk, user=collector, words="", now=NOW, key="h")
    first = answer_help(request_id=asked.pk, answer="answered", user=leader, words="", now=NOW)
    assert answer_help(request_id=asked.pk, answer="took_over", user=other, words="", now=NOW) == first
    case.refresh_from_db()
    assert case.held_by_id is None


def test_the_board_is_an_event_and_comes_once(client):
    enter(client, build.user("team_leader"))
    first = client.get("/team/board/live")
    assert first["Content-Type"].startswith("text/event-stream") and "event: show" in first.content.decode()
    assert first.content.decode().startswith("retry: 3000")


def test_after_abuse_the_call_ends_and_the_case_goes_to_the_leader(client):
    leader, collector = build.user("team_leader"), build.user()
    _person, point, case = build.debtor(timezone=open_zone())
    now = timezone.now()
    casework.hand_out(cases=[case.pk], owners=[collector.pk], by=leader.actor, now=now, key="o")
    casework.hold(case_id=case.pk, user=collector, now=now)
    enter(client, collector).post(
        f"/cases/{case.case_no}/dial", {"point": point.pk, "key": "d"}, HTTP_HX_REQUEST="true"
    )
    for _ in range(2):
        answer = client.post(f"/cases/{case.case_no}/abused", {"key": "a"})
        assert answer["Location"] == "/desk?marked=abuse"
    case.refresh_from_db()
    assert (case.owner_id, case.held_by_id) == (leader.pk, None)
    assert Abuse.objects.get().contact_id == ContactOutcome.objects.get().contact_id
    assert ContactOutcome.objects.get().outcome == "hung_up"
    assert "break" in client.get("/desk?marked=abuse").content.decode()
    warned = enter(client, leader).get(f"/cases/{case.case_no}").content.decode()
    assert "marked abuse" in warned


def test_no_case_comes_during_a_break():
    collector = build.user()
    build.case()
    begin_break(user=collector, reason="pause", now=NOW, key="b")
    with pytest.raises(NotNow, match="break"):
        take_next(user=collector, now=NOW)
    assert states(collector, NOW)[collector.pk][0] == "break"
    assert end_break(user=collector, now=NOW + timedelta(minutes=1))
    assert take_next(user=collector, now=NOW + timedelta(minutes=1)) is not None


def test_a_break_ends_by_itself():
    collector = build.user()
    build.case()
    begin_break(user=collector, reason="pause", now=NOW, key="b")
    assert take_next(user=collector, now=NOW + timedelta(minutes=10)) == Case.objects.get()


def test_time_on_each_case_is_read_from_what_is_logged_anyway():
    collector, case = build.user(), build.case()
    casework.hold(case_id=case.pk, user=collector, now=NOW)
    casework.release(case_id=case.pk, user=collector, now=NOW + timedelta(minutes=3))
    later = NOW + timedelta(minutes=30)
    (place,) = board(entity_id=collector.entity_id, day=business_date(later), now=later).places
    assert (place.cases, place.on_cases, place.state) == (1, 180, "idle")


def test_a_colleague_who_has_the_page_open_is_shown(client):
    first, second, case = build.user(), build.user(), build.case()
    enter(client, first).get(f"/cases/{case.case_no}")
    page = enter(client, second).get(f"/cases/{case.case_no}").content.decode()
    assert f"{first.name_en} has the page open, too" in page


def test_what_the_law_says_is_found_by_words(client):
    enter(client, build.user())
    found = client.get("/law", {"q": "stop the interest"}, HTTP_HX_REQUEST="true").content.decode()
    assert "Card Measures Art. 70" in found and "22:00" not in found
    assert "Nothing found" in client.get("/law", {"q": "zzz"}).content.decode()
