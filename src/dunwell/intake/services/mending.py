"""Rows of quarantine are mended, in the browser or as a file, and taken after all; or discarded."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from duckdb import DuckDBPyConnection

from dunwell.engine import content, lake, session
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity
from dunwell.intake import contract as contracts
from dunwell.intake import reading
from dunwell.intake.checking import Wrong, shown
from dunwell.intake.contract import KEY_DIGEST, Contract
from dunwell.intake.mapping import ROW_COLUMN, Mapping, literal, quoted
from dunwell.intake.models import IntakeFile, QuarantinedRow
from dunwell.intake.reading import NUMBER, Delivered
from dunwell.intake.refusal import Refused
from dunwell.intake.services import taking
from dunwell.intake.services.keeping import Keep, default_keep, refused_rows, say
from dunwell.intake.services.quarantine import unseal_row
from dunwell.intake.services.rows import columns, has_key_digest, key_digest, lake_rows
from dunwell.intake.services.validating import validate
from dunwell.kernel import numbers
from dunwell.kernel.actor import Actor


@dataclass(slots=True, kw_only=True)
class Mended:
    """`file` is in force now, with the rows that were right; `wrong` are those that still are not."""

    file: IntakeFile
    taken: list[int] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)


def open_row(*, row: QuarantinedRow) -> dict[str, str | None]:
    """The cells of a row as delivered, by the names of its file's header. For services; pages call reveal_row."""
    return unseal_row(row.file, row)


@transaction.atomic
def reveal_row(*, row: QuarantinedRow, by: Actor, now: datetime) -> dict[str, str | None]:
    """The cells of a row for a person's eyes. Logged."""
    _log_reveal(row.file, [row.row_number], by=by, now=now)
    return open_row(row=row)


def _log_reveal(file: IntakeFile, rows: list[int], *, by: Actor, now: datetime) -> None:
    evidence.write(
        kind="intake.row_revealed", now=now, business_date=file.business_date, by=by, entity_id=file.entity_id,
        data={"file_id": file.pk, "name": file.name, "rows": rows[:100], "count": len(rows)},
    )  # fmt: skip


@transaction.atomic
def export_rows(*, file: IntakeFile, by: Actor, now: datetime) -> str:
    """The open rows as CSV in the bank's own layout, after their number (`#row`): to be mended and sent again."""
    rows = list(file.quarantine.filter(status=QuarantinedRow.Status.OPEN).order_by("row_number"))
    out = io.StringIO()
    opened = [unseal_row(file, row) for row in rows]
    names = list(dict.fromkeys(name for cells in opened for name in cells if name != "#more"))
    write = csv.writer(out, lineterminator="\r\n")
    write.writerow([ROW_COLUMN, *names])
    for row, cells in zip(rows, opened, strict=True):
        write.writerow([row.row_number, *(cells.get(name) or "" for name in names)])
    if rows:
        _log_reveal(file, [row.row_number for row in rows], by=by, now=now)
    return out.getvalue()


def mend_file(
    *, delivered: Delivered, kind: str, business_date: date, entity: Entity, now: datetime, by: Actor,
    keep: Keep | None, tables: numbers.Tables | None, folder: Path,
) -> taking.Taken:  # fmt: skip
    """Take a file of mended rows (its first column is `#row`). The same file again has no effect."""
    file = taking.in_force(entity, kind, business_date)
    if file is None:
        raise Refused("nothing_to_mend", kind=kind, business_date=business_date)
    duck = session.connect()
    try:
        reading.load_raw(duck, delivered, folder)
        names = [name for name in delivered.header if name != ROW_COLUMN]
        wanted = ", ".join(map(quoted, names))
        rows = {
            number: {name: value for name, value in zip(names, values, strict=True)}
            for number, *values in duck.execute(f"SELECT {NUMBER}, {wanted} FROM raw").fetchall()
            if number is not None
        }
    finally:
        duck.close()
    mended = mend(file=file, rows=rows, by=by, now=now, keep=keep, tables=tables)
    return taking.Taken(outcome="taken" if mended.taken else "already", file=mended.file)


