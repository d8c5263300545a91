"""During the day: the touched parties through the night's own programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from duckdb import DuckDBPyConnection

from dunwell.arrears.models import AllocationLine
from dunwell.arrears.rules import parameters
from dunwell.arrears.rules.allocation import Line, Received, UnpaidDue, allocate_all, cut
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
            _recompute(cursor, entity_id, taken, now=now, by=by)
        return taken, sorted(held)


def _recompute(cursor, entity_id: int, parties: list[int], *, now: datetime, by: Actor) -> None:
    cursor.execute(
        "SELECT s.business_date, array_agg(DISTINCT a.party_id) FROM arrears_accountstate AS s"
        " JOIN portfolio_account AS a ON a.id = s.account_id WHERE a.party_id = ANY(%s) GROUP BY s.business_date ORDER BY 1",
        [parties],
    )
    # a party whose accounts stand at different dates is computed at its latest one
    latest: dict[int, date] = {}
    for day, ids in cursor.fetchall():
        latest |= dict.fromkeys(ids, day)
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
        staging.merge_partition(cursor, merge, 0)
        _allocate(connection, as_of)
    finally:
        connection.close()


def compute(cursor, connection: DuckDBPyConnection, scope: sources.Scope) -> str:
    """Run the programs over a few parties' published position; answers the strategy's hash."""
    sources.read(cursor, connection, sources.SOURCES | sources.STATES, scope)
    sources.empty(connection, "booking", sources.BOOKING)
    program.numbers(connection, scope.as_of)
    connection.execute(
        "CREATE OR REPLACE TABLE closing AS SELECT account_no, past_due_amount AS past_due_at_close,"
        " overdue_since IS NULL AS derived FROM candidate"
    )
    strategy = program.strategy(scope.as_of)
    for step in (program.MOVEMENTS, *program.LATENESS, *strategy.programs, program.CASES, program.PARTITION):
        step.run(connection)
    return strategy.sha256


def _allocate(connection: DuckDBPyConnection, as_of: date) -> None:
    """Spread the payments since the position over its components; what a reversal took back is taken out again."""
    components = sorted({c for order in parameters.in_force(as_of).allocation for c in order.components})
    owed = {
        row[0]: dict(zip(components, row[1:], strict=True))
        for row in connection.execute(
            f"SELECT account_no, {', '.join(components)} FROM account_state WHERE account_no IN"
            " (SELECT account_no FROM received)"
        ).fetchall()
    }
    dues: dict[str, list[UnpaidDue]] = {}
    for account_no, due_date, amount in connection.execute(
        "SELECT d.account_no, d.due_date, least(d.amount, s.past_due_at_close - (d.late_from_here - d.amount))"
        " FROM (SELECT d.*, sum(d.amount) OVER (PARTITION BY d.account_no ORDER BY d.nr DESC"
        "  ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS late_from_here"
        "  FROM due AS d CROSS JOIN parameter AS k WHERE d.due_date < k.as_of AND d.amount > 0) AS d"
        " JOIN account_state AS s ON s.account_no = d.account_no"
        " WHERE d.late_from_here - d.amount < s.past_due_at_close ORDER BY d.account_no, d.due_date"
    ).fetchall():
        dues.setdefault(account_no, []).append(UnpaidDue(due_date, amount))
    for account_no, since, amount in connection.execute(
        "SELECT account_no, overdue_since, past_due_at_close FROM account_state"
        " WHERE past_due_at_close > 0 AND overdue_since IS NOT NULL"
    ).fetchall():
        known = dues.get(account_no)
        if not known:
            dues[account_no] = [UnpaidDue(since, amount)]
        elif known[0].due_date != since:  # the host's own day wins
            known[0] = UnpaidDue(min(since, known[0].due_date), known[0].amount)
    payments: dict[str, list[Received]] = {}
    back: dict[int, Decimal] = dict(
        connection.execute("SELECT payment_id, sum(amount) FROM taken_back GROUP BY payment_id").fetchall()
    )
    older: dict[int, Decimal] = {}
    for payment_id, account_no, day, amount, counts, since in connection.execute(
        "SELECT payment_id, account_no, posting_date, amount, counts, since_position FROM received"
    ).fetchall():
        if since:
            payments.setdefault(account_no, []).append(
                Received(payment_id, day, amount + back.get(payment_id, 0), counts)
            )
        elif payment_id in back:
            older[payment_id] = amount
    lines: dict[int, tuple[Line, ...]] = {}
    for account_no, received in payments.items():
        spread = allocate_all(
            owed=owed[account_no],
            dues=dues.get(account_no, []),
            payments=received,
            parameters=parameters.in_force(as_of),
        )
        whole = {one.id: one.amount for one in received}
        lines |= {key: cut(value, whole[key] - back.get(key, Decimal(0))) for key, value in spread.items()}
    for payment_id, left in older.items():
        kept = AllocationLine.objects.filter(payment_id=payment_id).order_by("position")
        lines[payment_id] = cut([Line(x.component, x.amount, x.rule) for x in kept], left)
    dropped = [row[0] for row in connection.execute("SELECT payment_id FROM receipt WHERE answer <> ''").fetchall()]
    AllocationLine.objects.filter(payment_id__in=[*lines, *dropped]).delete()
    AllocationLine.objects.bulk_create(
        AllocationLine(
            payment_id=payment_id, position=position, component=line.component, amount=line.amount, rule=line.rule
        )
        for payment_id, spread in lines.items()
        for position, line in enumerate(spread)
    )
