"""An account's way through the buckets, by what a run knew: from its tables in the lake."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from dunwell.arrears.rules import history
from dunwell.engine import lake, session
from dunwell.nightly import numbers

#: What the history reads, and where a run's folder holds it.
KEPT = {
    "candidate": "tables/account_state.parquet",
    "aged": "tables/account_state.parquet",
    "closing": "tables/closing.parquet",
    "due": "tables/due.parquet",
    "movement": "tables/movement.parquet",
}
PAUSE = "inputs/pause.parquet"  # runs of before holds could pause have none
FIRST_DAY = (
    "SELECT min(day) FROM (SELECT due_date AS day FROM due UNION ALL SELECT overdue_since FROM candidate) AS told"
)


def stays(folder: Path, *, account_no: str, as_of: date) -> list[history.Stay]:
    """Bucket after bucket, from the first due that the run in `folder` knew to its business date. Empty without one."""
    with session.connect(threads=1) as connection:
        for table, file in KEPT.items():
            lake.read_parquet(connection, "kept", folder / file)
            connection.execute(f"CREATE TABLE {table} AS SELECT * FROM kept WHERE account_no = ?", [account_no])
        if (folder / PAUSE).exists():
            lake.read_parquet(connection, "kept", folder / PAUSE)
            connection.execute(
                "CREATE TABLE pause AS SELECT * FROM kept WHERE party_no IN (SELECT party_no FROM candidate)"
            )
        numbers.load(connection, folder, as_of)
        (first,) = connection.execute(FIRST_DAY).fetchone()
        return [] if first is None or first > as_of else history.stays(connection, first=first, last=as_of)
