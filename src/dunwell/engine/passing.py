"""Files that only pass through: each under the number of its process, so that what a killed one left can be removed."""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_OWN = re.compile(r"(\d+)-[0-9a-f]{32}(?:\.csv)?$")


def own(place: Path, suffix: str = "") -> Path:
    """A path of this process's own below `place`, which is made for this user alone; nothing stands there yet.

    PermissionError where others may write there: they could lay their own file in its place.
    """
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    stands = place.lstat() if place == spill() and not os.environ.get("DUNWELL_SPILL") else None
    if stands is not None and (stands.st_uid != os.getuid() or stands.st_mode & 0o022 or stat.S_ISLNK(stands.st_mode)):
        raise PermissionError(f"{place} is not this user's alone: remove it, or name another place in DUNWELL_SPILL")
    return place / f"{os.getpid()}-{uuid.uuid4().hex}{suffix}"


@contextmanager
def file(suffix: str = "") -> Iterator[Path]:
    """An empty file that nobody else may read, among what is spilled; it goes when this ends.

    DuckDB shall write into it as it is: COPY … TO takes USE_TMP_FILE false.
    """
    path = own(spill(), suffix)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def folder(place: Path) -> Iterator[Path]:
    """A folder below `place` that goes when this ends; what killed processes left there goes first."""
    sweep(place)
    path = own(place)
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def sweep(place: Path) -> None:
    """Remove what killed processes left there."""
    for left in place.glob("*-*"):
        named = _OWN.match(left.name)
        if named is not None and not _alive(int(named[1])):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                with suppress(OSError):  # another user's
                    left.unlink(missing_ok=True)


def spill() -> Path:
    """Where what does not fit into memory is written: DUNWELL_SPILL, else a folder of this user's among the temporary
    ones."""
    named = os.environ.get("DUNWELL_SPILL")
    return Path(named) if named else Path(tempfile.gettempdir()) / f"dunwell-spill-{os.getuid()}"


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
