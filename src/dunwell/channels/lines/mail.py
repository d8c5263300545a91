"""E-mail: the hand-over to the bank's server, with a return path that names the message (VERP)."""

from __future__ import annotations

import hmac
import smtplib
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from dunwell.channels.lines.port import HandedOver, Parcel, Part
from dunwell.channels.lines.reading import Line
from dunwell.kernel import sealing

USER_UNKNOWN = frozenset({550, 551, 553})
KINDS = ("bounce", "unsubscribe", "reply")


class MailServer:
    """The e-mail server of the settings, one connection at a time."""

    def __init__(self, line: Line) -> None:
        self.domain = line.options.get("bounce_domain", "")
        self._server: BaseEmailBackend | None = None

    def open(self) -> None:
        """A connection, unless there is one; OSError when it cannot be had now."""
        if self._server is None:
            server = get_connection()
            try:
                server.open()
            except smtplib.SMTPException as refused:
                raise ConnectionError(f"{type(refused).__name__}: {refused}") from refused
            self._server = server

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def hand_over(self, parcel: Parcel) -> HandedOver:
        """Give one e-mail to the server. Where the answer does not come, nobody knows: `unknown`, never again."""
        mail = EmailMessage(
            subject=parcel.subject, body=parcel.text, to=[parcel.to], connection=self._server,
            from_email=address("bounce", parcel.message_id, self.domain) if self.domain else None,
            headers=self._headers(parcel),
        )  # fmt: skip
        try:
            mail.send(fail_silently=False)
        except smtplib.SMTPRecipientsRefused as refused:
            code, words = next(iter(refused.recipients.values()))
            return _refused(code, words)
        except smtplib.SMTPServerDisconnected as broken:
            return self._lost(str(broken))
        except smtplib.SMTPResponseException as refused:
            return _refused(refused.smtp_code, refused.smtp_error)
        except (OSError, smtplib.SMTPException) as broken:
            return self._lost(f"{type(broken).__name__}: {broken}")
        return HandedOver("sent", parts=(Part(1, parcel.reference),))

    def _headers(self, parcel: Parcel) -> dict[str, str]:
        headers = {
            "Message-ID": parcel.reference,
            "From": settings.DEFAULT_FROM_EMAIL,
            "Auto-Submitted": "auto-generated",
        }
        if self.domain:
            headers["List-Unsubscribe"] = f"<mailto:{address('unsubscribe', parcel.message_id, self.domain)}>"
            headers["Reply-To"] = address("reply", parcel.message_id, self.domain)
        return headers

    def _lost(self, detail: str) -> HandedOver:
        self._server = None
        return HandedOver("unknown", detail[:200])


def address(kind: str, message_id: int, domain: str) -> str:
    """An address of ours that names a message: bounce+4711.0123456789@…, its tag a keyed hash nobody can guess."""
    return f"{kind}+{message_id}.{_tag(kind, message_id)}@{domain}"


def named_by(recipient: str) -> tuple[str, int] | None:
    """The kind and the message that an address of ours names; None when it is none, or its tag is wrong."""
    local = parseaddr(recipient)[1].rpartition("@")[0]
    kind, _, rest = local.partition("+")
    number, _, tag = rest.partition(".")
    if kind not in KINDS or not (number.isascii() and number.isdigit() and len(number) < 19):
        return None
    return (kind, int(number)) if hmac.compare_digest(tag.lower(), _tag(kind, int(number))) else None


def _tag(kind: str, message_id: int) -> str:
    keys = settings.KEYS.search()
    return sealing.digest(keys[min(keys)], f"mail/{kind}/{message_id}").hex()[:16]


def _refused(code: int, words: bytes | str) -> HandedOver:
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    unknown = code in USER_UNKNOWN and ("5.1." in text or "unknown" in text.lower() or "no such" in text.lower())
    return HandedOver("refused", f"{code} {text}"[:80], lasting=500 <= code < 600, dead=unknown)
