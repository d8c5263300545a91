"""The lake's upkeep: what is kept how long, packing, and whether each file still holds what its run wrote.

A run's row and its steps' are the commit of its files. What is to go is first said there, then deleted; what is packed has
the content that they name. So whoever is killed in between loses nothing, and calling again ends it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from dunwell.engine import content, lake, session
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity
from dunwell.intake.models import IntakeFile
from dunwell.kernel.actor import Actor
from dunwell.nightly import numbers, rules
from dunwell.nightly.models import Run, Step
from dunwell.nightly.services import freezing
from dunwell.nightly.services.stepping import PUBLISH

ABANDONED = 24 * 3600  # seconds after which a half-written file has nobody who writes it


@dataclass(frozen=True, slots=True)
class File:
    """A file of the lake and the content that its commit names."""

    path: Path
    content_hash: str


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was done: files, and the bytes they no longer take."""

    files: int
    bytes: int


def prune(*, today: date, now: datetime, by: Actor) -> Upkeep:
    """Delete what is kept no longer (lake.yaml), each run's deletion written into the log before."""
    keep = rules.keeping(today)
    published = set(Step.objects.filter(name=PUBLISH, state="done").values_list("run", flat=True))
    files = freed = 0
    for run in Run.objects.exclude(state=Run.State.RUNNING).defer("manifest").order_by("id"):
        age = (today - run.business_date).days
        folder = freezing.folder_of(run)
        if age <= (keep.published if run.pk in published else keep.unpublished) or not folder.exists():
            continue
        _say(run, "all", today=today, now=now, by=by)
        count, size = _delete(folder)
        files, freed = files + count, freed + size
    for path in _abandoned(now):
        count, size = _delete(path)
        files, freed = files + count, freed + size
    return Upkeep(files, freed)


def compact(*, today: date) -> Upkeep:
    """Pack the files of nights and takes that are `lake_loose` days old. lake.Other: one holds something else."""
    before = today - timedelta(days=rules.keeping(today).loose)
    files = freed = 0
    with session.connect() as connection:
        for file in _committed(before):
            size = file.path.stat().st_size
            if lake.compact(connection, file.path, content_hash=file.content_hash):
                files, freed = files + 1, freed + size - file.path.stat().st_size
    for run in _with_files(before):  # the position is the take's file under a second name: now of the packed one
        taken = _taken(run)
        position = freezing.folder_of(run) / "inputs" / "position.parquet"
        if taken is not None and taken.exists() and position.exists():
            lake.link(taken, position)
    return Upkeep(files, freed)


def check() -> Iterator[str]:
    """A sentence for each file that is missing or does not hold what its run wrote."""
    with session.connect() as connection:
        for file in _committed(date.max, missing=True):
            name = file.path.relative_to(settings.LAKE)
            if not file.path.exists():
                yield f"{name} is missing."
            elif not content.comparable(file.content_hash):
                yield f"{name} was hashed by another engine, so nothing can be compared with it."
            elif not lake.holds(connection, file.path, file.content_hash):
                yield f"{name} does not hold what was written there."


def _with_files(before: date) -> Iterator[Run]:
    yield from (
        Run.objects.exclude(state=Run.State.RUNNING)
        .exclude(pruned__has_key="all")
        .filter(business_date__lt=before, frozen_at__isnull=False)
        .order_by("id")
        .iterator(chunk_size=50)
    )


def _committed(before: date, *, missing: bool = False) -> Iterator[File]:
    """Every file that a commit names: of takes in force, of runs; those that are not there only with `missing`."""
    for taken in IntakeFile.objects.filter(status=IntakeFile.Status.TAKEN, business_date__lt=before).exclude(
        lake_path=""
    ):
        path = Path(settings.LAKE) / taken.lake_path
        if taken.content_hash and (missing or path.exists()):
            yield File(path, taken.content_hash)
    for run in _with_files(before):
        folder = freezing.folder_of(run)
        named = [
            (folder / "inputs" / f"{name}.parquet", of["hash"])
            for name, of in run.manifest["inputs"].items() if name != "position"
        ]  # fmt: skip
        named += [
            (folder / "inputs" / numbers.FOLDER / f"{name}.parquet", of["hash"])
            for name, of in run.manifest.get("numbers", {}).items()
        ]
        for tables in Step.objects.filter(run=run, state="done").values_list("tables", flat=True):
            named += [(folder / "tables" / f"{name}.parquet", hash) for name, hash in tables.items()]
        yield from (File(path, hash) for path, hash in named if missing or path.exists())


def _taken(run: Run) -> Path | None:
    """The take that a run's position is."""
    found = IntakeFile.objects.filter(pk=run.manifest["inputs"]["position"]["file"]).first()
    return Path(settings.LAKE) / found.lake_path if found is not None and found.lake_path else None


def _abandoned(now: datetime) -> Iterator[Path]:
    """Drafts, Spark's work and dry runs of processes that were killed."""
    root, since = Path(settings.LAKE), now.timestamp() - ABANDONED
    for pattern in ("dry-*", "date=*/run=*/work", "date=*/run=*/*/.*", "date=*/run=*/*/*/.*", "intake/*/*/.*"):
        for path in root.glob(pattern):
            if path.stat().st_mtime < since:
                yield path


@transaction.atomic
def _say(run: Run, what: str, *, today: date, now: datetime, by: Actor) -> None:
    if what in run.pruned:  # said before, by one who did not come to the end
        return
    run.pruned = {**run.pruned, what: today.isoformat()}
    run.save(update_fields=["pruned"])
    evidence.write(
        kind="lake.pruned", now=now, by=by, entity_id=run.manifest.get("entity") or _bank(), business_date=today,
        data={"run": run.pk, "business_date": run.business_date.isoformat(), "what": what},
    )  # fmt: skip


def _bank() -> int:
    return Entity.objects.get(code=settings.BANK_ENTITY).pk


def _delete(path: Path) -> tuple[int, int]:
    """How many files went, and the bytes of those that no other name holds."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    size = sum(one.stat().st_size for one in files if one.stat().st_nlink == 1)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    return len(files), size
