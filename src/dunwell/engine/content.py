"""What a table holds, as one hash that does not depend on the order of its rows or on the file it stands in.

Two of them: `content_hash` can be worked out again with any tool and any version, for facts and inputs; `quick_hash` takes a
tenth of the time and is DuckDB's own, for what can be computed again from the inputs.
"""

from __future__ import annotations

import hashlib
from functools import cache

import duckdb
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


#: A value of each kind of column, hashed one by one: versions of DuckDB that hash alike give the same numbers.
_PROBE = """
    SELECT hash(NULL::VARCHAR), hash(''), hash('twelve bytes'), hash('催收 more than twelve'), hash(1::BIGINT), hash(-1::INTEGER),
           hash(12.50::DECIMAL(9, 2)), hash(12.50::DECIMAL(18, 2)), hash(-12.50::DECIMAL(38, 2)), hash(DATE '2026-11-28'),
           hash(TRUE), hash(0.1::DOUBLE), hash(TIMESTAMP '2026-11-28 09:00:00'), hash(1::HUGEINT),
           hash(1::BIGINT, 'a', NULL::DATE, 2.00::DECIMAL(18, 2))
"""


@cache
def engine() -> str:
    """The name of this DuckDB's hash function: equal for versions that hash alike."""
    with duckdb.connect(":memory:") as connection:
        found = connection.execute(_PROBE).fetchone()
    return "duckdb-" + hashlib.sha256(" ".join(map(str, found)).encode()).hexdigest()[:8]


def quick_hash(connection: DuckDBPyConnection, relation: str) -> str:
    """As `content_hash`, from DuckDB's own hash of each row, behind the name of the hash function (`engine`)."""
    columns = sorted(
        (name, kind) for name, kind, *_ in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    )
    named = ", ".join(_quoted(name) for name, _ in columns)
    rows, total = connection.execute(f"SELECT count(*), coalesce(sum(hash({named})), 0) FROM {relation}").fetchone()
    told = "\n".join(f"{name} {kind}" for name, kind in columns)
    digest = hashlib.sha256(f"{told}\n{rows} {total:x}".encode()).hexdigest()
    return f"{engine()}:{digest}"


def comparable(recorded: str) -> bool:
    """Whether this engine can work a recorded hash out again."""
    return ":" not in recorded or recorded.startswith(f"{engine()}:")


def holds(connection: DuckDBPyConnection, relation: str, recorded: str) -> bool:
    """Whether `relation` has the content of a recorded hash, of either kind, that is comparable."""
    return (quick_hash if ":" in recorded else content_hash)(connection, relation) == recorded


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
