"""Files of the lake: Parquet with unique names; a file that has its name is whole and is never changed."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from duckdb import DuckDBPyConnection

from dunwell.engine import content

#: Pinned, so that figures of one machine compare with another's and a benchmark compares like with like.
FORMAT = "FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880"
PACKED = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 9, ROW_GROUP_SIZE 491520"
MARK = "dunwell_compact"  # among a packed file's own metadata


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
    """Freeze a file of the lake under a second name, in one rename. Its bytes are never changed, so a link is a copy."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.samefile(source):
        return
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    try:
        os.link(source, draft)
    except OSError:  # another file system, or one without links
        with source.open("rb") as read, draft.open("wb") as written:
            while block := read.read(1 << 20):
                written.write(block)
            written.flush()
            os.fsync(written.fileno())
    os.replace(draft, target)


def holds(connection: DuckDBPyConnection, path: Path, content_hash: str) -> bool:
    """Whether a file has the content of a recorded hash (engine/content.py)."""
    return content.holds(connection, f"read_parquet('{_spelled(path)}', hive_partitioning = false)", content_hash)


class Other(ValueError):
    """A file of the lake does not hold what its commit says."""


def compact(connection: DuckDBPyConnection, path: Path, *, content_hash: str) -> bool:
    """Write a file anew, sorted and packed more tightly, in one rename; answers whether it was still loose.

    What it holds stays the same: where file or draft have another content than `content_hash`, the file stays as it is
    and Other is raised; it stays, too, where another engine made that hash, for nothing can be compared with it. Killed at
    any line, either the old file stands there or the new one.
    """
    spelled = _spelled(path)
    marks = connection.execute(f"SELECT decode(key) FROM parquet_kv_metadata('{spelled}')").fetchall()
    if (MARK,) in marks or not content.comparable(content_hash):
        return False
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    columns = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM '{spelled}'").fetchall()]
    order = [column for column in ("account_no", "party_no") if column in columns]
    try:
        connection.execute(
            f"COPY (SELECT * FROM read_parquet('{spelled}', hive_partitioning = false)"
            + (f" ORDER BY {', '.join(order)}" if order else "")
            + f") TO '{_spelled(draft)}' ({PACKED}, KV_METADATA {{{MARK}: 'sorted by {' '.join(order)}'}})"
        )
        for file in (path, draft):
            if not holds(connection, file, content_hash):
                raise Other(f"{file.name} does not hold what was written there")
        with draft.open("rb+") as written:
            os.fsync(written.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return True


def _spelled(path: Path) -> str:
    return str(path).replace("'", "''")
