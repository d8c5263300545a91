"""The protocol data units that the codec has no class for: headers, binding, answers (SMPP 3.4, 3.2 and 4). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from struct import Struct

GENERIC_NACK, RESPONSE = 0x80000000, 0x80000000
BIND_TRANSMITTER, SUBMIT_SM, DELIVER_SM, UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK = 0x02, 0x04, 0x05, 0x06, 0x09, 0x15
HEADER = Struct(">IIII")
LONGEST = 70_000  # octets; a longer unit means that the stream is lost

OK, INVALID_COMMAND, SYSTEM_ERROR, INVALID_DESTINATION = 0x00, 0x03, 0x08, 0x0B
QUEUE_FULL, THROTTLED = 0x14, 0x58
WAIT = frozenset({QUEUE_FULL, THROTTLED})  # nothing was taken; the same may come again, slower
TEMPORARY = WAIT | {SYSTEM_ERROR, 0x61, 0x64, 0x65}
REFUSED_BIND = {0x0D: "bind failed", 0x0E: "wrong password", 0x0F: "unknown system_id", 0x05: "already bound"}


@dataclass(frozen=True, slots=True)
class Account:
    """Who binds, and as what."""

    system_id: str
    password: str
    system_type: str = ""


def bind(account: Account, sequence: int, *, receives: bool = True) -> bytes:
    """A bind_transceiver for version 3.4 and every address; a bind_transmitter for a session that only sends."""
    texts = (account.system_id, account.password, account.system_type)
    body = b"".join(text.encode("latin-1") + b"\0" for text in texts) + b"\x34\0\0\0"
    return HEADER.pack(16 + len(body), BIND_TRANSCEIVER if receives else BIND_TRANSMITTER, 0, sequence) + body


def bare(command: int, sequence: int, status: int = OK) -> bytes:
    """A unit without a body: enquire_link, unbind and every answer to them."""
    return HEADER.pack(16, command, status, sequence)


def delivered(sequence: int, status: int = OK) -> bytes:
    """A deliver_sm_resp, whose message_id is empty."""
    return HEADER.pack(17, DELIVER_SM | RESPONSE, status, sequence) + b"\0"


def message_id(body: bytes) -> str:
    """The provider's number of a submit_sm_resp."""
    return body.split(b"\0", 1)[0].decode("latin-1")


def until(moment: datetime) -> str:
    """A validity_period: an absolute moment in UTC (7.1.1)."""
    return f"{moment.astimezone(UTC):%y%m%d%H%M%S}000+"
