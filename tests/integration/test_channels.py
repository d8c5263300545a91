"""Messages: texts, the outbox, and a real e-mail server that receives, refuses, vanishes."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest
from aiosmtpd.controller import Controller
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dunwell.arrears.models import AccountState
from dunwell.channels import services
from dunwell.channels.models import LineState, Message, MessageEvent, Template
from dunwell.channels.rules import TextError
from dunwell.channels.services.queueing import Plan, WrongPoint
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact, ContactOutcome, GateDecision
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint, PartyKey
from tests import build

BY = Actor.program("test")
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing


class Mailbox:
    """A real SMTP server. `answer` is what it says to a text, `hold` makes it wait before it says anything."""

    def __init__(self):
        self.received, self.envelopes = [], []
        self.rcpt, self.answer = "", "250 OK"
        self.arrived, self.hold = threading.Event(), None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.received.append(message_from_bytes(envelope.content))
        self.envelopes.append(envelope.mail_from)
        self.arrived.set()
        if self.answer == "vanish":
            session.peer_transport = server.transport
            server.transport.abort()
            return "421 gone"
        if self.hold is not None:
            import asyncio

            while not self.hold.is_set():
                await asyncio.sleep(0.02)
        return self.answer


@pytest.fixture
def mailbox(settings):
    box = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port, ready_timeout=60)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, box.port = "127.0.0.1", port, port
    yield box
    server.stop()


def queue(kind="email", *, template="EMAIL-REMIND-1", key="m1", plan=True, now=NOW, value="", **debtor):
    party, mobile, case = build.debtor(**debtor)
    point = (
        mobile if kind == "mobile" else build.contact_point(party=party, kind=kind, value=value or f"{key}@example.com")
    )
    return services.queue_message(
        party_id=party.pk, contact_point_id=point.pk, template_code=template, case_id=case.pk, case_no=case.case_no,
        by=BY, now=now, key=key, planned_action_id=abs(hash(key)) % 10**9 if plan else None,
    )  # fmt: skip


def states(message):
    return [event.state for event in message.events.order_by("id")]


@pytest.mark.django_db
def test_an_email_leaves_once_with_its_text_and_a_stable_id(mailbox):
    message = queue()
    assert services.send_due(now=NOW, limit=10).sent == 1
    assert services.send_due(now=NOW, limit=10).sent == 0
    (mail,) = mailbox.received
    assert mail["Message-ID"] == message.message_id
    assert str(make_header(decode_header(mail["Subject"]))) == "信用卡还款提醒"
    assert "1,500.00" in mail.get_payload(decode=True).decode()
    message.refresh_from_db()
    assert (message.state, states(message)) == ("sent", ["planned", "sending", "sent"])
    assert ContactOutcome.objects.get(contact=message.contact).outcome == "sent"
    assert b"1,500.00" not in bytes(message.text_sealed)


@pytest.mark.django_db
def test_a_message_says_what_is_owed_when_it_leaves_and_not_when_it_was_planned(mailbox):
    message = queue()
    AccountState.objects.filter(account__party=message.party).update(past_due="300.00")
    services.send_due(now=NOW, limit=10)
    said = mailbox.received[0].get_payload(decode=True).decode()
    assert "300.00" in said and "1,500.00" not in said
    message.refresh_from_db()
    opened = portfolio.open_text(party_id=message.party_id, sealed=bytes(message.text_sealed))
    assert "300.00" in opened
    assert message.events.filter(detail="text renewed").count() == 1


@pytest.mark.django_db
def test_an_sms_is_never_sent_and_says_not_connected_with_the_gates_answer():
    message = queue("mobile", template="SMS-REMIND-1")
    assert services.send_due(now=NOW, limit=10).not_connected == 1
    message.refresh_from_db()
    assert (message.state, message.decision.verdict) == ("not_connected", "ALLOW")
    assert Contact.objects.count() == 0


@pytest.mark.django_db
def test_without_a_server_an_email_is_not_connected(settings):
    settings.EMAIL_HOST = ""
    message = queue(plan=False)
    assert message.state == "not_connected"


@pytest.mark.django_db
def test_the_gate_is_asked_again_at_sending(mailbox):
    message = queue()
    build.AccountState.objects.update(past_due=0)
    assert services.send_due(now=NOW, limit=10).refused == 1
    message.refresh_from_db()
    assert (message.state, message.refusal_rule, mailbox.received) == ("refused", "G-PAID", [])
    assert GateDecision.objects.get().primary_rule == "G-PAID"


@pytest.mark.django_db
def test_a_message_planned_at_night_leaves_in_the_morning(mailbox):
    night = NOW + timedelta(hours=13)
    message = queue(now=night)
    assert services.send_due(now=night, limit=10).later == 1
    message.refresh_from_db()
    assert (message.state, message.refusal_rule) == ("planned", "CN-TIME-NIGHT")
    assert message.not_before == datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
    assert services.send_due(now=message.not_before, limit=10).sent == 1


@pytest.mark.django_db
def test_a_collector_is_told_at_once_what_the_gate_refuses():
    party, mobile, case = build.debtor()
    compliance.place_hold(party_id=party.pk, kind="art70", reason="r", by=BY, now=NOW)
    fields = {"party_id": party.pk, "contact_point_id": mobile.pk, "by": BY, "now": NOW, "key": "k"}
    refused = services.queue_message(**fields, template_code="SMS-DEMAND-1")
    assert (refused.state, refused.refusal_rule) == ("refused", "CN-ART70-STOP")
    assert services.queue_message(**fields, template_code="SMS-DEMAND-1") == refused
    assert Message.objects.count() == 1


@pytest.mark.django_db
def test_a_server_that_is_down_makes_its_line_wait_and_costs_no_message(mailbox, settings):
    settings.EMAIL_PORT = 1  # nobody listens there
    message = queue()
    waits, now = [], NOW
    for _ in range(6):
        services.send_due(now=now, limit=10)
        line = LineState.objects.get(line="mail")
        waits.append(int((line.open_until - now).total_seconds()) if line.open_until else 0)
        now = max(now, line.open_until or now)
    assert waits == [0, 0, 30, 60, 120, 240]
    message.refresh_from_db()
    assert (message.state, Contact.objects.count()) == ("planned", 0)
    settings.EMAIL_PORT = mailbox.port
    services.send_due(now=now - timedelta(seconds=5), limit=10)
    assert mailbox.received == []  # the breaker is open
    services.send_due(now=now, limit=10)
    assert len(mailbox.received) == 1
    assert LineState.objects.get(line="mail").failures == 0


@pytest.mark.django_db
def test_a_message_that_waited_too_long_for_its_line_has_failed(settings, mailbox):
    settings.EMAIL_PORT = 1
    message = queue()
    assert services.send_due(now=NOW + timedelta(hours=35), limit=10).failed == 0
    assert services.send_due(now=NOW + timedelta(hours=37), limit=10).failed == 1
    message.refresh_from_db()
    assert (message.state, message.events.last().detail) == ("failed", "waited too long")


@pytest.mark.django_db
def test_what_the_server_puts_off_is_tried_again_later_and_later(mailbox):
    mailbox.answer = "451 try later"
    message = queue()
    now, waits = NOW, []
    for _ in range(5):
        services.send_due(now=now, limit=10)
        message.refresh_from_db()
        waits.append(round((message.not_before - now).total_seconds() / 60))
        now = message.not_before
    assert waits[:4] == [1, 5, 15, 60]
    assert Contact.objects.count() == 5 == ContactOutcome.objects.filter(outcome="nothing_left").count()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rcpt", "answer", "state", "point", "outcome"),
    [
        ("550 5.1.1 user unknown", "250 OK", "failed", "suspended", "nothing_left"),
        ("452 mailbox busy", "250 OK", "planned", "valid", "nothing_left"),
        ("", "554 refused by policy", "failed", "valid", "nothing_left"),
        ("", "451 try later", "planned", "valid", "nothing_left"),
        ("", "vanish", "in_doubt", "valid", "in_doubt"),
    ],
)
def test_what_the_server_says_decides(mailbox, rcpt, answer, state, point, outcome):
    mailbox.rcpt, mailbox.answer = rcpt, answer
    message = queue()
    services.send_due(now=NOW, limit=10)
    message.refresh_from_db()
    assert message.state == state
    assert ContactPoint.objects.get(pk=message.contact_point_id).status == point
    assert ContactOutcome.objects.get().outcome == outcome


@pytest.mark.django_db
def test_a_message_in_doubt_is_never_sent_again(mailbox):
    mailbox.answer = "vanish"
    message = queue()
    services.send_due(now=NOW, limit=10)
    mailbox.answer = "250 OK"
    services.send_due(now=NOW + timedelta(days=1), limit=10)
    message.refresh_from_db()
    assert (message.state, len(mailbox.received)) == ("in_doubt", 1)


@pytest.mark.django_db
def test_plans_become_messages_once_and_a_missing_number_is_said():
    party, _, case = build.debtor()
    bare = build.party()
    build.account_state(account=build.account(party=bare))
    plans = [
        Plan(1, party.pk, case.pk, case.case_no, "SMS-REMIND-1"),
        Plan(2, bare.pk, build.case(party=bare).pk, "C", "SMS-REMIND-1"),
        Plan(3, party.pk, case.pk, case.case_no, "NO-SUCH-TEXT"),
    ]
    found = services.plan_messages(plans=plans, by=BY, now=NOW)
    assert (found.queued, found.impossible) == ((1,), {2: "no_contact_point", 3: "no_text"})
    services.plan_messages(plans=plans, by=BY, now=NOW)
    assert Message.objects.count() == 1
    assert services.cancel_messages(action_ids=[1], reason="superseded", by=BY, now=NOW) == 1
    assert services.send_due(now=NOW, limit=10) == services.Sent()


@pytest.mark.django_db
def test_many_plans_take_as_many_statements_as_two_and_each_says_its_own_figures():
    def queued(owed):
        plans = []
        for amount in owed:
            party, _, case = build.debtor(past_due=amount)
            plans.append(Plan(case.pk, party.pk, case.pk, case.case_no, "SMS-REMIND-1"))
        with CaptureQueriesContext(connection) as asked:
            assert len(services.plan_messages(plans=plans, by=BY, now=NOW).queued) == len(owed)
        return len(asked)

    queued(["1.00"])  # what is read once a process
    few = queued(["101.00", "102.00"])
    assert queued([f"{n}.00" for n in range(1000, 1020)]) == few
    owed = dict(AccountState.objects.values_list("account__party_id", "past_due"))
    assert Message.objects.count() == len(owed) == 23
    for message in Message.objects.all():
        text = portfolio.open_text(party_id=message.party_id, sealed=bytes(message.text_sealed))
        assert f"{owed[message.party_id]:,.2f}" in text


@pytest.mark.django_db
def test_of_an_erased_person_nothing_is_planned():
    party, _, case = build.debtor()
    PartyKey.objects.filter(pk=party.pk).delete()
    found = services.plan_messages(plans=[Plan(1, party.pk, case.pk, case.case_no, "SMS-REMIND-1")], by=BY, now=NOW)
    assert (found.queued, found.impossible) == ((), {1: "no_contact_point"})
    assert not PartyKey.objects.filter(pk=party.pk).exists()


@pytest.mark.django_db
def test_a_text_goes_only_to_a_point_of_the_person_that_can_receive_it():
    party, mobile, _ = build.debtor()
    _, other, _ = build.debtor()
    for point, code in ((mobile, "EMAIL-REMIND-1"), (other, "SMS-REMIND-1")):
        with pytest.raises(WrongPoint):
            services.queue_message(
                party_id=party.pk, contact_point_id=point.pk, template_code=code, by=BY, now=NOW, key=code
            )


@pytest.mark.django_db
def test_the_preview_is_the_text_that_leaves(mailbox):
    party, mobile, case = build.debtor(language="en")
    shown = services.preview(
        party_id=party.pk, contact_point_id=mobile.pk, template_code="SMS-REMIND-1", now=NOW, case_id=case.pk
    )
    assert shown.text.startswith("【Bank of Tests】Dear 张*: as of 2026-11-23, CNY 1,500.00")
    assert shown.decision.allowed


@pytest.mark.django_db
def test_an_approved_text_is_not_edited_in_place():
    services.load_templates()
    Template.objects.filter(code="SMS-REMIND-1").update(sha256="0" * 64)
    from dunwell.channels.services import texts

    texts._loaded.clear()
    with pytest.raises(TextError, match="give it a new version"):
        services.load_templates()


def test_senders_beside_each_other_send_each_message_once(fresh_database, mailbox):
    for nr in range(12):
        queue(key=f"m{nr}")
    threads = [threading.Thread(target=_pass_and_close, args=(NOW,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({mail["Message-ID"] for mail in mailbox.received}) == len(mailbox.received) == 12
    assert Message.objects.filter(state="sent").count() == 12


def _pass_and_close(now):
    from django.db import connection

    try:
        services.send_due(now=now, limit=50)
    finally:
        connection.close()


def test_a_sender_killed_in_mid_send_leaves_a_doubt_and_no_second_mail(fresh_database, mailbox):
    killed, waiting = queue(key="a"), queue(key="b")
    mailbox.hold = threading.Event()
    sender = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(f"""
            import django; django.setup()
            from datetime import datetime
            from dunwell.channels import services
            services.send_due(now=datetime.fromisoformat("{NOW.isoformat()}"), limit=10)
        """)],
        env={**fresh_database.environment, "DUNWELL_SMTP_HOST": "127.0.0.1", "DUNWELL_SMTP_PORT": str(mailbox.port)},
    )  # fmt: skip
    assert mailbox.arrived.wait(60)
    killed.refresh_from_db()
    assert killed.state == "sending"
    assert services.send_due(now=NOW, limit=0).in_doubt == 0  # its sender lives
    os.kill(sender.pid, signal.SIGKILL)
    sender.wait(60)
    mailbox.hold.set()
    _until_gone(fresh_database)
    done = services.send_due(now=NOW, limit=10)
    killed.refresh_from_db(), waiting.refresh_from_db()
    assert (done.in_doubt, killed.state, waiting.state) == (1, "in_doubt", "sent")
    assert sorted(m["Message-ID"] for m in mailbox.received) == sorted([killed.message_id, waiting.message_id])
    assert MessageEvent.objects.filter(message=killed).last().state == "in_doubt"


def _until_gone(database):
    """Until PostgreSQL has noticed that the killed sender's connection is closed."""
    import psycopg

    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        for _ in range(3_000):
            held = connection.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
            ).fetchone()
            if held == (0,):
                return
            connection.execute("SELECT pg_sleep(0.02)")
    raise AssertionError("the killed sender's connection is still there")
