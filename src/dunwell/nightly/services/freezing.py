"""The freeze: every input of a run, copied in one snapshot. Running it again reads only that."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from duckdb import DuckDBPyConnection

from dunwell.arrears.rules import parameters
from dunwell.compliance import shipped
from dunwell.engine import content, lake, session
from dunwell.intake.models import IntakeFile
from dunwell.kernel import times
from dunwell.nightly import numbers, program, sources
from dunwell.nightly.models import Run, Step
from dunwell.nightly.services import staging
from dunwell.nightly.services.errors import Refused
from dunwell.portfolio import reference

REQUIRED = ("accounts",)
MATTER = ("accounts", "statements", "transactions")  # a refused one of these stops the night
EPISODE = {
    "account_no": "VARCHAR", "currency": "VARCHAR", "entered_on": "DATE", "entry_balance": "DECIMAL(18,2)",
    "recovered": "DECIMAL(18,2)", "closed_on": "DATE",
}  # fmt: skip
#: The parties whose accounts the night looks at (arrears/sql/take_in.sql).
LOOKED_AT = (
    "SELECT party_no FROM position WHERE past_due_amount > 0 OR (past_due_amount IS NULL AND balance > 0)"
    " UNION SELECT party_no FROM working_party"
)
MONTH_BEFORE = {"account_no": "VARCHAR", "currency": "VARCHAR", "bucket": "VARCHAR", "balance": "DECIMAL(18,2)"}
#: Told how many inputs are copied, and of how many.
Copied = Callable[[int, int], None]
FROZEN = (
    "statement",
    "booking",
    "posting",
    "position_last",
    "month_before",
    "episode_before",
    "night_before",
    *sources.SOURCES,
)
#: Of them those that other files of the lake hold as well, which have a content hash of their own.
FROM_THE_LAKE = frozenset(FROZEN) - sources.SOURCES.keys()
#: The kept tables of the night that stands in the published columns, by the names they have in the next one's programs.
STANDS = {
    "published_party": "publish_party", "published_state": "account_state", "published_due": "due_kept",
    "published_risk": "account_risk", "published_case": "case_now", "published_action": "action_now",
}  # fmt: skip


def folder_of(run: Run) -> Path:
    """Where a run's files stand in the lake."""
    return Path(settings.LAKE) / f"date={run.business_date}" / f"run={run.number}"


def files_of(*, entity_id: int, business_date: date, restated: bool = False) -> list[IntakeFile]:
    """The files in force that the night of a date reads; with `restated`, those of later dates too, for what they tell of
    days before. Refused when one is missing or its totals are off."""
    of_the_day = IntakeFile.objects.filter(entity_id=entity_id, business_date=business_date)
    taken = set(of_the_day.filter(status=IntakeFile.Status.TAKEN).values_list("kind", flat=True))
    for kind in MATTER:
        refused = of_the_day.filter(kind=kind, status=IntakeFile.Status.REFUSED).order_by("-id").first()
        if kind not in taken and refused is not None:
            raise Refused(
                "file_refused", kind=kind, name=refused.name, date=business_date.isoformat(),
                why=str(refused.refusal.get("code", "")),
            )  # fmt: skip
        if kind in REQUIRED and kind not in taken:
            raise Refused("file_missing", kind=kind, date=business_date.isoformat())
    in_force = IntakeFile.objects.filter(
        entity_id=entity_id,
        status=IntakeFile.Status.TAKEN,
        kind__in=MATTER,
        business_date__gt=business_date - sources.HISTORY,
    )
    if not restated:
        in_force = in_force.filter(business_date__lte=business_date)
    return list(in_force.order_by("business_date", "kind"))


def freeze(
    run: Run, *, entity_id: int, now: datetime, folder: Path, copied: Copied = lambda done, of: None
) -> dict[str, Any]:
    """Copy the inputs below `folder`/inputs; answers the manifest. A half-made copy of a killed run is thrown away."""
    with session.connect() as connection:
        return _freeze(run, connection, entity_id=entity_id, now=now, folder=folder, copied=copied)


