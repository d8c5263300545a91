"""Signed calls, both ways: HMAC-SHA256 over moment, nonce and body, under the secret of the line. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

MOMENT, NONCE, SIGNATURE = "X-Dunwell-Timestamp", "X-Dunwell-Nonce", "X-Dunwell-Signature"
FRESH = timedelta(minutes=5)


class WrongSignature(ValueError):
    """A call that is not signed by whom it says, or is too old; the sentence says which."""


def sign(secret: str, moment: str, nonce: str, body: bytes) -> str:
    """The signature, in hexadecimal digits; `moment` in seconds since 1970."""
    text = f"{moment}\n{nonce}\n".encode() + body
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Nothing when the call is signed and fresh, else WrongSignature. Repetition is the taker's own business."""
    moment, nonce, given = (headers.get(name, "") for name in (MOMENT, NONCE, SIGNATURE))
    if not moment.isascii() or not moment.isdigit() or not nonce or not given:
        raise WrongSignature(f"{MOMENT}, {NONCE} and {SIGNATURE} are needed")
    if not hmac.compare_digest(sign(secret, moment, nonce, body), given.lower()):
        raise WrongSignature("the signature is not of this body and secret")
    if abs(now - datetime.fromtimestamp(int(moment[:12]), UTC)) > FRESH:
        raise WrongSignature(f"signed at {moment}, more than {FRESH.seconds} s from now")
