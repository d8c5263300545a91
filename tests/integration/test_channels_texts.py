"""A bank's own texts: drafted, scanned, approved by another, in force, superseded, withdrawn."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from dunwell.channels import services
from dunwell.channels.lines import Line, line_for
from dunwell.channels.models import Message, Template, TextApproval, TextDraft, TextWithdrawal
from dunwell.channels.queries import text_lives
from dunwell.channels.rules import Standing, TextError, in_force
from dunwell.channels.services.claiming import claim
from dunwell.channels.services.texts import template_for
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from tests import build

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
TODAY = date(2026, 11, 24)
ZH = "【{bank}】尊敬的{name}：您尾号{last4}的信用卡截至{as_of}有{amount}尚未还款。如有疑问请致电卡片背面的客服电话。"
EN = "【{bank}】Dear {name}: {amount} on your card ending {last4} is not yet paid. Questions: the number on your card."
pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    users = [build.user(role) for role in ("team_leader", "compliance")]
    return [user.actor for user in users]


def words(zh=ZH, en=EN, **fields):
    return {
        lang: {"title": lang, "subject": "", "body": body, **fields} for lang, body in (("zh-hans", zh), ("en", en))
    }


def draft(by, code="SMS-REMIND-1", channel="sms", now=NOW, **given):
    return services.draft_text(code=code, channel=channel, purpose="reminder", words=words(**given), by=by, now=now)


def state(code="SMS-REMIND-1", on=TODAY):
    return {life.version: life.state for life in text_lives(on) if life.code == code}


def test_a_text_is_approved_by_another_from_a_day_and_supersedes_the_shipped_example(people):
    writer, officer = people
    row = draft(writer)
    assert draft(writer) == row and row.version == 2 and row.findings == []
    assert state() == {1: "in_force", 2: "draft"}
    with pytest.raises(services.TextRefused, match="another person"):
        services.approve_text(draft_id=row.pk, from_day=TODAY, by=writer, now=NOW)
    with pytest.raises(services.TextRefused, match="today or later"):
        services.approve_text(draft_id=row.pk, from_day=TODAY - timedelta(days=1), by=officer, now=NOW)
    tomorrow = TODAY + timedelta(days=1)
    services.approve_text(draft_id=row.pk, from_day=tomorrow, by=officer, now=NOW)
    services.approve_text(draft_id=row.pk, from_day=tomorrow, by=officer, now=NOW)
    assert state() == {1: "in_force", 2: "approved"} and template_for("SMS-REMIND-1", "en", TODAY).version == 1
    assert state(on=tomorrow) == {1: "superseded", 2: "in_force"}
    used = template_for("SMS-REMIND-1", "en", tomorrow)
    assert (used.body, used.approved_by, used.sha256) == (EN, officer.name, row.sha256)
    assert list(Log.objects.filter(kind__startswith="text.").values_list("kind", flat=True).order_by("id")) == [
        "text.drafted",
        "text.approved",
    ]


def test_what_no_text_may_say_is_found_at_drafting_and_is_not_approved(people):
    writer, officer = people
    row = draft(writer, zh=ZH + "再不还款将把您列入黑名单，并通知您的单位。")
    found = {(one["language"], one["rule"], one["category"]) for one in row.findings}
    assert found == {
        ("zh-hans", "CN-BAN-3", "invented_blacklist"),
        ("zh-hans", "CN-TP-DISCLOSURE", "disclosure_threat"),
    }
    assert state()[2] == "flagged"
    with pytest.raises(services.TextRefused, match="CN-"):
        services.approve_text(draft_id=row.pk, from_day=TODAY, by=officer, now=NOW)
    assert not TextApproval.objects.exists() and not Template.objects.exclude(draft=None).exists()


def test_a_letter_without_one_of_its_contents_is_not_approved(people):
    shipped = {t.language: t for t in services.texts.shipped() if t.code == "LETTER-DEMAND"}
    bodies = {language: text.body for language, text in shipped.items()}
    whole = draft(people[0], code="LETTER-OWN", channel="letter", zh=bodies["zh-hans"], en=bodies["en"])
    assert whole.findings == []
    less = draft(
        people[0],
        code="LETTER-OWN",
        channel="letter",
        zh=bodies["zh-hans"],
        en=re.sub("(?i)dispute", "see", bodies["en"]),
    )
    assert [(one["language"], one["category"], one["excerpt"]) for one in less.findings] == [
        ("en", "how_to_object", "")
    ]


@pytest.mark.parametrize(("given", "said"), [
    ({"zh": ZH.replace("{name}", "{nmae}")}, r"SMS-REMIND-1 2, zh-hans, body: \{nmae\} is not a placeholder"),
    ({"en": EN.replace("{name}", "{name")}, "en, body: "),
    ({"en": EN[8:]}, "en, body: an SMS begins with its signature"),
    ({"zh": ZH + "字" * 500}, "zh-hans, body: an SMS has at most 500"),
    ({"zh": ""}, "zh-hans, body: a text was expected"),
    ({"zh": ZH + "{table}"}, "zh-hans, body: {table} is of a letter"),
    ({"title": ""}, "zh-hans, title: a text was expected"),
    ({"code": "lower"}, "code: capitals"),
    ({"channel": "email"}, "zh-hans, subject: an e-mail has a subject"),
    ({"channel": "im"}, "goes by sms"),
    ({"channel": "pigeon"}, "pigeon"),
])  # fmt: skip
def test_a_text_that_cannot_be_used_is_refused_with_its_place(people, given, said):
    with pytest.raises(TextError, match=said):
        draft(people[0], **given)
    assert not TextDraft.objects.exists()


def test_the_one_that_began_last_is_used_and_what_was_superseded_stays_so():
    shipped, own = Standing(False, 3, date(2026, 1, 1)), Standing(True, 1, date(2026, 11, 1))
    later = Standing(True, 2, date(2026, 12, 1))
    assert in_force([shipped, own, later], date(2026, 10, 31)) == shipped
    assert in_force([shipped, own, later], date(2026, 11, 30)) == own
    assert in_force([shipped, own, later], date(2026, 12, 1)) == later
    ended = Standing(True, 2, date(2026, 12, 1), ends=date(2026, 12, 10))
    assert in_force([shipped, own, ended], date(2026, 12, 9)) == ended
    assert in_force([shipped, own, ended], date(2026, 12, 10)) is None
    never = Standing(True, 2, date(2026, 12, 1), ends=date(2026, 11, 30))
    assert in_force([shipped, own, never], date(2026, 12, 10)) == own
    assert in_force([Standing(False, 1, date(2026, 1, 1), last=date(2026, 6, 30))], date(2026, 7, 1)) is None


def test_what_waits_with_a_withdrawn_text_does_not_leave(people, settings, tmp_path):
    writer, officer = people
    party, mobile, case = build.debtor()
    settings.LINES_FILE = tmp_path / "lines.yaml"
    settings.LINES_FILE.write_text(
        "- {code: hub, channel: im, adapter: http_push, url: 'http://127.0.0.1:9/', account: a, secret: s}\n"
    )
    point = build.contact_point(party=party, kind="im", value="wx-1")
    message = services.queue_message(
        party_id=party.pk, contact_point_id=point.pk, template_code="IM-REMIND-1", case_id=case.pk, by=writer, now=NOW,
        key="m", planned_action_id=1,
    )  # fmt: skip
    with pytest.raises(services.TextRefused, match="reason"):
        services.withdraw_text(code="IM-REMIND-1", version=1, draft_id=None, reason=" ", by=officer, now=NOW)
    for _ in range(2):
        services.withdraw_text(code="IM-REMIND-1", version=1, draft_id=None, reason="old", by=officer, now=NOW)
    assert TextWithdrawal.objects.count() == 1
    claimed = claim(line=line_for("im"), limit=5, sender=1, by=Actor.program("test"), now=NOW)
    assert (claimed.parcels, claimed.failed) == ([], 1)
    message.refresh_from_db()
    assert (message.state, message.contact) == (Message.State.FAILED, None)
    assert message.events.last().detail == "IM-REMIND-1 version 1 was withdrawn"
    with pytest.raises(TextError, match="no approved text"):
        template_for("IM-REMIND-1", "en", TODAY)


def test_two_versions_of_one_code_are_two_numbers_at_the_provider():
    line = Line(code="l", channel="sms", adapter="http_sms", options={"templates": {"A": "T1", "A/2": "T2"}})
    assert [line.template_no("A", version) for version in (1, 2, 3)] == ["T1", "T2", None]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_from_draft_to_approval(client, language, django_assert_max_num_queries):
    def at(role):
        user = build.user(role, language=language)
        client.force_login(user, backend="dunwell.identity.backends.Backend")
        return user

    at("team_leader")
    typed = {f"{field}-{lang}": text for lang, given in words().items() for field, text in given.items()}
    form = {"code": "SMS-OWN", "channel": "sms", "purpose": "reminder", **typed}
    wrong = client.post("/outbox/texts/new", {**form, "body-en": EN.replace("{name}", "{nobody}")})
    assert wrong.status_code == 422 and b"{nobody}" in wrong.content
    assert client.post("/outbox/texts/new", form).status_code == 302
    row = TextDraft.objects.get()
    own = client.get("/outbox/texts").content.decode()
    assert {"en": "Somebody else has to approve it.", "zh-hans": "须由他人批准"}[language] in own
    assert client.post(f"/outbox/texts/{row.pk}/approve", {"from_day": "2030-01-01"}).status_code == 403
    officer = at("compliance")
    assert client.post(f"/outbox/texts/{row.pk}/approve", {"from_day": "soon"}).status_code == 422
    today = timezone.now().astimezone(timezone.get_default_timezone()).date()
    client.post(f"/outbox/texts/{row.pk}/approve", {"from_day": (today + timedelta(days=1)).isoformat()})
    with django_assert_max_num_queries(15):
        page = client.get("/outbox/texts").content.decode()
    assert officer.name(language) in page and {"en": "shipped example", "zh-hans": "随附示例"}[language] in page
    assert "【Bank of Tests】Dear W***: CNY 1,234.56" in page
    client.post("/outbox/texts/SMS-OWN/1/withdraw", {"draft": row.pk, "reason": "not needed"})
    assert TextWithdrawal.objects.get().reason == "not needed"
