"""The source file replayed as a bank's nightly files: six month ends, then a file a day up to yesterday and on.

Deterministic from the seed: the same arguments give the same rows. What is real and what is made up stands in
docs/demo.md, column by column.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

import duckdb

from dunwell.demo.names import GIVEN, PROVINCES, SURNAMES

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "data" / "uci_credit_default.parquet"
DAYS = 35
MONTHS = 6
# The kinds in the order in which they are taken in, each with the columns that its control totals add up.
SUMS = {
    "parties": (),
    "cards": (),
    "contact_points": (),
    "accounts": ("balance", "past_due_amount"),
    "statements": ("statement_balance", "minimum_payment"),
    "transactions": ("amount",),
}


@dataclass(frozen=True)
class Delivery:
    """The files of one business date, in the order in which they are taken in."""

    business_date: date
    files: tuple[Path, ...]
    month_end: bool


def business_dates(yesterday: date, until: date | None = None) -> tuple[list[date], list[date]]:
    """The six month ends of the source, and the days made up after them: 35 up to yesterday, more up to `until`."""
    first_day = yesterday - timedelta(days=DAYS - 1)
    last = first_day.replace(day=1) - timedelta(days=1)
    days = (max(until or yesterday, yesterday) - first_day).days + 1
    return [_month_end(last, back) for back in range(MONTHS - 1, -1, -1)], [
        first_day + timedelta(days=i) for i in range(days)
    ]


def _month_end(last: date, back: int) -> date:
    year, month = divmod(last.year * 12 + last.month - 1 - back, 12)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


@lru_cache(maxsize=32)
def _sql(name: str) -> str:
    return (HERE / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def _run(db: duckdb.DuckDBPyConnection, name: str, **numbers: int) -> None:
    text = _sql(name)
    for key, value in numbers.items():
        text = text.replace(f":{key}", str(int(value)))
    db.execute(text)


def write_files(folder: Path, yesterday: date, accounts: int | None = None, seed: int = 1) -> list[Delivery]:
    """Write the contract files of all 41 business dates below `folder`, each with its control totals beside it."""
    return list(deliveries(folder, yesterday, accounts, seed))


def deliveries(
    folder: Path,
    yesterday: date,
    accounts: int | None = None,
    seed: int = 1,
    *,
    until: date | None = None,
    after: date | None = None,
) -> Iterator[Delivery]:
    """The same, one business date after the other. `accounts` takes the first rows of the source only.

    `until` goes on beyond `yesterday`: the days before are as they are without it. Those up to `after` are left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    months, days = business_dates(yesterday, until)
    db = duckdb.connect(config={"memory_limit": "1GB"})
    try:
        _prepare(db, months[-1], days[-1], accounts, seed)
        since = None
        for nr, day in enumerate([*months, *days]):
            if after is not None and day <= after:
                since = day
                continue
            month_end = nr < MONTHS
            db.execute("SET VARIABLE as_of = CAST(? AS DATE)", [day])
            m = nr + 1 if month_end else MONTHS + _months_between(months[-1], day)
            _run(db, "close_month" if month_end else "close_day", m=m)
            _run(db, "position")
            yield Delivery(day, tuple(_write_day(db, folder, day, since, nr, month_end)), month_end)
            since = day
    finally:
        db.close()


def _months_between(earlier: date, later: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def _prepare(db: duckdb.DuckDBPyConnection, last: date, yesterday: date, accounts: int | None, seed: int) -> None:
    db.execute("SET VARIABLE seed = ?", [str(seed)])
    db.execute("SET VARIABLE last_month_end = CAST(? AS DATE)", [last])
    db.execute("SET VARIABLE surnames = ?", [SURNAMES])
    db.execute("SET VARIABLE given = ?", [GIVEN])
    db.execute("SET VARIABLE provinces = ?", [PROVINCES])
    db.read_parquet(str(SOURCE)).filter(f"ID <= {int(accounts)}" if accounts else "TRUE").to_table("source")
    for name in ("account", "months", "moves"):
        _run(db, name)
    for m in range(MONTHS + 1, MONTHS + 1 + _months_between(last, yesterday)):
        _run(db, "cycle", m=m)
    _run(db, "movements")
    _run(db, "people")


def _write_day(
    db: duckdb.DuckDBPyConnection, folder: Path, day: date, since: date | None, nr: int, month_end: bool
) -> list[Path]:
    written: list[Path] = []
    if nr == 0:
        for kind, table in (("parties", "party_row"), ("cards", "card_row"), ("contact_points", "contact_row")):
            # one file as an older host writes it: GB18030
            written.append(_write(db, folder, kind, day, f"FROM {table}", "gb18030" if kind == "parties" else "csv"))
    elif not month_end and nr % 7 == 0:
        _run(db, "changes", nr=nr)
        for kind, table in (
            ("parties", "changed_party"),
            ("cards", "changed_card"),
            ("contact_points", "changed_contact"),
        ):
            if db.table(table).limit(1).fetchall():
                written.append(_write(db, folder, kind, day, f"FROM {table}", "csv"))
    form = "csv" if month_end else "parquet"
    written.append(_write(db, folder, "accounts", day, "FROM file_row", form))
    after = since or date(1970, 1, 1)
    for kind, table, column in (("statements", "stated", "statement_date"), ("transactions", "posted", "posting_date")):
        rows = (
            f"SELECT * EXCLUDE (m) FROM {table} WHERE {column} > DATE '{after}' AND {column} <= DATE '{day}' "
            "ORDER BY ALL"
        )
        if db.sql(rows).limit(1).fetchall():
            written.append(_write(db, folder, kind, day, rows, form))
    return written


def _write(db: duckdb.DuckDBPyConnection, folder: Path, kind: str, day: date, rows: str, form: str) -> Path:
    path = folder / f"{kind}_{day}.{'parquet' if form == 'parquet' else 'csv'}"
    query = rows if rows.startswith("SELECT") else f"SELECT * {rows}"
    options = "FORMAT parquet, COMPRESSION zstd" if form == "parquet" else "FORMAT csv, HEADER"
    part = path.with_name(path.name + ".part")
    db.execute(f"COPY ({query}) TO '{part}' ({options})")
    if form == "gb18030":
        part.write_bytes(part.read_text(encoding="utf-8").encode("gb18030"))
    totals = ", ".join(["count(*)", *(f"sum({column})" for column in SUMS[kind])])
    found = db.execute(f"SELECT {totals} FROM ({query})").fetchall()[0]
    path.with_name(path.name + ".ctl").write_text(
        "\n".join(f"{name},{value}" for name, value in zip(("rows", *SUMS[kind]), found, strict=True)) + "\n",
        encoding="ascii",
    )
    part.replace(path)
    return path