def _freeze(
    run: Run, connection: DuckDBPyConnection, *, entity_id: int, now: datetime, folder: Path, copied: Copied
) -> dict[str, Any]:
    target = folder / "inputs"
    shutil.rmtree(target, ignore_errors=True)
    as_of = run.business_date
    before = _night_before(as_of)
    done, parts = count(1), len(sources.SOURCES) + len(FROZEN)

    def tick() -> None:
        copied(next(done), parts)

    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        files = files_of(entity_id=entity_id, business_date=as_of, restated=run.restated)
        scope = sources.Scope(
            entity_id=entity_id, as_of=as_of, at=now, told_since=before.frozen_at if before else None
        )  # fmt: skip
        if run.restated:
            scope = replace(scope, at=min(now, times.end_of(as_of)), until=as_of)
        sources.read(cursor, connection, sources.SOURCES, scope, told=tick)
    inputs: dict[str, Any] = {}
    position = next(f for f in files if f.kind == "accounts" and f.business_date == as_of)
    lake.link(Path(settings.LAKE) / position.lake_path, target / "position.parquet")
    inputs["position"] = {"file": position.pk, "rows": position.rows_taken, "hash": position.content_hash}
    until = scope.until or date.max
    _statements(connection, [f for f in files if f.kind == "statements"], until=until)
    transactions = [f for f in files if f.kind == "transactions"]
    lake.read_parquet(connection, "position", target / "position.parquet")
    _bookings(connection, transactions, until=until)
    _postings(connection, transactions, until=until)
    _carry(connection, before, as_of=as_of)
    _position_last(connection, before)
    _from_run(connection, "month_before", MONTH_BEFORE, _month_before(as_of), "book")
    _from_run(connection, "episode_before", EPISODE, before, "episode")
    since = before.business_date if before else as_of - timedelta(days=1)
    connection.execute(
        "CREATE OR REPLACE TABLE night_before AS SELECT CAST(? AS DATE) AS business_date, CAST(? AS BOOLEAN) AS restated",
        [since, run.restated],
    )
    for name in FROZEN:
        tick()
        rows = lake.write_parquet(connection, name, target / f"{name}.parquet")
        hashed = content.quick_hash if name in FROM_THE_LAKE else content.content_hash
        inputs[name] = {"rows": rows, "hash": hashed(connection, name)}
    inputs |= _stands(connection, run, target)
    steps = program.strategy(as_of)
    return {
        "entity": entity_id,
        "files": {
            str(f.pk): {
                "kind": f.kind, "date": f.business_date.isoformat(), "hash": f.content_hash, "mapping": f.mapping_sha256,
            }
            for f in files
        },
        "inputs": inputs,
        "numbers": numbers.freeze(target, as_of),
        "programs": program.sha256(),
        "publishing": staging.sha256(),
        "calendar": hashlib.sha256(reference.path("calendar").read_bytes()).hexdigest(),
        "parameters": parameters.sha256(),
        "pack": shipped.pack_on(as_of).sha256,
        "strategy": {"sha256": steps.sha256, "steps": [[step.name, step.sql] for step in steps.programs]},
        "opened_at": now.isoformat(),
    }  # fmt: skip


def inputs(folder: Path) -> dict[str, Path]:
    """The frozen inputs' files, by the names they have in the programs."""
    return {name: folder / "inputs" / f"{name}.parquet" for name in ("position", *FROZEN, *sources.PUBLISHED)}


def load(connection: DuckDBPyConnection, folder: Path, as_of: date) -> None:
    """Name the frozen inputs in DuckDB."""
    for name, path in inputs(folder).items():
        lake.read_parquet(connection, name, path, view=name in ("position", "statement", "booking", "posting", *STANDS))
    numbers.load(connection, folder, as_of)


