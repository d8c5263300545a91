"""`dunwell serve` and `demo` as processes of a home of their own: started, stopped, killed, asked."""

from __future__ import annotations

import fcntl
import json
import os
import queue
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from dunwell.cli.postgres import Embedded

ROOT = Path(__file__).resolve().parents[1]
DUNWELL = Path(sys.executable).with_name("dunwell")
SHARED = "DUNWELL_TESTS_SHARED"  # where the workers of a run find what one of them made for all (tests/conftest.py)


class Serving:
    """A `dunwell serve` (or `demo`) of a home of its own, with its embedded PostgreSQL."""

    def __init__(self, home: Path, *words: str, command: Path = DUNWELL, cwd: Path = ROOT, before: tuple = ()) -> None:
        self.home = home
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*before, command, *(words or ("serve",))],
            cwd=cwd,
            env=environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._read: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def ready(self, seconds: float = 600) -> str:
        """Its address, once it says so."""
        return self.said(r"Ready: (http://\S+)", seconds)[1]

    def said(self, words: str, seconds: float = 600) -> re.Match[str]:
        """The next line it prints that begins with these words (a regular expression)."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._read.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            self.lines.append(line)
            if found := re.match(words, line):
                return found
        raise AssertionError(f"it did not say {words!r}: {''.join(self.lines)}")

    def _listen(self) -> None:
        for line in self.process.stdout:
            self._read.put(line)
        self._read.put(None)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(120)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def answer(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=10) as got:
        return json.load(got)


def until(true: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if true():
                return
        except OSError:
            pass
        select.select([], [], [], 0.1)
    raise AssertionError("it did not come to be so")


def processes(home: Path) -> dict[int, str]:
    """Living processes that name the home in their environment or command, except this one."""
    found = {}
    places = [str(home), str(Embedded(home).base)]
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes()
            inside = any(place in command or place.encode() in environment for place in places)
            if inside and int(entry.name) != os.getpid() and "\nState:\tZ" not in (entry / "status").read_text():
                found[int(entry.name)] = command
        except OSError:
            continue
    return found


def one(home: Path, words: str) -> int:
    return min(pid for pid, command in processes(home).items() if words in command)


def environment(home: Path) -> dict[str, str]:
    """That of a command of this home: nothing of the tests' own database."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "PYTHON"))}
    return {**kept, "DUNWELL_HOME": str(home)}


def dunwell(home: Path, *words: str, seconds: float = 240) -> subprocess.CompletedProcess[str]:
    """A command of this home, run to its end."""
    return subprocess.run(
        [DUNWELL, *words], env=environment(home), capture_output=True, text=True, timeout=seconds, cwd=ROOT
    )


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """A home that the first worker of a run makes, and all copy; the process that began the run removes it."""
    shared = Path(os.environ[SHARED])
    folder, done = shared / name, shared / f"{name}.made"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir()  # who failed to make it left it: then the others fail as well, and not after minutes each
            make(folder)
            done.touch()
    return folder


def remove_made(shared: Path) -> None:
    for home in filter(Path.is_dir, shared.iterdir()):
        remove(home)
    shutil.rmtree(shared, ignore_errors=True)


def remove(home: Path) -> None:
    """End what still runs of a home, and remove what stands elsewhere."""
    for pid in processes(home):
        os.kill(pid, signal.SIGKILL)
    elsewhere = home / "postgres-is-at"
    if elsewhere.exists():
        shutil.rmtree(elsewhere.read_text().strip(), ignore_errors=True)


def copy(made: Path, home: Path) -> None:
    """A home as another one is: its keys and its stopped database."""
    subprocess.run(["cp", "-a", str(made / "keys"), str(home)], check=True)
    copy_database(made, home)


def copy_database(made: Path, home: Path) -> None:
    """The stopped database of another home."""
    base = Embedded(home).base
    base.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(Embedded(made).base), str(base)], check=True)
