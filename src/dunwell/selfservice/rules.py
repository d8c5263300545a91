"""The page's pure rules: tokens and what is kept of them, what only the person knows, amounts that may be paid."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from typing import Any

import yaml

from dunwell.kernel import sealing
from dunwell.kernel.money import to_cent

TOKEN_BYTES = 16
TOKEN_LETTERS = 26  # of base32, without its padding
KNOWN_LAST = 6  # characters of his document's number that he is asked for
CODE_DIGITS = 6
HIDDEN = {"link": "*" * TOKEN_LETTERS, "code": "*" * CODE_DIGITS}  # in whatever is kept of a text
TEXT_MOST, FILE_MOST = 1000, 8_000_000  # characters; bytes
LARGEST = Decimal("99999999.99")


@cache
def _numbers() -> Mapping[str, list[tuple[date, Any]]]:
    text = resources.files("dunwell.selfservice").joinpath("policy.yaml").read_text("utf-8")
    return {
        name: sorted(((one["from"], one["value"]) for one in number["values"]), key=lambda one: one[0])
        for name, number in yaml.safe_load(text).items()
    }


def number(name: str, on: date) -> Any:
    """A number of policy.yaml in force on a day. A day before the first raises LookupError."""
    known = [value for since, value in _numbers()[name] if since <= on]
    if not known:
        raise LookupError(f"selfservice/policy.yaml has no {name} for {on}")
    return known[-1]


def new_token() -> str:
    """128 random bits as they stand in an address and in a QR code."""
    return base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode().rstrip("=").lower()


def new_code() -> str:
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def kept(secret: str) -> bytes:
    """What is kept of a token or a cookie: enough to know it again, nothing to use it by."""
    return hashlib.sha256(secret.strip().lower().encode()).digest()


def known(key: bytes, token: bytes, answer: str) -> bytes:
    """The keyed hash of the last characters of a document's number, bound to one link (its kept token)."""
    plain = "".join(c for c in unicodedata.normalize("NFKC", answer).upper() if c.isalnum())
    return sealing.digest(key, f"known/{token.hex()}/{plain[-KNOWN_LAST:]}")


def sent(key: bytes, secret: bytes, code: str) -> bytes:
    """The keyed hash of a one-time code, bound to one session (its kept cookie)."""
    return sealing.digest(key, f"code/{secret.hex()}/{re.sub(r'[^0-9]', '', unicodedata.normalize('NFKC', code))}")


class Wrong(ValueError):
    """What was typed cannot be taken; `code` names the sentence."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def amount_of(text: str, *, owed: Decimal) -> Decimal:
    """An amount that may be paid into an account on which `owed` is owed: above nothing, in cents, not above it. Wrong."""
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace("¥", "").strip()
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        raise Wrong("amount") from None
    if not amount.is_finite() or amount <= 0 or amount != to_cent(amount) or amount > LARGEST:
        raise Wrong("amount")
    if amount > owed:
        raise Wrong("above_owed")
    return to_cent(amount)
