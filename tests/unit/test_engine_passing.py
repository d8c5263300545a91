"""What passes through stands where nobody else may write, and goes with its process."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from dunwell.engine import passing

KEEPS = """
    import sys
    from dunwell.engine import passing
    with passing.file(".csv") as path:
        path.write_text("6217 0000 0000 0000")
        print(path, flush=True)
        sys.stdin.read()
"""
FORKS = """
    import atexit, os
    from dunwell.engine import passing
    with passing.file() as path:
        if not (child := os.fork()):
            print("another folder" if passing.own().parent != path.parent else "the same folder", flush=True)
            atexit._run_exitfuncs()
            os._exit(0)
        os.waitpid(child, 0)
        passing.sweep()
        print(path.exists())
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("DUNWELL_SPILL", str(tmp_path / "named"))
    monkeypatch.setattr(passing, "_kept", {})
    yield tmp_path / "named"
    passing._end()


def test_a_place_that_is_named_gets_a_folder_of_this_users_alone(place):
    place.mkdir()
    for mode in (0o755, 0o1777):  # as of a home, and of a folder of temporary files
        place.chmod(mode)
        assert not passing.own(".csv").exists()
    (private,) = place.iterdir()
    assert private == passing.spill() and private.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_a_place_in_which_others_may_exchange_it_is_refused(place, mode):
    place.mkdir()
    place.chmod(mode)
    with pytest.raises(PermissionError, match="others may exchange what stands in"):
        passing.own()
    assert list(place.iterdir()) == []


def test_a_folder_that_somebody_laid_there_is_refused(place, tmp_path):
    place.mkdir()
    for lay in (
        lambda: passing.spill().symlink_to(tmp_path),
        lambda: (passing.spill().mkdir(), passing.spill().chmod(0o777)),
    ):
        lay()
        for does in (passing.own, passing.sweep):
            with pytest.raises(PermissionError, match="is not this user's alone"):
                does()
        passing.spill().unlink() if passing.spill().is_symlink() else passing.spill().rmdir()


def test_a_folder_of_another_users_is_refused(place, monkeypatch):
    passing.own()
    name, own = passing.spill().name, os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: own + 1)
    (place / name).rename(passing.spill())
    with pytest.raises(PermissionError):
        passing.own()


def test_what_a_killed_process_left_goes_and_what_a_running_one_has_stays(place):
    running = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(KEEPS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    killed, stays = (passing.Path(one.stdout.readline().strip()) for one in running)
    try:
        passing.sweep()
        assert killed.exists() and stays.exists()
        running[0].kill()
        running[0].wait()
        passing.sweep()
        assert not killed.parent.exists() and stays.exists()
    finally:
        running[1].communicate("")
    assert list(passing.spill().iterdir()) == []  # who ends by himself leaves nothing


def test_a_child_has_a_folder_of_its_own_and_its_end_removes_nothing_of_its_parents(place):
    told = subprocess.run([sys.executable, "-c", textwrap.dedent(FORKS)], capture_output=True, text=True, check=True)
    assert told.stdout == "another folder\nTrue\n"


def test_what_was_tidied_up_is_made_anew(place):
    first = passing.own().parent
    first.rmdir()
    assert passing.own().parent.is_dir()


def test_a_folder_below_a_place_goes_and_what_is_not_ours_stays(tmp_path):
    left = tmp_path / ("0" * 32)
    left.mkdir()
    (tmp_path / "2026-11-28.csv").touch()
    with passing.folder(tmp_path) as path:
        (path / "unpacked").touch()
        assert not left.exists()
        with passing.folder(tmp_path):
            assert path.exists()
    assert [one.name for one in tmp_path.iterdir()] == ["2026-11-28.csv"]
