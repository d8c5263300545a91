"""SMS and app messages by a provider's HTTP gateway, which is a process of its own, and its signed calls back."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
import yaml
from django.utils import timezone

from dunwell.channels import services
from dunwell.channels.lines import LineError, signing
from dunwell.channels.lines.reading import read
from dunwell.channels.models import Inbound, LineState, Message
from dunwell.compliance.models import Consent, Contact, ContactOutcome
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint
from tests import build
from tests.peers import Gateway

BY = Actor.program("test")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
SECRET = "a-secret-of-the-line"  # noqa: S105
PRICE = {"from": datetime(2026, 1, 1).date(), "to": None, "amount": "0.0380", "currency": "CNY"}


@pytest.fixture(scope="module")
def gateway():
    with Gateway(SECRET) as running:
        yield running


@pytest.fixture
def lines(gateway, settings, tmp_path):
    gateway.set(answer="OK", status=200, vanish=False, parts=1)
    shared = {"url": f"http://127.0.0.1:{gateway.port}/send", "account": "bank", "secret": SECRET, "prices": [PRICE]}
    sms = {
        "code": "sms-http", "channel": "sms", "adapter": "http_sms", "signature": "测试银行", "dead": ["EMPTY"],
        "templates": {"SMS-REMIND-1": "SMS_4711"}, **shared,
    }  # fmt: skip
    push = {"code": "hub", "channel": "im", "adapter": "http_push", "service": "wechat", **shared}
    settings.LINES_FILE = tmp_path / "lines.yaml"

    def write(**options):
        settings.LINES_FILE.write_text(yaml.safe_dump([{**sms, **options}, push], allow_unicode=True), encoding="utf-8")

    write()
    return write


def queue(template="SMS-REMIND-1", kind="mobile", key="m1", **fields):
    party, mobile, case = build.debtor(**fields)
    point = mobile if kind == "mobile" else build.contact_point(party=party, kind=kind, value=f"wx-{party.pk}00")
    return services.queue_message(
        party_id=party.pk, contact_point_id=point.pk, template_code=template, case_id=case.pk, case_no=case.case_no,
        by=BY, now=NOW, key=key, planned_action_id=point.pk,
    )  # fmt: skip


def call(client, path, body, *, secret=SECRET, at=None, code="sms-http"):
    text = json.dumps(body).encode()
    moment = str(int((at or timezone.now()).timestamp()))
    signature = signing.sign(secret, moment, "n1", text)
    headers = {signing.MOMENT: moment, signing.NONCE: "n1", signing.SIGNATURE: signature}
    return client.post(f"/api/lines/{code}/{path}", text, content_type="application/json", headers=headers)


@pytest.mark.django_db
def test_an_sms_goes_with_its_approved_template_signature_and_our_number(lines, gateway):
    message = queue()
    gateway.set(parts=2)
    assert services.send_due(now=NOW, limit=10).sent == 1
    seen = gateway.wait("message")
    assert (seen["templateCode"], seen["signName"], seen["bizId"]) == ("SMS_4711", "测试银行", f"dw-{message.pk}")
    assert seen["templateParam"]["amount"] == "CNY 1,500.00"
    assert seen["validUntil"] == "2026-11-24T14:00:00+00:00"
    message.refresh_from_db()
    assert (message.state, message.cost, message.parts, message.line) == ("sent", Decimal("0.0760"), 2, "sms-http")


@pytest.mark.django_db
def test_who_reads_english_gets_what_the_line_has_registered(lines, gateway):
    queue(language="en")
    assert services.send_due(now=NOW, limit=10).sent == 1
    assert gateway.wait("message")["templateCode"] == "SMS_4711", "there is no English one: the Chinese text leaves"
    lines(templates={"SMS-REMIND-1": "SMS_4711", "SMS-REMIND-1/en": "SMS_4712"})
    english = queue(language="en", key="m2")
    assert services.send_due(now=NOW, limit=10).sent == 1
    seen = gateway.wait("message")
    assert (seen["templateCode"], seen["signName"]) == ("SMS_4712", "测试银行")
    english.refresh_from_db()
    assert portfolio.open_text(party_id=english.party_id, sealed=bytes(english.text_sealed)).startswith(
        "【测试银行】Dear "
    )


@pytest.mark.django_db
def test_a_receipt_pushed_twice_counts_once(lines, gateway, client):
    message = queue()
    gateway.set(parts=2)
    services.send_due(now=NOW, limit=10)
    receipt = {"msgId": gateway.wait("message")["msgId"], "status": "DELIVERED", "at": "2026-11-24T10:01:00+08:00"}
    assert [call(client, "receipts", [receipt]).json()["taken"] for _ in range(2)] == [1, 0]
    message.refresh_from_db()
    assert (message.state, message.events.filter(state="delivered").count()) == ("delivered", 1)
    assert ContactOutcome.objects.filter(contact=message.contact).last().outcome == "delivered"


@pytest.mark.django_db
def test_an_answer_that_never_comes_is_a_doubt_that_the_receipt_resolves(lines, gateway, client):
    message = queue()
    gateway.set(vanish=True)
    assert services.send_due(now=NOW, limit=10).in_doubt == 1
    gateway.set(vanish=False)
    services.send_due(now=NOW + timedelta(minutes=30), limit=10)
    assert len([one for one in gateway.of("message") if one["bizId"] == f"dw-{message.pk}"]) == 1
    call(client, "receipts", [{"msgId": "g9", "bizId": f"dw-{message.pk}", "status": "DELIVERED"}])
    message.refresh_from_db()
    assert message.state == "delivered"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "status", "state", "point"),
    [
        ("THROTTLED", 429, "planned", "valid"),
        ("TEMPLATE_NOT_APPROVED", 200, "failed", "valid"),
        ("MOBILE_INVALID", 400, "failed", "suspended"),
        ("SYSTEM", 500, "in_doubt", "valid"),
    ],
)
def test_what_the_gateway_says_decides(lines, gateway, answer, status, state, point):
    message = queue()
    gateway.set(answer=answer, status=status)
    services.send_due(now=NOW, limit=10)
    message.refresh_from_db()
    assert (message.state, ContactPoint.objects.get(pk=message.contact_point_id).status) == (state, point)
    given_back = ContactOutcome.objects.filter(outcome="nothing_left").exists()
    assert given_back == (state != "in_doubt")


@pytest.mark.django_db
def test_a_text_without_an_approved_template_or_with_another_signature_does_not_leave(lines):
    unknown = queue("SMS-DEMAND-1", key="a")
    services.send_due(now=NOW, limit=10)
    lines(signature="别的银行")
    other = queue(key="b")
    services.send_due(now=NOW, limit=10)
    unknown.refresh_from_db(), other.refresh_from_db()
    assert (unknown.state, other.state, Contact.objects.count()) == ("failed", "failed", 0)
    assert "no template number" in unknown.events.last().detail
    assert "signature" in other.events.last().detail


@pytest.mark.django_db
def test_the_providers_rate_is_kept_across_passes(lines, gateway, monkeypatch):
    monkeypatch.setattr("dunwell.channels.services.sending.time", SimpleNamespace(monotonic=lambda: 0.0))
    lines(per_second=2)
    for nr in range(9):
        queue(key=f"m{nr}")
    sent = [services.send_due(now=NOW + timedelta(seconds=s), limit=50).sent for s in (0, 1, 2, 3)]
    assert 1 <= sent[0] <= 2 and 2 <= sum(sent) <= 8


@pytest.mark.django_db
def test_a_dead_gateway_opens_the_breaker_and_costs_nothing(lines, settings):
    lines(url="http://127.0.0.1:1/send")
    message = queue()
    for _ in range(3):
        services.send_due(now=NOW, limit=10)
    state = LineState.objects.get(line="sms-http")
    assert state.failures == 3
    assert timedelta(seconds=29) < state.open_until - NOW < timedelta(seconds=40)
    message.refresh_from_db()
    assert (message.state, Contact.objects.count()) == ("planned", 0)


@pytest.mark.django_db
def test_a_push_goes_to_his_number_at_the_hub(lines, gateway):
    message = queue("IM-REMIND-1", "im")
    assert services.send_due(now=NOW, limit=10).sent == 1
    seen = gateway.wait("message")
    assert (seen["service"], seen["user"]) == ("wechat", f"wx-{message.party_id}00")
    assert seen["text"].startswith("测试银行提醒：尊敬的张*")


@pytest.mark.django_db
def test_a_withdrawal_pushed_holds_for_everybody_with_the_number(lines, client):
    party, mobile, _ = build.debtor()
    number = portfolio.open_text(party_id=party.pk, sealed=bytes(mobile.value_sealed))
    other = build.party()
    build.contact_point(party=other, value=number)
    text = {"sender": f"+86{number}", "text": "TD", "at": "2026-11-24T10:01:00+08:00", "id": "u1"}
    assert [call(client, "texts", [text]).json()["taken"] for _ in range(2)] == [2, 0]
    assert set(Consent.objects.filter(kind="opt_out", channel="sms").values_list("party", flat=True)) == {
        party.pk,
        other.pk,
    }
    assert {row.meaning for row in Inbound.objects.all()} == {"opt_out"}


@pytest.mark.django_db
def test_a_call_that_is_not_signed_or_too_old_is_refused(lines, client):
    body = [{"msgId": "g1", "status": "DELIVERED"}]
    assert call(client, "receipts", body, secret="wrong").status_code == 401
    assert call(client, "receipts", body, at=timezone.now() - timedelta(minutes=6)).status_code == 401
    assert client.post("/api/lines/sms-http/receipts", body, content_type="application/json").status_code == 401
    assert call(client, "receipts", body, code="none").status_code == 404
    assert call(client, "receipts", [{"msgId": "g1", "status": "LOST"}]).status_code == 422
    assert Message.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- {code: a, channel: sms, adapter: cmpp}", "line a, adapter: 'cmpp' is none of"),
        ("- {code: a, channel: email, adapter: smpp}", "'email' does not go by smpp"),
        ("- {code: a, channel: sms, adapter: smpp, host: h}", "line a: port is missing"),
        ("- {code: a, channel: sms, adapter: smpp, host: h, port: '1'}", "port: '1' is not a whole number"),
        ("- {code: a, channel: im, adapter: http_push, url: u, account: a, secret: s, windw: 1}", "windw is not a field"),
        ("- {code: a, channel: im, adapter: http_push, url: u, account: a, secret: s, per_second: 0}", "above 0"),
        ("- {code: a, channel: im, adapter: http_push, url: u, account: a, secret: s, prices: [{from: 2026-01-01}]}",
         "has not from, to, amount"),
        ("- [", "line 1: not YAML"),
    ],
)  # fmt: skip
def test_a_file_of_lines_that_is_wrong_says_where(text, says):
    with pytest.raises(LineError, match=says):
        read(text, "lines.yaml")