def _statements(connection: DuckDBPyConnection, files: list[IntakeFile], *, until: date) -> None:
    sources.empty(connection, "statement", sources.STATEMENT)
    if files:
        lake.read_parquet(connection, "told", *(Path(settings.LAKE) / f.lake_path for f in files))
        connection.execute(
            "INSERT INTO statement SELECT account_no, statement_date, due_date, statement_balance, minimum_payment FROM ("
            " SELECT *, row_number() OVER (PARTITION BY account_no, statement_date ORDER BY due_date DESC) AS nr FROM told"
            " WHERE statement_date <= ?) WHERE nr = 1",
            [until],
        )


def _bookings(connection: DuckDBPyConnection, files: list[IntakeFile], *, until: date) -> None:
    """What the host booked as money in or back; the same reference in two files is one booking."""
    sources.empty(connection, "booking", sources.BOOKING)
    if files:
        connection.execute(
            "INSERT INTO booking SELECT account_no, host_ref, type, amount, posting_date, transaction_date,"
            " counts_to_minimum, reverses_ref, business_date FROM (SELECT *,"
            " row_number() OVER (PARTITION BY account_no, host_ref ORDER BY posting_date, business_date) AS nr"
            f" FROM ({_told(connection, files)}) WHERE type IN ('repayment', 'merchant_refund', 'chargeback', 'reversal')"
            " AND posting_date <= ?) WHERE nr = 1",
            [until],
        )


def _told(connection: DuckDBPyConnection, files: list[IntakeFile]) -> str:
    """A query over the files' rows, each with the business date of its file."""
    for file in files:
        lake.read_parquet(connection, f"told_{file.pk}", Path(settings.LAKE) / file.lake_path)
    return " UNION ALL BY NAME ".join(
        f"SELECT *, DATE '{f.business_date}' AS business_date FROM told_{f.pk}" for f in files
    )


#: Of an account that is late for longer than files are looked back on, the night before knew what this one needs:
#: table, its day, its key within the account, its columns.
CARRIED = (
    ("statement", "statement_date", "statement_date", sources.STATEMENT),
    ("booking", "posting_date", "host_ref", sources.BOOKING),
    ("posting", "posting_date", "host_ref", sources.POSTING),
)


def _carry(connection: DuckDBPyConnection, before: Run | None, *, as_of: date) -> None:
    """Statements and bookings of long-late accounts, from the night before, which had them from the one before it."""
    state = folder_of(before) / "tables" / "account_state.parquet" if before else None
    if before is None or state is None or not state.exists():
        return
    lake.read_parquet(connection, "state_before", state)
    connection.execute(
        "CREATE OR REPLACE TABLE long_late AS SELECT account_no, oldest_due_date FROM state_before"
        " WHERE past_due > 0 AND oldest_due_date <= ?",
        [as_of - sources.HISTORY + sources.BEFORE_OLDEST_DUE],
    )
    for table, day, key, columns in CARRIED:
        path = folder_of(before) / "inputs" / f"{table}.parquet"
        if not path.exists():  # a night of before this was kept
            continue
        lake.read_parquet(connection, "kept", path)
        there = {column[0] for column in connection.execute("SELECT * FROM kept LIMIT 0").description}
        carried = ", ".join(f"k.{name}" if name in there else f"NULL AS {name}" for name in columns)
        connection.execute(
            f"INSERT INTO {table} SELECT {carried} FROM kept AS k JOIN long_late AS l ON l.account_no = k.account_no"
            f" WHERE k.{day} > l.oldest_due_date - {sources.BEFORE_OLDEST_DUE.days} AND NOT EXISTS ("
            f"SELECT 1 FROM {table} AS t WHERE t.account_no = k.account_no AND t.{key} = k.{key})"
        )


def _postings(connection: DuckDBPyConnection, files: list[IntakeFile], *, until: date) -> None:
    """What else the host booked on the accounts that the night looks at (`take_in`), each reference once."""
    sources.empty(connection, "posting", sources.POSTING)
    if files:
        connection.execute(
            "INSERT INTO posting SELECT account_no, host_ref, type, amount, posting_date, transaction_date, business_date"
            " FROM (SELECT *,"
            " row_number() OVER (PARTITION BY account_no, host_ref ORDER BY posting_date, business_date) AS nr"
            f" FROM ({_told(connection, files)})"
            " WHERE type NOT IN ('repayment', 'merchant_refund', 'chargeback', 'reversal') AND posting_date <= ?"
            f" AND account_no IN (SELECT account_no FROM position WHERE party_no IN ({LOOKED_AT}))) WHERE nr = 1",
            [until],
        )


