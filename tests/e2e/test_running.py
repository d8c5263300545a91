"""`dunwell serve` as a process: started, killed, moved to another port, installed from a wheel."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from pathlib import Path

import pytest

from tests.running import DUNWELL, ROOT, Serving, answer, dunwell, one, processes, until
from tests.sizes import in_the_soak


@in_the_soak
def test_it_starts_stops_on_ctrl_c_and_starts_again_on_its_data(empty_home):
    home = empty_home
    first = Serving(home)
    health = answer(f"{first.ready()}/health")
    assert health["database"] == "answers"
    assert first.stop() == 0
    assert processes(home) == {}
    second = Serving(home)
    second.ready()
    assert time.monotonic() - second.started < 30  # 10 s are the aim on a machine that does nothing else
    assert not any("Migrations" in line for line in second.lines)
    assert second.stop() == 0


@in_the_soak
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


@in_the_soak
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


@in_the_soak
def test_what_was_committed_is_there_after_kill_9_of_the_server(home):
    serving = Serving(home)
    serving.ready()
    names = ("--role", "collector", "--staff-no", "S1", "--name-zh", "张", "--name-en", "Zhang")
    added = dunwell(home, "user", "add", "zhang", *names)
    assert added.returncode == 0, added.stderr
    os.kill(one(home, "bin/postgres -D"), signal.SIGKILL)
    serving.kill()
    until(lambda: processes(home) == {})
    assert "zhang\tcollector" in dunwell(home, "user", "list").stdout
    verified = dunwell(home, "evidence", "verify")
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
    serving = Serving(home, command=tmp_path / "empty/bin/dunwell", cwd=tmp_path)
    url = serving.ready()
    with urllib.request.urlopen(f"{url}/login", timeout=60) as got:
        page = got.read().decode()
    assert "登录" in page  # templates and translations
    style = re.search(r'href="(/static/[^"]+\.css[^"]*)"', page)
    assert style, page
    with urllib.request.urlopen(url + style[1], timeout=60) as got:
        assert got.headers["Content-Type"].startswith("text/css")
        assert "max-age" in got.headers["Cache-Control"]
    assert serving.stop() == 0
    listed = subprocess.run([sys.executable, "-m", "zipfile", "-l", str(wheel)], capture_output=True, text=True).stdout
    for part in ("compliance/packs/", "zh_Hans/LC_MESSAGES/django.po", ".sql", "frame/static/", "strategy/"):
        assert part in listed


@in_the_soak
def test_it_runs_as_root_and_as_an_ordinary_user(empty_home):
    """The tests run as one of the two; run as root they become somebody else for this."""
    before: tuple[str, ...] = ()
    if os.geteuid() == 0:
        other = pwd.getpwnam("nobody")
        os.chown(empty_home, other.pw_uid, other.pw_gid)
        for folder in empty_home.parents:
            if folder.is_relative_to(tempfile.gettempdir()) and folder != Path(tempfile.gettempdir()):
                folder.chmod(folder.stat().st_mode | 0o011)
        before = ("setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups")
        reached = [*before, "sh", "-c", f"'{sys.executable}' -c ''"]  # by a child: setpriv itself still may
        if subprocess.run(reached, capture_output=True).returncode:  # below /root, say
            before += ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    serving = Serving(empty_home, before=before)
    assert answer(f"{serving.ready()}/health")["database"] == "answers"
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in processes(empty_home)}
    assert owners == {empty_home.stat().st_uid} != {0}
    assert serving.stop() == 0
    assert processes(empty_home) == {}


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ({"uname": "case $1 in -m) echo riscv64;; *) echo Linux;; esac"}, "this machine is riscv64. "),
        ({"uname": "echo FreeBSD"}, "this is FreeBSD. "),
        ({"uname": "case $1 in -m) echo x86_64;; *) echo Linux;; esac", "getconf": "exit 1"}, "no glibc (musl?). "),
        (
            {"uname": "case $1 in -m) echo x86_64;; *) echo Linux;; esac", "getconf": "echo glibc 2.17"},
            "is glibc 2.17. ",
        ),
    ],
)
def test_an_unsupported_platform_is_refused_in_one_line(tmp_path, says, sentence):
    for name, script in says.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run(
        ["sh", str(ROOT / "requirements/install.sh")],
        cwd=tmp_path, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    assert sentence + "Dunwell runs on Linux (glibc 2.28 or newer) and macOS, on x86_64 and arm64." in done.stderr
    assert not (tmp_path / ".venv").exists()
