"""Files that only pass through, each in a folder of its process, so that what a killed one left can be removed.

Whether a process still runs says a lock beside its folder, which goes with it. Its number would not say it: another machine
or container that writes to the same place counts its own processes, and numbers come again.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import re
import shutil
import stat
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

_OWN = re.compile(r"([0-9a-f]{32})(?:\.lock)?$")
_kept: dict[Path, tuple[Path, int]] = {}  # place -> this process's folder there, and its lock
_keeping = Lock()


def own(suffix: str = "") -> Path:
    """A path of this process's own among what is spilled; nothing stands there yet.

    PermissionError where others may write there: they could lay their own file in its place.
    """
    place = _private(spill())
    with _keeping:
        if place in _kept and not all(one.exists() for one in (_kept[place][0], _lock_of(_kept[place][0]))):
            _remove(*_kept.pop(place))  # somebody tidied up
        if place not in _kept:
            _kept[place] = _make(place)
        folder, lock = _kept[place]
        os.utime(lock)  # what looks unused for days is tidied up from among the temporary files
    return folder / f"{uuid.uuid4().hex}{suffix}"


@contextmanager
def file(suffix: str = "") -> Iterator[Path]:
    """An empty file that nobody else may read, among what is spilled; it goes when this ends.

    DuckDB shall write into it as it is: COPY … TO takes USE_TMP_FILE false.
    """
    path = own(suffix)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def folder(place: Path) -> Iterator[Path]:
    """A folder below `place` that goes when this ends; what killed processes left there goes first."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(place)
    path, lock = _make(place)
    try:
        yield path
    finally:
        _remove(path, lock)


def sweep() -> None:
    """Remove what killed processes spilled. PermissionError as from `own`."""
    _sweep(_private(spill()))


def spill() -> Path:
    """Where what does not fit into memory is written: a folder of this user's in DUNWELL_SPILL, else among the temporary
    ones."""
    return Path(os.environ.get("DUNWELL_SPILL") or tempfile.gettempdir()) / f"dunwell-spill-{os.getuid()}"


def _private(place: Path) -> Path:
    """A place made for this user alone. Where others may write into the folder around it they may exchange it, too."""
    around = place.parent
    around.mkdir(mode=0o700, parents=True, exist_ok=True)
    stands = around.stat()
    open_to_others = stands.st_mode & 0o022 and not stands.st_mode & stat.S_ISVTX
    if open_to_others or stands.st_uid not in (0, os.getuid()):
        raise PermissionError(
            f"others may exchange what stands in {around}: take that from them (chmod go-w, or +t and its owner root or "
            "this user), or name another place in DUNWELL_SPILL"
        )
    place.mkdir(mode=0o700, exist_ok=True)
    stands = place.lstat()
    if stands.st_uid != os.getuid() or stands.st_mode & 0o022 or not stat.S_ISDIR(stands.st_mode):
        raise PermissionError(f"{place} is not this user's alone: remove it, or name another place in DUNWELL_SPILL")
    return place


def _make(place: Path) -> tuple[Path, int]:
    """A new folder and the lock that it is kept by. The lock stands before the folder, and goes after it."""
    while True:
        path = place / uuid.uuid4().hex
        lock = os.open(_lock_of(path), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        if _taken(lock) and _lock_of(path).exists():  # else it was swept before it was held
            path.mkdir(mode=0o700)
            return path, lock
        os.close(lock)


def _remove(path: Path, lock: int) -> None:
    shutil.rmtree(path, ignore_errors=True)
    _lock_of(path).unlink(missing_ok=True)
    os.close(lock)


def _sweep(place: Path) -> None:
    for name in sorted({named[1] for left in place.iterdir() if (named := _OWN.match(left.name))}):
        path = place / name
        try:
            lock = os.open(_lock_of(path), os.O_RDWR)
        except FileNotFoundError:
            shutil.rmtree(path, ignore_errors=True)
        except PermissionError:
            continue  # another user's
        else:
            if _taken(lock):
                _remove(path, lock)
            else:
                os.close(lock)


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@atexit.register
def _end() -> None:
    while _kept:
        _remove(*_kept.popitem()[1])


def _forked() -> None:
    """A child has nothing of its parent's: neither to remove it, nor to hold it once the parent is gone."""
    global _keeping
    _keeping = Lock()
    while _kept:
        with suppress(OSError):
            os.close(_kept.popitem()[1][1])


os.register_at_fork(after_in_child=_forked)
