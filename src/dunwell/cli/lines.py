"""`dunwell lines`: the process that keeps the sessions of the bank's lines, and the door for bounces and replies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog

from dunwell.channels.lines import Line, LineError, lines
from dunwell.channels.services.mail_door import MailDoor
from dunwell.channels.services.phone_line import PhoneLine
from dunwell.channels.services.session_line import SessionLine
from dunwell.compliance import shipped
from dunwell.kernel.heap import keep_loaded

Keeper = SessionLine | MailDoor | PhoneLine
LOOK = 2.0  # seconds between two looks at the file of lines, and at the process that started this one

log = structlog.get_logger("dunwell.lines")


def now() -> datetime:
    return datetime.now(UTC)


#: By adapter, what keeps a line's session of a number. Lines of other adapters need no process: they are only sent to.
KEEPERS: Mapping[str, Callable[[Line, int], Keeper]] = {
    "smpp": lambda line, number: SessionLine(line, now, number=number),
    "smtp": lambda line, _: MailDoor(line, now),
    "baresip": lambda line, _: PhoneLine(line, now),
}


def sessions(line: Line) -> int:
    """How many processes keep a line: none of an e-mail line that does not listen for bounces and replies."""
    if line.adapter not in KEEPERS or not line.options.get("bounce_listen", True):
        return 0
    return line.options.get("sessions", 1)


async def keep(number: int = 1) -> None:
    """Keep every session of the file until told to stop; a line that changes there is kept anew.

    A session is a process's work: this one keeps the first of each line (or that of the `number`), and starts another like
    itself for the second, the third …
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_no in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_no, stopping.set)
    shipped.packs()
    keep_loaded()
    parent = os.getppid()
    kept: dict[str, tuple[Keeper, asyncio.Task[None]]] = {}
    others: dict[int, asyncio.subprocess.Process] = {}
    while not stopping.is_set() and os.getppid() == parent:
        wanted = _wanted([keeper.line for keeper, _ in kept.values()], number)
        for code, (keeper, task) in list(kept.items()):
            if keeper.line not in wanted or task.done():
                keeper.stopping.set()
                await asyncio.gather(task, return_exceptions=True)
                del kept[code]
        for line in wanted:
            if line.code not in kept:
                keeper = KEEPERS[line.adapter](line, number)
                kept[line.code] = keeper, asyncio.create_task(keeper.run())
        if number == 1:
            await _start_others(others, max(map(sessions, wanted), default=1))
        try:
            await asyncio.wait_for(stopping.wait(), LOOK)
        except TimeoutError:
            continue
    for other in others.values():
        _end(other)
    for keeper, _ in kept.values():
        keeper.stopping.set()
    await asyncio.gather(*(task for _, task in kept.values()), return_exceptions=True)
    await asyncio.gather(*(other.wait() for other in others.values()))


async def _start_others(others: dict[int, asyncio.subprocess.Process], most: int) -> None:
    """A process for each session beyond the first; one that ended is started anew, one too many is told to stop."""
    for number, other in list(others.items()):
        if other.returncode is not None:
            del others[number]
        elif number > most:
            _end(other)
    for number in range(2, most + 1):
        if number not in others:
            others[number] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "dunwell.cli", "lines", "--session", str(number)
            )


def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()


def _wanted(before: list[Line], number: int) -> list[Line]:
    """The lines of which the process of this number keeps a session; those of before while the file cannot be read."""
    try:
        return [line for line in lines() if sessions(line) >= number]
    except LineError as wrong:
        log.error("lines not read", error=str(wrong))
        return before
