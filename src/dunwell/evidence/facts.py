"""Rows of other tables that the log holds: the entry written with a row carries the row's hash.

A changed byte of such a row is found by `verify`, which reads the rows again and names them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from uuid import UUID

from django.apps import apps
from django.db.models import DecimalField, Field, JSONField, Model

from dunwell.engine.statements import fetch
from dunwell.evidence.rules import plain
from dunwell.kernel import sealing

FORMAT = "dunwell.fact/1"
_spelled = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
ROWS = "rows"  # in an entry's data: model -> number of the row -> hash


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that is not as the log's record holds it, or is gone."""

    record: int
    row: str  # compliance.contact 17
    gone: bool


def hashes(rows: Iterable[Model], algorithm: str) -> dict[str, dict[str, str]]:
    """What an entry's data says of rows: by model and number, the hash."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        values = [getattr(row, field.attname) for field in _fields(type(row))]
        found[row._meta.label_lower][str(row.pk)] = _hash(type(row), values, algorithm)
    return dict(found)


@cache
def _fields(model: type[Model]) -> Sequence[Field]:
    """The columns that never change: all but those that the model names in CHANGES."""
    return [field for field in model._meta.concrete_fields if field.name not in getattr(model, "CHANGES", ())]


def _hash(model: type[Model], values: Sequence[object], algorithm: str) -> str:
    """An empty value is left out, so that a column added later changes no old row's hash."""
    said = {
        field.attname: _plain(field, value)
        for field, value in zip(_fields(model), values, strict=True)
        if value or (isinstance(value, (int, float, Decimal)) and value is not False)  # nought is a value
    }
    return sealing.hashed(_spelled([FORMAT, model._meta.label_lower, said]).encode(), algorithm).hex()


def _plain(field: Field, value: object) -> object:
    if type(value) in (str, int):
        return value
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(field, DecimalField):
        return str(Decimal(value).quantize(Decimal(1).scaleb(-field.decimal_places), ROUND_HALF_UP))
    return plain(value)


@dataclass(frozen=True, slots=True)
class Held:
    """What a record says of rows of other tables: model -> number of the row -> hash."""

    record: int
    algorithm: str
    rows: Mapping[str, Mapping[str, str]]


def held(record: int, algorithm: str, data: Mapping[str, object]) -> Held | None:
    """What a record's data says of rows; None where it says nothing (a night's entry counts its rows)."""
    rows = data.get(ROWS)
    return Held(record, algorithm, rows) if isinstance(rows, dict) else None


def broken(records: Sequence[Held]) -> Iterator[Broken]:
    """The rows that are not as these records hold them, in the order of the records."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for one in records:
        for label, rows in one.rows.items():
            wanted[label].update(rows)
    stored = {label: _stored(label, numbers) for label, numbers in wanted.items()}
    known: dict[tuple[str, str, str], str] = {}
    for one in records:
        for label, rows in one.rows.items():
            model, values_of = stored[label]
            for number, said in rows.items():
                values = values_of.get(number)
                if values is None:
                    yield Broken(one.record, f"{label} {number}", gone=True)
                    continue
                key = (label, number, one.algorithm)
                if key not in known:
                    known[key] = _hash(model, values, one.algorithm)
                if known[key] != said:
                    yield Broken(one.record, f"{label} {number}", gone=False)


def _stored(label: str, numbers: Iterable[str]) -> tuple[type[Model] | None, dict[str, tuple[object, ...]]]:
    try:
        model = apps.get_model(label)
    except LookupError:  # said of a table that there is none of
        return None, {}
    fields = _fields(model)
    columns = ", ".join(f'"{field.column}"' for field in (model._meta.pk, *fields))
    text = (
        f'SELECT {columns} FROM "{model._meta.db_table}" WHERE "{model._meta.pk.column}" = ANY(%(numbers)b::bigint[])'
    )
    spelled = [at for at, field in enumerate(fields, 1) if isinstance(field, JSONField)]
    found = {}
    for row in fetch(text, {"numbers": [int(number) for number in numbers]}):
        values = list(row)
        for at in spelled:
            values[at] = None if row[at] is None else json.loads(row[at])
        found[str(row[0])] = tuple(values[1:])
    return model, found
