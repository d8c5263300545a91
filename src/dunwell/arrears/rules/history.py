"""When accounts entered and left each bucket, by `sql/history.sql`."""

from __future__ import annotations

from datetime import date

from duckdb import DuckDBPyConnection

from dunwell.engine.programs import load

Stay = tuple[str, str, date, date | None]
"""Account, bucket, the first day in it and the last; no last day: still in it."""


def stays(connection: DuckDBPyConnection, *, first: date, last: date) -> list[Stay]:
    """The stays from `first` to `last` of the accounts in `candidate`, one after the other, oldest first.

    Reads what the night reads and makes: `candidate`, `closing`, `due`, `movement`, `pause` and the parameters' tables.
    """
    connection.execute(
        "CREATE OR REPLACE TABLE history_day AS SELECT CAST(unnest(generate_series("
        "CAST($first AS TIMESTAMP), CAST($last AS TIMESTAMP), INTERVAL 1 DAY)) AS DATE) AS day",
        {"first": first, "last": last},
    )
    load("dunwell.arrears", "history").run(connection)
    return connection.execute(
        "SELECT account_no, bucket, entered_on, left_on FROM bucket_stay ORDER BY account_no, entered_on"
    ).fetchall()
