"""RFC 3161: what an authority signs when it stamps a day, how it is asked, and whether its stamp is right."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from dunwell.evidence.rules import signed_text

ALGORITHM = "sha256"
SECONDS = 20  # that an authority may take to answer


class NotStamped(OSError):
    """The authority did not answer, or refused; the sentence is its own."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A stamp that is right: when it was made, and whether its signer is one of the trusted."""

    at: datetime
    trusted: bool


def stamped_text(day: date, seal_id: int, chain: bytes, signature: bytes) -> bytes:
    """What a day's stamp is made over: the signed text and the signature, so that neither can be made anew later."""
    return signed_text(day, seal_id, chain) + b"|" + signature.hex().encode()


def ask(url: str, text: bytes) -> bytes:
    """The authority's stamp over a text, as it came (DER). NotStamped when it is not to be had now."""
    import aiohttp
    from pyhanko.sign.timestamps import HTTPTimeStamper

    async def request() -> bytes:
        stamper = HTTPTimeStamper(url, timeout=SECONDS)
        token = await asyncio.wait_for(
            stamper.async_timestamp(hashlib.sha256(text).digest(), ALGORITHM), timeout=SECONDS
        )
        return token.dump()

    try:
        return asyncio.run(request())
    except (TimeoutError, OSError, aiohttp.ClientError, ValueError) as error:
        raise NotStamped(f"{url}: {error or type(error).__name__}") from error


def check(token: bytes, text: bytes, trusted: Sequence[bytes] = ()) -> Stamped:
    """ValueError when the stamp is not over this text or its signature is not right.

    `trusted` are certificates (PEM) of authorities; without any, whose it is stays open and `trusted` False.
    """
    from asn1crypto import cms, pem
    from asn1crypto import x509 as asn1_x509
    from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
    from pyhanko_certvalidator import ValidationContext

    roots = [
        asn1_x509.Certificate.load(der) for text_of in trusted for _, _, der in pem.unarmor(text_of, multiple=True)
    ]

    async def validate() -> dict:
        signed = cms.ContentInfo.load(token, strict=True)["content"]
        at = signed["encap_content_info"]["content"].parsed["gen_time"].native
        context = ValidationContext(trust_roots=roots, allow_fetching=False, moment=at, revocation_mode="soft-fail")
        return await validate_tst_signed_data(signed, context, lambda name: hashlib.new(name, text).digest())

    try:
        found = asyncio.run(validate())
    except Exception as error:  # whatever a changed byte makes of the structure
        raise ValueError(f"it cannot be read ({type(error).__name__})") from error
    if not (found["intact"] and found["valid"]):
        raise ValueError("it is not over this day, or its signature is not right")
    return Stamped(found["timestamp"], bool(roots) and found.get("trust_problem_indic") is None)


def authorities(path: str | Path | None) -> list[bytes]:
    """The certificates of the authorities that the bank trusts, from a PEM file; none when there is no file."""
    return [Path(path).read_bytes()] if path and Path(path).exists() else []
