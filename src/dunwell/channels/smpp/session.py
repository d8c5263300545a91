"""One session with an SMS centre, which says of every message whether it was taken, refused, never begun, or is in doubt.

Our own over the codec `smpp34`, because a session has to hold the window, obey throttling, leave receipts
unacknowledged until they are stored, and tell after a drop what had been written and what had not.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from smpp34 import DeliverSm, SmppError, SubmitSm, decode

from dunwell.channels.smpp import pdus

INBOUND_AT_MOST = 1_000  # not acknowledged; then nothing more is read until some are
BURST = 0.05  # seconds by which the rate may be run ahead of
PAUSES = (0.5, 1, 2, 4, 8)  # seconds after each throttling answer in a row


class Dropped(ConnectionError):
    """The session ended. `begun` says whether the message may have left."""

    def __init__(self, begun: bool, detail: str) -> None:
        super().__init__(detail)
        self.begun = begun


class BindRefused(ConnectionError):
    """The SMS centre does not let us in; the sentence names its reason."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the SMS centre said to a submit_sm: a status, and its number where it took it."""

    status: int
    message_id: str = ""


TOO_LATE = Answer(-1)  # its time had passed before anything was written


@dataclass(frozen=True, slots=True)
class Received:
    """A deliver_sm that waits to be acknowledged under its sequence number."""

    sequence: int
    pdu: DeliverSm