def mend(
    *,
    file: IntakeFile,
    rows: dict[int, dict[str, str | None]],
    by: Actor,
    now: datetime,
    keep: Keep | None = None,
    tables: numbers.Tables | None = None,
) -> Mended:
    """Check mended rows (number -> cells that replace the delivered ones) and take those that are right.

    They join the rows of their file under a new lake file, which supersedes it; the rest of the quarantine moves
    along. Numbers that are not open in quarantine are left alone.
    """
    with taking.spool() as folder, transaction.atomic():
        taking.lock(file.entity_id, file.kind, file.business_date)
        current = taking.in_force(file.entity, file.kind, file.business_date)
        if current is None:
            raise Refused("nothing_to_mend", kind=file.kind, business_date=file.business_date)
        waiting = {
            row.row_number: row
            for row in current.quarantine.select_for_update(of=("self",)).filter(
                status=QuarantinedRow.Status.OPEN, row_number__in=list(rows)
            )
        }
        if not waiting:
            return Mended(file=current)
        cells = {number: {**unseal_row(current, row), **rows[number]} for number, row in waiting.items()}
        duck = session.connect(spill=folder / "spill")
        try:
            return _mend(duck, current, waiting, cells, by=by, now=now, keep=keep, tables=tables, folder=folder)
        finally:
            duck.close()


def _mend(
    duck: DuckDBPyConnection, file: IntakeFile, waiting: dict[int, QuarantinedRow],
    cells: dict[int, dict[str, str | None]], *, by: Actor, now: datetime, keep: Keep | None,
    tables: numbers.Tables | None, folder: Path,
) -> Mended:  # fmt: skip
    contract, mapping = contracts.load(file.kind), Mapping(file.mapping)
    header = list(dict.fromkeys(name for each in cells.values() for name in each if name != "#more"))
    _raw(duck, header, cells, folder)
    result = validate(
        duck, contract, mapping, header=header, row_sql=NUMBER, business_date=file.business_date,
        entity_id=file.entity_id, tables=tables or taking.default_tables(contract), folder=folder, rows=len(cells),
    )  # fmt: skip
    old = f"read_parquet({literal(settings.LAKE / file.lake_path)})"
    wrong = {each.row: each for each in [*result.wrong, *_already_there(duck, contract, file)]}
    right = sorted(set(waiting) - set(wrong))
    if not right:
        return Mended(file=file, wrong=list(wrong.values()))
    both = f"(SELECT {columns(contract)} FROM {old} UNION ALL SELECT {columns(contract)} FROM good)"
    kept = keep or default_keep(contract, entity=file.entity, business_date=file.business_date, by=by, now=now)
    answer = None
    if kept is not None:  # a keeper without personal columns is given the day as a whole, as from a whole file
        duck.execute(f"CREATE VIEW whole AS SELECT * FROM {both}")
        answer = kept(duck, "good" if contract.about_people else "whole")
        wrong |= {each.row: each for each in refused_rows(duck, contract, answer)}
        right = [number for number in right if number not in wrong]
        if not right:
            return Mended(file=file, wrong=list(wrong.values()))
    mended = lake_rows(contract, "good", entity_id=file.entity_id, business_date=file.business_date)
    # a file of before rows had hashes of their keys has none for its own rows
    stands = f"(SELECT * FROM {old} UNION ALL BY NAME SELECT * FROM {mended})"
    path_in_lake = f"intake/{file.kind}/date={file.business_date}/{uuid.uuid4().hex}.parquet"
    lake.write_parquet(duck, stands, settings.LAKE / path_in_lake)
    sent = json.dumps([[number, cells[number]] for number in right], ensure_ascii=False, sort_keys=True)
    after = IntakeFile(
        entity=file.entity, kind=file.kind, business_date=file.business_date, name=file.name,
        sha256=hashlib.sha256(f"{file.sha256}\n{sent}".encode()).hexdigest(),
        mapping_sha256=file.mapping_sha256, mapping=file.mapping, status=IntakeFile.Status.TAKEN,
        rows_read=file.rows_read, rows_taken=file.rows_taken + len(right),
        rows_warned=file.rows_warned + result.warned, rows_quarantined=file.rows_quarantined - len(right),
        control=file.control, warnings=_added(file.warnings, result.warnings), lake_path=path_in_lake,
        changes={"added": len(right), "removed": 0, "changed": 0, "columns": {}, "mended": right[:1000]},
        content_hash=content.content_hash(duck, both), stored=file.stored, recorded_at=now,
    )  # fmt: skip
    taking.supersede(file, after)
    after.save()
    QuarantinedRow.objects.filter(file=file, row_number__in=right).update(
        status=QuarantinedRow.Status.RESENT, answered_by=by.user_id, answered_at=now
    )
    QuarantinedRow.objects.filter(file=file, status=QuarantinedRow.Status.OPEN).update(file=after)
    say(after, answer)
    evidence.write(
        kind="intake.row_resent", now=now, business_date=file.business_date, by=by, entity_id=file.entity_id,
        data={"file_id": after.pk, "name": file.name, "rows": right[:1000], "content": after.content_hash},
    )  # fmt: skip
    return Mended(file=after, taken=right, wrong=list(wrong.values()))


