"""Statutory notices: once in a late cycle, with the carrier's proof, and again only when it did not reach him."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from io import BytesIO

import pytest
import yaml
from django.conf import settings as of_django
from django.db import connection
from pypdf import PdfReader

from dunwell.casework.models import Case, Notice
from dunwell.casework.rules.notices import kinds
from dunwell.casework.services import notices
from dunwell.casework.services.notices import give_notices, notified, notify
from dunwell.channels import services as channels
from dunwell.channels.models import Letter, Message
from dunwell.channels.services.texts import shipped
from dunwell.compliance import services as compliance
from dunwell.compliance.queries import findings
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import PartyIdentity
from tests import build
from tests.integration.test_channels_letters import ADDRESS, shop  # noqa: F401  (a fixture)
from tests.peers import Gateway

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
BY = Actor.program("test")
SECRET = "a-secret-of-the-line"  # noqa: S105
CYCLE = date(2026, 10, 19)
SOON = timedelta(seconds=2)


@pytest.fixture(scope="module")
def gateway():
    with Gateway(SECRET) as running:
        yield running


@pytest.fixture
def line(gateway, settings, tmp_path):
    gateway.set(answer="OK", status=200, vanish=False, parts=1)
    settings.LINES_FILE = tmp_path / "lines.yaml"
    one = {
        "code": "sms", "channel": "sms", "adapter": "http_sms", "url": f"http://127.0.0.1:{gateway.port}/send",
        "account": "bank", "secret": SECRET, "signature": "测试银行",
        "templates": {text.code: f"T-{text.code}" for text in shipped() if text.channel == "sms"},
    }  # fmt: skip
    settings.LINES_FILE.write_text(yaml.safe_dump([one], allow_unicode=True), encoding="utf-8")


def late(days: int = 35, **fields):
    party, _, case = build.debtor(**fields)
    Case.objects.filter(pk=case.pk).update(oldest_due_date=CYCLE, days_delinquent=days)
    return party, case


def deliver(gateway, state="DELIVERED", now=NOW):
    channels.send_due(now=now + SOON, limit=10)
    told = gateway.wait("message")
    receipt = channels.Told(
        provider_id=told["msgId"], state="delivered" if state == "DELIVERED" else "undelivered", code=state,
        to=told["mobile"], reference=told["bizId"], at=now + timedelta(seconds=9),
    )  # fmt: skip
    channels.take_receipts(line="sms", kind="mobile", told=[receipt], now=now + timedelta(seconds=10))


def test_the_adverse_notice_goes_out_once_in_a_cycle_and_its_delivery_is_proven(line, gateway):
    party, case = late()
    late(days=9)  # not its day yet
    assert give_notices(now=NOW) == 1 and give_notices(now=NOW) == 0
    deliver(gateway)
    told = notified(party_id=party.pk, kind="adverse_record", cycle=CYCLE)
    assert (told.proven, told.state, told.delivered_at) == (True, "delivered", NOW + timedelta(seconds=9))
    assert notify(case_id=case.pk, kind="adverse_record", by=BY, now=NOW) == told.notice
    Case.objects.filter(pk=case.pk).update(oldest_due_date=date(2026, 11, 19))
    assert give_notices(now=NOW) == 1  # another cycle
    assert notified(party_id=party.pk, kind="placement", cycle=CYCLE) is None


def test_one_that_did_not_reach_him_goes_to_the_next_number(line, gateway):
    party, case = late()
    other = build.contact_point(party=party)
    give_notices(now=NOW)
    deliver(gateway, "UNDELIVERED")
    assert not notified(party_id=party.pk, kind="adverse_record", cycle=CYCLE).proven
    later = NOW + timedelta(hours=1)
    again = notify(case_id=case.pk, kind="adverse_record", by=BY, now=later)
    assert again.nr == 2 and again.message.contact_point == other
    deliver(gateway, now=later)
    assert notified(party_id=party.pk, kind="adverse_record", cycle=CYCLE).notice == again
    assert notify(case_id=case.pk, kind="adverse_record", by=BY, now=later) == again


def test_a_hold_of_demands_does_not_stop_it_and_at_night_it_waits_for_the_morning(line, gateway):
    party, _ = late()
    compliance.place_hold(party_id=party.pk, kind="dispute", reason="says so", ends_at=None, by=BY, now=NOW)
    night = NOW.replace(hour=15)
    give_notices(now=night)
    assert channels.send_due(now=night + SOON, limit=10).sent == 0
    assert Message.objects.get().state == "planned"
    deliver(gateway, now=NOW + timedelta(days=1))
    assert notified(party_id=party.pk, kind="adverse_record", cycle=CYCLE).proven


def test_without_a_line_nothing_is_planned_and_the_api_says_so(client):
    _, case = late()
    assert give_notices(now=NOW) == 0 and not Notice.objects.exists()
    client.force_login(build.user(language="en"), backend=of_django.AUTHENTICATION_BACKENDS[1])
    answer = client.post(f"/api/cases/{case.case_no}/notices", {"kind": "breach"}, "application/json")
    assert answer.status_code == 409


def test_the_api_gives_and_proves(line, gateway, client):
    _, case = late()
    client.force_login(build.user(language="en"), backend=of_django.AUTHENTICATION_BACKENDS[1])
    for _ in range(2):
        made = client.post(f"/api/cases/{case.case_no}/notices", {"kind": "placement"}, "application/json")
        assert made.status_code == 200, made.content
    assert (made.json()["nr"], made.json()["delivered_at"]) == (1, None)
    (one,) = client.get(f"/api/cases/{case.case_no}/notices").json()
    assert (one["kind"], one["cycle"]) == ("placement", "2026-10-19")
    page = client.get(f"/cases/{case.case_no}/timeline").content.decode()
    assert "Notice of placement with an agency" in page


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_texts_say_nothing_that_no_text_may_say(language):
    for text in shipped():
        if text.purpose == "statutory_notice" and text.language == language:
            assert not findings(text=text.body.format_map(_values()), channel=text.channel, now=NOW), text.code


def test_every_notice_can_be_given_by_message_mail_and_letter_in_both_languages():
    there = {(text.code, text.language) for text in shipped() if text.purpose == "statutory_notice"}
    for kind in kinds().values():
        assert {code.partition("-")[0] for code in kind.texts} == {"SMS", "EMAIL", "LETTER"}, kind.code
        assert {(code, language) for code in kind.texts for language in ("zh-hans", "en")} <= there


@pytest.mark.parametrize(
    ("kind", "title", "contents"),
    [
        ("adverse_record", "不良信息报送告知书", ("第十五条", "第二十五条", "二十日内", "账户明细")),
        ("placement", "委托催收告知书", ("合作机构的名称及联系方式", "工号", "不得收取任何费用", "投诉")),
        ("limitation_demand", "履行请求书", ("第一百九十五条", "12,000.00", "欠款明细")),
        ("breach", "违约告知书", ("还款安排", "异议")),
    ],
)
def test_a_notice_by_letter_has_its_contents_and_the_posts_word_is_the_proof(shop, kind, title, contents):  # noqa: F811
    party, case = late()
    name = portfolio.seal_text(party_id=party.pk, text="林致远")
    PartyIdentity.objects.create(party=party, name_sealed=name, digest=b"")
    build.contact_point(party=party, kind="address", value=ADDRESS)
    notice = notify(case_id=case.pk, kind=kind, by=BY, now=NOW)
    assert notice.message.channel == "letter"
    channels.send_letters(now=NOW + SOON)
    pages = PdfReader(BytesIO(evidence.read_file(Letter.objects.get(message=notice.message).file))).pages
    text = "".join(page.extract_text() for page in pages).replace("\n", "")
    assert title in text and case.case_no in text and "林致远" in text
    for each in contents:
        assert each in text, each
    (shop / "back").mkdir(exist_ok=True)
    (shop / "back" / "post.csv").write_text(
        f"reference,state,at,tracking_no,detail\ndw-{notice.message_id},delivered,2026-11-26,EX1,signed\n"
    )
    channels.send_letters(now=NOW + timedelta(days=3))
    told = notified(party_id=party.pk, kind=kind, cycle=CYCLE)
    assert told.proven and told.delivered_at.date() == date(2026, 11, 26)


def test_no_letter_is_planned_while_the_figures_differ_without_a_reason(shop, monkeypatch):  # noqa: F811
    party, case = late()
    build.contact_point(party=party, kind="address", value=ADDRESS)
    monkeypatch.setattr(notices.arrears, "parties_in_doubt", frozenset)
    assert notify(case_id=case.pk, kind="breach", by=BY, now=NOW) is None


def _values():
    names = "name bank amount balance due_date last4 as_of case_no table"
    return dict.fromkeys(names.split(), "测试银行")


def test_only_the_demand_for_performance_counts_against_limitation(line, gateway):
    party, case = late()
    account = party.accounts.get()
    seen = []
    for kind in ("adverse_record", "limitation_demand"):
        notify(case_id=case.pk, kind=kind, by=BY, now=NOW)
        deliver(gateway)
        values = {
            "accounts": [account.pk],
            "purposes": ["demand", "statutory_notice"],
            "outcomes": ["sent", "delivered"],
        }
        with connection.cursor() as cursor:
            cursor.execute((files("dunwell.legal") / "sql" / "interruptions.sql").read_text("utf-8"), values)
            seen.append(len(cursor.fetchall()))
    assert seen == [0, 1]
