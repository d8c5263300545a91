"""Rows into a table of DuckDB, by the hundred thousand: one at a time they take longer than what is tested on them."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

NOTHING = "\\N"


def put_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Sequence], columns: str = "") -> None:
    """Insert the rows, in the table's order of columns or in that of `columns`, names with commas between."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([NOTHING if value is None else value for value in row] for row in rows)
        connection.execute(
            f"COPY {table}{f' ({columns})' if columns else ''} FROM '{path}' (FORMAT csv, AUTO_DETECT false,"
            f" HEADER false, DELIMITER ',', QUOTE '\"', ESCAPE '\"', NULLSTR '{NOTHING}')"
        )
