"""The night: freeze, steps, publish. Killed at any line and run again it ends the same, with nothing twice."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import sqlglot
from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import F, Max
from duckdb import DuckDBPyConnection
from sqlglot import exp

from dunwell.engine import content, session
from dunwell.engine.programs import OnDuckDB, Program
from dunwell.engine.spark import OnSpark
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity
from dunwell.intake.models import IntakeFile
from dunwell.kernel.actor import Actor
from dunwell.nightly import program
from dunwell.nightly.models import Run, Step
from dunwell.nightly.services import freezing, publishing
from dunwell.nightly.services.errors import Busy, Refused
from dunwell.nightly.services.reassessing import reassess

LOCK = "SELECT pg_try_advisory_lock(hashtext('dunwell.nightly'))"
PATIENCE = 5.0  # seconds in which the server notices that a killed runner is gone and gives its lock back
UNLOCK = "SELECT pg_advisory_unlock(hashtext('dunwell.nightly'))"

#: The table whose rows and money a step is told by; a step that is not named here by the last table it makes.
TOLD_BY = {
    "take_in": ("candidate", "closing_balance"),
    "movements": ("movement", "amount"),
    "dues": ("closing", "past_due_at_close"),
    "apply_payments": ("account_now", "past_due_exact"),
    "age": ("aged", "past_due"),
    "classify": ("account_state", "past_due"),
    "risk": ("account_risk", "past_due"),
    "settle_promises": ("promise_settled", "received"),
    "roll_up": ("party_state", "past_due"),
    "cases": ("case_now", "past_due"),
    "allocate": ("allocation_line", "amount"),
    "book": ("book", "balance"),
    "figures": ("bucket_day", "balance"),
    "totals": ("total", "found"),
}
#: What stays in the lake although no later step reads it.
KEPT = frozenset({"book", "episode", "bucket_day", "roll_rate", "cohort_month", "total", "publish_party", "due_kept",
                  "case_now", "action_now", "account_state", "account_risk", "party_state", "promise_settled",
                  "allocation_anew"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """One step's end, for whoever watches."""

    step: str
    position: int
    of: int
    rows: int
    money: Decimal | None
    seconds: float
    done_before: bool


Watch = Callable[[Progress], None]


def run(
    *,
    business_date: date,
    now: datetime,
    by: Actor,
    dry_run: bool = False,
    progress: Watch | None = None,
    engine: str = "duckdb",
    master: str = "local[*]",
) -> Run:
    """Run the night of a business date and answer its run.

    Refused: a file is missing, refused or its totals are off; nothing is published, yesterday's lists stay.
    Busy: another run holds the lock. A run that was killed is gone on with; one that was published stands unless its
    files changed since; a past date makes a restated run that moves figures and the lake, never today's cases.
    A dry run writes nothing but what it prints, and runs on DuckDB. `engine` is `duckdb` or `spark`; `master` is Spark's.
    """
    entity = Entity.objects.get(code=settings.BANK_ENTITY)
    watch = progress or (lambda _: None)
    with _lock():
        if dry_run:
            return _dry(entity, business_date, now=now, watch=watch)
        try:
            files = freezing.files_of(entity_id=entity.pk, business_date=business_date)
        except Refused as refused:
            _stopped(_begin(business_date, now=now, engine=engine), refused, entity=entity, now=now, by=by)
            raise
        night = _run_for(business_date, files, now=now, engine=engine)
        if night.state == Run.State.PUBLISHED:
            _tell_again(night, watch)
            return night
        try:
            _work(night, entity, now=now, by=by, watch=watch, engine=engine, master=master)
        except Refused as refused:
            _stopped(night, refused, entity=entity, now=now, by=by)
            raise
        if not night.restated:
            reassess(now=now, by=by)
    night.refresh_from_db()
    return night


@contextmanager
def _lock() -> Iterator[None]:
    until = time.monotonic() + PATIENCE
    with database.cursor() as cursor:
        cursor.execute(LOCK)
        while not cursor.fetchone()[0]:
            if time.monotonic() > until:
                raise Busy("another night is running")
            time.sleep(0.2)
            cursor.execute(LOCK)
    try:
        yield
    finally:
        if database.connection is not None and not database.connection.closed:
            with database.cursor() as cursor:
                cursor.execute(UNLOCK)


def _begin(business_date: date, *, now: datetime, engine: str) -> Run:
    number = (Run.objects.filter(business_date=business_date).aggregate(last=Max("number"))["last"] or 0) + 1
    later = Run.objects.filter(state=Run.State.PUBLISHED, business_date__gt=business_date).exists()
    return Run.objects.create(
        business_date=business_date, number=number, state=Run.State.RUNNING, restated=later, engine=engine, epoch=1,
        started_at=now,
    )  # fmt: skip