class Session(asyncio.Protocol):
    """A bound session, which sends and mostly receives. Made by `open_session`; ends once, and is not used again."""

    def __init__(self, *, window: int, per_second: float, answer_seconds: float, enquire_seconds: float) -> None:
        self.window, self.interval = window, 1 / per_second
        self.answer_seconds, self.enquire_seconds = answer_seconds, enquire_seconds
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.received: asyncio.Queue[Received] = asyncio.Queue()
        self.throttled = 0  # answers in a row
        self._loop = asyncio.get_running_loop()
        self._sequence = count(1)
        self._open: dict[int, tuple[asyncio.Future[tuple[int, bytes]], float]] = {}  # in the order of their deadlines
        self._free, self._waiting = window, deque[asyncio.Future[None]]()
        self._next_at = self._paused_until = 0.0
        self._buffer = bytearray()
        self._unacknowledged = 0
        self._transport: asyncio.Transport | None = None
        self._heard_at = self._loop.time()
        self._watch: asyncio.TimerHandle | None = None
        self._closing = False

    # --- what the bank's side does ---

    async def bind(self, account: pdus.Account, *, receives: bool = True) -> None:
        sequence = next(self._sequence)
        status, _ = await self._ask(pdus.bind(account, sequence, receives=receives), sequence)
        if status != pdus.OK:
            self.abort("bind refused")
            raise BindRefused(f"{pdus.REFUSED_BIND.get(status, 'status')} (0x{status:08X})")
        self._look()

    async def submit(self, make: Callable[[int], SubmitSm], *, until: float) -> Answer:
        """Hand one short message over: within window and rate, again after throttling while the loop's clock is before
        `until`. Dropped when the session ends first, which says whether it may have left.
        """
        throttled = TOO_LATE
        while True:
            await self._slot()
            try:
                await self._in_time()
                if self._loop.time() >= until:
                    return throttled
                if self.ended.done() or self._closing:
                    raise Dropped(False, self._why())
                sequence = next(self._sequence)
                status, body = await self._ask(make(sequence).encode(), sequence)
            finally:
                self._release()
            if status == pdus.OK:
                self.throttled = 0
                return Answer(status, pdus.message_id(body))
            if status not in pdus.WAIT:
                return Answer(status)
            throttled = Answer(status)
            self._slow_down()
            if self._paused_until >= until:
                return throttled

    def acknowledge(self, received: Received, status: int = pdus.OK) -> None:
        """Tell the SMS centre that a receipt or text is stored; before that it would send it again."""
        self._unacknowledged -= 1
        if self._transport is not None and not self.ended.done():
            self._transport.write(pdus.delivered(received.sequence, status))
            if self._unacknowledged < INBOUND_AT_MOST:
                self._transport.resume_reading()

    async def close(self) -> None:
        """Take nothing more, wait for what is under way, say good-bye."""
        self._closing = True
        self._refuse_waiting()
        while self._open and not self.ended.done():
            await asyncio.wait([future for future, _ in self._open.values()])
        if not self.ended.done():
            sequence = next(self._sequence)
            with contextlib.suppress(Dropped, TimeoutError):
                await asyncio.wait_for(self._ask(pdus.bare(pdus.UNBIND, sequence), sequence), 2)
            self.abort("closed by us")

    def abort(self, why: str) -> None:
        """End at once: what was written and not answered is in doubt."""
        if not self.ended.done():
            self.ended.set_result(why)
        if self._watch is not None:
            self._watch.cancel()
        if self._transport is not None:
            self._transport.abort()
        under_way, self._open = self._open, {}
        for future, _ in under_way.values():
            if not future.done():
                future.set_exception(Dropped(True, why))
        self._refuse_waiting()

    # --- window and rate ---

    async def _slot(self) -> None:
        if self.ended.done() or self._closing:
            raise Dropped(False, self._why())
        if self._free and not self._waiting:
            self._free -= 1
            return
        turn: asyncio.Future[None] = self._loop.create_future()
        self._waiting.append(turn)
        await turn  # its slot is handed to it

    def _release(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    async def _in_time(self) -> None:
        while (pause := self._paused_until - self._loop.time()) > 0:
            await asyncio.sleep(pause)
        now = self._loop.time()
        at = max(self._next_at, now - BURST)
        self._next_at = at + self.interval
        if at > now:
            await asyncio.sleep(at - now)

    def _slow_down(self) -> None:
        now = self._loop.time()
        if now >= self._paused_until:  # the first of a window's answers; the others say the same
            self._paused_until = now + PAUSES[min(self.throttled, len(PAUSES) - 1)]
            self.throttled += 1

    def _refuse_waiting(self) -> None:
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(Dropped(False, self._why()))
        self._waiting.clear()

    def _why(self) -> str:
        return self.ended.result() if self.ended.done() else "closing"

    # --- the wire ---

    async def _ask(self, unit: bytes, sequence: int) -> tuple[int, bytes]:
        if self._transport is None or self.ended.done():
            raise Dropped(False, self._why())
        answer: asyncio.Future[tuple[int, bytes]] = self._loop.create_future()
        self._open[sequence] = (answer, self._loop.time() + self.answer_seconds)
        self._transport.write(unit)
        return await answer

    def _look(self) -> None:
        """Every second or so: is an answer overdue, is the line silent?"""
        now = self._loop.time()
        oldest = next(iter(self._open.values()), None)
        if oldest is not None and oldest[1] < now:
            self.abort(f"no answer within {self.answer_seconds:g} s")
            return
        if now - self._heard_at > self.enquire_seconds and not self._open and self._transport is not None:
            sequence = next(self._sequence)
            self._open[sequence] = (self._loop.create_future(), now + self.answer_seconds)
            self._transport.write(pdus.bare(pdus.ENQUIRE_LINK, sequence))
        self._watch = self._loop.call_later(min(1.0, self.answer_seconds / 4, self.enquire_seconds / 4), self._look)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self.abort(f"connection lost: {exc}" if exc else "connection closed by the SMS centre")

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        self._buffer += data
        at, end = 0, len(self._buffer)
        while end - at >= 16:
            length, command, status, sequence = pdus.HEADER.unpack_from(self._buffer, at)
            if not 16 <= length <= pdus.LONGEST:
                self.abort(f"a unit of {length} octets: the stream is lost")
                return
            if end - at < length:
                break
            self._take(command, status, sequence, at, length)
            at += length
        del self._buffer[:at]

    def _take(self, command: int, status: int, sequence: int, at: int, length: int) -> None:
        if command & pdus.RESPONSE:
            future, _ = self._open.pop(sequence, (None, 0))
            if future is not None and not future.done():
                future.set_result((status, bytes(self._buffer[at + 16 : at + length])))
        elif command == pdus.DELIVER_SM:
            self._deliver(sequence, bytes(self._buffer[at : at + length]))
        elif command == pdus.ENQUIRE_LINK:
            self._transport.write(pdus.bare(command | pdus.RESPONSE, sequence))  # type: ignore[union-attr]
        elif command == pdus.UNBIND:
            self._transport.write(pdus.bare(command | pdus.RESPONSE, sequence))  # type: ignore[union-attr]
            self._loop.call_soon(self.abort, "the SMS centre said good-bye")
        else:
            self._transport.write(pdus.bare(pdus.GENERIC_NACK, sequence, pdus.INVALID_COMMAND))  # type: ignore[union-attr]

    def _deliver(self, sequence: int, unit: bytes) -> None:
        try:
            pdu = decode(unit)
        except SmppError:
            self._transport.write(pdus.delivered(sequence, pdus.SYSTEM_ERROR))  # type: ignore[union-attr]
            return
        self._unacknowledged += 1
        self.received.put_nowait(Received(sequence, pdu))  # type: ignore[arg-type]
        if self._unacknowledged >= INBOUND_AT_MOST:
            self._transport.pause_reading()  # type: ignore[union-attr]


async def open_session(
    host: str,
    port: int,
    account: pdus.Account,
    *,
    tls: bool = False,
    window: int = 10,
    per_second: float = 50,
    answer_seconds: float = 10,
    enquire_seconds: float = 30,
    receives: bool = True,
) -> Session:
    """A session that is bound; to send alone without `receives`. OSError (BindRefused among them) when there is none to be had."""
    session: Session
    _, session = await asyncio.wait_for(
        asyncio.get_running_loop().create_connection(
            lambda: Session(
                window=window, per_second=per_second, answer_seconds=answer_seconds, enquire_seconds=enquire_seconds
            ),
            host, port, ssl=ssl.create_default_context() if tls else None,
        ), answer_seconds,
    )  # fmt: skip
    try:
        await asyncio.wait_for(session.bind(account, receives=receives), answer_seconds)
    except TimeoutError:
        session.abort("no answer to the bind")
        raise
    return session
