"""The dated numbers that a run reads beside its inputs, frozen with them: parameters, rules and days off in force.

A run that is gone on with, and whoever asks later why, read the frozen ones: what is installed meanwhile changes no
figure of a night that has begun.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from duckdb import DuckDBPyConnection

from dunwell.engine import content, lake, session
from dunwell.nightly import program, sources

FOLDER = "numbers"


def freeze(inputs: Path, as_of: date) -> dict[str, dict[str, object]]:
    """Write the numbers in force below `inputs`; answers rows and content hash of each table."""
    frozen: dict[str, dict[str, object]] = {}
    with session.connect(threads=1) as connection:
        program.numbers(connection, as_of)
        for (table,) in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY table_name").fetchall():
            if table in sources.SOURCES:  # facts, which the programs may do without; frozen as such
                continue
            rows = lake.write_parquet(connection, table, inputs / FOLDER / f"{table}.parquet")
            frozen[table] = {"rows": rows, "hash": content.content_hash(connection, table)}
    return frozen


def load(connection: DuckDBPyConnection, folder: Path, as_of: date) -> None:
    """Name the numbers with which the run in `folder` was frozen; those of a table that it did not know are of now."""
    program.numbers(connection, as_of)
    for path in sorted((folder / "inputs" / FOLDER).glob("*.parquet")):
        lake.read_parquet(connection, path.stem, path, view=False)
