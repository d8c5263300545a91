"""Peers of the tests that we did not write, each a process of its own."""

from __future__ import annotations

import fcntl
import hashlib
import json
import queue
import shutil
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import Self

HERE = Path(__file__).resolve().parent


@cache
def node() -> str:
    """Node, with the locked packages beside the scripts; installed by npm where they are not there yet, by one worker alone."""
    found, npm = shutil.which("node"), shutil.which("npm")
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    mark = HERE / "node_modules" / ".of-lock"
    with (HERE / "package-lock.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if found and (not mark.exists() or mark.read_text() != lock) and npm:
            subprocess.run([npm, "ci", "--silent"], cwd=HERE, check=True, stdin=subprocess.DEVNULL)
            mark.write_text(lock)
    if not found or not mark.exists():
        raise RuntimeError("the tests' SMS centre needs node and npm: apt-get install nodejs npm (.ci/run does it)")
    return found


class _Process:
    """A peer that is told things by lines of JSON, and says what it saw."""

    def __init__(self, command: list[str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.events: list[dict] = []
        self._new: queue.Queue[dict] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            event = json.loads(line)
            self.events.append(event)
            self._new.put(event)

    def tell(self, **wish: object) -> None:
        self.process.stdin.write(json.dumps(wish) + "\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]

    def wait(self, event: str, seconds: float = 60) -> dict:
        """The next event of this name that nobody waited for yet."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                found = self._new.get(timeout=left)
            except queue.Empty:
                break
            if found["event"] == event:
                return found
        raise AssertionError(f"no {event} within {seconds} s; seen: {self.events[-5:]}")

    def of(self, event: str) -> list[dict]:
        return [found for found in list(self.events) if found["event"] == event]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(60)


class SmsCentre(_Process):
    """The SMS centre of the package `smpp`: what it is told (`set`, `tell`), what it saw (`events`, `wait`)."""

    def __init__(self, port: int = 0, **wishes: object) -> None:
        super().__init__([node(), str(HERE / "sms_centre.js"), str(port)])
        self.port: int = self.wait("listening")["port"]
        if wishes:
            self.set(**wishes)

    def set(self, **wishes: object) -> None:
        """answer: take, deaf, die or a status; throttle_every; delay; receipts: a state; echo; quiet."""
        self.tell(do="set", to=wishes)
        self.count()

    def count(self) -> int:
        """How many submit_sm it saw; it has obeyed everything that it was told before."""
        self.tell(do="count")
        return self.wait("count")["seen"]


class Gateway(_Process):
    """A provider's HTTP gateway: answer, status, vanish, parts."""

    def __init__(self, secret: str) -> None:
        super().__init__([sys.executable, str(HERE / "gateway.py"), secret])
        self.port: int = self.wait("listening")["port"]

    def set(self, **wishes: object) -> None:
        self.tell(to=wishes)
        self.wait("obeyed")


class Dialler(_Process):
    """A dialler or a robot (tests/dialler.py): it asks, tells its records twice and out of order, and hears what is taken
    back."""

    def __init__(self, base: str, secret: str) -> None:
        super().__init__([sys.executable, str(HERE.parent / "dialler.py"), base, secret])
        self.port: int = self.wait("listening")["port"]

    def ask(self, path: str, body: object = None) -> tuple[int, dict]:
        """One signed call; 0 when the server was gone."""
        self.tell(do="ask", path=path, **({} if body is None else {"body": body}))
        answer = self.wait("answer")
        return answer["status"], answer["said"]

    def pulled(self) -> list[str]:
        """The references that its web-hook was told of."""
        self.tell(do="pulled")
        return self.wait("pulled")["references"]

    def deaf(self, on: bool) -> None:
        self.tell(do="deaf", on=on)
        self.wait("obeyed")