def _raw(duck: DuckDBPyConnection, header: list[str], cells: dict[int, dict[str, str | None]], folder: Path) -> None:
    path = folder / "mended"
    with path.open("w", encoding="utf-8", newline="") as out:
        write = csv.writer(out, lineterminator="\n")
        for number, values in sorted(cells.items()):
            write.writerow([number, *(values.get(name) or "" for name in header)])
    types = ", ".join(f"{literal(name)}: '{'BIGINT' if name == NUMBER else 'VARCHAR'}'" for name in [NUMBER, *header])
    duck.execute(
        f"CREATE TABLE raw AS SELECT * FROM read_csv({literal(path)}, auto_detect = false, header = false, "
        f"delim = ',', quote = '\"', escape = '\"', columns = {{{types}}}, max_line_size = 4194304)"
    )
    path.unlink()


def _already_there(duck: DuckDBPyConnection, contract: Contract, file: IntakeFile) -> list[Wrong]:
    """Mended rows whose key the file in force has already; a key with a personal part is known by its hash."""
    path = settings.LAKE / file.lake_path
    old, name = f"read_parquet({literal(path)})", contract.key[0]
    if contract.key_in_lake:
        same = " AND ".join(f"o.{quoted(name)} = c.{quoted(name)}" for name in contract.key)
    elif has_key_digest(duck, path):
        digest = key_digest(contract, entity_id=file.entity_id, business_date=file.business_date)
        same, name = f"o.{KEY_DIGEST} = {digest}", contract.key[-1]
    else:
        return []
    found = duck.execute(
        f"SELECT __row, {quoted(name)} FROM checked c WHERE __error = 0 AND EXISTS (SELECT 1 FROM {old} o WHERE {same})"
    ).fetchall()
    if found:
        duck.execute("UPDATE checked SET __error = -1 WHERE __row IN (SELECT unnest(?))", [[row for row, _ in found]])
    return [Wrong(row, "there_already", name, shown(contract.column(name), value)) for row, value in found]


def _added(before: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    return {code: before.get(code, 0) + more.get(code, 0) for code in {*before, *more}}


@transaction.atomic
def discard(*, row: QuarantinedRow, by: Actor, now: datetime) -> QuarantinedRow:
    """Leave a row out for good. The same again changes nothing."""
    row = QuarantinedRow.objects.select_for_update(of=("self",)).select_related("file").get(pk=row.pk)
    if row.status != QuarantinedRow.Status.OPEN:
        return row
    row.status, row.answered_by, row.answered_at = QuarantinedRow.Status.DISCARDED, by.user_id, now
    row.save(update_fields=["status", "answered_by", "answered_at"])
    evidence.write(
        kind="intake.row_discarded", now=now, business_date=row.file.business_date, by=by, entity_id=row.file.entity_id,
        data={"file_id": row.file_id, "name": row.file.name, "row": row.row_number},
    )  # fmt: skip
    return row
