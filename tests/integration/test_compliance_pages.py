"""/rules and /outbox as each reader sees them."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from dunwell.channels import services as channels
from dunwell.compliance import services as compliance
from dunwell.compliance import shipped
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
    for rule in shipped.packs()[0].rules:
        assert f'id="{rule}"' in page
    assert words in page
    assert "08:00–22:00" in page


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


@pytest.mark.parametrize(("language", "words"), [("en", "not connected"), ("zh-hans", "未接通")])
def test_the_outbox_says_not_connected_and_never_sent(client, language, words):
    party, point, _ = build.debtor()
    channels.queue_message(
        party_id=party.pk, contact_point_id=point.pk, template_code="SMS-REMIND-1", by=BY, now=NOW, key="k"
    )
    answer = signed_in(client, "collector", language=language).get("/outbox?state=not_connected")
    assert f'<span class="tag warn">{words}</span>' in answer.content.decode()
    assert point.masked in answer.content.decode()
    assert len(client.get("/outbox?state=sent").context["rows"]) == 0


def test_an_outbox_shows_its_own_entity_only(client):
    party, point, _ = build.debtor()
    channels.queue_message(
        party_id=party.pk, contact_point_id=point.pk, template_code="SMS-REMIND-1", by=BY, now=NOW, key="k"
    )
    stranger = build.user("collector", of=build.entity("agency-1"), team=None)
    client.force_login(stranger, backend="dunwell.identity.backends.Backend")
    assert client.get("/outbox").context["rows"] == []
