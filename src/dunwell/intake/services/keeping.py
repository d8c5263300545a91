"""What is done with the good rows beside the lake: the keeper that the settings name for a kind, and what it answers.

A keeper may answer `erased` (rows left out because their person was erased), `refused` (rows that contradict what it
knows, each with key, column, code, found and expected) and `changes` (receipts that stand otherwise than before).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime

from django.conf import settings
from django.utils.module_loading import import_string
from duckdb import DuckDBPyConnection

from dunwell.engine import content, lake
from dunwell.identity.models import Entity
from dunwell.intake.checking import Wrong
from dunwell.intake.contract import Contract
from dunwell.intake.mapping import quoted
from dunwell.intake.models import IntakeFile
from dunwell.intake.services.rows import columns, lake_rows
from dunwell.kernel.actor import Actor

Keep = Callable[[DuckDBPyConnection, str], object]
#: The warning under which rows of erased people are counted: they are in the file and are not kept.
ERASED = "erased_person"


def default_keep(contract: Contract, *, entity: Entity, business_date: date, by: Actor, now: datetime) -> Keep | None:
    """The keeper that the settings name for the kind, ready to be called; None when the lake is all it needs."""
    path = getattr(settings, "INTAKE_KEEPERS", {}).get(contract.kind)
    if not path:
        return None
    keeper, facts = import_string(path), {"entity_id": entity.pk, "now": now}
    if contract.kind == "transactions":
        facts |= {"business_date": business_date, "by": by}
    return lambda connection, table: keeper(connection, table, **facts)


def refused_rows(duck: DuckDBPyConnection, contract: Contract, kept: object) -> list[Wrong]:
    """The rows of `checked` that the keeper did not take, taken out of `good`; their keys are in the lake's columns."""
    found = {one.key: one for one in getattr(kept, "refused", ())}
    if not found:
        return []
    names = ", ".join(map(quoted, contract.key))
    rows = duck.execute(f"SELECT __row, {names} FROM checked WHERE __error = 0 ORDER BY __row").fetchall()
    wrong = [
        Wrong(number, one.code, one.column, one.found, one.expected)
        for number, *key in rows
        if (one := found.get(tuple(key)))
    ]
    duck.execute("UPDATE checked SET __error = -1 WHERE __row IN (SELECT unnest(?))", [[each.row for each in wrong]])
    return wrong


def write_again(duck: DuckDBPyConnection, contract: Contract, file: IntakeFile, relation: str) -> None:
    """Write the file's rows to the lake anew, without those that its keeper did not take; the first writing is left."""
    (settings.LAKE / file.lake_path).unlink(missing_ok=True)
    file.lake_path = f"intake/{file.kind}/date={file.business_date}/{uuid.uuid4().hex}.parquet"
    rows = lake_rows(contract, relation, entity_id=file.entity_id, business_date=file.business_date)
    lake.write_parquet(duck, rows, settings.LAKE / file.lake_path)
    file.content_hash = content.content_hash(duck, f"(SELECT {columns(contract)} FROM {relation})")


def say(file: IntakeFile, kept: object) -> None:
    """Write on the file what its keeper says: rows left out because their person was erased, receipts told otherwise."""
    rows, receipts = getattr(kept, "erased", 0), getattr(kept, "changes", {})
    if rows:
        file.warnings = {**file.warnings, ERASED: file.warnings.get(ERASED, 0) + rows}
        file.rows_warned += rows
        file.save(update_fields=["warnings", "rows_warned"])
    if receipts:
        file.changes = {**file.changes, "receipts": dict(receipts)}
        file.save(update_fields=["changes"])
