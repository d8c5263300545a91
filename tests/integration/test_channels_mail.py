"""E-mail comes back to us: bounces, replies and withdrawals, through an SMTP server of ours that real clients talk to."""

import asyncio
import smtplib
import textwrap
import threading
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage

import pytest
import yaml

from dunwell.channels import services
from dunwell.channels.lines import line_for
from dunwell.channels.lines.mail import address, named_by
from dunwell.channels.models import Inbound
from dunwell.channels.services.mail_door import MailDoor, take_mail
from dunwell.compliance.models import Consent, ContactOutcome
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint
from tests.integration.test_channels import BY, NOW, mailbox, queue  # noqa: F401  (a fixture)

DOMAIN = "answers.bank.example"


@pytest.fixture
def line(mailbox, settings, tmp_path):  # noqa: F811
    settings.LINES_FILE = tmp_path / "lines.yaml"
    one = {
        "code": "mail-main", "channel": "email", "adapter": "smtp", "bounce_domain": DOMAIN,
        "bounce_listen": "127.0.0.1:0",
    }  # fmt: skip
    settings.LINES_FILE.write_text(yaml.safe_dump([one]), encoding="utf-8")
    return mailbox


def bounce(status, to):
    return textwrap.dedent(f"""\
        From: MAILER-DAEMON@mx.example
        To: {to}
        Subject: Undelivered Mail Returned to Sender
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="b"

        --b
        Content-Type: text/plain

        It could not be delivered.

        --b
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example

        Final-Recipient: rfc822; m1@example.com
        Action: {"failed" if status[0] == "5" else "delayed"}
        Status: {status}

        --b--
        """).replace("\n", "\r\n")


@contextmanager
def door():
    """The door in a thread of this process; yields its port."""
    loop, made, ready = asyncio.new_event_loop(), [], threading.Event()

    def run():
        async def listen():
            made.append(MailDoor(line_for("email"), lambda: NOW))
            task = asyncio.create_task(made[0].run())
            await made[0].listening.wait()
            ready.set()
            await task

        loop.run_until_complete(listen())

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(60)
    try:
        yield made[0].port
    finally:
        loop.call_soon_threadsafe(made[0].stopping.set)
        thread.join(60)
        assert not thread.is_alive()


def test_a_bounce_comes_in_by_smtp_and_marks_message_and_address(fresh_database, line):
    message = queue()
    services.send_due(now=NOW, limit=10)
    returned = line.envelopes[0]
    assert named_by(returned) == ("bounce", message.pk)
    with door() as port, smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail("", [returned], bounce("5.1.1", returned))
        client.sendmail("", [returned], bounce("5.1.1", returned))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("", [f"bounce+{message.pk}.0000000000000000@{DOMAIN}"], "x")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("", ["somebody@example.com"], "x")
    message.refresh_from_db()
    assert (message.state, message.events.filter(state="undelivered").count()) == ("undelivered", 1)
    assert ContactOutcome.objects.filter(contact=message.contact).last().outcome == "bounced"
    point = ContactPoint.objects.get(pk=message.contact_point_id)
    assert (point.status, point.status_reason) == ("invalid", "empty_number")


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "state"), [("4.2.2", "sent"), ("5.7.1", "undelivered")])
def test_a_full_box_is_no_bounce_and_a_refusal_leaves_the_address_valid(line, status, state):
    message = queue()
    services.send_due(now=NOW, limit=10)
    to = line.envelopes[0]
    assert take_mail(content=bounce(status, to).encode(), recipients=[to], now=NOW) == 1
    message.refresh_from_db()
    assert (message.state, ContactPoint.objects.get(pk=message.contact_point_id).status) == (state, "valid")


@pytest.mark.django_db
def test_the_mail_names_where_to_withdraw_and_a_withdrawal_is_obeyed(line):
    message = queue()
    services.send_due(now=NOW, limit=10)
    (mail,) = line.received
    assert mail["List-Unsubscribe"].strip() == f"<mailto:{address('unsubscribe', message.pk, DOMAIN)}>"
    assert mail["From"] == "collections@bank.example"
    take_mail(content=b"Subject: x\r\n\r\n", recipients=[address("unsubscribe", message.pk, DOMAIN)], now=NOW)
    assert Consent.objects.get(party=message.party, kind="opt_out").channel == "email"
    again = services.queue_message(
        party_id=message.party_id, contact_point_id=message.contact_point_id, template_code="EMAIL-REMIND-1",
        case_id=message.case_id, by=BY, now=NOW + timedelta(days=2), key="again",
    )  # fmt: skip
    assert again.state == "refused"


@pytest.mark.django_db
def test_a_reply_stands_with_the_person_without_what_it_quotes(line):
    message = queue()
    services.send_due(now=NOW, limit=10)
    reply = EmailMessage()
    reply["Message-ID"] = "<r1@example.com>"
    reply.set_content("下周五发工资后还。\n> 您在测试银行…\n")
    to = address("reply", message.pk, DOMAIN)
    assert [take_mail(content=reply.as_bytes(), recipients=[to], now=NOW) for _ in range(2)] == [1, 0]
    row = Inbound.objects.get()
    assert (row.party_id, row.meaning) == (message.party_id, "reply")
    assert portfolio.open_text(party_id=row.party_id, sealed=bytes(row.text_sealed)) == "下周五发工资后还。"
