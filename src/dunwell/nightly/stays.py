"""When the accounts in work entered and left each bucket, of a whole night: the same program as a receipt's, many at once."""

from __future__ import annotations

from datetime import date

from duckdb import DuckDBPyConnection

from dunwell.arrears.rules import history
from dunwell.engine import session
from dunwell.nightly import program
from dunwell.nightly.computed import NotKnown, run_of
from dunwell.nightly.services import freezing

#: Accounts whose history begins at about the same time are worked out together: so many at once.
AT_ONCE = 20_000
FIRST_DAYS = """
    CREATE TABLE first_day AS
    SELECT account_no, first, (row_number() OVER (ORDER BY first, account_no) - 1) // $size AS chunk FROM (
        SELECT account_no, min(day) AS first FROM (
            SELECT account_no, due_date AS day FROM due UNION ALL SELECT account_no, overdue_since FROM candidate
        ) AS told GROUP BY account_no
    ) AS begun WHERE first <= $as_of
"""


def stays(*, business_date: date, at_once: int = AT_ONCE) -> list[history.Stay]:
    """The stays of every account that the night of the date looked at, from the first due that is known of it to that night.
    Raises NotKnown where there was none, or its inputs are kept no longer."""
    run = run_of(business_date)
    if run.business_date != business_date:
        raise NotKnown("no_night")
    folder = freezing.folder_of(run)
    if not (folder / "inputs" / "position.parquet").exists():
        raise NotKnown("not_kept")
    with session.connect() as connection:
        freezing.load(connection, folder, run.business_date)
        for step in (*program.TAKE_IN, *program.LATENESS[:2]):
            step.run(connection)
        connection.execute(FIRST_DAYS, {"size": at_once, "as_of": run.business_date})
        for name in ("candidate", "due"):
            connection.execute(f"ALTER TABLE {name} RENAME TO every_{name}")
        chunks = connection.execute("SELECT chunk, min(first) FROM first_day GROUP BY chunk ORDER BY chunk").fetchall()
        found = [stay for chunk, first in chunks for stay in _of_chunk(connection, chunk, first, run.business_date)]
    return sorted(found, key=lambda stay: (stay[0], stay[2]))


def _of_chunk(connection: DuckDBPyConnection, chunk: int, first: date, last: date) -> list[history.Stay]:
    for name in ("candidate", "due"):
        connection.execute(
            f"CREATE OR REPLACE TABLE {name} AS SELECT e.* FROM every_{name} AS e"
            " JOIN first_day AS f ON f.account_no = e.account_no AND f.chunk = ?",
            [chunk],
        )
    history.stays(connection, first=first, last=last)
    # an account whose own history begins later than the chunk's was in no bucket of it before
    return connection.execute(
        "SELECT s.account_no, s.bucket, greatest(s.entered_on, f.first), s.left_on FROM bucket_stay AS s"
        " JOIN first_day AS f ON f.account_no = s.account_no WHERE coalesce(s.left_on >= f.first, TRUE)"
    ).fetchall()
