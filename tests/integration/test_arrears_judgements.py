"""A class judged by hand: by two people, until a day, and only ever worse; the night takes it up and lets it go."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from django.db import connection as database

from dunwell.arrears import services
from dunwell.arrears.models import RiskJudgement, RiskJudgementEnd
from dunwell.arrears.rules import risk
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.nightly import sources
from dunwell.portfolio.models import Account, Touch
from tests import build

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
TODAY = date(2026, 11, 23)
LEADER, MANAGER = Actor(user_id=7, name="S00007"), Actor(user_id=8, name="S00008")
pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    return build.account("A1", party=build.party("P1"))


def judge(account: Account, **fields: object) -> RiskJudgement:
    return services.judge_class(
        **{
            "account_id": account.pk, "risk_class": "doubtful", "reason": "the shop is closed", "starts_on": TODAY,
            "ends_on": TODAY + timedelta(90), "by": LEADER, "now": NOW, "key": "j-1", **fields,
        }
    )  # fmt: skip


def given_to_the_night(account: Account, *, at: datetime = NOW) -> list[tuple]:
    connection = duckdb.connect()
    scope = sources.Scope(entity_id=account.entity_id, as_of=TODAY, at=at, parties=[account.party_id])
    query, columns = sources.SOURCES["risk_judgement"]
    with database.cursor() as cursor:
        cursor.execute(scope.fill(query))
        rows = cursor.fetchall()
    connection.execute(f"CREATE TABLE risk_judgement ({', '.join(f'{n} {t}' for n, t in columns.items())})")
    for row in rows:
        connection.execute("INSERT INTO risk_judgement VALUES (?, ?, ?, ?)", row)
    risk.tables(connection, as_of=TODAY)
    return connection.execute("FROM risk_judgement").fetchall()


def test_it_counts_for_nothing_until_another_person_approves_it(account):
    made = judge(account)
    assert given_to_the_night(account) == []
    with pytest.raises(services.NotAllowed, match="own"):
        services.answer_judgement(judgement_id=made.pk, approved=True, by=LEADER, now=NOW)
    services.answer_judgement(judgement_id=made.pk, approved=True, by=MANAGER, now=NOW)
    assert given_to_the_night(account) == [("A1", "doubtful", TODAY, TODAY + timedelta(90))]


def test_a_refused_one_never_counts_and_is_not_answered_again(account):
    made = judge(account)
    services.answer_judgement(judgement_id=made.pk, approved=False, by=MANAGER, now=NOW, reason="no evidence")
    assert given_to_the_night(account) == []
    with pytest.raises(services.NotAllowed, match="answered"):
        services.answer_judgement(judgement_id=made.pk, approved=True, by=MANAGER, now=NOW)


def test_it_is_ended_before_its_time(account):
    made = judge(account)
    with pytest.raises(services.NotAllowed, match="waiting"):
        services.end_judgement(judgement_id=made.pk, reason="paid", by=MANAGER, now=NOW)
    services.answer_judgement(judgement_id=made.pk, approved=True, by=MANAGER, now=NOW)
    for _ in range(2):
        services.end_judgement(judgement_id=made.pk, reason="paid", by=MANAGER, now=NOW + timedelta(5))
    assert RiskJudgementEnd.objects.get().last_day == TODAY + timedelta(5)
    assert given_to_the_night(account)[0][3] == TODAY + timedelta(5)


@pytest.mark.parametrize(("fields", "code"), [
    ({"risk_class": "pass"}, "class"),
    ({"risk_class": "dreadful"}, "class"),
    ({"reason": " "}, "reason"),
    ({"ends_on": TODAY - timedelta(1)}, "days"),
    ({"ends_on": date(2027, 11, 24)}, "too_long"),
    ({"by": Actor.program("nightly")}, "nobody"),
])  # fmt: skip
def test_what_is_no_judgement(account, fields, code):
    with pytest.raises(services.NotAllowed, match=code):
        judge(account, **fields)


def test_it_may_last_a_year(account):
    assert judge(account, ends_on=date(2027, 11, 23)).ends_on == date(2027, 11, 23)


def test_a_double_click_is_one_judgement_and_the_party_is_touched(account):
    assert judge(account).pk == judge(account).pk
    assert Log.objects.filter(kind="risk.judged").count() == 1
    assert Touch.objects.get().party_id == account.party_id


def signed_in(client, role: str, **fields: object):
    user = build.user(role, **fields)
    client.force_login(user, backend="dunwell.identity.backends.Backend")
    return user


FORM = {
    "account_no": "A1",
    "risk_class": "loss",
    "reason": "deceased",
    "starts_on": "2026-11-23",
    "ends_on": "2027-11-23",
    "key": "k",
}


def test_a_leader_proposes_and_a_manager_approves_and_ends_it_in_the_browser(account, client):
    signed_in(client, "team_leader")
    for _ in range(2):  # a double click
        assert client.post("/judgements/new", FORM).status_code == 302
    made = RiskJudgement.objects.get()
    page = client.get("/judgements").content.decode()
    assert "Somebody else has to approve it." in page and "Loss" in page
    assert client.post(f"/judgements/{made.pk}/answer", {"answer": "approve"}).status_code == 403
    signed_in(client, "manager", language="zh-hans")
    assert "待批准" in client.get("/judgements").content.decode()
    assert client.post(f"/judgements/{made.pk}/answer", {"answer": "approve"}).status_code == 302
    assert "已批准且未到期" in client.get("/judgements").content.decode()
    assert client.post(f"/judgements/{made.pk}/end", {"reason": ""}).status_code == 422
    assert client.post(f"/judgements/{made.pk}/end", {"reason": "paid"}).status_code == 302
    assert RiskJudgementEnd.objects.get().reason == "paid"


def test_a_manager_does_not_approve_his_own(account, client):
    signed_in(client, "manager")
    client.post("/judgements/new", FORM)
    answer = client.post(f"/judgements/{RiskJudgement.objects.get().pk}/answer", {"answer": "approve"})
    assert answer.status_code == 422 and "Somebody else has to approve it." in answer.content.decode()


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"account_no": "A9"}, "There is no account with this number."),
    ({"ends_on": "soon"}, "Write the days as 2026-11-23."),
    ({"ends_on": "2028-11-23"}, "A judgement may last a year at most."),
    ({"reason": " "}, "A judgement needs a reason."),
])  # fmt: skip
def test_what_is_wrong_is_said_and_what_was_typed_stays(account, client, fields, sentence):
    signed_in(client, "team_leader")
    page = client.post("/judgements/new", {**FORM, **fields})
    assert page.status_code == 422
    text = page.content.decode()
    assert sentence in text and 'value="2026-11-23"' in text
    assert not RiskJudgement.objects.exists()


def test_another_entitys_judgement_is_not_to_be_answered(account, client):
    made = judge(account)
    signed_in(client, "manager", of=build.entity("agency-1"))
    assert client.post(f"/judgements/{made.pk}/answer", {"answer": "approve"}).status_code == 403
    assert ">A1<" not in client.get("/judgements").content.decode()
    assert client.post("/judgements/new", FORM).status_code == 422
