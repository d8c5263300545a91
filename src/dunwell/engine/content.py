"""What a table holds, as one hash that does not depend on the order of its rows or on the file it stands in."""

from __future__ import annotations

import hashlib

from duckdb import DuckDBPyConnection

#: Each row becomes one text, columns by name, empty ones told apart from empty strings; its MD5 is read as two
#: numbers which are added up over the rows. Sums, not exclusive-or: a row that stands there twice must show.
#: The lower number is the MD5's first eight bytes. One MD5 a row: asked for both halves, DuckDB makes it twice.
_SUMS = """
    SELECT count(*), coalesce(sum(CAST(md5 >> 64 AS UBIGINT)), 0),
           coalesce(sum(CAST(md5 & 18446744073709551615 AS UBIGINT)), 0)
    FROM (SELECT md5_number(concat_ws('\x1f', {columns})) AS md5 FROM {relation})
"""


def content_hash(connection: DuckDBPyConnection, relation: str) -> str:
    """SHA-256 (hex) over the columns' names and types and the order-independent sums over the rows of `relation`.

    `relation` is what may follow FROM: a table, or a query in parentheses. Types are those of the values, so that
    12.50 as DECIMAL(18,2) and as DOUBLE differ.
    """
    columns = sorted(
        (name, kind) for name, kind, *_ in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    )
    spelled = ", ".join(f"coalesce({_quoted(name)}::VARCHAR, '\x1e')" for name, _ in columns)
    rows, lower, upper = connection.execute(_SUMS.format(columns=spelled, relation=relation)).fetchone()
    told = "\n".join(f"{name} {kind}" for name, kind in columns)
    return hashlib.sha256(f"{told}\n{rows} {lower:x} {upper:x}".encode()).hexdigest()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
