"""The night: freeze, steps, publish. Killed at any line and run again it ends the same, with nothing twice."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection as database
from django.db import connections, transaction
from django.db.models import F, Max
from duckdb import DuckDBPyConnection

from dunwell.engine import passing, session
from dunwell.engine.programs import OnDuckDB
from dunwell.engine.spark import OnSpark
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity
from dunwell.intake.models import IntakeFile
from dunwell.kernel.actor import Actor
from dunwell.nightly import program
from dunwell.nightly.measures import Size
from dunwell.nightly.models import Run, Step
from dunwell.nightly.services import freezing, publishing
from dunwell.nightly.services.errors import Busy, Refused
from dunwell.nightly.services.reassessing import reassess
from dunwell.nightly.services.stepping import FREEZE, PUBLISH, Stepping, Watch, check_totals

LOCK = "SELECT pg_try_advisory_lock(hashtext('dunwell.nightly'))"
PATIENCE = 5.0  # seconds in which the server notices that a killed runner is gone and gives its lock back
UNLOCK = "SELECT pg_advisory_unlock(hashtext('dunwell.nightly'))"


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
    A dry run writes nothing but what it prints. `engine` is `duckdb` or `spark`; `master` is Spark's.
    """
    entity = Entity.objects.get(code=settings.BANK_ENTITY)
    watch = progress or (lambda _: None)
    with lock():
        if dry_run:
            return _dry(entity, business_date, now=now, watch=watch, engine=engine, master=master)
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
def lock() -> Iterator[None]:
    """One night at a time, and nothing else that publishes. Busy when another holds it for longer than a moment."""
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
    passing.sweep()
    connection = session.connect()
    try:
        if night.frozen_at is None:
            _freeze(night, entity, now=now, by=by, folder=folder)
        strategy = program.frozen_strategy(night.manifest)
        freezing.load(connection, folder, night.business_date)
        programs = program.whole_night(strategy)
        stepping = Stepping(night, watch, of=len(programs) + 2)
        Run.objects.filter(pk=night.pk).update(steps_in_all=stepping.of)
        stepping.tell(Step.objects.get(run=night, name=FREEZE))
        with _engine(engine, connection, folder, master=master) as runner:
            stepping.run(connection, runner, programs, folder)
            check_totals(night, connection)
        began, position = time.monotonic(), len(programs) + 1
        stepping.keep(PUBLISH, position, state="running")
        rows, touched = publishing.publish(
            night, connection, entity_id=entity.pk, strategy=strategy.sha256, now=now, by=by,
            staged=lambda partitions: stepping.keep(PUBLISH, position, state="running", parts=partitions),
        )  # fmt: skip
        with transaction.atomic():
            publishing.figures(night, connection)
            publishing.differences(night, connection, entity_id=entity.pk)
            touched += publishing.stand(night, connection, entity_id=entity.pk, now=now)
            stepping.end(PUBLISH, position, came=Size(0, {}), went=Size(rows, {}), began=began)
            finished = Run.objects.filter(pk=night.pk, epoch=night.epoch, state=Run.State.RUNNING)
            if finished.update(state=Run.State.PUBLISHED, finished_at=now):
                Run.objects.filter(business_date=night.business_date, state=Run.State.PUBLISHED).exclude(
                    pk=night.pk
                ).update(state=Run.State.SUPERSEDED)
                evidence.write(
                    kind="night.published", now=now, business_date=night.business_date, by=by, entity_id=entity.pk,
                    data={"run": night.pk, "rows": rows, "touched_since": touched},
                )  # fmt: skip
                _say_unusual(night, entity, now=now, by=by)
    finally:
        connection.close()


def _freeze(night: Run, entity: Entity, *, now: datetime, by: Actor, folder: Path) -> None:
    began = time.monotonic()
    Step.objects.update_or_create(run=night, name=FREEZE, defaults={"position": 0, "state": "running"})
    with _progress_of_the_freeze(night) as copied:
        manifest = freezing.freeze(night, entity_id=entity.pk, now=now, folder=folder, copied=copied)
    rows = sum(one["rows"] for one in manifest["inputs"].values())
    with transaction.atomic():
        Run.objects.filter(pk=night.pk, epoch=night.epoch).update(frozen_at=now, manifest=manifest)
        Step.objects.filter(run=night, name=FREEZE).update(
            state="done", rows_in=rows, rows_out=rows, seconds=time.monotonic() - began
        )
        evidence.write(
            kind="night.started", now=now, business_date=night.business_date, by=by, entity_id=entity.pk,
            data={"run": night.pk, "number": night.number, "restated": night.restated},
        )  # fmt: skip
    night.refresh_from_db()


@contextmanager
def _progress_of_the_freeze(night: Run) -> Iterator[Callable[[int, int], None]]:
    """Tells how many inputs are copied, on a connection of its own: that of the snapshot says nothing until it ends."""
    aside = connections.create_connection("default")
    try:

        def copied(done: int, of: int) -> None:
            with aside.cursor() as cursor:
                cursor.execute(
                    "UPDATE nightly_step SET parts_done = %s, parts = %s WHERE run_id = %s AND name = %s",
                    [done, of, night.pk, FREEZE],
                )

        yield copied
    finally:
        aside.close()


def _say_unusual(night: Run, entity: Entity, *, now: datetime, by: Actor) -> None:
    odd = {step.name: step.unusual for step in Step.objects.filter(run=night).exclude(unusual=[]).order_by("position")}
    if odd:
        evidence.write(
            kind="night.unusual", now=now, business_date=night.business_date, by=by, entity_id=entity.pk,
            data={"run": night.pk, "steps": odd},
        )  # fmt: skip


def _engine(name: str, connection: DuckDBPyConnection, folder: Path, *, master: str) -> OnDuckDB | OnSpark:
    if name == "duckdb":
        return OnDuckDB(connection)
    return OnSpark(connection, master=master, work=folder / "work", files=freezing.inputs(folder))


def _tell_again(night: Run, watch: Watch) -> None:
    known = list(Step.objects.filter(run=night).order_by("position"))
    stepping = Stepping(night, watch, of=len(known))
    for step in known:
        stepping.tell(step, done_before=True)


def _dry(entity: Entity, business_date: date, *, now: datetime, watch: Watch, engine: str, master: str) -> Run:
    """All steps, in a folder of their own that is thrown away; nothing is written to PostgreSQL."""
    night = Run(
        business_date=business_date, number=0, state=Run.State.RUNNING, engine=engine, started_at=now,
        restated=Run.objects.filter(state=Run.State.PUBLISHED, business_date__gt=business_date).exists(),
    )  # fmt: skip
    # among the files of the lake, which Spark's executors reach as well
    Path(settings.LAKE).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="dry-", dir=settings.LAKE))
    connection = session.connect()
    try:
        night.manifest = freezing.freeze(night, entity_id=entity.pk, now=now, folder=folder)
        freezing.load(connection, folder, business_date)
        programs = program.whole_night(program.frozen_strategy(night.manifest))
        stepping = Stepping(night, watch, of=len(programs))
        with _engine(engine, connection, folder, master=master) as runner:
            stepping.run(connection, runner, programs, folder)
            check_totals(night, connection)
    finally:
        connection.close()
        shutil.rmtree(folder, ignore_errors=True)
    return night
