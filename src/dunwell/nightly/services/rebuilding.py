"""PostgreSQL's derived rows anew, from what the last nights left in the lake and the facts since."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from duckdb import DuckDBPyConnection

from dunwell.compliance import shipped
from dunwell.engine import copying, lake, session
from dunwell.identity.models import Entity
from dunwell.kernel.actor import Actor
from dunwell.nightly import queries
from dunwell.nightly.models import Run
from dunwell.nightly.services import freezing, publishing, staging
from dunwell.nightly.services.errors import Refused
from dunwell.nightly.services.reassessing import reassess
from dunwell.nightly.services.running import lock

#: What publishing reads of a night.
PUBLISHED = (
    "publish_party", "account_state", "account_risk", "due_kept", "case_now", "action_now", "promise_settled",
    "instalment_settled", "arrangement_settled", "allocation_anew",
)  # fmt: skip
LINE = ("payment_id", "position", "component", "amount", "rule")
PARTIES = 250  # to a transaction


def rebuild(*, now: datetime, by: Actor) -> tuple[Run, int]:
    """Write states, dues, cases' columns, lines of payments and managers' figures again; answers the night and its rows.

    The last published night is published once more, all its parties as they were; whoever was touched since its freeze is
    reassessed. Figures and lines come from every published night that the lake still has. Called again it changes
    nothing. Refused where the lake has not that last night any more; Busy while a night is running.
    """
    with lock():
        night = queries.latest()
        if night is None:
            raise Refused("no_night")
        night.refresh_from_db()
        entity = Entity.objects.get(code=settings.BANK_ENTITY)
        with session.connect() as connection:
            for table in PUBLISHED:
                _read(connection, night, table)
            _figures(connection)
            _lines(connection)
            rows = _publish(night, connection, entity, now=now, by=by)
        reassess(now=now, by=by)
    return night, rows


def _publish(night: Run, connection: DuckDBPyConnection, entity: Entity, *, now: datetime, by: Actor) -> int:
    lake.read_parquet(
        connection, "position_before", freezing.folder_of(night) / "inputs" / "position_before.parquet"
    )  # fmt: skip
    connection.execute("ALTER VIEW publish_party RENAME TO party_in_work")
    connection.execute(
        "CREATE TABLE publish_party AS SELECT party_no, touches, TRUE AS states, TRUE AS dues, TRUE AS cases, TRUE AS actions,"
        f" CAST(floor((row_number() OVER (ORDER BY party_no) - 1) / {PARTIES}) AS INTEGER) AS partition FROM party_in_work"
    )
    with database.cursor() as cursor:
        staging.stage(connection, cursor)
        merge = staging.Merge(
            run_id=night.pk, entity_id=entity.pk, as_of=night.business_date, day=night.business_date, now=now, by=by,
            strategy=night.manifest["strategy"]["sha256"],
            opens=staging.openings(cursor, pack=shipped.pack_on(now.date()), now=now),
        )  # fmt: skip
        return sum(
            publishing.write_partition(cursor, merge, partition).rows
            for partition in range(staging.partitions(connection))
        )


def _read(connection: DuckDBPyConnection, night: Run, table: str) -> None:
    path = freezing.folder_of(night) / "tables" / f"{table}.parquet"
    if not path.exists():
        raise Refused("not_in_the_lake", date=night.business_date.isoformat(), table=table)
    lake.read_parquet(connection, table, path)


def _nights() -> list[Run]:
    """Published nights, oldest first; of a date the one that is in force."""
    return list(Run.objects.filter(state=Run.State.PUBLISHED).defer("manifest").order_by("business_date", "number"))


def _figures(connection: DuckDBPyConnection) -> None:
    """Each night's own figures in place of whatever stands there; of a month the last night's."""
    for night in _nights():
        folder = freezing.folder_of(night) / "tables"
        if all((folder / f"{table}.parquet").exists() for table in publishing.FIGURES):
            for table in publishing.FIGURES:
                lake.read_parquet(connection, table, folder / f"{table}.parquet")
            with transaction.atomic(), database.cursor() as cursor:
                publishing.write_figures(cursor, night, connection)


def _lines(connection: DuckDBPyConnection) -> None:
    """How each payment was spread: as the last night told that froze its lines or spread it anew."""
    nights = _nights()
    parts = []
    for place, night in enumerate(nights):
        for turn, path in enumerate((
            freezing.folder_of(night) / "inputs" / "line_told.parquet",
            freezing.folder_of(night) / "tables" / "allocation_anew.parquet",
        )):  # fmt: skip
            if path.exists() and not night.restated:
                name = f"lines_{place}_{turn}"
                lake.read_parquet(connection, name, path)
                parts.append(f"SELECT {2 * place + turn} AS told, {', '.join(LINE)} FROM {name}")
    if not parts:
        return
    connection.execute(
        f"CREATE OR REPLACE TABLE line_kept AS SELECT {', '.join(LINE)} FROM ("
        f"SELECT *, max(told) OVER (PARTITION BY payment_id) AS last FROM ({' UNION ALL '.join(parts)})"
        ") WHERE told = last"
    )
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE line_kept ON COMMIT DROP AS SELECT payment_id, position, component, amount, rule"
            " FROM arrears_allocationline WHERE false"
        )
        copying.to_postgres(connection, f"SELECT {', '.join(LINE)} FROM line_kept", cursor, "line_kept", list(LINE))
        # what a night told of a payment; of payments that came or changed since, reassessing says more
        cursor.execute(
            "DELETE FROM arrears_allocationline AS x USING (SELECT DISTINCT payment_id FROM line_kept) AS k"
            " WHERE x.payment_id = k.payment_id"
        )
        cursor.execute(
            "INSERT INTO arrears_allocationline (payment_id, position, component, amount, rule)"
            " SELECT k.payment_id, k.position, k.component, k.amount, k.rule FROM line_kept AS k"
            " JOIN payments_payment AS y ON y.id = k.payment_id WHERE k.position IS NOT NULL"
        )