def _run_for(business_date: date, files: list[IntakeFile], *, now: datetime, engine: str) -> Run:
    last = Run.objects.filter(business_date=business_date).order_by("-number").first()
    if last is None:
        return _begin(business_date, now=now, engine=engine)
    if last.state == Run.State.RUNNING and last.manifest.get("programs", program.sha256()) != program.sha256():
        Run.objects.filter(pk=last.pk).update(
            state=Run.State.SUPERSEDED, stop_reason={"code": "programs_changed"}, finished_at=now
        )
        return _begin(business_date, now=now, engine=engine)
    if last.state == Run.State.RUNNING:  # its runner is dead, for we hold the lock; a paused one is fenced off
        Run.objects.filter(pk=last.pk).update(epoch=F("epoch") + 1)
        last.refresh_from_db()
        return last
    later = Run.objects.filter(state=Run.State.PUBLISHED, business_date__gt=business_date).exists()
    same = set(last.manifest.get("files", {})) == {str(f.pk) for f in files}
    if last.state == Run.State.PUBLISHED and same and not later:
        return last
    return _begin(business_date, now=now, engine=engine)


def _stopped(night: Run, refused: Refused, *, entity: Entity, now: datetime, by: Actor) -> None:
    with transaction.atomic():
        Run.objects.filter(pk=night.pk).update(state=Run.State.STOPPED, stop_reason=refused.as_json(), finished_at=now)
        evidence.write(
            kind="night.stopped", now=now, business_date=night.business_date, by=by, entity_id=entity.pk,
            data={"run": night.pk, **refused.as_json()},
        )  # fmt: skip


def _work(night: Run, entity: Entity, *, now: datetime, by: Actor, watch: Watch, engine: str, master: str) -> None:
    folder = freezing.folder_of(night)
    session.sweep()
    connection = session.connect()
    try:
        if night.frozen_at is None:
            began = time.monotonic()
            manifest = freezing.freeze(night, entity_id=entity.pk, now=now, folder=folder)
            rows = sum(one["rows"] for one in manifest["inputs"].values())
            with transaction.atomic():
                Run.objects.filter(pk=night.pk, epoch=night.epoch).update(frozen_at=now, manifest=manifest)
                _keep_step(night, "freeze", 0, rows=rows, seconds=time.monotonic() - began, hash="")
                evidence.write(
                    kind="night.started", now=now, business_date=night.business_date, by=by, entity_id=entity.pk,
                    data={"run": night.pk, "number": night.number, "restated": night.restated},
                )  # fmt: skip
            night.refresh_from_db()
        strategy = program.frozen_strategy(night.manifest)
        freezing.load(connection, folder, night.business_date)
        programs = program.whole_night(strategy)
        watch(_told(night, "freeze", len(programs) + 2))
        with _engine(engine, connection, folder, master=master) as runner:
            steps(night, connection, runner, programs, folder, watch)
        check_totals(connection)
        began = time.monotonic()
        rows, touched = publishing.publish(
            night, connection, entity_id=entity.pk, strategy=strategy.sha256, now=now, by=by
        )
        position = len(programs) + 1
        with transaction.atomic():
            publishing.figures(night, connection)
            _keep_step(night, "publish", position, rows=rows, seconds=time.monotonic() - began, hash="")
            finished = Run.objects.filter(pk=night.pk, epoch=night.epoch, state=Run.State.RUNNING)
            if finished.update(state=Run.State.PUBLISHED, finished_at=now):
                Run.objects.filter(business_date=night.business_date, state=Run.State.PUBLISHED).exclude(
                    pk=night.pk
                ).update(state=Run.State.SUPERSEDED)
                evidence.write(
                    kind="night.published", now=now, business_date=night.business_date, by=by, entity_id=entity.pk,
                    data={"run": night.pk, "rows": rows, "touched_since": touched},
                )  # fmt: skip
        watch(_told(night, "publish", position + 1))
    finally:
        connection.close()


def _engine(name: str, connection: DuckDBPyConnection, folder: Path, *, master: str) -> OnDuckDB | OnSpark:
    if name == "duckdb":
        return OnDuckDB(connection)
    return OnSpark(connection, master=master, work=folder / "work", files=freezing.inputs(folder))


