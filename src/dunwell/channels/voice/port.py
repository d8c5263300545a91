"""The telephony port: what a seat's telephone is told, and what it tells. The number goes in and never comes out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

RINGING, ANSWERED, ENDED = "ringing", "answered", "ended"


@dataclass(frozen=True, slots=True)
class Heard:
    """One event of the call under way. `cause` of an end is the telephone's own text, `here` says that this side ended it."""

    kind: str
    call_id: str = ""
    cause: str = ""
    here: bool = False


class Telephone(Protocol):
    """One seat's telephone. One call at a time; OSError when it cannot be reached."""

    async def open(self) -> None: ...

    async def dial(self, number: str, caller: str = "") -> None:
        """Begin a call that shows `caller` where the telephone can; ConnectionRefusedError when it says that it does not."""

    async def hang_up(self) -> None: ...

    def events(self) -> AsyncIterator[Heard]:
        """What happens, as it happens; ends when the telephone is gone."""

    def recording(self, call_id: str) -> list[Path]:
        """The files that the telephone wrote of the last call, each of one side; empty when it writes none."""

    async def close(self) -> None: ...
