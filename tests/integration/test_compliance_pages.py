"""/rules and /outbox as each reader sees them."""

import re
from datetime import UTC, date, datetime

import pytest
from django.utils import timezone, translation

from dunwell.channels import services as channels
from dunwell.compliance import services as compliance
from dunwell.compliance import shipped
from dunwell.compliance.pages import parameters
from dunwell.compliance.words import cited
from dunwell.kernel.actor import Actor
from tests import build

BY = Actor.program("test")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def signed_in(client, role, **fields):
    client.force_login(build.user(role, **fields), backend="dunwell.identity.backends.Backend")
    return client


@pytest.mark.parametrize(("language", "words"), [("en", "not confirmed by counsel"), ("zh-hans", "未经法务确认")])
def test_every_rule_stands_on_the_page_with_its_source(client, language, words):
    page = signed_in(client, "compliance", language=language).get("/rules").content.decode()
    for rule in shipped.pack_on(date(2026, 11, 24)).rules:
        assert f'id="{rule}"' in page
    assert words in page
    assert "08:00–22:00" in page
    assert not re.findall(r"<td[^>]*>[^<]*[a-z]+_[a-z]+", page)


@pytest.mark.parametrize(("language", "words", "reader"), [
    ("en", ("Days after the due date in which payment still counts", "Risk class", "in force", "M0 0, M1 1, M2 31",
            "due on a day off next working day"), "collector"),
    ("zh-hans", ("到期还款日后仍视为按时还款的天数", "五级分类", "现行", "正常 0，关注 1，次级 91"), "manager"),
])  # fmt: skip
def test_every_parameter_stands_on_the_page_with_value_day_source_and_confidence(client, language, words, reader):
    page = signed_in(client, reader, language=language).get("/rules/parameters").content.decode()
    for wanted in words:
        assert wanted in page
    read = re.sub(r'<span class="code">[^<]*</span>|<[^>]*>', " ", page)
    assert not re.findall(r"\w+_\w+|`", read)
    for package, file, _heading in parameters.FILES:
        for name, given in parameters.document(package, file).items():
            assert f'id="{name}"' in page
            assert given["source"]["rule"] in page and given["source"]["confidence"] in ("V1", "V2", "M", "A")
            assert all(given[words] for words in ("title", "title_zh", "text", "text_zh")), name
            for value in given["values"]:
                assert value["from"]
            with translation.override("zh-hans"):
                assert not re.search(r"\b[a-z]{2,}\b", cited(given["source"]["instrument"])), name


def test_of_several_lines_the_last_that_has_begun_is_in_force_for_its_product():
    dated = [
        {"from": date(2013, 1, 1), "value": 3},
        {"from": date(2026, 1, 1), "value": 4},
        {"from": date(2027, 1, 1), "value": 9},
        {"from": date(2020, 1, 1), "product": "GOLD", "value": 5},
    ]
    found = [
        (value.words, value.scope, value.now, value.future) for value in parameters._values(dated, date(2026, 11, 24))
    ]
    assert found == [
        (("9",), "", False, True),
        (("4",), "", True, False),
        (("5",), "GOLD", True, False),
        (("3",), "", False, False),
    ]


def test_a_rule_that_stood_in_the_way_is_counted(client):
    party, point, _ = build.debtor()
    compliance.place_hold(party_id=party.pk, kind="dispute", reason="r", by=BY, now=timezone.now())
    for _ in range(3):
        compliance.ask(party_id=party.pk, contact_point_id=point.pk, channel="email", by=BY, now=timezone.now())
    shown = signed_in(client, "collector").get("/rules").context["rules"]
    assert {rule["id"]: rule["fired"] for rule in shown}["CN-DISPUTE"] == 3


@pytest.mark.parametrize(
    ("role", "rules", "outbox"), [("collector", 200, 200), ("administrator", 403, 403), ("analyst", 200, 403)]
)
def test_who_may_read_them(client, role, rules, outbox):
    signed_in(client, role)
    assert (client.get("/rules").status_code, client.get("/outbox").status_code) == (rules, outbox)


@pytest.mark.parametrize(
    ("language", "words", "title"),
    [("en", "not connected", "First reminder"), ("zh-hans", "未接通", "还款提醒（第一次）")],
)
def test_the_outbox_says_not_connected_and_never_sent(client, language, words, title):
    party, point, _ = build.debtor()
    channels.queue_message(
        party_id=party.pk, contact_point_id=point.pk, template_code="SMS-REMIND-1", by=BY, now=NOW, key="k"
    )
    answer = signed_in(client, "collector", language=language).get("/outbox?state=not_connected")
    assert f'<span class="tag warn">{words}</span>' in answer.content.decode()
    assert point.masked in answer.content.decode() and title in answer.content.decode()
    assert len(client.get("/outbox?state=sent").context["rows"]) == 0


def test_an_outbox_shows_its_own_entity_only(client):
    party, point, _ = build.debtor()
    channels.queue_message(
        party_id=party.pk, contact_point_id=point.pk, template_code="SMS-REMIND-1", by=BY, now=NOW, key="k"
    )
    stranger = build.user("collector", of=build.entity("agency-1"), team=None)
    client.force_login(stranger, backend="dunwell.identity.backends.Backend")
    assert client.get("/outbox").context["rows"] == []
