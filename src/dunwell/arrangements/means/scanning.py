"""The scanner of files that come from outside: clamd, spoken to by its own protocol (INSTREAM).

`DUNWELL_CLAMD` is `host:port` or the path of its socket; empty: none is configured, and nothing is said to be clean.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass

PIECE = 1 << 16
PATIENCE = 30  # seconds
NOT_CONNECTED, NO_ANSWER = "no scanner is configured", "no answer"  # as kept with a check; pages have words for them


@dataclass(frozen=True, slots=True)
class Scanned:
    """`verdict`: clean, infected (with its signature) or not_scanned (with why)."""

    verdict: str
    detail: str = ""


def scan(chunks: Iterable[bytes], address: str) -> Scanned:
    """Have a file's content scanned. Whatever keeps the scanner from an answer is not_scanned, never clean."""
    if not address:
        return Scanned("not_scanned", NOT_CONNECTED)
    try:
        with _connected(address) as line:
            line.sendall(b"zINSTREAM\0")
            for chunk in chunks:
                for at in range(0, len(chunk), PIECE):
                    piece = chunk[at : at + PIECE]
                    line.sendall(len(piece).to_bytes(4, "big") + piece)
            line.sendall(b"\0\0\0\0")
            answer = b""
            while not answer.endswith(b"\0") and (more := line.recv(4096)):
                answer += more
    except OSError as error:
        return Scanned("not_scanned", f"{type(error).__name__}: {error}"[:200])
    said = answer.rstrip(b"\0\n").decode("utf-8", "replace").removeprefix("stream: ")
    if said == "OK":
        return Scanned("clean")
    if said.endswith(" FOUND"):
        return Scanned("infected", said.removesuffix(" FOUND")[:200])
    return Scanned("not_scanned", said[:200] or NO_ANSWER)


def _connected(address: str) -> socket.socket:
    host, separator, port = address.rpartition(":")
    if separator and port.isdigit():
        return socket.create_connection((host, int(port)), timeout=PATIENCE)
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(PATIENCE)
    try:
        line.connect(address)
    except OSError:
        line.close()
        raise
    return line
