"""What the night wrote into the log, as a collector reads it."""

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from dunwell.casework.queries import timeline as read
from dunwell.channels.models import Recording, RecordingMatch
from dunwell.channels.services import load_templates
from dunwell.compliance import services as compliance
from dunwell.compliance import shipped
from dunwell.desk import timeline
from dunwell.desk.timeline import cases as of_cases
from dunwell.evidence import services as evidence
from dunwell.evidence.models import StoredFile
from dunwell.kernel.actor import Actor
from dunwell.strategy import services as strategy
from tests import build

pytestmark = pytest.mark.django_db
PACK = shipped.pack_on(build.TODAY)

NIGHT = [
    (
        "action.planned",
        {"steps": ["CALL-16", "SMS-07"]},
        ("已计划", "通话（16–29 天）；短信（7–11 天）", ("CALL-16", "SMS-07")),
    ),
    (
        "action.cancelled",
        {"steps": ["LAW-181"], "reason": "cured"},
        ("已取消", "律师事务所（181+ 天）：已无逾期", ("LAW-181",)),
    ),
    ("action.cancelled", {"steps": ["GONE"], "reason": "cured"}, ("已取消", "已无逾期", ("GONE",))),
    (
        "action.cancelled",
        {"steps": ["CALL-16"], "reason": "not_planned_any_more"},
        ("已取消", "通话（16–29 天）：策略不再要求", ("CALL-16",)),
    ),
    (
        "message.sent",
        {"channel": "sms", "template": "SMS-REMIND-2", "masked": "154****2146"},
        ("", "短信 154****2146 还款提醒（第二次）", ()),
    ),
    ("case.opened", {"past_due": "1234.50", "case_no": "C-1"}, ("立案", "逾期 1,234.50", ())),
    ("case.opened", {"past_due": "10.00", "case_no": "C-1", "reopened": True}, ("重新立案", "逾期 10.00", ())),
]
REFUSED = [
    (
        "gate.decided", {"verdict": "BLOCK", "channel": "call", "rules": ["CN-TIME-NIGHT", "G-PAID"]},
        ("{CN-TIME-NIGHT}，{G-PAID}", ""),
    ),
    ("message.refused", {"channel": "sms", "rule": "G-PAID", "detail": "G-PAID"}, ("{G-PAID}", "")),
    (
        "message.planned", {"channel": "sms", "rule": "", "detail": "server did not take it: 451 later"},
        ("", "服务器未接收：451 later"),
    ),
    ("message.failed", {"channel": "sms", "detail": "SMS-X version 2 was withdrawn"}, ("", "文本 SMS-X 第 2 版已撤回")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "data", "shown"), NIGHT)
def test_the_nights_entries_say_what_happened(kind, data, shown):
    party = build.party()
    strategy.approve(text=strategy.shipped(), by=Actor.program("tests"), now=build.NOW)
    load_templates()
    evidence.write(kind=kind, now=build.NOW, by=Actor.program("nightly"), party_id=party.pk, data=data)
    with translation.override("zh-hans"):
        entry = timeline.shown(read(party.pk), kind="", points={}, today=build.TODAY, pack=PACK).days[0].entries[0]
    assert (entry.lead, entry.main.replace(timeline.TOGETHER, "–"), entry.rules) == shown


@pytest.mark.parametrize(("kind", "data", "shown"), REFUSED)
def test_why_something_did_not_leave_is_said_once_and_in_words(kind, data, shown):
    party = build.party()
    evidence.write(kind=kind, now=build.NOW, by=Actor.program("tests"), party_id=party.pk, data=data)
    with translation.override("zh-hans"):
        found = timeline.shown(read(party.pk), kind="", points={}, today=build.TODAY, pack=PACK)
    titles = {code: rule.title.zh for code, rule in PACK.rules.items()}
    assert [(one.why, one.second) for one in found.days[0].entries] == [(shown[0].format_map(titles), shown[1])]


def test_a_call_with_its_recording_has_a_player():
    party, point, case = build.debtor()
    contact = compliance.take_call(
        party_id=party.pk, person_id=party.pk, contact_point_id=point.pk, case_id=case.pk, by=Actor.program("t"),
        now=build.NOW, key="in",
    )  # fmt: skip
    compliance.record_outcome(
        contact_id=contact.pk, outcome="connected_rpc", by=Actor.program("t"), now=build.NOW, key="o"
    )
    file = StoredFile.objects.create(
        sha256="0" * 64, name="c.wav", size=1, path="-", wrapped_key=b"", key_version=1, recorded_at=build.NOW
    )
    sound = Recording.objects.create(
        entity=party.entity, file=file, media_type="audio/wav", started_at=build.NOW, seconds=3, source="batch",
        recorded_at=build.NOW, key="r",
    )  # fmt: skip
    RecordingMatch.objects.create(recording=sound, contact=contact, found_by="call_id", recorded_at=build.NOW)
    shown = timeline.shown(read(party.pk), kind="", points={}, today=build.TODAY, pack=PACK)
    page = render_to_string("desk/case_entries.html", {"page": {"timeline": shown, "case_no": "C"}})
    assert page.count(f'<audio controls preload="none" src="/recordings/{sound.pk}"') == 1


def test_why_an_action_is_off_is_said_in_words():
    for code in ("not_planned_any_more", "cured", "paid", "no_contact_point", "no_text", "difference_unexplained"):
        with translation.override("en"):
            said = of_cases.action({"reason": code, "steps": ["SMS-03"], "in_words": ["SMS"]}, "action.cancelled")[
                "main"
            ]
        assert said.startswith("SMS: ") and said != f"SMS: {code}" and "_" not in said
