"""`dunwell serve` as a process: started, killed, moved to another port, installed from a wheel."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dunwell.cli.postgres import Embedded

ROOT = Path(__file__).resolve().parents[2]
DUNWELL = Path(sys.executable).with_name("dunwell")


class Serving:
    """A `dunwell serve` of a home of its own, with its embedded PostgreSQL."""

    def __init__(self, home: Path, command: Path = DUNWELL, cwd: Path = ROOT, *more: str) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "PYTHON"))}
        self.home = home
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [command, "serve", *more],
            cwd=cwd,
            env={**environment, "DUNWELL_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []

    def ready(self, seconds: float = 120) -> str:
        """Its address, once it says so."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                line = self.process.stdout.readline()
                self.lines.append(line)
                found = re.match(r"Ready: (http://\S+)", line)
                if found:
                    return found[1]
                if not line and self.process.poll() is not None:
                    break
        raise AssertionError(f"not ready: {''.join(self.lines)}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(60)
        finally:
            self.process.stdout.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def answer(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=10) as got:
        return json.load(got)


def until(true: Callable[[], object], seconds: float = 40) -> None:
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


@pytest.fixture
def home(tmp_path_factory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    yield folder
    for pid in processes(folder):
        os.kill(pid, signal.SIGKILL)
    elsewhere = folder / "postgres-is-at"
    if elsewhere.exists():
        shutil.rmtree(elsewhere.read_text().strip(), ignore_errors=True)


def test_it_starts_stops_on_ctrl_c_and_starts_again_on_its_data(home):
    first = Serving(home)
    health = answer(f"{first.ready()}/health")
    assert health["database"] == "answers"
    assert first.stop() == 0
    assert processes(home) == {}
    second = Serving(home)
    second.ready()
    assert time.monotonic() - second.started < 30  # 10 s are the aim on a machine that does nothing else
    assert not any("migrations" in line for line in second.lines)
    assert second.stop() == 0


def test_a_second_one_on_the_same_home_is_refused_in_one_line_and_a_busy_port_is_moved(home, tmp_path_factory):
    with socket.socket() as busy:
        busy.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            busy.bind(("127.0.0.1", 8000))
            busy.listen()
        except OSError:
            pass  # somebody has it: all the better
        serving = Serving(home)
        url = serving.ready()
    assert not url.endswith(":8000")
    assert any(line.startswith("Port 8000 is taken; using ") for line in serving.lines)
    again = subprocess.run(
        [DUNWELL, "serve"], env={**os.environ, "DUNWELL_HOME": str(home)}, capture_output=True, text=True, timeout=60
    )
    assert again.returncode == 1
    assert again.stderr.count("\n") == 1
    assert "already runs" in again.stderr
    taken = subprocess.run(
        [DUNWELL, "serve", "--port", url.rsplit(":", 1)[1]],
        env={**os.environ, "DUNWELL_HOME": str(tmp_path_factory.mktemp("other"))},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert taken.returncode == 1
    assert re.match(r"dunwell: Port \d+ on 127.0.0.1 cannot be used: .*\n$", taken.stderr)
    assert serving.stop() == 0


def test_kill_9_of_database_web_server_worker_and_all_of_it(home):
    serving = Serving(home)
    url = serving.ready()
    until(lambda: answer(f"{url}/health")["worker"] == "running")

    for words in ("bin/postgres -D", "gunicorn", "dunwell.cli worker", "dunwell.cli.postgres"):
        killed = one(home, words)
        os.kill(killed, signal.SIGKILL)
        until(lambda gone=killed: gone not in processes(home))
        until(lambda w=words: any(w in command for command in processes(home).values()))
        until(lambda: answer(f"{url}/health") | {"last_night": None} == WELL)

    serving.kill()
    until(lambda: processes(home) == {})  # no orphan: children, keeper and server are gone

    again = Serving(home)
    assert answer(f"{again.ready()}/health")["database"] == "answers"
    assert again.stop() == 0


WELL = {"database": "answers", "worker": "running", "last_night": None}


def test_what_was_committed_is_there_after_kill_9_of_the_server(home):
    def dunwell(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DATABASE_")}
        return subprocess.run(
            [DUNWELL, *words],
            env={**environment, "DUNWELL_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=120,
        )

    serving = Serving(home)
    serving.ready()
    names = ("--role", "collector", "--staff-no", "S1", "--name-zh", "张", "--name-en", "Zhang")
    added = dunwell("user", "add", "zhang", *names)
    assert added.returncode == 0, added.stderr
    os.kill(one(home, "bin/postgres -D"), signal.SIGKILL)
    serving.kill()
    until(lambda: processes(home) == {})
    assert "zhang\tcollector" in dunwell("user", "list").stdout
    verified = dunwell("evidence", "verify")
    assert (verified.returncode, verified.stdout) == (0, "1 records, 0 changed\n")
    assert processes(home) == {}  # a command that started the server leaves none behind


def test_a_wheel_in_an_empty_environment_serves_from_any_folder(home, tmp_path):
    """Its packages are this environment's own: that the lock installs them is what `make install` shows."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ("src", "pyproject.toml", "README.md"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"), str(source)],
        check=True,
        capture_output=True,
    )
    shutil.rmtree(source)
    (wheel,) = (tmp_path / "dist").glob("dunwell-*.whl")
    venv.create(tmp_path / "empty", with_pip=False)
    python = tmp_path / "empty/bin/python"
    (site,) = (tmp_path / "empty").glob("lib/python3*/site-packages")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)],
        check=True,
        capture_output=True,
    )
    mine = next(p for p in sys.path if p.endswith("site-packages"))
    for package in Path(mine).iterdir():  # but not the checkout that is installed here
        if "dunwell" not in package.name and not (site / package.name).exists():
            (site / package.name).symlink_to(package)
    serving = Serving(home, tmp_path / "empty/bin/dunwell", tmp_path)
    url = serving.ready()
    with urllib.request.urlopen(f"{url}/login", timeout=10) as got:
        page = got.read().decode()
    assert "登录" in page  # templates and translations
    style = re.search(r'href="(/static/[^"]+\.css[^"]*)"', page)
    assert style, page
    with urllib.request.urlopen(url + style[1], timeout=10) as got:
        assert got.headers["Content-Type"].startswith("text/css")
        assert "max-age" in got.headers["Cache-Control"]
    assert serving.stop() == 0
    listed = subprocess.run([sys.executable, "-m", "zipfile", "-l", str(wheel)], capture_output=True, text=True).stdout
    for part in ("compliance/packs/", "zh_Hans/LC_MESSAGES/django.po", ".sql", "frame/static/", "strategy/"):
        assert part in listed