def steps(
    night: Run,
    connection: DuckDBPyConnection,
    runner: OnDuckDB | OnSpark,
    programs: tuple[Program, ...],
    folder: Path,
    watch: Watch,
) -> None:
    """Run the steps that are not done; what later steps need of the others is read from the lake."""
    done = {step.name: step for step in Step.objects.filter(run=night, state="done")}
    needed = _needed(programs)
    rows_in, money_in = night.manifest["inputs"]["position"]["rows"], None
    for position, step in enumerate(programs, start=1):
        kept = [table for table in step.outputs if table in needed]
        before = done.get(step.name)
        if before is not None:
            for table in kept:
                runner.take(table, folder / "tables" / f"{table}.parquet")
            rows_in, money_in = before.rows_out, before.money_out
            watch(_progress(before, len(programs) + 2, done_before=True))
            continue
        began = time.monotonic()
        _keep_step(night, step.name, position, state="running", rows_in=rows_in, money_in=money_in)
        runner.run(step)
        hashes = []
        for table in kept:
            runner.keep(table, folder / "tables" / f"{table}.parquet")
            hashes.append(f"{table} {content.content_hash(connection, table)}")
        rows_out, money_out = _size(connection, step)
        _keep_step(
            night, step.name, position, rows_in=rows_in, money_in=money_in, rows=rows_out, money=money_out,
            seconds=time.monotonic() - began, hash=hashlib.sha256("\n".join(sorted(hashes)).encode()).hexdigest(),
        )  # fmt: skip
        rows_in, money_in = rows_out, money_out
        watch(_told(night, step.name, len(programs) + 2))


def check_totals(connection: DuckDBPyConnection) -> None:
    """Refused when a sum that went in does not come out."""
    for name, expected, found in connection.execute("SELECT name, expected, found FROM total ORDER BY name").fetchall():
        if expected != found:
            raise Refused("totals_off", name=name, expected=str(expected), found=str(found))


def _needed(programs: tuple[Program, ...]) -> set[str]:
    """The tables that a later step reads, and those that stay."""
    needed = set(KEPT)
    for step in programs:
        needed |= _reads(step.sql) - set(step.outputs)
    return needed


@cache
def _reads(sql: str) -> frozenset[str]:
    return frozenset(
        table.name
        for statement in sqlglot.parse(sql, read="duckdb")
        for table in statement.expression.find_all(exp.Table)
    )


def _size(connection: DuckDBPyConnection, step: Program) -> tuple[int, Decimal | None]:
    table, money = TOLD_BY.get(step.name, (step.outputs[-1], None))
    told = f"sum({money})" if money else "NULL"
    return connection.execute(f"SELECT count(*), {told} FROM {table}").fetchone()


def _keep_step(
    night: Run, name: str, position: int, *, state: str = "done", rows_in: int = 0, money_in: Decimal | None = None,
    rows: int = 0, money: Decimal | None = None, seconds: float = 0, hash: str = "",
) -> Step:  # fmt: skip
    step, _ = Step.objects.update_or_create(
        run=night, name=name,
        defaults={
            "position": position, "state": state, "rows_in": rows_in, "rows_out": rows, "money_in": money_in,
            "money_out": money, "seconds": seconds, "content_hash": hash,
        },
    )  # fmt: skip
    return step


def _progress(step: Step, of: int, *, done_before: bool) -> Progress:
    return Progress(step.name, step.position, of, step.rows_out, step.money_out, step.seconds, done_before)


def _told(night: Run, name: str, of: int) -> Progress:
    return _progress(Step.objects.get(run=night, name=name), of, done_before=False)


def _tell_again(night: Run, watch: Watch) -> None:
    steps_of_run = list(Step.objects.filter(run=night).order_by("position"))
    for step in steps_of_run:
        watch(_progress(step, len(steps_of_run), done_before=True))


def _dry(entity: Entity, business_date: date, *, now: datetime, watch: Watch) -> Run:
    """All steps, in a folder of their own that is thrown away; nothing is written to PostgreSQL."""
    night = Run(
        business_date=business_date, number=0, state=Run.State.RUNNING, engine="duckdb", started_at=now,
        restated=Run.objects.filter(state=Run.State.PUBLISHED, business_date__gt=business_date).exists(),
    )  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="dunwell-dry-"))
    connection = session.connect()
    try:
        night.manifest = freezing.freeze(night, entity_id=entity.pk, now=now, folder=folder)
        freezing.load(connection, folder, business_date)
        programs = program.whole_night(program.frozen_strategy(night.manifest))
        for position, step in enumerate(programs, start=1):
            began = time.monotonic()
            step.run(connection)
            rows, money = _size(connection, step)
            watch(Progress(step.name, position, len(programs), rows, money, time.monotonic() - began, False))
        check_totals(connection)
    finally:
        connection.close()
        shutil.rmtree(folder, ignore_errors=True)
    return night
