"""Publishing: the only step of the night that writes PostgreSQL, partition by partition, fenced."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.db import connection as database
from duckdb import DuckDBPyConnection
from psycopg import sql as pg

from dunwell.compliance import shipped
from dunwell.engine import copying
from dunwell.kernel.actor import Actor
from dunwell.nightly.models import PublishedPartition, Run
from dunwell.nightly.services import staging
from dunwell.nightly.services.errors import Fenced
from dunwell.nightly.services.yielding import Pace

LOCK_WAIT = "400ms"  # below PostgreSQL's deadlock time-out: it is always we who give way, never the person at the desk
TRIES = 40
AT_ONCE = 500  # partitions staged at a time: what a first night writes of a large book is more than memory should hold
STALE = timedelta(days=60)  # a state nobody asked for since is dropped: it is a cache
STAND = """
    INSERT INTO arrears_publishedday (entity_id, business_date) VALUES (%(entity)s, %(day)s)
    ON CONFLICT (entity_id) DO UPDATE SET business_date = excluded.business_date
"""
TOUCH_AGAIN = """
    INSERT INTO portfolio_touch (party_id, since) SELECT unnest(%s::bigint[]), %s ON CONFLICT (party_id) DO NOTHING
"""
FIGURES = {
    "bucket_day": (
        "oversight_bucketday",
        ["business_date", "currency", "bucket", "accounts", "balance", "past_due"],
        ["business_date"],
    ),
    "roll_rate": (
        "oversight_rollrate",
        ["month", "currency", "from_bucket", "to_bucket", "accounts", "balance"],
        ["month"],
    ),
    "cohort_month": (
        "oversight_cohortmonth",
        ["cohort", "month", "currency", "accounts", "entry_balance", "recovered"],
        ["month"],
    ),
}


def publish(
    night: Run,
    connection: DuckDBPyConnection,
    *,
    entity_id: int,
    strategy: str,
    now: datetime,
    by: Actor,
    staged: Callable[[int], object],
) -> tuple[int, int]:
    """Write the rows of the parties in work; answers rows written, and parties touched since the freeze.

    Those keep what a newer fact made of them; they only get the host's new position, and are reassessed after.
    A restated night of a past date writes no party's rows: today's are newer. `staged` is told how many partitions there are.
    """
    if night.restated:
        return 0, 0
    with database.cursor() as cursor:
        partitions = staging.partitions(connection)
        staged(partitions)
        merge = staging.Merge(
            run_id=night.pk, entity_id=entity_id, as_of=night.business_date, day=night.business_date, now=now, by=by,
            strategy=strategy, opens=staging.openings(cursor, pack=shipped.pack_on(now.date()), now=now),
        )  # fmt: skip
        done = set(PublishedPartition.objects.filter(run=night).values_list("partition", flat=True))
        pace = Pace()
        for some in (range(first, min(first + AT_ONCE, partitions)) for first in range(0, partitions, AT_ONCE)):
            if done.issuperset(some):
                continue
            staging.stage(connection, cursor, some=some)
            if len(some) > 1:
                staging.index_stage(cursor)
            for partition in some:
                if partition not in done:
                    began = time.monotonic()
                    written = write_partition(cursor, merge, partition, of=night)
                    time.sleep(pace.after(rows=written.rows, seconds=time.monotonic() - began))
        _drop_stale(cursor, merge)
    marks = PublishedPartition.objects.filter(run=night)
    touched = sum(night_touched for night_touched in marks.values_list("touched", flat=True))
    return sum(marks.values_list("rows", flat=True)), touched


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a partition: rows written, and its parties that were touched since the freeze."""

    rows: int
    touched: int


def write_partition(cursor, merge: staging.Merge, partition: int, *, of: Run | None = None) -> Written:
    """Merge a partition in one transaction; of a run, under its fence and together with its mark."""
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                # on a first night the tables grow faster than their statistics: a whole one is never worth reading
                cursor.execute(
                    f"SET LOCAL lock_timeout = '{LOCK_WAIT}'; SET LOCAL enable_seqscan = off; SET LOCAL jit = off"
                )
                if of is not None:
                    fence(cursor, of)
                there = staging.lock_partition(cursor, merge, partition)
                rows = staging.merge_partition(cursor, merge, partition, there) if there.fresh + there.touched else 0
                staging.untouch(cursor, merge, partition)
                if of is not None:
                    PublishedPartition.objects.create(
                        run=of, partition=partition, epoch=of.epoch, rows=rows, touched=there.touched,
                        recorded_at=merge.now,
                    )  # fmt: skip
            return Written(rows, there.touched)
        except OperationalError:  # a person at the desk holds a row: give way, and come again
            if attempt == TRIES - 1:
                raise
            time.sleep(0.25)
    raise AssertionError("the last try raises")


def fence(cursor, night: Run) -> None:
    """Hold the run's row; Fenced when a newer runner has taken the run over, or it is no longer running."""
    cursor.execute("SELECT epoch, state FROM nightly_run WHERE id = %s FOR UPDATE", [night.pk])
    epoch, state = cursor.fetchone()
    if epoch != night.epoch or state != Run.State.RUNNING:
        raise Fenced(f"run {night.pk} is at epoch {epoch} ({state}), this runner has {night.epoch}")


