"""A line that is a session: bound as long as it can be, one process at a time, sending and receiving at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.db import connection
from smpp34 import SubmitSm, Tlv

from dunwell.channels.lines import HandedOver, Line, Parcel, Part
from dunwell.channels.services.claiming import Claimed, claim
from dunwell.channels.services.received import Arrived, store
from dunwell.channels.services.senders import Sender, mark_interrupted
from dunwell.channels.services.sending import SENDER
from dunwell.channels.services.settling import Sent, note_line, settle
from dunwell.channels.services.texts import load_templates
from dunwell.channels.smpp import pdus
from dunwell.channels.smpp.session import TOO_LATE, Dropped, Session, open_session
from dunwell.channels.smpp.texts import split
from dunwell.kernel.actor import Actor

IDLE, RETRY_AT_MOST = 0.5, 60  # seconds between looks for work; between attempts to bind
HANDS = 2  # batches under way: while one is settled the other fills the window
INBOUND = 200  # receipts and texts stored in one commit
REST_OF_TEXT = 600  # seconds in which the later parts of a text may follow its first
REFERENCE = 0x0204  # user_message_reference
LOCK = "SELECT pg_try_advisory_lock(hashtext(%s))"

log = structlog.get_logger("dunwell.lines")


class SessionLine:
    """Keeps a session of an SMPP line, with two threads and a connection of each: while one claims the other writes down
    what came. The claiming one's connection holds the sender's lock.

    A line may have several sessions (`number`), each in a process of its own. The first receives for all: the parts of a
    text come together there. They share the line's rate.
    """

    def __init__(self, line: Line, clock: Callable[[], datetime], by: Actor = SENDER, *, number: int = 1) -> None:
        self.line, self.clock, self.by, self.number = line, clock, by, number
        self.sender, self.done = Sender(), Sent()
        self.stopping = asyncio.Event()
        self._claiming = ThreadPoolExecutor(1, thread_name_prefix=f"line-{line.code}-claims")
        self._settling = ThreadPoolExecutor(1, thread_name_prefix=f"line-{line.code}-settles")
        self._arrived = Arrived(line)

    async def run(self) -> None:
        """Until `stopping` is set: bind, serve, bind again."""
        failures = 0
        try:
            while not self.stopping.is_set():
                try:
                    if await self._claimed(self._mine):
                        session = await self._bind()
                        failures = 0
                        await self._serve(session)
                    else:
                        await self._pause(5)  # another process keeps this session
                except OSError as down:
                    failures += 1
                    with contextlib.suppress(Exception):
                        await self._written(partial(note_line, line=self.line, now=self.clock(), down=_said(down)))
                    await self._pause(min(2**failures / 2, RETRY_AT_MOST))
                except Exception as error:
                    log.error("line failed", line=self.line.code, error=type(error).__name__, exc_info=True)
                    await self._let_go()  # what it has in hand is in doubt from now on
                    await self._pause(5)
        finally:
            with contextlib.suppress(Exception):
                await self._let_go()
            self._claiming.shutdown()
            self._settling.shutdown()

    async def _claimed(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._claiming, work)

    async def _written(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._settling, work)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    def _mine(self) -> bool:
        load_templates()
        mark_interrupted(mine=self.sender.hold(), by=self.by, now=self.clock())
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [f"dunwell.line.{self.line.code}.{self.number}"])
            return cursor.fetchone()[0]

    async def _let_go(self) -> None:
        try:
            await self._written(lambda: connection.close())
        finally:
            await self._claimed(self._release)

    def _release(self) -> None:
        try:
            self.sender.release()
        finally:
            connection.close()  # and with it every lock

    async def _bind(self) -> Session:
        options = self.line.options
        session = await open_session(
            options["host"], options["port"],
            pdus.Account(options["system_id"], options["password"], options["system_type"]),
            tls=options["tls"], window=options["window"], per_second=self.line.per_second / options["sessions"],
            answer_seconds=options["answer_seconds"], enquire_seconds=options["enquire_seconds"],
            receives=self.number == 1,
        )  # fmt: skip
        await self._written(partial(note_line, line=self.line, now=self.clock(), worked=True))
        return session

    async def _serve(self, session: Session) -> None:
        """Send and receive until the session ends or the line is to stop; then nothing is left under way."""
        handed: asyncio.Queue[Sequence[Parcel] | None] = asyncio.Queue()
        room = asyncio.Semaphore(HANDS + 1)  # batches that are claimed and not settled
        sending = [asyncio.create_task(self._hand_out(session, handed, room)) for _ in range(HANDS)]
        receiving = asyncio.create_task(self._receive(session))
        try:
            await self._claim(session, handed, room)
        finally:
            for _ in sending:
                handed.put_nowait(None)
            came = await asyncio.gather(*sending, return_exceptions=True)
            await session.close()
            receiving.cancel()
            await asyncio.gather(receiving, return_exceptions=True)
        for error in came:
            if isinstance(error, Exception):
                raise error
        if session.ended.result() != "closed by us":
            raise ConnectionError(session.ended.result())

    async def _claim(self, session: Session, handed: asyncio.Queue, room: asyncio.Semaphore) -> None:
        while not self.stopping.is_set() and not session.ended.done():
            await room.acquire()
            claimed: Claimed = await self._claimed(
                lambda: claim(
                    line=self.line, limit=self.line.batch, sender=self.sender.hold(), by=self.by, now=self.clock()
                )
            )
            if claimed.parcels:
                handed.put_nowait(claimed.parcels)
                continue
            room.release()
            if not claimed.taken:
                waiting = {
                    asyncio.ensure_future(self.stopping.wait()),
                    asyncio.ensure_future(asyncio.shield(session.ended)),
                }
                _, left = await asyncio.wait(waiting, timeout=IDLE, return_when=asyncio.FIRST_COMPLETED)
                for one in left:
                    one.cancel()

    async def _hand_out(self, session: Session, handed: asyncio.Queue, room: asyncio.Semaphore) -> None:
        """Hand batches over and settle them. What cannot be written down ends the session, and stays `sending`."""
        failed: Exception | None = None
        while (parcels := await handed.get()) is not None:
            came = await asyncio.gather(*(self._hand_over(session, parcel) for parcel in parcels))
            results = [(parcel.message_id, told) for parcel, told in zip(parcels, came, strict=True)]
            try:
                await self._written(
                    partial(settle, line=self.line, results=results, done=self.done, by=self.by, now=self.clock())
                )
            except Exception as error:
                failed = error
                session.abort("what was sent could not be written down")
            room.release()
        if failed is not None:
            raise failed

    async def _hand_over(self, session: Session, parcel: Parcel) -> HandedOver:
        """All parts of a text, one after the other: when the first is refused nothing of it has left."""
        text = split(parcel.text, parcel.message_id)
        loop = asyncio.get_running_loop()
        until = (
            loop.time() + (parcel.expires_at - self.clock()).total_seconds() if parcel.expires_at else loop.time() + 60
        )
        taken: list[Part] = []
        for number, octets in enumerate(text.parts, 1):
            make = partial(self._unit, parcel, text.coding, text.esm_class, octets)
            try:
                answer = await session.submit(make, until=until)
            except Dropped as dropped:
                if dropped.begun:
                    return HandedOver("unknown", str(dropped), parts=tuple(taken))
                refused = HandedOver("refused", str(dropped), begun=False)
            else:
                if answer.status == pdus.OK:
                    taken.append(Part(number, answer.message_id))
                    until = loop.time() + REST_OF_TEXT
                    continue
                refused = _refused(answer.status)
            if taken:
                return HandedOver(
                    "sent", f"{len(taken)} of {len(text.parts)} parts: {refused.detail}", parts=tuple(taken)
                )
            return refused
        return HandedOver("sent", parts=tuple(taken))

    def _unit(self, parcel: Parcel, coding: int, esm_class: int, octets: bytes, sequence: int) -> SubmitSm:
        options = self.line.options
        return SubmitSm(
            options["source"], options["to_prefix"] + parcel.to, octets,
            source_addr_ton=options["source_ton"], source_addr_npi=options["source_npi"],
            dest_addr_ton=options["to_ton"], dest_addr_npi=options["to_npi"], esm_class=esm_class, data_coding=coding,
            registered_delivery=1, validity_period=pdus.until(parcel.valid_until) if parcel.valid_until else "",
            tlvs=[Tlv(REFERENCE, (parcel.message_id & 0xFFFF).to_bytes(2, "big"))], sequence_number=sequence,
        )  # fmt: skip

    async def _receive(self, session: Session) -> None:
        """Receipts and texts: stored in one commit, acknowledged after it. What cannot be stored is sent to us again."""
        while True:
            batch = [await session.received.get()]
            while len(batch) < INBOUND and not session.received.empty():
                batch.append(session.received.get_nowait())
            try:
                stored = await self._written(partial(store, self._arrived, batch, now=self.clock()))
            except Exception as error:
                log.error("not stored", line=self.line.code, error=type(error).__name__, exc_info=True)
                session.abort("what came could not be stored")
                return
            for one in stored:
                session.acknowledge(one)


def _refused(status: int) -> HandedOver:
    if status == TOO_LATE.status:
        return HandedOver("refused", "its time had passed", begun=False)
    lasting = status not in pdus.TEMPORARY
    return HandedOver("refused", f"SMPP 0x{status:08X}", lasting=lasting, dead=status == pdus.INVALID_DESTINATION)


def _said(down: OSError) -> str:
    return f"{type(down).__name__}: {down}" if str(down) else type(down).__name__
