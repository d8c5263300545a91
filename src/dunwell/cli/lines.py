"""`dunwell lines`: the process that keeps the sessions of the bank's lines, and the door for bounces and replies."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from datetime import UTC, datetime

import structlog

from dunwell.channels.lines import Line, LineError, lines
from dunwell.channels.services.mail_door import MailDoor
from dunwell.channels.services.phone_line import PhoneLine
from dunwell.channels.services.session_line import SessionLine
from dunwell.compliance import shipped
from dunwell.kernel.heap import keep_loaded

KEEPERS: dict[str, type[SessionLine] | type[PhoneLine]] = {"smpp": SessionLine, "baresip": PhoneLine}
LOOK = 2.0  # seconds between two looks at the file of lines, and at the process that started this one

log = structlog.get_logger("dunwell.lines")


def now() -> datetime:
    return datetime.now(UTC)


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
    kept: dict[str, tuple[SessionLine | MailDoor | PhoneLine, asyncio.Task[None]]] = {}
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
                keeper = _keeper(line, number)
                kept[line.code] = keeper, asyncio.create_task(keeper.run())
        if number == 1:
            await _start_others(others, max((line.options.get("sessions", 1) for line in wanted), default=1))
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


def _keeper(line: Line, number: int) -> SessionLine | MailDoor | PhoneLine:
    if line.adapter == "smpp":
        return SessionLine(line, now, number=number)
    return KEEPERS.get(line.adapter, MailDoor)(line, now)


async def _start_others(others: dict[int, asyncio.subprocess.Process], sessions: int) -> None:
    """A process for each session beyond the first; one that ended is started anew, one too many is told to stop."""
    for number, other in list(others.items()):
        if other.returncode is not None:
            del others[number]
        elif number > sessions:
            _end(other)
    for number in range(2, sessions + 1):
        if number not in others:
            others[number] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "dunwell.cli", "lines", "--session", str(number)
            )


def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()


def _wanted(before: list[Line], number: int) -> list[Line]:
    """The lines that need a process of their own; those of before while the file cannot be read."""
    try:
        if number > 1:
            return [line for line in lines() if line.options.get("sessions", 1) >= number]
        return [line for line in lines() if line.adapter in KEEPERS or line.options.get("bounce_listen")]
    except LineError as wrong:
        log.error("lines not read", error=str(wrong))
        return before
