"""The process's side of click to call: keeps every seat's telephone, dials what is asked for, writes down what it hears."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import connection

from dunwell.channels.lines import Line
from dunwell.channels.models import CallEvent
from dunwell.channels.services.calling import Wanted, note, note_lost, take_wanted
from dunwell.channels.services.recordings import keep_call
from dunwell.channels.services.settling import note_line
from dunwell.channels.voice.baresip import Baresip
from dunwell.channels.voice.port import ANSWERED, ENDED, Telephone

LOOK, RETRY = 0.2, 3.0  # seconds between looks for a call to make; between attempts to reach a telephone
LOCK = "SELECT pg_try_advisory_lock(hashtext(%s))"
WRITTEN = 0.5  # seconds that a telephone may need to finish a recording's file

log = structlog.get_logger("dunwell.lines")


class PhoneLine:
    """Keeps a line of telephones; each seat by itself, so that one that is gone does not stop the others."""

    def __init__(self, line: Line, clock: Callable[[], datetime]) -> None:
        self.line, self.clock = line, clock
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        await asyncio.gather(*(_Seat(self, seat, at).run() for seat, at in self.line.options["seats"].items()))


class _Seat:
    def __init__(self, keeper: PhoneLine, seat: str, at: str) -> None:
        self.keeper, self.line, self.seat = keeper, keeper.line, seat
        host, _, port = str(at).rpartition(":")
        recordings = self.line.options["recordings"]
        folder = Path(settings.HOME) / recordings.format(seat=seat) if recordings else None
        self.telephone: Telephone = Baresip(host or "127.0.0.1", int(port), uri=self.line.options["uri"], folder=folder)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"seat-{seat}")

    async def run(self) -> None:
        try:
            while not self.keeper.stopping.is_set():
                try:
                    if await self._database(self._mine):
                        await self.telephone.open()
                        await self._database(partial(note_line, line=self.line, now=self.keeper.clock(), worked=True))
                        await self._serve()
                    else:
                        await self._pause(RETRY)  # another process keeps this seat
                except OSError as down:
                    with contextlib.suppress(Exception):
                        told = f"{self.seat}: {type(down).__name__}: {down}"
                        await self._database(partial(note_line, line=self.line, now=self.keeper.clock(), down=told))
                    await self._pause(RETRY)
                except Exception as error:
                    log.error("seat failed", seat=self.seat, error=type(error).__name__, exc_info=True)
                    await self._database(lambda: connection.close())
                    await self._pause(RETRY)
                finally:
                    with contextlib.suppress(Exception):
                        await self.telephone.close()
        finally:
            with contextlib.suppress(Exception):
                await self._database(lambda: connection.close())  # and with it the seat's lock
            self._thread.shutdown()

    async def _database(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.keeper.stopping.wait(), seconds)

    def _mine(self) -> bool:
        """Whether this process keeps the seat; what one before it left under way is lost."""
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [f"dunwell.seat.{self.line.code}.{self.seat}"])
            mine = cursor.fetchone()[0]
        if mine:
            note_lost(line=self.line.code, seat=self.seat, now=self.keeper.clock())
        return mine

    async def _serve(self) -> None:
        while not self.keeper.stopping.is_set():
            now = self.keeper.clock()
            wanted = await self._database(partial(take_wanted, line=self.line.code, seat=self.seat, now=now))
            if wanted is None:
                await self._pause(LOOK)
                continue
            await self._call(wanted)

    async def _call(self, wanted: Wanted) -> None:
        """One call from the dial to its end; a telephone that goes away in the middle leaves it lost."""
        try:
            await self.telephone.dial(wanted.number, wanted.caller)
        except ConnectionRefusedError as refused:
            await self._note(wanted, ENDED, cause=str(refused))
            return
        heard = self.telephone.events()
        answered, call_id, wait = False, "", float(self.line.options["ring_seconds"])
        began = self.keeper.clock()
        while True:
            try:
                event = await asyncio.wait_for(anext(heard), None if answered else wait)
            except TimeoutError:
                await self.telephone.hang_up()  # nobody answers: given up here
                wait = 5.0
                with contextlib.suppress(TimeoutError, StopAsyncIteration):
                    event = await asyncio.wait_for(anext(heard), wait)
                await self._note(wanted, ENDED, call_id=call_id, cause="rang out", here=True)
                return
            except StopAsyncIteration:
                raise ConnectionError("the telephone is gone") from None
            call_id = event.call_id or call_id
            answered = answered or event.kind == ANSWERED
            await self._note(wanted, event.kind, call_id=call_id, cause=event.cause, here=event.here)
            if event.kind == ENDED:
                break
        if answered:
            await asyncio.sleep(WRITTEN)
            files = self.telephone.recording(call_id)
            if files:
                keep = partial(
                    keep_call, contact_id=wanted.contact_id, call_id=call_id, seat=self.seat, files=files,
                    started_at=began, now=self.keeper.clock(),
                )  # fmt: skip
                await self._database(keep)

    async def _note(self, wanted: Wanted, kind: str, *, call_id: str = "", cause: str = "", here: bool = False) -> None:
        told = partial(
            note, contact_id=wanted.contact_id, kind=CallEvent.Kind(kind), now=self.keeper.clock(), call_id=call_id,
            cause=cause, here=here,
        )  # fmt: skip
        await self._database(told)
