"""Take a file in: read, check, write the lake, commit. Killed at any line and run again it does the same once."""

from __future__ import annotations

import re
import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.utils.module_loading import import_string
from duckdb import DuckDBPyConnection

from dunwell.engine import content, lake, passing, session
from dunwell.evidence import services as evidence
from dunwell.identity.models import Entity
from dunwell.intake import contract as contracts
from dunwell.intake import mapping as mappings
from dunwell.intake import reading, totals
from dunwell.intake.checking import Wrong
from dunwell.intake.contract import KEY_DIGEST, Contract
from dunwell.intake.mapping import ROW_COLUMN, Mapping, literal, quoted
from dunwell.intake.models import IntakeFile, QuarantinedRow
from dunwell.intake.reading import Delivered
from dunwell.intake.refusal import Refused
from dunwell.intake.services.keeping import Keep, default_keep, refused_rows, say, write_again
from dunwell.intake.services.quarantine import seal_row
from dunwell.intake.services.rows import columns, has_key_digest, lake_rows
from dunwell.intake.services.validating import Validated, validate
from dunwell.kernel import numbers
from dunwell.kernel.actor import Actor

_NAME = re.compile(r"(?P<kind>[a-z_]+?)[_-](?P<date>\d{4}-\d{2}-\d{2}|\d{8})(?=[._-]|$)")
#: Kinds in which a day without a single row is a day on which nothing happened.
MAY_BE_EMPTY = frozenset({"transactions", "statements", "cards", "contact_points", "instruction_answers"})
BATCH = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a file. `outcome` is taken, already or refused; `file` is its row."""

    outcome: str
    file: IntakeFile

    @property
    def refused(self) -> bool:
        return self.outcome == "refused"

    def as_json(self) -> dict[str, Any]:
        """What a command prints with --json."""
        file = self.file
        return {
            "file": file.name,
            "kind": file.kind,
            "business_date": file.business_date.isoformat(),
            "outcome": self.outcome,
            "rows_read": file.rows_read,
            "rows_taken": file.rows_taken,
            "rows_warned": file.rows_warned,
            "rows_in_quarantine": file.rows_quarantined,
            "totals_agreed": totals_agreed(file),
            "control": file.control,
            "warnings": file.warnings,
            "changes": file.changes,
            "refusal": file.refusal,
        }


def totals_agreed(file: IntakeFile) -> bool | None:
    """Whether its control totals agreed; None when there were none, or a sum could not be proved."""
    if not file.control or file.control.get("unproved"):
        return None
    return file.status != IntakeFile.Status.REFUSED


def take(
    *,
    path: Path,
    business_date: date,
    entity: Entity,
    now: datetime,
    by: Actor,
    contract: str | None = None,
    mapping: Mapping | Path | None = None,
    keep: Keep | None = None,
    tables: numbers.Tables | None = None,
    name: str = "",
) -> Taken:
    """Take one file of the bank's.

    `contract` is its kind, else the mapping's, else its name's (`accounts_2026-11-22.csv`). `keep(connection, table)`
    is called inside the transaction with the DuckDB table of the good rows; without it the keeper that the
    settings name for the kind is called. `tables` says which regions and prefixes exist. A refused file is
    recorded and answered, never raised; a path that is not there raises FileNotFoundError.
    """
    path, name = Path(path), name or Path(path).name
    given, mapping = mapping, mapping if isinstance(mapping, Mapping) else Mapping()
    facts = {"entity": entity, "business_date": business_date, "name": name[:200], "recorded_at": now}
    with spool() as folder:
        kind, delivered = "", None
        try:
            if isinstance(given, Path):
                mapping = mappings.load(given)
            kind = _kind(name, contract or mapping.contract, business_date, mapping.contract)
            if mapping.contract and mapping.contract != kind:
                raise Refused("other_mapping", kind=kind, mapping=mapping.contract)
            sha256 = reading.fingerprint(path)
            again = _already(entity, kind, business_date, sha256, mapping)
            if again is not None:
                return Taken(outcome="already", file=again)
            delivered = reading.prepare(path, mapping=mapping, folder=folder)
            if ROW_COLUMN in delivered.header:
                from dunwell.intake.services.mending import mend_file

                return mend_file(
                    delivered=delivered, kind=kind, business_date=business_date, entity=entity, now=now, by=by,
                    keep=keep, tables=tables, folder=folder,
                )  # fmt: skip
            return _take(
                path, contracts.load(kind), mapping, delivered, facts, by=by, keep=keep, tables=tables, folder=folder
            )
        except Refused as refusal:
            return _refuse(refusal, kind, path, mapping, facts, by=by)


def _take(
    path: Path, contract: Contract, mapping: Mapping, delivered: Delivered, facts: dict[str, Any], *,
    by: Actor, keep: Keep | None, tables: numbers.Tables | None, folder: Path,
) -> Taken:  # fmt: skip
    entity, business_date, now = facts["entity"], facts["business_date"], facts["recorded_at"]
    duck = session.connect(spill=folder / "spill")
    try:
        rows = reading.load_raw(duck, delivered, folder)
        if rows == 0 and contract.kind not in MAY_BE_EMPTY:
            raise Refused("no_rows")
        result = validate(
            duck, contract, mapping, header=delivered.header, row_sql=delivered.row_sql, business_date=business_date,
            entity_id=entity.pk, tables=tables or default_tables(contract), folder=folder, rows=rows,
        )  # fmt: skip
        result.wrong += [_ragged(number, cells, delivered) for number, cells in delivered.ragged]
        told = totals.said(path, delivered.trailer, mapping, contract)
        if not told and (mapping.of("totals") or {}).get("required"):
            raise Refused("totals_missing")
        control = totals.agree(duck, told, rows, result.wrong)
        if result.too_many:
            raise Refused("too_many_wrong", **_commonest(result, rows))
        quarantine = quarantined(duck, contract, delivered, result.wrong, business_date)
        good = f"(SELECT {columns(contract)} FROM good)"
        path_in_lake = f"intake/{contract.kind}/date={business_date}/{uuid.uuid4().hex}.parquet"
        stands = lake_rows(contract, "good", entity_id=entity.pk, business_date=business_date)
        lake.write_parquet(duck, stands, settings.LAKE / path_in_lake)
        file = IntakeFile(
            **facts,
            kind=contract.kind,
            sha256=delivered.sha256,
            mapping_sha256=mapping.sha256,
            mapping=mapping.data,
            status=IntakeFile.Status.TAKEN,
            rows_read=rows,
            rows_taken=rows - len(result.wrong),
            rows_warned=result.warned,
            rows_quarantined=len(result.wrong),
            control=control,
            warnings=dict(result.warnings),
            lake_path=path_in_lake,
            content_hash=content.content_hash(duck, good),
        )
        kept = keep or default_keep(contract, entity=entity, business_date=business_date, by=by, now=now)
        return _commit(duck, path, contract, mapping, delivered, file, quarantine, by=by, keep=kept)
    finally:
        duck.close()


@transaction.atomic
def _commit(
    duck: DuckDBPyConnection, path: Path, contract: Contract, mapping: Mapping, delivered: Delivered, file: IntakeFile,
    quarantine: list[QuarantinedRow], *, by: Actor, keep: Keep | None,
) -> Taken:  # fmt: skip
    """One transaction: the file, its quarantine, what its kind keeps, the log. Of two takers one waits here."""
    lock(file.entity_id, file.kind, file.business_date)
    again = _already(file.entity, file.kind, file.business_date, file.sha256, mapping)
    if again is not None:
        (settings.LAKE / file.lake_path).unlink(missing_ok=True)
        return Taken(outcome="already", file=again)
    before = in_force(file.entity, file.kind, file.business_date)
    kept = keep(duck, "good") if keep is not None else None
    refused = refused_rows(duck, contract, kept)
    if refused:
        quarantine = quarantine + quarantined(duck, contract, delivered, refused, file.business_date)
        file.rows_taken -= len(refused)
        file.rows_quarantined += len(refused)
        write_again(duck, contract, file, "good")
    if before is not None:
        file.changes = changes(duck, contract, settings.LAKE / before.lake_path, settings.LAKE / file.lake_path)
        supersede(before, file)
        before.quarantine.filter(status=QuarantinedRow.Status.OPEN).update(
            status=QuarantinedRow.Status.DISCARDED, answered_at=file.recorded_at
        )
    file.stored = evidence.keep_file(path=path, now=file.recorded_at, name=file.name)
    file.save()
    for row in quarantine:
        row.file = file
    QuarantinedRow.objects.bulk_create(quarantine, batch_size=BATCH)
    say(file, kept)
    evidence.write(
        kind="intake.taken", now=file.recorded_at, business_date=file.business_date, by=by, entity_id=file.entity_id,
        data={
            "file_id": file.pk, "name": file.name, "kind": file.kind, "sha256": file.sha256, "read": file.rows_read,
            "taken": file.rows_taken, "quarantined": file.rows_quarantined, "content": file.content_hash,
            "supersedes": before.pk if before else None, "changes": file.changes,
            "left_out": file.warnings.get("erased_person", 0),
        },
    )  # fmt: skip
    return Taken(outcome="taken", file=file)


def supersede(before: IntakeFile, after: IntakeFile) -> None:
    """Put `after` in force in place of `before`."""
    before.status = IntakeFile.Status.SUPERSEDED
    before.save(update_fields=["status"])
    after.supersedes = before


@transaction.atomic
def _refuse(refusal: Refused, kind: str, path: Path, mapping: Mapping, facts: dict[str, Any], *, by: Actor) -> Taken:
    sha256 = reading.fingerprint(path)
    said = {"code": refusal.code, **refusal.params}
    same = IntakeFile.objects.filter(
        entity=facts["entity"], kind=kind or "unknown", business_date=facts["business_date"], sha256=sha256,
        status=IntakeFile.Status.REFUSED, refusal=said, name=facts["name"],
    ).first()  # fmt: skip
    if same is not None:
        return Taken(outcome="refused", file=same)
    file = IntakeFile.objects.create(
        **facts, kind=kind or "unknown", sha256=sha256, mapping_sha256=mapping.sha256, mapping=mapping.data,
        status=IntakeFile.Status.REFUSED, refusal=said,
    )  # fmt: skip
    evidence.write(
        kind="intake.refused", now=file.recorded_at, business_date=file.business_date, by=by, entity_id=file.entity_id,
        data={"file_id": file.pk, "name": file.name, "kind": file.kind, "sha256": sha256, "refusal": said},
    )  # fmt: skip
    return Taken(outcome="refused", file=file)


def kind_of(path: Path, mapping: Mapping | Path | None = None) -> str:
    """The kind of a file by its mapping or else its name; empty when neither says one."""
    if isinstance(mapping, Path):
        try:
            mapping = mappings.load(mapping)
        except Refused:
            mapping = None
    if mapping is not None and mapping.contract:
        return mapping.contract
    found = _NAME.match(Path(path).name)
    return found["kind"] if found and found["kind"] in contracts.KINDS else ""


def _kind(name: str, given: str, business_date: date, mapped: str) -> str:
    """The kind of a file; Refused when it is unknown or when the name says another kind or day."""
    found = _NAME.match(name)
    named = found["kind"] if found and found["kind"] in contracts.KINDS else ""
    kind = given or named
    if kind not in contracts.KINDS:
        raise Refused("unknown_kind", kinds=", ".join(contracts.KINDS))
    if named and named != kind and kind == mapped:
        raise Refused("other_mapping", kind=named, mapping=mapped)
    if named and named != kind:
        raise Refused("other_kind", named=named, kind=kind)
    if found:
        text = (
            found["date"]
            if "-" in found["date"]
            else "-".join((found["date"][:4], found["date"][4:6], found["date"][6:]))
        )
        if text != business_date.isoformat():
            raise Refused("other_date", named=text, business_date=business_date)
    return kind


def _already(entity: Entity, kind: str, business_date: date, sha256: str, mapping: Mapping) -> IntakeFile | None:
    """The record of the same bytes read the same way, whether still in force or corrected since."""
    return (
        IntakeFile.objects.filter(
            entity=entity, kind=kind, business_date=business_date, sha256=sha256, mapping_sha256=mapping.sha256
        )
        .exclude(status=IntakeFile.Status.REFUSED)
        .first()
    )


def in_force(entity: Entity, kind: str, business_date: date) -> IntakeFile | None:
    """The file of a kind and day that counts, if there is one."""
    return IntakeFile.objects.filter(
        entity=entity, kind=kind, business_date=business_date, status=IntakeFile.Status.TAKEN
    ).first()


def lock(entity_id: int, kind: str, business_date: date) -> None:
    """Only one transaction at a time changes which file of a kind and day is in force."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"intake/{entity_id}/{kind}/{business_date}"])


