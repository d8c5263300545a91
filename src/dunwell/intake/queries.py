"""Reads: the files of a day, what is missing, the quarantine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib import resources

import yaml

from dunwell.intake import contract as contracts
from dunwell.intake.models import IntakeFile, QuarantinedRow
from dunwell.kernel.times import BANK_ZONE

PAGE = 100


@dataclass(frozen=True, slots=True)
class Expected:
    """A file that a business date needs: by when, and whether the night waits for it."""

    kind: str
    due: datetime
    required: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """A file that is not there (or was refused); `late` when its time has passed."""

    kind: str
    due: datetime
    required: bool
    late: bool
    refused: IntakeFile | None = None


@cache
def _expected() -> dict[str, dict[str, object]]:
    return yaml.safe_load(resources.files("dunwell.intake").joinpath("expected.yaml").read_text("utf-8"))


def expected(business_date: date) -> list[Expected]:
    """The files of a business date with their times."""
    listed = []
    for kind in contracts.KINDS:
        given = _expected().get(kind)
        if given:
            at = time.fromisoformat(str(given["due"]))
            due = datetime.combine(business_date + timedelta(days=1), at, tzinfo=BANK_ZONE)
            listed.append(Expected(kind, due, bool(given["required"])))
    return listed


def missing_files(business_date: date, now: datetime, *, entity_id: int | None = None) -> list[Missing]:
    """What of a business date is not in force; the front page says those that are required or were refused."""
    files = IntakeFile.objects.filter(business_date=business_date).order_by("id")
    if entity_id is not None:
        files = files.filter(entity_id=entity_id)
    there = {file.kind for file in files if file.status == IntakeFile.Status.TAKEN}
    refused = {file.kind: file for file in files if file.status == IntakeFile.Status.REFUSED}
    return [
        Missing(each.kind, each.due, each.required, now >= each.due, refused.get(each.kind))
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
