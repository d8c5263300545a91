"""Rows between DuckDB and PostgreSQL: as CSV through COPY, both ways.

DuckDB's own postgres extension is not used: it cannot be installed where there is no network, and row by row is five
times slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from duckdb import DuckDBPyConnection
from psycopg import sql as pg

from dunwell.engine import passing

BLOCK = 1 << 18


def to_postgres(connection: DuckDBPyConnection, query: str, cursor: Any, table: str, columns: Sequence[str]) -> int:
    """Append the rows of a DuckDB query to a PostgreSQL table; answers how many. The query's columns are `columns`.

    `cursor` is psycopg's or Django's; the caller's transaction decides when the rows count.
    """
    with passing.file(".csv") as path:
        rows = connection.execute(
            f"COPY ({query}) TO '{path}' (FORMAT csv, HEADER false, NULL '\\N', QUOTE '\"', USE_TMP_FILE false)"
        ).fetchone()[0]
        if rows:
            statement = pg.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, NULL '\\N')").format(
                pg.Identifier(table), pg.SQL(", ").join(map(pg.Identifier, columns))
            )
            with cursor.copy(statement) as copy, path.open("rb") as read:
                while block := read.read(BLOCK):
                    copy.write(block)
    return rows


def from_postgres(
    cursor: Any, query: str | pg.Composable, connection: DuckDBPyConnection, table: str, types: dict[str, str]
) -> int:
    """Make the DuckDB table `table` from a PostgreSQL query; `types` names its columns, in order, with DuckDB types."""
    asked = pg.SQL(query) if isinstance(query, str) else query
    spelled = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    with passing.file(".csv") as path:
        statement = pg.SQL("COPY ({}) TO STDOUT (FORMAT csv, NULL '\\N')").format(asked)
        with path.open("wb") as written, cursor.copy(statement) as copy:
            for block in copy:
                written.write(block)
        connection.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM read_csv('{path}', header = false, nullstr = '\\N', "
            f"auto_detect = false, delim = ',', quote = '\"', escape = '\"', columns = {{{spelled}}})"
        )
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