def _ragged(number: int, cells: list[str], delivered: Delivered) -> Wrong:
    return Wrong(number, "cells", "", str(len(cells)), str(len(delivered.header)))


def _commonest(result: Validated, rows: int) -> dict[str, object]:
    tally: dict[tuple[str, str], int] = {}
    for each in result.wrong:
        tally[each.column, each.code] = tally.get((each.column, each.code), 0) + 1
    column, _ = max(tally, key=tally.__getitem__)
    return {"wrong": len(result.wrong), "rows": rows, "column": column}


def quarantined(
    duck: DuckDBPyConnection, contract: Contract, delivered: Delivered, wrong: list[Wrong], business_date: date
) -> list[QuarantinedRow]:
    """The wrong rows as they go into quarantine, whole and sealed."""
    if not wrong:
        return []
    cells: dict[int, dict[str, str | None]] = {}
    for number, values in delivered.ragged:
        cells[number] = dict(zip(delivered.header, values, strict=False))
        if len(values) > len(delivered.header):
            cells[number]["#more"] = delivered.delimiter.join(values[len(delivered.header) :])
    header = ", ".join(map(quoted, delivered.header))
    duck.execute("CREATE OR REPLACE TEMP TABLE wanted AS SELECT unnest(?) AS number", [[each.row for each in wrong]])
    for number, *values in duck.execute(
        f"SELECT * FROM (SELECT {delivered.row_sql} AS number, {header} FROM raw) WHERE number IN (FROM wanted)"
    ).fetchall():
        cells[number] = dict(zip(delivered.header, values, strict=True))
    return [
        QuarantinedRow(
            row_number=each.row, column=each.column, code=each.code, found=each.found, expected=each.expected[:200],
            row_sealed=seal_row(
                kind=contract.kind, business_date=business_date, row=each.row, cells=cells.get(each.row, {})
            ),
        )
        for each in wrong
    ]  # fmt: skip


