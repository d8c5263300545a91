"""A DuckDB of one's own: opened after fork, with a memory limit, never inside an event loop."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from dunwell.engine import passing


def connect(*, threads: int | None = None, memory: str | None = None, spill: Path | None = None) -> DuckDBPyConnection:
    """An empty in-memory DuckDB.

    `threads` defaults to the cores this process may use, `memory` to the variable DUNWELL_DUCKDB_MEMORY or 2 GB
    (a DuckDB size). What does not fit is written below `spill`, a folder that the caller removes, by default where
    `passing.own` says. Nothing is fetched from anywhere.
    """
    limit = memory or os.environ.get("DUNWELL_DUCKDB_MEMORY", "2GB")
    config = {
        "memory_limit": limit,
        "threads": str(threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else threads or 2),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "preserve_insertion_order": "false",
        # its own: two that share one give their files the same names. DuckDB makes it when it needs it, and removes it
        "temp_directory": str(passing.own() if spill is None else _below(spill)),
    }
    made = duckdb.connect(":memory:", config=config)
    made.execute("SET enable_progress_bar = false")  # it would stand in the middle of what a command prints
    return made


def _below(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / uuid.uuid4().hex
