"""SMS by an SMPP session to an SMS centre that we did not write: sent, receipts, texts, and both sides killed."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psutil
import pytest
import yaml
from django.conf import settings as configured

from dunwell.channels import services
from dunwell.channels.lines import line_named
from dunwell.channels.models import Inbound, LineState, Message, Receipt, ReceiptMatch
from dunwell.channels.services.session_line import SessionLine
from dunwell.compliance.models import Consent, Contact, ContactOutcome
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint
from tests import build
from tests.peers import SmsCentre

BY = Actor.program("test")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
PRICES = [{"from": datetime(2026, 1, 1).date(), "to": None, "amount": "0.0450", "currency": "CNY"}]


@pytest.fixture
def connected(fresh_database, settings, tmp_path):
    """Connects the SMS line to a centre; the file of lines is that of this process and of those it starts."""
    settings.LINES_FILE = tmp_path / "lines.yaml"

    def connect(centre, **options):
        line = {
            "code": "sms-main", "channel": "sms", "adapter": "smpp", "host": "127.0.0.1", "port": centre.port,
            "system_id": "bank", "password": "secret", "source": "10690000", "signature": "测试银行", "per_second": 5000,
            "prices": PRICES, "answer_seconds": 5, "dead": ["001"], **options,
        }  # fmt: skip
        settings.LINES_FILE.write_text(yaml.safe_dump([line], allow_unicode=True), encoding="utf-8")
        return fresh_database

    return connect


def queue(count=1, template="SMS-REMIND-1"):
    made = []
    for _ in range(count):
        party, mobile, case = build.debtor()
        key = f"m{mobile.pk}"
        made.append(
            services.queue_message(
                party_id=party.pk, contact_point_id=mobile.pk, template_code=template, case_id=case.pk,
                case_no=case.case_no, by=BY, now=NOW, key=key, planned_action_id=mobile.pk,
            )
        )  # fmt: skip
    return made


@contextmanager
def kept(begin=NOW):
    """The line's session in a thread of this process, under a clock that begins at `begin`."""
    started = time.monotonic()
    keeper, loop = [], asyncio.new_event_loop()

    def run():
        async def keep():
            keeper.append(
                SessionLine(line_named("sms-main"), lambda: begin + timedelta(seconds=time.monotonic() - started))
            )
            await keeper[0].run()

        loop.run_until_complete(keep())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        while not keeper:
            time.sleep(0.01)
        loop.call_soon_threadsafe(keeper[0].stopping.set)
        thread.join(60)
        assert not thread.is_alive()