def _position_last(connection: DuckDBPyConnection, before: Run | None) -> None:
    """The host's position of the night before, of the accounts that stand in the book of this one late or in work."""
    sources.empty(connection, "position_last", sources.POSITION_LAST)
    path = folder_of(before) / "inputs" / "position.parquet" if before else None
    if path is not None and path.exists():
        lake.read_parquet(connection, "last", path)
        connection.execute(
            f"INSERT INTO position_last SELECT {', '.join(sources.POSITION_LAST)} FROM last WHERE account_no IN ("
            f"SELECT account_no FROM position WHERE party_no IN ({LOOKED_AT}))"
        )


def _from_run(connection: DuckDBPyConnection, table: str, columns: dict[str, str], run: Run | None, kept: str) -> None:
    sources.empty(connection, table, columns)
    path = folder_of(run) / "tables" / f"{kept}.parquet" if run else None
    if path is not None and path.exists():
        lake.read_parquet(connection, f"{table}_kept", path)
        connection.execute(f"INSERT INTO {table} SELECT {', '.join(columns)} FROM {table}_kept")


def _stands(connection: DuckDBPyConnection, run: Run, target: Path) -> dict[str, Any]:
    """Freeze what is published already, for the comparison; nothing of it where everything is to be written."""
    before = _in_the_columns(run)
    tables = folder_of(before) / "tables" if before else Path()
    if before and not all((tables / f"{table}.parquet").exists() for table in STANDS.values()):
        before = None
    hashes = {table: told for step in Step.objects.filter(run=before) for table, told in step.tables.items()}
    inputs: dict[str, Any] = {}
    for name, columns in sources.PUBLISHED.items():
        path = target / f"{name}.parquet"
        if before and name in STANDS:
            lake.link(tables / f"{STANDS[name]}.parquet", path)
            (rows,) = connection.execute(f"SELECT count(*) FROM read_parquet('{path}')").fetchone()
            inputs[name] = {"run": before.pk, "rows": rows, "hash": hashes[STANDS[name]]}
            continue
        sources.empty(connection, name, columns)
        if before:
            connection.execute(f"INSERT INTO {name} VALUES (?)", [before.business_date])
        inputs[name] = {
            "rows": lake.write_parquet(connection, name, path),
            "hash": content.content_hash(connection, name),
        }
    return inputs


def _in_the_columns(run: Run) -> Run | None:
    """The run whose rows stand in the published columns, whole; none where that is not certain.

    It is the last one that was published and not restated, if it was made by the same programs and nothing that was not
    finished has written since.
    """
    written = Run.objects.filter(restated=False).exclude(pk=run.pk)
    done = Step.objects.filter(name="publish", state="done").values("run")
    last = written.filter(pk__in=done).order_by("-business_date", "-number").first()
    if run.restated or last is None or last.manifest.get("programs") != program.sha256():
        return None
    half = written.exclude(pk__in=done).filter(published__isnull=False, pk__gt=last.pk)
    return None if last.manifest.get("publishing") != staging.sha256() or half.exists() else last


def _published(before: date) -> Run | None:
    return (
        Run.objects.filter(state=Run.State.PUBLISHED, business_date__lt=before)
        .order_by("-business_date", "-number")
        .first()
    )


def _night_before(as_of: date) -> Run | None:
    return _published(as_of)


def _month_before(as_of: date) -> Run | None:
    """The run of the month end before, when this date is a month end itself."""
    if (as_of + timedelta(days=1)).day != 1:
        return None
    end = as_of.replace(day=1) - timedelta(days=1)
    found = _published(as_of.replace(day=1))
    return found if found is not None and found.business_date == end else None
