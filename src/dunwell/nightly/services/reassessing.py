"""During the day: the touched parties through the night's own programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from duckdb import DuckDBPyConnection

from dunwell.compliance import shipped
from dunwell.engine import session
from dunwell.identity.models import Entity
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.nightly import program, sources
from dunwell.nightly.models import Run
from dunwell.nightly.services import staging

BATCH = 500
#: Whom nobody is writing about at this moment: a party or a case that somebody holds is left for the next time, so that
#: neither waits for the other.
TAKE = """
    SELECT p.id FROM portfolio_party AS p
    WHERE p.entity_id = %(entity)s AND {which}
    ORDER BY p.id LIMIT %(limit)s FOR NO KEY UPDATE OF p SKIP LOCKED
"""
FREE_CASES = """
    SELECT party_id FROM casework_case WHERE party_id = ANY(%s) AND closed_on IS NULL ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
OPEN_CASES = "SELECT party_id FROM casework_case WHERE party_id = ANY(%s) AND closed_on IS NULL"
UNTOUCH = """
    DELETE FROM portfolio_touch WHERE party_id IN (
        SELECT party_id FROM portfolio_touch WHERE party_id = ANY(%s) ORDER BY party_id FOR UPDATE SKIP LOCKED
    )
"""


def reassess(
    *,
    now: datetime,
    party_ids: Sequence[int] | None = None,
    limit: int | None = None,
    by: Actor | None = None,
) -> int:
    """Reassess the given parties, or those that were touched (at most `limit`); answers how many.

    The same programs as at night over the published position and the facts since; written back under the parties' locks,
    so a fact written meanwhile touches again. A party held by somebody at this moment keeps its touch for the next time.
    """
    actor = by or Actor.program("reassess")
    entity = Entity.objects.filter(code=settings.BANK_ENTITY).first()
    if entity is None or (party_ids is not None and not party_ids):
        return 0
    done = 0
    given = sorted(set(party_ids)) if party_ids is not None else None
    left_alone: list[int] = []
    while limit is None or done < limit:
        batch = BATCH if limit is None else min(BATCH, limit - done)
        taken, skipped = _batch(entity.pk, batch, given=given, passed=left_alone, now=now, by=actor)
        left_alone += skipped
        done += len(taken)
        if given is not None:
            given = [one for one in given if one not in set(taken) | set(skipped)]
            if not given:
                break
        if not taken and not skipped:
            break
    return done


@transaction.atomic
def _batch(
    entity_id: int, limit: int, *, given: list[int] | None, passed: list[int], now: datetime, by: Actor
) -> tuple[list[int], list[int]]:
    """One transaction: lock, read, compute, write. Answers the reassessed, and those left for the next time."""
    with database.cursor() as cursor:
        # first of all: a night that is just moving the day on is waited for, and waits for us
        cursor.execute("SELECT business_date FROM arrears_publishedday WHERE entity_id = %s FOR SHARE", [entity_id])
        row = cursor.fetchone()
        which = (
            "p.id = ANY(%(given)s)"
            if given is not None
            else "p.id IN (SELECT party_id FROM portfolio_touch WHERE NOT party_id = ANY(%(passed)s)"
            " ORDER BY since LIMIT %(limit)s)"
        )
        cursor.execute(
            TAKE.format(which=which), {"entity": entity_id, "limit": limit, "given": given, "passed": passed}
        )
        parties = [row[0] for row in cursor.fetchall()]
        if not parties:
            return [], []
        cursor.execute(FREE_CASES, [parties])
        free = {row[0] for row in cursor.fetchall()}
        cursor.execute(OPEN_CASES, [parties])
        held = {row[0] for row in cursor.fetchall()} - free
        taken = [party for party in parties if party not in held]
        if taken:
            cursor.execute(UNTOUCH, [taken])
            _recompute(cursor, entity_id, taken, published=row[0] if row else date.min, now=now, by=by)
        return taken, sorted(held)


def _recompute(cursor, entity_id: int, parties: list[int], *, published: date, now: datetime, by: Actor) -> None:
    cursor.execute(
        "SELECT s.business_date, array_agg(DISTINCT a.party_id) FROM arrears_accountstate AS s"
        " JOIN portfolio_account AS a ON a.id = s.account_id WHERE a.party_id = ANY(%s) GROUP BY s.business_date ORDER BY 1",
        [parties],
    )
    # computed at the published day, or at a later one that a night has written already
    latest: dict[int, date] = {}
    for day, ids in cursor.fetchall():
        latest |= dict.fromkeys(ids, max(day, published))
    for day in sorted(set(latest.values())):
        _recompute_at(cursor, entity_id, [p for p, d in latest.items() if d == day], as_of=day, now=now, by=by)


def _recompute_at(cursor, entity_id: int, parties: list[int], *, as_of: date, now: datetime, by: Actor) -> None:
    run = Run.objects.filter(business_date=as_of, state=Run.State.PUBLISHED).order_by("-number").first()
    connection = session.connect(threads=1)
    try:
        strategy = compute(cursor, connection, sources.Scope(entity_id=entity_id, as_of=as_of, at=now, parties=parties))
        staging.stage(connection, cursor)
        merge = staging.Merge(
            run_id=run.pk if run else 0,
            entity_id=entity_id,
            as_of=as_of,
            day=max(as_of, business_date(now)),
            now=now,
            by=by,
            strategy=strategy,
            opens=staging.openings(cursor, pack=shipped.pack_on(now.date()), now=now),
        )
        cursor.execute("UPDATE stage_party SET partition = 0")
        for table in staging.TABLES[1:]:
            cursor.execute(f"UPDATE {table} SET partition = 0 WHERE partition <> 0")
        staging.lock_partition(cursor, merge, 0)
        cursor.execute("UPDATE pub SET fresh = true")  # read under the lock that is still held
        staging.merge_partition(cursor, merge, 0, staging.look(cursor, merge, 0))
    finally:
        connection.close()


def compute(cursor, connection: DuckDBPyConnection, scope: sources.Scope) -> str:
    """Run the programs over a few parties' published position; answers the strategy's hash."""
    sources.read(cursor, connection, sources.SOURCES | sources.STATES, scope)
    for table, columns in {"booking": sources.BOOKING, "posting": sources.POSTING, **sources.PUBLISHED}.items():
        sources.empty(connection, table, columns)
    program.numbers(connection, scope.as_of)
    connection.execute(
        "CREATE OR REPLACE TABLE closing AS SELECT account_no, past_due_amount AS past_due_at_close,"
        " overdue_since IS NULL AS derived FROM candidate"
    )
    strategy = program.strategy(scope.as_of)
    for step in (
        program.MOVEMENTS,
        *program.LATENESS,
        *strategy.programs,
        program.CASES,
        program.ALLOCATE,
        program.CHANGES,
        program.PARTITION,
    ):
        step.run(connection)
    return strategy.sha256