def until(true, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s; {list(Message.objects.values_list('state', 'events__detail'))[-8:]}")


def states():
    return sorted(Message.objects.values_list("state", flat=True))


def test_an_sms_leaves_with_its_receipt_its_cost_and_its_validity(connected):
    with SmsCentre(receipts="DELIVRD") as centre:
        connected(centre)
        (message,) = queue()
        with kept():
            until(lambda: states() == ["delivered"])
        seen = centre.of("submit")
        acknowledged = centre.of("acknowledged")
    message.refresh_from_db()
    assert "".join(one["text"] for one in seen).startswith("【测试银行】尊敬的张*")
    assert len(seen) == message.parts
    assert {one["validity"] for one in seen} == {"2026-11-24T14:00:00.000Z"}  # 22:00 there, when the hours end
    assert (message.cost, message.currency) == (Decimal("0.0450") * message.parts, "CNY")
    assert [e.state for e in message.events.order_by("id")] == ["planned", "sending", "sent", "delivered"]
    outcomes = list(
        ContactOutcome.objects.filter(contact=message.contact).order_by("id").values_list("outcome", flat=True)
    )
    assert outcomes == ["sent", "delivered"]
    assert [one["status"] for one in acknowledged] == [0] * message.parts
    assert ReceiptMatch.objects.filter(message=message, found_by="number").count() == message.parts


def test_a_receipt_of_an_empty_number_marks_the_number(connected):
    with SmsCentre(receipts="UNDELIV") as centre:
        connected(centre)
        (message,) = queue()
        with kept():
            until(lambda: states() == ["undelivered"])
    point = ContactPoint.objects.get(pk=message.contact_point_id)
    assert (point.status, point.status_reason) == ("invalid", "empty_number")


def test_a_word_of_withdrawal_stops_further_texts_and_other_words_stand_in_the_timeline(connected):
    with SmsCentre() as centre:
        connected(centre)
        (message,) = queue()
        number = portfolio.open_text(party_id=message.party_id, sealed=bytes(message.contact_point.value_sealed))
        with kept():
            until(lambda: states() == ["sent"])
            for nr, text in enumerate(("什么时候扣款？", " 退订。", " 退订。")):
                centre.tell(do="deliver", id=nr, fields={
                    "source_addr": number, "destination_addr": "10690000", "short_message": text, "data_coding": 8,
                })  # fmt: skip
                centre.wait("acknowledged")
            centre.tell(do="deliver", id=9, fields={"source_addr": "19999999999", "short_message": "hello"})
            centre.wait("acknowledged")
    said = [
        (row.meaning, portfolio.open_text(party_id=row.party_id, sealed=bytes(row.text_sealed)))
        for row in Inbound.objects.filter(party=message.party).order_by("id")
    ]
    assert said[:2] == [("reply", "什么时候扣款？"), ("opt_out", " 退订。")]
    consent = Consent.objects.filter(party=message.party, kind="opt_out").first()
    assert (consent.channel, consent.evidence.split(":")[0]) == ("sms", "log")
    assert Inbound.objects.get(party=None).meaning == "reply"
    refused = services.queue_message(
        party_id=message.party_id, contact_point_id=message.contact_point_id, template_code="SMS-REMIND-1",
        case_id=message.case_id, by=BY, now=NOW + timedelta(days=2), key="again",
    )  # fmt: skip
    assert refused.state == "refused"


def test_a_throttling_centre_gets_each_message_once(connected):
    with SmsCentre(throttle_every=4) as centre:
        connected(centre, window=5)
        queue(12)
        with kept():
            until(lambda: states() == ["sent"] * 12)
        parts = sum(Message.objects.values_list("parts", flat=True))
        assert len(centre.of("submit")) == parts


def test_a_centre_killed_in_mid_window_gets_nothing_twice_and_its_receipts_resolve_the_doubt(connected):
    """Ten leave the house unanswered; the centre dies and comes back; receipts of seven come, three stay in doubt."""
    with SmsCentre(answer="deaf") as centre:
        connected(centre, window=10, batch=10)
        queue(14)
        port = centre.port
        with kept():
            until(lambda: len({one["to"] for one in centre.of("submit")}) == 10)
            time.sleep(0.2)
            centre.kill()
            first = centre.of("submit")
            until(lambda: states().count("in_doubt") == 10)
            with SmsCentre(port) as again:
                until(lambda: states().count("sent") == 4)
                second = again.of("submit")
                assert not {one["to"] for one in first} & {one["to"] for one in second}
                for nr, one in enumerate(first[:7]):
                    again.tell(do="receipt", id=f"old{nr}", state="DELIVRD", echo=nr % 2 == 0, pdu={
                        "destination_addr": one["to"], "source_addr": "10690000",
                        "user_message_reference": one["reference"],
                    })  # fmt: skip
                until(lambda: Receipt.objects.count() == 7)
                until(lambda: states().count("in_doubt") == 3)
    parts = {message.parts for message in Message.objects.all()}
    assert len(first) + len(second) == 10 + 4 * parts.pop()
    assert ReceiptMatch.objects.values_list("found_by", flat=True).distinct().count() == 2
    slots = ContactOutcome.objects.exclude(outcome="nothing_left").values("contact").distinct().count()
    assert slots == 14  # the four that waited were never begun: their slots came back, and were taken again
    doubt = Message.objects.filter(state="in_doubt").first()
    with pytest.raises(services.ResolveRefused):
        services.resolve(message_id=doubt.pk, verdict="left", reason=" ", by=BY, now=NOW)
    services.resolve(message_id=doubt.pk, verdict="did_not_leave", reason="CDR 2026-11-24", by=BY, now=NOW)
    doubt.refresh_from_db()
    assert doubt.state == "failed"
    assert ContactOutcome.objects.filter(contact=doubt.contact).last().outcome == "in_doubt"  # its slot stays used
    with pytest.raises(services.ResolveRefused):
        services.resolve(message_id=doubt.pk, verdict="left", reason="again", by=BY, now=NOW)


def test_a_sender_killed_in_mid_window_leaves_doubts_that_receipts_resolve_and_nothing_leaves_twice(connected):
    with SmsCentre(delay=60_000) as centre:  # the sender is killed long before it is answered
        database = connected(centre, window=8, batch=8)
        queue(8)
        code = (
            "import django; django.setup()\nimport asyncio\nfrom datetime import datetime\n"
            "from dunwell.channels.lines import line_named\n"
            "from dunwell.channels.services.session_line import SessionLine\n"
            f"now = datetime.fromisoformat('{NOW.isoformat()}')\n"
            "async def go(): await SessionLine(line_named('sms-main'), lambda: now).run()\nasyncio.run(go())"
        )
        sender = subprocess.Popen(
            [sys.executable, "-c", code], env={**database.environment, "DUNWELL_LINES": str(configured.LINES_FILE)}
        )
        until(lambda: len(centre.of("submit")) >= 8)
        os.kill(sender.pid, signal.SIGKILL)
        sender.wait(60)
        queue(4)  # only now: the next batch is claimed while the first is under way
        first = {one["to"] for one in centre.of("submit")}
        centre.set(delay=0, receipts="DELIVRD")
        with kept(NOW + timedelta(seconds=5)):
            until(lambda: states().count("delivered") == 4 and states().count("in_doubt") == 8)
            for one in list(centre.of("submit"))[:8]:
                centre.tell(do="receipt", id=f"late{one['id']}", state="DELIVRD", echo=True, pdu={
                    "destination_addr": one["to"], "source_addr": "1", "user_message_reference": one["reference"],
                })  # fmt: skip
            until(lambda: states().count("in_doubt") == 0)
        everybody = [one["to"] for one in centre.of("submit")]
    assert len(first) == 8
    assert len(set(everybody)) == 12
    per_number = {number: everybody.count(number) for number in first}
    assert set(per_number.values()) == {1}  # the first part of each, once


SECOND = """
import django; django.setup()
import asyncio
from datetime import datetime
from dunwell.channels.lines import line_named
from dunwell.channels.services.session_line import SessionLine
now = datetime.fromisoformat({now!r})
async def go(): await SessionLine(line_named('sms-main'), lambda: now, number=2).run()
asyncio.run(go())
"""


def test_two_sessions_share_the_outbox_and_one_that_is_killed_leaves_nothing_twice(connected):
    with SmsCentre(delay=30, receipts="DELIVRD") as centre:
        database = connected(centre, window=4, batch=4, sessions=2)
        environment = {**database.environment, "DUNWELL_LINES": str(configured.LINES_FILE)}
        second = subprocess.Popen([sys.executable, "-c", SECOND.format(now=NOW.isoformat())], env=environment)
        centre.wait("bound")
        with kept():
            centre.wait("bound")
            queue(60)
            until(lambda: len(set(Message.objects.exclude(sender=None).values_list("sender", flat=True))) == 2)
            os.kill(second.pid, signal.SIGKILL)
            second.wait(60)
            until(lambda: states().count("delivered") >= 48 and "planned" not in states())
        with kept(NOW + timedelta(minutes=1)):  # what the killed one had in hand is in doubt, or its receipt says more
            until(lambda: set(states()) <= {"sent", "delivered", "in_doubt"})
        parts = [(one["to"], tuple(map(tuple, one["udh"]))) for one in centre.of("submit")]
        assert [one["receives"] for one in centre.of("bound")] == [False, True, True]
    assert len(parts) == len(set(parts))
    assert len({to for to, _ in parts}) >= 52 and "planned" not in states()


def test_the_process_of_the_lines_keeps_one_like_itself_for_each_further_session(connected):
    with SmsCentre() as centre:
        database = connected(centre, sessions=2)
        environment = {**database.environment, "DUNWELL_LINES": str(configured.LINES_FILE)}
        keeper = subprocess.Popen([sys.executable, "-m", "dunwell.cli", "lines"], env=environment)
        try:
            assert {centre.wait("bound")["receives"] for _ in range(2)} == {True, False}
            (other,) = [child.pid for child in psutil.Process(keeper.pid).children()]
            os.kill(other, signal.SIGKILL)
            assert centre.wait("bound")["receives"] is False
            (another,) = psutil.Process(keeper.pid).children()
            keeper.terminate()
            assert keeper.wait(60) == 0 and not another.is_running()
        finally:
            keeper.kill()


def test_a_line_that_is_down_claims_nothing(connected):
    with SmsCentre() as centre:
        connected(centre)
    queue(2)
    with kept():
        until(lambda: LineState.objects.filter(line="sms-main", failures__gte=2).exists())
    assert states() == ["planned", "planned"]
    assert Contact.objects.count() == 0
