"""From a figure down to its accounts: reads the tables that a night left in the lake, with a short-lived DuckDB.

The published columns hold sums only; the rows that make them are the run's own tables, which never change. So the rows
add up to the figure by construction, and a test adds them up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from dunwell.engine import lake, session

PAGE = 200
BOOK, EPISODE = "book.parquet", "episode.parquet"
UNPAID, PAID = "unpaid", "paid"


class NotKept(Exception):
    """The run's tables are not in the lake any more."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    account_no: str
    party_no: str
    from_bucket: str
    bucket: str
    stage: str
    balance: Decimal
    past_due: Decimal
    oldest_due_date: date | None
    days_delinquent: int


@dataclass(frozen=True, slots=True)
class Accounts:
    """One page of accounts, and the sums over all of them."""

    rows: Sequence[AccountRow]
    accounts: int
    balance: Decimal
    past_due: Decimal
    more_after: str | None
    counted: int | None = None  # of a rate: the accounts that are its part


_IN_BUCKET = """
    SELECT account_no, party_no, '' AS from_bucket, bucket, stage, balance, past_due, oldest_due_date, days_delinquent
    FROM book WHERE currency = $currency AND ($bucket = '' OR bucket = $bucket) AND ($stage = '' OR stage = $stage)
      AND ($late = FALSE OR bucket <> 'M0')
"""
# the balance is that of the month's start, as the roll rate counts it
_MOVED = """
    SELECT m.account_no, m.party_no, m.bucket AS from_bucket, coalesce(b.bucket, 'none') AS bucket,
           coalesce(b.stage, '') AS stage,
           m.balance, coalesce(b.past_due, 0) AS past_due, b.oldest_due_date,
           coalesce(b.days_delinquent, 0) AS days_delinquent
    FROM month_before AS m LEFT JOIN book AS b ON b.account_no = m.account_no
    WHERE m.currency = $currency AND m.bucket = $from_bucket AND coalesce(b.bucket, 'none') = $to_bucket
"""
# 入催率 and 出催率: the accounts of the whole, each with where it went; `counted` ones are the part
_RATED = """
    SELECT m.account_no, m.party_no, m.bucket AS from_bucket, coalesce(b.bucket, 'none') AS bucket,
           coalesce(b.stage, '') AS stage, m.balance, coalesce(b.past_due, 0) AS past_due, b.oldest_due_date,
           coalesce(b.days_delinquent, 0) AS days_delinquent
    FROM month_before AS m LEFT JOIN book AS b ON b.account_no = m.account_no
    WHERE m.currency = $currency AND (m.bucket = 'M0') = ($rate = 'entry')
"""
_COUNTED = {"entry": "bucket NOT IN ('M0', 'none')", "cure": "bucket = 'M0'"}
_ENTERED = """
    SELECT account_no, '' AS party_no, strftime(entered_on, '%Y-%m-%d') AS from_bucket,
           coalesce(strftime(closed_on, '%Y-%m-%d'), '') AS bucket, '' AS stage, entry_balance AS balance,
           recovered AS past_due,
           entered_on AS oldest_due_date, 0 AS days_delinquent
    FROM episode WHERE currency = $currency AND date_trunc('month', entered_on) = CAST($cohort AS DATE)
"""
_FIRST = f"""
    SELECT b.account_no, b.party_no, strftime(f.due_date, '%Y-%m-%d') AS from_bucket,
           CASE WHEN unpaid THEN '{UNPAID}' ELSE '{PAID}' END AS bucket, b.stage, b.balance,
           CASE WHEN unpaid THEN b.past_due ELSE 0 END AS past_due, b.oldest_due_date, b.days_delinquent
    FROM (
        SELECT f.account_no, f.due_date, coalesce(b.past_due > 0 AND b.oldest_due_date <= f.due_date, FALSE) AS unpaid
        FROM (
            SELECT s.account_no, min_by(s.due_date, s.statement_date) AS due_date, min(s.statement_date) AS stated
            FROM statement AS s WHERE s.minimum_payment > 0 GROUP BY s.account_no
        ) AS f
        JOIN position AS p ON p.account_no = f.account_no
        JOIN book AS b ON b.account_no = f.account_no
        WHERE p.currency = $currency AND date_diff('day', p.open_date, f.stated) BETWEEN 0 AND 31
          AND f.due_date < CAST($day AS DATE) AND f.due_date >= CAST($day AS DATE) - 30
    ) AS f
    JOIN book AS b ON b.account_no = f.account_no
"""


def in_bucket(
    tables: Path,
    *,
    currency: str,
    bucket: str = "",
    stage: str = "",
    late: bool = False,
    after: str = "",
    limit: int = PAGE,
) -> Accounts:
    """The accounts of a bucket or a stage at the run's close; all that are late with `late`."""
    asked = {"currency": currency, "bucket": bucket, "stage": stage, "late": late}
    return _page({"book": tables / BOOK}, _IN_BUCKET, asked, after=after, limit=limit)


