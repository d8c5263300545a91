"""The door for bounces, replies and withdrawals by e-mail: an SMTP server for addresses that name a message of ours."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.message import EmailMessage
from functools import partial

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import connection, transaction
from flufl.bounce import all_failures

from dunwell.channels.lines import Line
from dunwell.channels.lines.mail import named_by
from dunwell.channels.models import Message
from dunwell.channels.services.inbound import Came, take_inbound
from dunwell.channels.services.receipts import Told, take_receipts
from dunwell.portfolio import services as portfolio

LARGEST = 1_000_000  # octets of a mail
STATUS = re.compile(rb"^Status:\s*([245]\.\d{1,3}\.\d{1,3})", re.MULTILINE | re.IGNORECASE)
NO_SUCH_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})

log = structlog.get_logger("dunwell.lines")


class MailDoor:
    """Listens where the line says (`host:port`); takes only mail to an address of ours with the right tag."""

    def __init__(self, line: Line, clock: Callable[[], datetime]) -> None:
        self.line, self.clock = line, clock
        self.stopping, self.listening = asyncio.Event(), asyncio.Event()
        self.port = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mail-door")

    async def run(self) -> None:
        host, _, port = self.line.options["bounce_listen"].rpartition(":")
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(self, hostname=self.line.options["bounce_domain"], data_size_limit=LARGEST, loop=loop),
            host or "127.0.0.1", int(port),
        )  # fmt: skip
        self.port = server.sockets[0].getsockname()[1]
        self.listening.set()
        try:
            await self.stopping.wait()
        finally:
            server.close()
            await loop.run_in_executor(self._thread, lambda: connection.close())
            self._thread.shutdown()

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if named_by(address) is None:
            return "550 5.1.1 no such address"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        take = partial(take_mail, content=content, recipients=envelope.rcpt_tos, now=self.clock())
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, take)
        except Exception as error:
            log.error("mail not stored", error=type(error).__name__, exc_info=True)
            return "451 4.3.0 not stored, try again"
        return "250 OK"


@transaction.atomic
def take_mail(*, content: bytes, recipients: Sequence[str], now: datetime) -> int:
    """Take one mail to addresses of ours: a bounce becomes a receipt, the rest an inbound text. How many were new."""
    mail = email.message_from_bytes(content, policy=email.policy.default)
    taken = 0
    for recipient in recipients:
        named = named_by(recipient)
        message = named and Message.objects.select_related("contact_point").filter(pk=named[1]).first()
        if not named or message is None:
            continue
        if named[0] == "bounce":
            taken += take_receipts(line=message.line, kind="email", told=[_bounce(mail, content, message)], now=now)
            continue
        point = message.contact_point
        sender = portfolio.open_text(party_id=point.party_id, sealed=bytes(point.value_sealed))
        came = Came(sender, _text(mail), now, key=str(mail["Message-ID"] or ""), opt_out=named[0] == "unsubscribe")
        taken += take_inbound(line=message.line, channel="email", kind="email", came=[came], now=now)
    return taken


def _bounce(mail: EmailMessage, content: bytes, message: Message) -> Told:
    """The address is known by the return path; the mail says only whether the failure lasts."""
    _, lasting = all_failures(mail)
    found = STATUS.search(content)
    status = found.group(1).decode() if found else ""
    undelivered = status.startswith("5") if status else bool(lasting)
    return Told(
        provider_id=message.message_id, state="undelivered" if undelivered else "on_its_way",
        code=status or ("bounced" if lasting else "unclear"), dead_number=undelivered and status in NO_SUCH_ADDRESS,
    )  # fmt: skip


def _text(mail: EmailMessage) -> str:
    """What the person wrote: without what he quotes."""
    part = mail.get_body(("plain",))
    lines = (part.get_content() if part else str(mail["Subject"] or "")).splitlines()
    return "\n".join(line for line in lines if not line.startswith(">")).strip()[:4000]
