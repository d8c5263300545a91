"""A DuckDB of one's own: opened after fork, with a memory limit, never inside an event loop."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection


def connect(*, threads: int | None = None, memory: str | None = None, spill: Path | None = None) -> DuckDBPyConnection:
    """An empty in-memory DuckDB.

    `threads` defaults to the cores this process may use, `memory` to the variable DUNWELL_DUCKDB_MEMORY or 2 GB
    (a DuckDB size), `spill` is where it may write when memory runs out. Nothing is fetched from anywhere.
    """
    limit = memory or os.environ.get("DUNWELL_DUCKDB_MEMORY", "2GB")
    config = {
        "memory_limit": limit,
        "threads": str(threads or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else threads or 2),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "preserve_insertion_order": "false",
    }
    if spill is not None:
        spill.mkdir(mode=0o700, parents=True, exist_ok=True)
        config["temp_directory"] = str(spill)
    return duckdb.connect(":memory:", config=config)
