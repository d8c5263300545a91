"""Which lines out of the house are connected, and the hand-over to the e-mail server."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

USER_UNKNOWN = frozenset({550, 551, 553})


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What is known of one hand-over: `sent`, `refused` (nothing was taken) or `unknown`.

    `lasting` says that the server will not take it later either, `user_unknown` that the address is none.
    """

    state: str
    detail: str = ""
    lasting: bool = False
    user_unknown: bool = False


def connected(channel: str) -> bool:
    """Whether something sent by this channel can leave. In this version: e-mail, when its server is set."""
    return channel == "email" and bool(settings.EMAIL_HOST)


def open_mail_server() -> BaseEmailBackend:
    """A connection to the e-mail server; OSError or SMTPException when it cannot be had now."""
    server = get_connection()
    server.open()
    return server


def hand_over(server: BaseEmailBackend, *, to: str, subject: str, text: str, message_id: str) -> HandedOver:
    """Give one e-mail to the server. Where the answer does not come, nobody knows: `unknown`, never again."""
    mail = EmailMessage(subject=subject, body=text, to=[to], connection=server, headers={"Message-ID": message_id})
    try:
        mail.send(fail_silently=False)
    except smtplib.SMTPRecipientsRefused as refused:
        code, words = next(iter(refused.recipients.values()))
        return _refused(code, words)
    except smtplib.SMTPServerDisconnected as broken:
        return HandedOver("unknown", str(broken)[:200])
    except smtplib.SMTPResponseException as refused:
        return _refused(refused.smtp_code, refused.smtp_error)
    except (OSError, smtplib.SMTPException) as broken:
        return HandedOver("unknown", f"{type(broken).__name__}: {broken}"[:200])
    return HandedOver("sent")


def _refused(code: int, words: bytes | str) -> HandedOver:
    text = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    unknown = code in USER_UNKNOWN and ("5.1." in text or "unknown" in text.lower() or "no such" in text.lower())
    return HandedOver("refused", f"{code} {text}"[:80], lasting=500 <= code < 600, user_unknown=unknown)
