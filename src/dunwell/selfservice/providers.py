"""The port to a payment provider: an address to go to, signed by us, and what the provider says afterwards, signed by it.

One adapter stands here (Ed25519 both ways, docs/selfservice.md); a provider with a protocol of its own gets another class
with the same two methods.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

NEEDED = {"code", "name", "merchant", "checkout", "key"}
STATES = ("paid", "failed")
_read: dict[Path, tuple[int, SignedRedirect]] = {}


class ProviderError(ValueError):
    """The provider's file cannot be used; the sentence names field, found and expected."""


class Forged(ValueError):
    """Not said by the provider, or not in its form."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a cardholder is to pay: into which account of his, by the host's number."""

    order_no: str
    amount: Decimal
    currency: str
    account_no: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider says of an order."""

    order_no: str
    reference: str
    state: str
    amount: Decimal
    currency: str
    account_no: str
    paid_at: datetime


class Provider(Protocol):
    code: str

    def checkout(self, asked: Asked, *, now: datetime) -> str: ...

    def read(self, body: bytes, signature: str) -> Told: ...


@dataclass(frozen=True, slots=True)
class SignedRedirect:
    """The browser goes to `checkout` with the order and our signature; the provider posts what came of it, with its own."""

    code: str
    name: Mapping[str, str]
    merchant: str
    address: str
    key: bytes  # the provider's public key

    def checkout(self, asked: Asked, *, now: datetime) -> str:
        """The address at the provider. Our signature is over the fields in the order of their names, a line each."""
        base = settings.CARDHOLDER_URL
        fields = {
            "merchant": self.merchant, "orderNo": asked.order_no, "amount": f"{asked.amount:.2f}",
            "currency": asked.currency, "account": asked.account_no, "at": now.isoformat(timespec="seconds"),
            "back": f"{base}/pay/back/{asked.order_no}", "tell": f"{base}/pay/told/{self.code}",
        }  # fmt: skip
        text = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
        signed = Ed25519PrivateKey.from_private_bytes(settings.KEYS.merchant()).sign(text.encode())
        return f"{self.address}?{urlencode({**fields, 'signature': base64.urlsafe_b64encode(signed).decode()})}"

    def read(self, body: bytes, signature: str) -> Told:
        """A call-back's words, its signature (over the body's bytes) found right. Forged when it is not."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(base64.b64decode(signature, validate=True), body)
            said = json.loads(body)
            told = Told(
                order_no=str(said["orderNo"]), reference=str(said["reference"]), state=str(said["state"]),
                amount=Decimal(str(said["amount"])), currency=str(said["currency"]), account_no=str(said["account"]),
                paid_at=datetime.fromisoformat(str(said["paidAt"])),
            )  # fmt: skip
        except (InvalidSignature, binascii.Error, ValueError, KeyError, TypeError, InvalidOperation) as error:
            raise Forged(f"{type(error).__name__}: {error}") from None
        if said.get("merchant") != self.merchant or told.state not in STATES or told.paid_at.tzinfo is None:
            raise Forged("not for this merchant, or not in its form")
        if not told.amount.is_finite() or not 0 < len(told.reference) <= 40:
            raise Forged("an amount or a reference that cannot be")
        return told


def provider() -> SignedRedirect | None:
    """The provider of `payments.yaml`, read anew when the file has changed; None when the bank has none."""
    path = Path(settings.PROVIDER_FILE)
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    if path not in _read or _read[path][0] != changed:
        _read[path] = (changed, parsed(yaml.safe_load(path.read_text(encoding="utf-8")), path.name))
    return _read[path][1]


def parsed(data: Any, file: str) -> SignedRedirect:
    """The file's provider; ProviderError names the field."""
    if not isinstance(data, dict) or set(data) != NEEDED:
        raise ProviderError(f"{file}: the fields are {', '.join(sorted(NEEDED))}, no more and no less.")
    if not isinstance(data["name"], dict) or not {"zh-hans", "en"} <= set(data["name"]):
        raise ProviderError(f"{file}, name: zh-hans and en are needed.")
    address = urlsplit(str(data["checkout"]))
    if address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost"):
        raise ProviderError(f"{file}, checkout: {data['checkout']} is not an https address.")
    try:
        key = base64.b64decode(str(data["key"]), validate=True)
        Ed25519PublicKey.from_public_bytes(key)
    except ValueError:
        raise ProviderError(f"{file}, key: the provider's Ed25519 key, base64 of 32 bytes, was expected.") from None
    return SignedRedirect(str(data["code"]), data["name"], str(data["merchant"]), str(data["checkout"]), key)
