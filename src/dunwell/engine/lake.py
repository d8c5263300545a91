"""Files of the lake: Parquet with unique names; a file that has its name is whole and is never changed."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from duckdb import DuckDBPyConnection

#: Pinned, so that figures of one machine compare with another's and a benchmark compares like with like.
FORMAT = "FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880"


def write_parquet(connection: DuckDBPyConnection, relation: str, path: Path) -> int:
    """Write `relation` (a table, or a query in parentheses) to `path` in one rename; answers how many rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    rows = connection.execute(f"COPY (SELECT * FROM {relation}) TO '{_spelled(draft)}' ({FORMAT})").fetchone()[0]
    with draft.open("rb+") as written:
        os.fsync(written.fileno())
    os.replace(draft, path)
    return rows


def read_parquet(connection: DuckDBPyConnection, table: str, *paths: Path, view: bool = True) -> None:
    """Name the files' rows `table`: as a view that reads them when asked, or copied into memory."""
    files = ", ".join(f"'{_spelled(path)}'" for path in paths)
    kind = "VIEW" if view else "TABLE"
    connection.execute(  # the folders' names (date=…) are not columns
        f"CREATE OR REPLACE {kind} {table} AS SELECT * FROM read_parquet([{files}], union_by_name = true,"
        " hive_partitioning = false)"
    )


def link(source: Path, target: Path) -> None:
    """Freeze a file of the lake under a second name. Its bytes are never changed, so a link is a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
        with source.open("rb") as read, draft.open("wb") as written:
            while block := read.read(1 << 20):
                written.write(block)
            written.flush()
            os.fsync(written.fileno())
        os.replace(draft, target)


def _spelled(path: Path) -> str:
    return str(path).replace("'", "''")
