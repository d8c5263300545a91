"""`dunwell serve` and `demo`: the database, the web server and the worker, held together by one process.

A child that ends is started again. When this process is killed, the system ends its children, and the
embedded database stops when its last user has gone.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from dunwell.cli.environment import Refused, database, home
from dunwell.cli.processes import die_with_parent

PORT, CARDHOLDER_PORT, PROVIDER_PORT, PORTS_TRIED = 8000, 8100, 8200, 50
WEB_WORKERS, WEB_THREADS = 2, 8
READY_SECONDS, STOP_SECONDS = 60, 15


log = structlog.get_logger("dunwell.supervisor")


@dataclass
class Child:
    """A process that is kept running."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    descriptors: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    ends: list[float] = field(default_factory=list)

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=self.environment,
                pass_fds=self.descriptors,
                process_group=0,  # Ctrl-C in the terminal is this process's business, which stops them in order
                preexec_fn=lambda: die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (before exec, main thread)
            )

    def watch(self) -> None:
        """Start again after an end; slower when it ends again and again."""
        if self.process is not None and self.process.poll() is None:
            return
        now = time.monotonic()
        if self.process is not None:
            print(f"{self.name} ended ({self.process.returncode}) and is started again; log: {self.log}", flush=True)
            self.process = None
            self.ends = [*(end for end in self.ends if now - end < 60), now]
        if len(self.ends) < 3 or now - self.ends[-1] > min(2 ** len(self.ends), 60):
            self.start()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        if self.process is None:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Stop(BaseException):
    """SIGTERM, SIGHUP or Ctrl-C."""


@contextmanager
def until_told() -> Iterator[None]:
    """What runs in it ends where one of these signals comes, and that is no failure.

    The signal interrupts whatever is under way, and not every library lets the exception through as it is: DuckDB
    raises a RuntimeError in its place. So it is the signal that tells a stop from a failure, not the exception; one that
    is not ours is logged, for it may have come of the stopping itself.
    """
    told = False

    def stop(*_: object) -> None:
        nonlocal told
        told = True
        raise Stop

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        yield
    except BaseException as ended:
        if not told:
            raise
        if not isinstance(ended, Stop):
            log.info("stopped", by=type(ended).__name__, said=str(ended)[:200])


def run(
    *, demo: bool, host: str, port: int | None, cardholder_port: int | None = None, accounts: int | None = None
) -> int:
    """Start everything, say where, and stay until told to stop. Exit code 0 after a clean stop."""
    with until_told():
        folder = home()
        with _alone(folder) as mark:
            listening = _listen(host, port)
            url = _url(host, listening)
            mark(url)
            _say("database …")
            with database() as embedded:
                own = (
                    _listen(host, cardholder_port, CARDHOLDER_PORT) if os.environ.get("DATABASE_OUTSIDE_URL") else None
                )
                if own is not None:
                    os.environ.setdefault("DUNWELL_CARDHOLDER_URL", _url(host, own))
                else:
                    _say("The cardholders' page is not served: DATABASE_OUTSIDE_URL is not set.")
                lines = _prepare(demo, accounts)
                children = _children(folder, listening)
                if own is not None:
                    children += cardholders(folder, own)
                    children += _provider(folder, host) if demo else []
                try:
                    for child in children:
                        child.start()
                    _wait_until_ready(url, children)
                    if own is not None:
                        _wait_until_ready(_url(host, own), children[3:])
                    print(f"Ready: {url}", flush=True)
                    for line in lines:
                        print(line, flush=True)
                    while True:
                        time.sleep(0.5)
                        for child in children:
                            child.watch()
                        if embedded is not None:
                            embedded.keep()
                finally:
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                    signal.signal(signal.SIGINT, signal.SIG_IGN)
                    for child in children:
                        child.stop()
                    for child in children:
                        child.wait(STOP_SECONDS)
    print("Stopped.", flush=True)
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


@contextmanager
def _alone(folder: Path) -> Iterator[object]:
    """One supervisor a home. Yields the function that writes down where this one serves."""
    descriptor = os.open(folder / "serving.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        where = os.read(descriptor, 200).decode() or "starting"
        raise Refused(f"Dunwell already runs on {folder} ({where}).") from None

    def mark(url: str) -> None:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}, {url}".encode(), 0)

    try:
        yield mark
    finally:
        os.close(descriptor)


def _url(host: str, listening: socket.socket) -> str:
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{listening.getsockname()[1]}"


def _listen(host: str, port: int | None, usual: int = PORT) -> socket.socket:
    """The socket a web server takes over: a busy port is named, and moved unless it was asked for."""
    first = usual if port is None else port
    for number in range(first, first + (PORTS_TRIED if port is None else 1)):
        listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, number))
            listening.listen(512)
        except OSError as error:
            listening.close()
            if port is not None:
                raise Refused(f"Port {number} on {host} cannot be used: {error.strerror}.") from error
            continue
        if number != first:
            _say(f"Port {first} is taken; using {listening.getsockname()[1]}.")
        return listening
    raise Refused(f"No free port from {first} to {first + PORTS_TRIED - 1} on {host}.")