def stand(night: Run, connection: DuckDBPyConnection, *, entity_id: int, now: datetime) -> int:
    """From now on the published columns stand for the night's date, in the transaction that publishes the run.

    Parties whose states the night left as they were are then late by the new date's days. One of them that was touched
    since the freeze may have been reassessed as of the date before: it is touched again. The row of the day is what a reassessment
    reads its date from under a lock, so whoever still reckoned with the old date has committed when we look. Answers how
    many were touched again.
    """
    if night.restated:
        return 0
    with database.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '60s'")
        cursor.execute(STAND, {"entity": entity_id, "day": night.business_date})
        copying.from_postgres(
            cursor,
            pg.SQL("SELECT id, party_no, touches FROM portfolio_party WHERE entity_id = {} AND touches > 0").format(
                pg.Literal(entity_id)
            ),
            connection, "touched_now", {"party_id": "BIGINT", "party_no": "VARCHAR", "touches": "BIGINT"},
        )  # fmt: skip
        since = connection.execute(
            "SELECT n.party_id FROM touched_now AS n JOIN publish_party AS y ON y.party_no = n.party_no"
            " WHERE (y.partition IS NULL OR NOT y.states) AND y.touches <> n.touches"
        ).fetchall()
        cursor.execute(TOUCH_AGAIN, [[party for (party,) in since], now])
    return len(since)


def figures(night: Run, connection: DuckDBPyConnection) -> None:
    """Managers' figures of the run in place of those of an older run of the same date or month."""
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '5s'")
        fence(cursor, night)
        write_figures(cursor, night, connection)


def write_figures(cursor, night: Run, connection: DuckDBPyConnection) -> None:
    """The same in the caller's transaction."""
    for source, (table, columns, key) in FIGURES.items():
        staged = f"stage_{source}"
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {staged} (LIKE {table}) ON COMMIT DELETE ROWS")
        cursor.execute(f"ALTER TABLE {staged} ALTER COLUMN id DROP NOT NULL, ALTER COLUMN run_id DROP NOT NULL")
        copying.to_postgres(connection, f"SELECT {', '.join(columns)} FROM {source}", cursor, staged, columns)
        cursor.execute(f"DELETE FROM {table} AS t USING (SELECT DISTINCT {', '.join(key)} FROM {staged}) AS s WHERE "
                       + " AND ".join(f"t.{c} = s.{c}" for c in key))  # fmt: skip
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}, run_id) SELECT {', '.join(columns)}, %s FROM {staged}",
            [night.pk],
        )


def differences(night: Run, connection: DuckDBPyConnection, *, entity_id: int) -> None:
    """What lies beyond the tolerance, in place of what an older run of the date found; explanations stay by themselves."""
    with transaction.atomic(), database.cursor() as cursor:
        fence(cursor, night)
        cursor.execute(
            'CREATE TEMP TABLE IF NOT EXISTS stage_difference (account_no text COLLATE "C", component text,'
            " expected numeric(18,2), found numeric(18,2), cause text) ON COMMIT DELETE ROWS"
        )
        columns = ["account_no", "component", "expected", "found", "cause"]
        copying.to_postgres(
            connection,
            f"SELECT {', '.join(columns)} FROM host_difference WHERE beyond",
            cursor,
            "stage_difference",
            columns,
        )
        cursor.execute("DELETE FROM arrears_hostdifference WHERE business_date = %s", [night.business_date])
        cursor.execute(
            "INSERT INTO arrears_hostdifference (account_id, business_date, run_id, component, expected, found, cause)"
            " SELECT a.id, %s, %s, s.component, s.expected, s.found, s.cause FROM stage_difference AS s"
            " JOIN portfolio_account AS a ON a.entity_id = %s AND a.account_no = s.account_no",
            [night.business_date, night.pk, entity_id],
        )


def _drop_stale(cursor, merge: staging.Merge) -> None:
    """Forget the states of parties that have not been in work for a while; their facts stay."""
    while True:
        cursor.execute(
            "DELETE FROM arrears_accountstate WHERE account_id IN (SELECT s.account_id FROM arrears_accountstate AS s"
            " JOIN portfolio_account AS a ON a.id = s.account_id"
            " WHERE s.past_due = 0 AND a.entity_id = %(entity)s AND NOT EXISTS (SELECT 1 FROM casework_case AS c"
            "  WHERE c.party_id = a.party_id AND (c.closed_on IS NULL OR c.closed_on > %(day)s::date - %(stale)s))"
            " AND NOT EXISTS (SELECT 1 FROM portfolio_account AS b JOIN arrears_accountstate AS t ON t.account_id = b.id"
            "  WHERE b.party_id = a.party_id AND t.past_due > 0)"
            " AND NOT EXISTS (SELECT 1 FROM arrangements_arrangement AS r WHERE r.party_id = a.party_id"
            "  AND r.standing IN ('proposed', 'approved', 'agreed', 'in_force', 'missed', 'breached'))"
            " AND NOT EXISTS (SELECT 1 FROM portfolio_touch AS q WHERE q.party_id = a.party_id) LIMIT 4000)",
            {"entity": merge.entity_id, "day": merge.as_of, "stale": STALE.days},
        )
        if cursor.rowcount < 4000:
            return
