"""Reads: the files of a day, what is missing, the quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import resources
from pathlib import Path

import yaml
from django.conf import settings

from dunwell.intake import contract as contracts
from dunwell.intake.models import IntakeFile, QuarantinedRow
from dunwell.kernel.times import BANK_ZONE

PAGE = 100


@dataclass(frozen=True, slots=True)
class Expected:
    """A file that a business date needs: by when, whether each day has one, and whether the night waits for it."""

    kind: str
    due: datetime
    daily: bool
    required: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """A file that is not there (or was refused); `late` when its time has passed."""

    kind: str
    due: datetime
    daily: bool
    required: bool
    late: bool
    refused: IntakeFile | None = None


@cache
def _expected(own: Path) -> dict[str, dict[str, object]]:
    """The bank's own list where it keeps one, else the product's; ValueError names what is wrong in it."""
    shipped = resources.files("dunwell.intake").joinpath("expected.yaml")
    given = yaml.safe_load((own if own.is_file() else shipped).read_text("utf-8")) or {}
    for kind, said in given.items():
        if kind not in contracts.KINDS:
            raise ValueError(f"{own}: {kind} is no kind of file; there are {', '.join(contracts.KINDS)}")
        if not isinstance(said, dict) or set(said) != {"due", "daily", "required"}:
            raise ValueError(f"{own}: {kind} needs due, daily and required")
        time.fromisoformat(str(said["due"]))
    return given


def expected(business_date: date) -> list[Expected]:
    """The files of a business date with their times."""
    listed = []
    for kind in contracts.KINDS:
        given = _expected(settings.EXPECTED_FILES).get(kind)
        if given:
            at = time.fromisoformat(str(given["due"]))
            due = datetime.combine(business_date + timedelta(days=1), at, tzinfo=BANK_ZONE)
            listed.append(Expected(kind, due, bool(given["daily"]), bool(given["required"])))
    return listed


def missing_files(business_date: date, now: datetime, *, entity_id: int | None = None) -> list[Missing]:
    """What of a business date is not in force, whether it is late or not."""
    files = IntakeFile.objects.filter(business_date=business_date).order_by("id")
    if entity_id is not None:
        files = files.filter(entity_id=entity_id)
    there = {file.kind for file in files if file.status == IntakeFile.Status.TAKEN}
    refused = {file.kind: file for file in files if file.status == IntakeFile.Status.REFUSED}
    return [
        Missing(each.kind, each.due, each.daily, each.required, now >= each.due, refused.get(each.kind))
        for each in expected(business_date)
        if each.kind not in there
    ]


def files_of(business_date: date, *, entity_id: int) -> list[IntakeFile]:
    """Every file of a day, also refused and superseded ones, the newest first."""
    return list(IntakeFile.objects.filter(entity_id=entity_id, business_date=business_date).order_by("-id")[:200])


def days(*, entity_id: int, before: date | None = None) -> list[date]:
    """Business dates that have files, the latest first."""
    files = IntakeFile.objects.filter(entity_id=entity_id)
    if before is not None:
        files = files.filter(business_date__lt=before)
    return list(files.order_by("-business_date").values_list("business_date", flat=True).distinct()[:14])


def quarantine(file: IntakeFile, *, after: int = 0, status: str = "") -> list[QuarantinedRow]:
    """Rows of a file's quarantine in the file's order, a page after a row's number."""
    rows = file.quarantine.filter(row_number__gt=after)
    if status:
        rows = rows.filter(status=status)
    return list(rows.order_by("row_number")[: PAGE + 1])


def in_force(business_date: date, *, entity_id: int) -> dict[str, IntakeFile]:
    """The files that count for a day, by kind."""
    return {
        file.kind: file
        for file in IntakeFile.objects.filter(
            entity_id=entity_id, business_date=business_date, status=IntakeFile.Status.TAKEN
        )
    }