def changes(duck: DuckDBPyConnection, contract: Contract, before: Path, after: Path) -> dict[str, Any]:
    """Rows added, removed and changed between two files of a kind, and in how many rows each column differs."""
    old, new = f"read_parquet({literal(before)})", f"read_parquet({literal(after)})"
    hashed = not contract.key_in_lake and all(has_key_digest(duck, path) for path in (before, after))
    if not (contract.key_in_lake or hashed):  # part of the key is personal, and one is of old: whole rows are compared
        old, new = (f"(SELECT {columns(contract)} FROM {each})" for each in (old, new))
        added, removed = (
            duck.execute(f"SELECT count(*) FROM (FROM {left} EXCEPT ALL FROM {right})").fetchone()[0]
            for left, right in ((new, old), (old, new))
        )
        return {"added": added, "removed": removed, "changed": 0, "columns": {}}
    keys = (KEY_DIGEST,) if hashed else contract.key
    key = ", ".join(map(quoted, keys))
    others = [name for name in contract.lake_columns if name not in keys]
    differs = [f"o.{quoted(name)} IS DISTINCT FROM n.{quoted(name)}" for name in others]
    first = quoted(keys[0])
    both = f"o.{first} IS NOT NULL AND n.{first} IS NOT NULL"
    counts = ", ".join(
        f"count(*) FILTER (WHERE {both} AND ({each}))"
        for each in [" OR ".join(f"({d})" for d in differs) or "false", *differs]
    )
    added, removed, changed, *each = duck.execute(
        f"SELECT count(*) FILTER (WHERE o.{first} IS NULL), count(*) FILTER (WHERE n.{first} IS NULL), {counts} "
        f"FROM {old} o FULL JOIN {new} n USING ({key})"
    ).fetchone()
    differing = {name: rows for name, rows in zip(others, each, strict=True) if rows}
    return {"added": added, "removed": removed, "changed": changed, "columns": differing}


def default_tables(contract: Contract) -> numbers.Tables | None:
    """What the settings say exists of regions and prefixes; only a file about people asks."""
    path = getattr(settings, "INTAKE_TABLES", "")
    return import_string(path)() if path and contract.about_people else None


def spool() -> AbstractContextManager[Path]:
    """A folder of one's own for what has to be unpacked; what a killed process left there is swept first."""
    return passing.folder(settings.HOME / "spool")
