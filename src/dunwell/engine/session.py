"""A DuckDB of one's own: opened after fork, with a memory limit, never inside an event loop."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection


def connect(*, threads: int | None = None, memory: str | None = None, spill: Path | None = None) -> DuckDBPyConnection:
    """An empty in-memory DuckDB.

    `threads` defaults to the cores this process may use, `memory` to the variable DUNWELL_DUCKDB_MEMORY or 2 GB
    (a DuckDB size). What does not fit is written below `spill`, by default the variable DUNWELL_SPILL or a folder of
    this user's among the temporary ones. Nothing is fetched from anywhere.
    """
    limit = memory or os.environ.get("DUNWELL_DUCKDB_MEMORY", "2GB")
    below = spill or _spill()
    below.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = {
        "memory_limit": limit,
        "threads": str(threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else threads or 2),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "preserve_insertion_order": "false",
        # its own: two that share one give their files the same names. DuckDB makes it when it needs it, and removes it
        "temp_directory": str(below / f"{os.getpid()}-{uuid.uuid4().hex}"),
    }
    made = duckdb.connect(":memory:", config=config)
    made.execute("SET enable_progress_bar = false")  # it would stand in the middle of what a command prints
    return made


def sweep() -> None:
    """Remove what killed processes spilled and could not remove."""
    for left in _spill().glob("*-*"):
        owner = left.name.partition("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)


def _spill() -> Path:
    named = os.environ.get("DUNWELL_SPILL")
    return Path(named) if named else Path(tempfile.gettempdir()) / f"dunwell-spill-{os.getuid()}"


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
