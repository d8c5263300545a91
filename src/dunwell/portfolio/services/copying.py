"""Many rows into PostgreSQL at once: COPY into a temporary table, then one INSERT … SELECT.

The tables of people stand under row security, into which COPY is refused; a temporary table is our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection


def staged(name: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
    """Make the temporary table `name` with `columns` (an SQL list, ours) and fill it; gone with the transaction."""
    names = ", ".join(column.split()[0] for column in columns.split(","))
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP")
        with cursor.copy(f"COPY {name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"ANALYZE {name}")


def run(statement: str, parameters: Sequence[object] = ()) -> int:
    """Run a statement; how many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


def rows(statement: str, parameters: Sequence[object] = ()) -> list[tuple]:
    """Run a statement; the rows it answers."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()
