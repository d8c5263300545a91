"""The door of the cardholder's page, tried as the outside role tries it: one link, one opening, one person's rows."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.apps import apps
from django.conf import settings

from dunwell.evidence.models import Log
from dunwell.kernel import sealing
from dunwell.kernel.actor import Actor
from dunwell.selfservice import rules, services
from dunwell.selfservice.models import Link, Request, Session
from dunwell.selfservice.services.replies import opened_body, sealed_body
from dunwell.settings import rights
from tests import build
from tests.cardholders import KNOWN, identify

BY = Actor.program("test")


@pytest.fixture
def outside(fresh_database):
    with psycopg.connect(fresh_database.outside_url, autocommit=True) as connection:
        yield connection


def link(party=None, **given) -> tuple[Link, str]:
    owner = party or identify(build.debtor()[0])
    made = services.make_link(party_id=owner.pk, channel="hand", by=BY, now=datetime.now(UTC), **given)
    return made.link, made.address.rpartition("/")[2]


def opened(outside, token: str) -> bytes | None:
    secret = rules.kept(secrets.token_hex(32))
    (done,) = outside.execute("SELECT selfservice_open(%s, %s)", [rules.kept(token), secret]).fetchone()
    return secret if done else None


def tried(outside, token: str, secret: bytes, answer: str, code: str = "") -> tuple[str, bytes]:
    fresh = rules.kept(secrets.token_hex(32))
    known = rules.known(settings.KEYS.answers(), rules.kept(token), answer) if answer else None
    sent = rules.sent(settings.KEYS.answers(), secret, code) if code else None
    (said,) = outside.execute("SELECT selfservice_try(%s, %s, %s, %s)", [secret, known, sent, fresh]).fetchone()
    return said, fresh


def come_in(outside, party=None) -> tuple[Link, bytes]:
    made, token = link(party)
    said, fresh = tried(outside, token, opened(outside, token), KNOWN)
    assert said == "passed"
    return made, fresh


def as_cardholder(connection, secret: bytes) -> None:
    connection.execute("SELECT set_config('dunwell.cardholder', %s, true)", [secret.hex()])


def test_a_link_opens_once_and_a_used_an_old_and_a_wrong_one_are_answered_alike(outside, fresh_database):
    made, token = link()
    assert opened(outside, token) and opened(outside, token) is None
    late, old = link(made.party)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        outside.execute("UPDATE selfservice_link SET expires_at = now()")
    with psycopg.connect(fresh_database.owner_url, autocommit=True) as owner:
        owner.execute("UPDATE selfservice_link SET expires_at = now() WHERE id = %s", [late.pk])
    assert opened(outside, old) is None and opened(outside, rules.new_token()) is None


def test_a_link_to_a_number_that_is_not_his_any_more_does_not_open(outside):
    party, point, _ = build.debtor()
    _, token = link(identify(party), contact_point_id=point.pk)
    point.status = "suspended"
    point.save(update_fields=["status"])
    assert opened(outside, token) is None


def test_nothing_is_seen_before_the_second_factor_and_only_his_own_after_it(outside):
    build.case()  # somebody else's
    party, _, _ = build.debtor()
    _, token = link(identify(party))
    secret = opened(outside, token)
    with outside.transaction():
        as_cardholder(outside, secret)
        for table in rights.row_rules():
            assert outside.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    said, fresh = tried(outside, token, secret, KNOWN)
    assert said == "passed"
    with outside.transaction():
        as_cardholder(outside, secret)  # the cookie from before the second factor is worth nothing any more
        assert outside.execute("SELECT count(*) FROM portfolio_party").fetchone() == (0,)
    with outside.transaction():
        as_cardholder(outside, fresh)
        assert outside.execute("SELECT id FROM portfolio_party").fetchall() == [(party.pk,)]
        assert outside.execute("SELECT DISTINCT party_id FROM portfolio_account").fetchall() == [(party.pk,)]
        assert outside.execute("SELECT count(*) FROM arrears_accountstate").fetchone() == (1,)
        seen = {t for t in rights.row_rules() if outside.execute(f"SELECT count(*) FROM {t}").fetchone()[0]}
    assert seen <= set(rights.CARDHOLDER) and {"portfolio_contactpoint", "selfservice_request"} <= seen
    assert not {"portfolio_partyidentity", "portfolio_partykey", "casework_case", "evidence_log"} & seen
    assert outside.execute("SELECT count(*) FROM portfolio_party").fetchone() == (0,), (
        "the setting outlived its transaction"
    )


def test_every_table_that_a_cardholder_sees_is_under_row_security():
    tables = {model._meta.db_table for model in apps.get_models()}
    assert set(rights.CARDHOLDER) <= set(rights.row_rules()) & tables


def test_the_outside_process_writes_by_the_functions_of_the_door_alone(outside):
    for statement in (
        "INSERT INTO selfservice_request (kind) VALUES ('pay')",
        "UPDATE selfservice_session SET passed_at = now()",
        "SELECT selfservice_note(NULL, 'passed')",
        "SELECT selfservice_locked(1)",
        "SELECT * FROM selfservice_visit",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            outside.execute(statement)


def test_five_wrong_answers_lock_the_session_and_ten_a_day_every_link_of_the_person(outside):
    made, token = link()
    secret = opened(outside, token)
    said = [tried(outside, token, secret, "000000")[0] for _ in range(5)]
    assert said == ["wrong"] * 4 + ["locked"]
    assert tried(outside, token, secret, KNOWN)[0] == "locked", "the right answer comes too late"
    _, second = link(made.party)
    other = opened(outside, second)
    assert [tried(outside, second, other, "000000")[0] for _ in range(5)][-1] == "locked"
    _, third = link(made.party)
    assert tried(outside, third, opened(outside, third), KNOWN)[0] == "locked"
    services.handle(now=datetime.now(UTC))
    assert Log.objects.filter(kind="selfservice.locked", party_id=made.party_id).count() == 2


def test_an_answer_is_bound_to_its_link_and_a_code_to_its_session(outside):
    made, token = link()
    secret = opened(outside, token)
    other = identify(build.debtor()[0], "990101199001019999")
    _, strange = link(other)
    assert tried(outside, strange, secret, KNOWN)[0] == "wrong"
    session = Session.objects.get(link=made)
    session.code = rules.sent(settings.KEYS.answers(), secret, "123456")
    session.code_ends_at = datetime.now(UTC) - timedelta(seconds=1)
    session.save()
    assert tried(outside, token, secret, "", "123456")[0] == "wrong", "its time was over"
    session.refresh_from_db()
    session.code_ends_at = datetime.now(UTC) + timedelta(minutes=5)
    session.save()
    assert tried(outside, token, secret, "", "654321")[0] == "wrong"
    assert tried(outside, token, secret, "", "123456")[0] == "passed"


def test_a_session_ends_and_what_is_asked_by_nobody_is_not_written(outside):
    made, secret = come_in(outside)
    with outside.transaction():
        as_cardholder(outside, secret)
        (number,) = outside.execute("SELECT selfservice_ask('plan', %s, 'k')", [b"x"]).fetchone()
        assert outside.execute("SELECT selfservice_ask('plan', %s, 'k')", [b"y"]).fetchone() == (number,)
        assert outside.execute("SELECT selfservice_ask('passed', NULL, 'p')").fetchone() == (None,)
        outside.execute("SELECT selfservice_leave()")
        assert outside.execute("SELECT selfservice_ask('plan', %s, 'l')", [b"x"]).fetchone() == (None,)
        assert outside.execute("SELECT count(*) FROM portfolio_party").fetchone() == (0,)
    assert Request.objects.filter(kind="plan").count() == 1
    Session.objects.filter(link=made).update(ended_at=None, ends_at=datetime.now(UTC) - timedelta(seconds=1))
    with outside.transaction():
        as_cardholder(outside, secret)
        assert outside.execute("SELECT count(*) FROM portfolio_party").fetchone() == (0,)


def test_an_address_that_knocks_too_often_is_told_so_by_the_minute(outside):
    with outside.transaction():  # in one transaction it stays the same minute
        said = [outside.execute("SELECT selfservice_count(%s, 3)", [b"somebody"]).fetchone()[0] for _ in range(5)]
    assert said == [True, True, True, False, False]


def test_what_the_page_sends_in_is_opened_by_the_worker_alone():
    public = sealing.box_public(settings.KEYS.cardholders())
    sealed = sealed_body("tell", {"text": "失业了"}, public)
    assert opened_body("tell", sealed) == {"text": "失业了"}
    with pytest.raises(sealing.Unsealable):
        opened_body("pay", sealed)
    with pytest.raises(sealing.Unsealable):
        sealing.box_open(sealing.new_key(), sealed, b"selfservice/tell")
