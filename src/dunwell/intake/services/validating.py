"""From `raw` to `good`: every check in its order, for a whole file and for mended rows alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from django.conf import settings
from duckdb import DuckDBPyConnection

from dunwell.intake import checking, people
from dunwell.intake.checking import Wrong
from dunwell.intake.contract import Contract
from dunwell.intake.mapping import Mapping, quoted, texts
from dunwell.intake.models import IntakeFile
from dunwell.kernel import numbers

#: Of more wrong rows than this, and than a fifth of the file, the mapping is to blame and not the rows.
MANY = 5000


@dataclass(slots=True)
class Validated:
    """What is wrong with which row, and how many good rows are odd. The good rows are in the table `good`."""

    wrong: list[Wrong] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    warned: int = 0
    too_many: bool = False


def validate(
    connection: DuckDBPyConnection,
    contract: Contract,
    mapping: Mapping,
    *,
    header: list[str],
    row_sql: str,
    business_date: date,
    entity_id: int,
    tables: numbers.Tables | None,
    folder: Path,
    rows: int,
) -> Validated:
    """Check the rows of `raw`; Refused when the header does not carry the contract."""
    result = Validated()
    result.wrong = checking.check(connection, contract, texts(contract, mapping, header), row_sql, business_date)
    result.too_many = len(result.wrong) > max(MANY, rows // 5)
    if result.too_many:
        return result
    if contract.about_people:
        wrong, warned = people.check_numbers(
            connection, contract, business_date=business_date, tables=tables, folder=folder
        )
        result.warned += sum(warned.values())
        result.warnings.update(warned)
        _mark(connection, wrong)
        result.wrong += wrong
    twice = checking.duplicates(connection, contract)
    _mark(connection, twice)
    result.wrong += twice
    strangers = _strangers(connection, contract, entity_id, business_date)
    if strangers and contract.refers["otherwise"] == "warning":
        result.warnings[f"unknown_{contract.refers['to']}"] += len(strangers)
        result.warned += len(strangers)
    elif strangers:
        column = contract.column(contract.refers["column"])
        wrong = [
            Wrong(row, f"unknown_{contract.refers['to']}", column.name, checking.shown(column, value))
            for row, value in strangers
        ]
        _mark(connection, wrong)
        result.wrong += wrong
    odd = checking.warnings(connection, contract, business_date)
    result.warned += odd.pop("", 0)
    result.warnings.update(odd)
    first: dict[int, Wrong] = {}
    for each in result.wrong:
        first.setdefault(each.row, each)
    result.wrong = sorted(first.values(), key=lambda each: each.row)
    columns = ", ".join(quoted(name) for name in contract.names)
    connection.execute(f"CREATE OR REPLACE VIEW good AS SELECT {columns} FROM checked WHERE __error = 0")
    return result


def _mark(connection: DuckDBPyConnection, wrong: list[Wrong]) -> None:
    if wrong:
        numbers_ = [each.row for each in wrong]
        connection.execute("UPDATE checked SET __error = -1 WHERE __row IN (SELECT unnest(?))", [numbers_])


def _strangers(
    connection: DuckDBPyConnection, contract: Contract, entity_id: int, business_date: date
) -> list[tuple[int, str]]:
    """Rows that refer to what no file in force up to the date knows; none when there is no such file at all."""
    if not contract.refers:
        return []
    known = IntakeFile.objects.filter(
        entity_id=entity_id,
        kind=contract.refers["to"],
        business_date__lte=business_date,
        status=IntakeFile.Status.TAKEN,
    ).order_by("-business_date")
    paths = [settings.LAKE / path for path in known.values_list("lake_path", flat=True)]
    if not paths:
        return []
    return checking.unknown_references(connection, contract, paths[0], paths[1:])