def _prepare(demo: bool, accounts: int | None) -> list[str]:
    """Tables, rights and, for the demo, its portfolio. Answers the lines to print when ready."""
    import django

    django.setup()
    from django.db import connections

    from dunwell.cli.migrations import migrate

    migrate()
    lines: list[str] = []
    if demo:
        from dunwell.cli.demo import prepare

        lines = prepare(accounts=accounts)
    connections.close_all()
    return lines


def _children(folder: Path, listening: socket.socket) -> list[Child]:
    logs = folder / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    for old in logs.glob("*.log"):
        if old.stat().st_size > 20_000_000:
            old.replace(old.with_suffix(".old"))
    environment = {**os.environ, "DATABASE_OWNER_URL": "", "PYTHONUNBUFFERED": "1"}  # the owner is for migrations only
    descriptor = listening.fileno()
    web = _gunicorn(descriptor, WEB_WORKERS)
    worker = [sys.executable, "-m", "dunwell.cli", "worker"]
    return [
        Child("The web server", web, {**environment, "DUNWELL_POOL": "1"}, logs / "web.log", (descriptor,)),
        Child("The worker", worker, environment, logs / "worker.log"),
        Child("The lines", [*worker[:-1], "lines"], environment, logs / "lines.log"),
    ]


def _gunicorn(descriptor: int, workers: int) -> list[str]:
    return [
        *(sys.executable, "-m", "gunicorn", "dunwell.settings.wsgi:application"),
        *("--bind", f"fd://{descriptor}", "--workers", str(workers), "--threads", str(WEB_THREADS)),
        *("--worker-class", "gthread", "--timeout", "120", "--graceful-timeout", "10", "--preload"),
        *("--log-level", "warning", "--no-control-socket", "--limit-request-line", "8190"),
        *(("--worker-tmp-dir", "/dev/shm") if os.access("/dev/shm", os.W_OK) else ()),
    ]


def cardholders(folder: Path, listening: socket.socket) -> list[Child]:
    """The cardholders' process: it is told of no database role but the outsiders'."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    environment = {
        **kept,
        "DATABASE_OUTSIDE_URL": os.environ["DATABASE_OUTSIDE_URL"],
        "DJANGO_SETTINGS_MODULE": "dunwell.settings.outside",
        "DUNWELL_POOL": "1",
        "PYTHONUNBUFFERED": "1",
    }
    command, descriptor = _gunicorn(listening.fileno(), 1), listening.fileno()
    return [Child("The cardholders' page", command, environment, folder / "logs" / "cardholders.log", (descriptor,))]


def _provider(folder: Path, host: str) -> list[Child]:
    """The demo's payment provider, where the bank has named none: a process that knows Dunwell by its protocol only."""
    from django.conf import settings

    if settings.PROVIDER_FILE.exists() and "sample-pay" not in settings.PROVIDER_FILE.read_text(encoding="utf-8"):
        return []
    settings.KEYS.merchant()
    listening = _listen(host, None, PROVIDER_PORT)
    address, descriptor = _url(host, listening), listening.detach()  # open as long as this process is, for every start
    command = [
        *(sys.executable, "-m", "dunwell.demo.provider", "--fd", str(descriptor), "--address", address),
        *("--merchant", str(folder / "keys" / "merchant.pub"), "--key", str(folder / "demo" / "provider.key")),
        *("--tell-us", str(settings.PROVIDER_FILE)),
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    return [Child("The sample payment provider", command, kept, folder / "logs" / "provider.log", (descriptor,))]


def serve_cardholders(*, host: str, port: int | None) -> int:
    """`dunwell cardholders`: the page alone, as on a host of its own; ends with the web server."""
    folder = home()
    if not os.environ.get("DATABASE_OUTSIDE_URL"):
        raise Refused("DATABASE_OUTSIDE_URL is not set: the address of the database as dunwell_outside.")
    (folder / "logs").mkdir(mode=0o700, exist_ok=True)
    listening = _listen(host, port, CARDHOLDER_PORT)
    os.environ.setdefault("DUNWELL_CARDHOLDER_URL", _url(host, listening))
    (child,) = cardholders(folder, listening)
    with until_told():
        child.start()
        try:
            _wait_until_ready(_url(host, listening), [child])
            print(f"Ready: {_url(host, listening)}", flush=True)
            while True:
                time.sleep(0.5)
                child.watch()
        finally:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child.stop()
            child.wait(STOP_SECONDS)
    return 0


def _wait_until_ready(url: str, children: list[Child]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):
                return
        except urllib.error.HTTPError:
            pass  # it speaks, but is not well yet
        except OSError:
            pass
        web = children[0]
        if web.process is not None and web.process.poll() is not None:
            raise Refused(f"The web server ended at its start; its log: {web.log}")
        time.sleep(0.1)
    raise Refused(f"The web server did not answer within {READY_SECONDS} s; its log: {children[0].log}")