def moved(
    tables: Path,
    tables_before: Path,
    *,
    currency: str,
    from_bucket: str,
    to_bucket: str,
    after: str = "",
    limit: int = PAGE,
) -> Accounts:
    """The accounts that went from one bucket to another between two month ends."""
    asked = {"currency": currency, "from_bucket": from_bucket, "to_bucket": to_bucket}
    files = {"book": tables / BOOK, "month_before": tables_before / BOOK}
    return _page(files, _MOVED, asked, after=after, limit=limit)


def rated(
    tables: Path, tables_before: Path, *, currency: str, rate: str, after: str = "", limit: int = PAGE
) -> Accounts:
    """入催率 (`entry`) or 出催率 (`cure`) of a month: the accounts it counts, and how many of them entered or cured
    (`counted`); KeyError for another rate."""
    files = {"book": tables / BOOK, "month_before": tables_before / BOOK}
    counted = _COUNTED[rate]
    return _page(files, _RATED, {"currency": currency, "rate": rate}, after=after, limit=limit, counted=counted)


def entered(tables: Path, *, currency: str, cohort: date, after: str = "", limit: int = PAGE) -> Accounts:
    """The episodes of a cohort of entry: balance at entry, and (as past_due) what came back since."""
    asked = {"currency": currency, "cohort": cohort.isoformat()}
    return _page({"episode": tables / EPISODE}, _ENTERED, asked, after=after, limit=limit)


def _page(
    files: dict[str, Path], query: str, asked: dict[str, object], *, after: str, limit: int, counted: str = "false"
) -> Accounts:
    if not all(path.exists() for path in files.values()):
        raise NotKept(", ".join(str(path) for path in files.values()))
    connection = session.connect(threads=1, memory="256MB")
    try:
        for name, path in files.items():
            lake.read_parquet(connection, name, path)
        sums = connection.execute(
            f"SELECT count(*), coalesce(sum(balance), 0), coalesce(sum(past_due), 0), count(*) FILTER ({counted})"
            f" FROM ({query})",
            asked,
        ).fetchall()[0]
        found = connection.execute(
            f"SELECT * FROM ({query}) WHERE account_no > $after ORDER BY account_no LIMIT {int(limit) + 1}",
            {**asked, "after": after},
        ).fetchall()
    finally:
        connection.close()
    rows = [AccountRow(*row) for row in found[:limit]]
    more = rows[-1].account_no if len(found) > limit else None
    return Accounts(rows, sums[0], sums[1], sums[2], more, sums[3] if counted != "false" else None)


def first_payments(
    inputs: Path, tables: Path, *, currency: str, day: date, after: str = "", limit: int = PAGE
) -> Accounts:
    """首逾: the accounts whose first statement fell due in the 30 days up to `day`, with its due date (from_bucket).

    `bucket` is UNPAID where it was not paid at the close, and `past_due` then what is past due; else it is PAID and 0.
    """
    return _page(
        _firsts(inputs, tables), _FIRST, {"currency": currency, "day": day.isoformat()}, after=after, limit=limit
    )


def first_payment_default(inputs: Path, tables: Path, *, currency: str, day: date) -> tuple[int, int]:
    """首逾: of the accounts of `first_payments`, (how many are unpaid, all)."""
    files = _firsts(inputs, tables)
    if not all(path.exists() for path in files.values()):
        raise NotKept(str(inputs))
    connection = session.connect(threads=1, memory="256MB")
    try:
        for name, path in files.items():
            lake.read_parquet(connection, name, path)
        return connection.execute(
            f"SELECT count(*) FILTER (bucket = '{UNPAID}'), count(*) FROM ({_FIRST})",
            {"currency": currency, "day": day.isoformat()},
        ).fetchall()[0]
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Difference:
    """A component of an account's position that is other than we expect."""

    account_no: str
    party_no: str
    currency: str
    component: str
    expected: Decimal
    found: Decimal
    difference: Decimal
    cause: str
    beyond: bool


def differences(tables: Path) -> list[Difference]:
    """Every difference to the host that a run found, the largest first. NotKept."""
    path = tables / "host_difference.parquet"
    if not path.exists():
        raise NotKept(str(path))
    connection = session.connect(threads=1, memory="256MB")
    try:
        lake.read_parquet(connection, "host_difference", path)
        found = connection.execute(
            "SELECT account_no, party_no, currency, component, expected, found, difference, cause, beyond"
            " FROM host_difference ORDER BY abs(difference) DESC, account_no, component"
        ).fetchall()
    finally:
        connection.close()
    return [Difference(*row) for row in found]


def _firsts(inputs: Path, tables: Path) -> dict[str, Path]:
    return {"book": tables / BOOK, "position": inputs / "position.parquet", "statement": inputs / "statement.parquet"}
