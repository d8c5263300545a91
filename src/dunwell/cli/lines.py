"""`dunwell lines`: the process that keeps the sessions of the bank's lines, and the door for bounces and replies."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import UTC, datetime

import structlog

from dunwell.channels.lines import Line, LineError, lines
from dunwell.channels.services.mail_door import MailDoor
from dunwell.channels.services.phone_line import PhoneLine
from dunwell.channels.services.session_line import SessionLine

KEEPERS: dict[str, type[SessionLine] | type[PhoneLine]] = {"smpp": SessionLine, "baresip": PhoneLine}
LOOK = 2.0  # seconds between two looks at the file of lines, and at the process that started this one

log = structlog.get_logger("dunwell.lines")


def now() -> datetime:
    return datetime.now(UTC)


async def keep() -> None:
    """Keep every session of the file until told to stop; a line that changes there is kept anew."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    parent = os.getppid()
    kept: dict[str, tuple[SessionLine | MailDoor | PhoneLine, asyncio.Task[None]]] = {}
    while not stopping.is_set() and os.getppid() == parent:
        wanted = _wanted([keeper.line for keeper, _ in kept.values()])
        for code, (keeper, task) in list(kept.items()):
            if keeper.line not in wanted or task.done():
                keeper.stopping.set()
                await asyncio.gather(task, return_exceptions=True)
                del kept[code]
        for line in wanted:
            if line.code not in kept:
                keeper = KEEPERS.get(line.adapter, MailDoor)(line, now)
                kept[line.code] = keeper, asyncio.create_task(keeper.run())
        try:
            await asyncio.wait_for(stopping.wait(), LOOK)
        except TimeoutError:
            continue
    for keeper, _ in kept.values():
        keeper.stopping.set()
    await asyncio.gather(*(task for _, task in kept.values()), return_exceptions=True)


def _wanted(before: list[Line]) -> list[Line]:
    """The lines that need a process of their own; those of before while the file cannot be read."""
    try:
        return [line for line in lines() if line.adapter in KEEPERS or line.options.get("bounce_listen")]
    except LineError as wrong:
        log.error("lines not read", error=str(wrong))
        return before
