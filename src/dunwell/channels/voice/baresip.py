"""A baresip telephone through its control socket (module ctrl_tcp: JSON in netstrings), and the files of its sndfile module."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

from dunwell.channels.voice.port import ANSWERED, ENDED, RINGING, Heard

KINDS = {"CALL_RINGING": RINGING, "CALL_PROGRESS": RINGING, "CALL_ESTABLISHED": ANSWERED, "CALL_CLOSED": ENDED}
LONGEST = 1 << 20  # octets of one message
ANSWER_SECONDS = 10


class Baresip:
    """One seat's baresip. `uri` is where its calls go, such as `sip:{number}@gateway`, with `{caller}` where it names
    the number to show; `folder` is where it records."""

    def __init__(self, host: str, port: int, *, uri: str, folder: Path | None) -> None:
        self.host, self.port, self.uri, self.folder = host, port, uri, folder
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._answers: dict[str, asyncio.Future[dict]] = {}
        self._heard: asyncio.Queue[Heard | None] = asyncio.Queue()
        self._reading: asyncio.Task[None] | None = None
        self._before: set[Path] = set()
        self._gave_up = False

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self.host, self.port)
        self._heard = asyncio.Queue()
        self._reading = asyncio.create_task(self._read())

    async def dial(self, number: str, caller: str = "") -> None:
        self._before, self._gave_up = self._files(), False
        answer = await self._ask("dial", self.uri.format(number=number, caller=caller))
        if not answer.get("ok"):
            raise ConnectionRefusedError("the telephone does not dial")

    async def hang_up(self) -> None:
        self._gave_up = True
        await self._ask("hangup", "")

    async def events(self) -> AsyncIterator[Heard]:
        while (heard := await self._heard.get()) is not None:
            yield heard

    def recording(self, call_id: str) -> list[Path]:
        return sorted(self._files() - self._before)

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
        self._reader = self._writer = self._reading = None

    def _files(self) -> set[Path]:
        return set(self.folder.glob("dump-*.wav")) if self.folder is not None and self.folder.is_dir() else set()

    async def _ask(self, command: str, words: str) -> dict:
        if self._writer is None:
            raise ConnectionError("the telephone is not open")
        token = secrets.token_hex(8)
        body = json.dumps({"command": command, "params": words, "token": token}).encode()
        answer = self._answers[token] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(b"%d:%s," % (len(body), body))
            await self._writer.drain()
            return await asyncio.wait_for(answer, ANSWER_SECONDS)
        except TimeoutError:
            raise ConnectionError("the telephone does not answer") from None
        finally:
            del self._answers[token]

    async def _read(self) -> None:
        try:
            while True:
                self._take(await self._message())
        except (OSError, ValueError, asyncio.IncompleteReadError):
            pass
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(ConnectionError("the telephone is gone"))
            self._heard.put_nowait(None)

    async def _message(self) -> dict:
        assert self._reader is not None
        length = int((await self._reader.readuntil(b":"))[:-1])
        if length > LONGEST:
            raise ValueError("a message of this length is none of baresip's")
        return json.loads((await self._reader.readexactly(length + 1))[:-1])

    def _take(self, told: dict) -> None:
        if told.get("response"):
            answer = self._answers.get(told.get("token", ""))
            if answer is not None and not answer.done():
                answer.set_result(told)
        elif told.get("type") in KINDS and told.get("direction", "outgoing") == "outgoing":
            kind, said = KINDS[told["type"]], str(told.get("param", ""))
            here = kind == ENDED and self._gave_up
            self._heard.put_nowait(Heard(kind, str(told.get("id", "")), said if kind == ENDED else "", here))
