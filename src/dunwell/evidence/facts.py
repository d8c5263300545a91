"""Rows of other tables that the log holds: the entry written with a row carries the row's hash.

A changed byte of such a row is found by `verify`, which reads the rows again and names them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from uuid import UUID

from django.apps import apps
from django.db import connection
from django.db.models import DecimalField, Field, Model

from dunwell.evidence.rules import plain
from dunwell.kernel import sealing

FORMAT = "dunwell.fact/1"
_spelled = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
ROWS = "rows"  # in an entry's data: model -> number of the row -> hash
HELD = """
    SELECT id, algorithm, data -> 'rows' FROM evidence_log
    WHERE id > %s AND data ? 'rows' AND jsonb_typeof(data -> 'rows') = 'object'  -- a night's entry counts its rows
    ORDER BY id LIMIT 10000
"""


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


def broken() -> Iterator[Broken]:
    """The rows that are not as the log holds them, in the order of the records."""
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(HELD, [after])
            records = [(number, algorithm, _read(held)) for number, algorithm, held in cursor.fetchall()]
        if not records:
            return
        yield from _broken_of(records)
        after = records[-1][0]


def _read(held: object) -> dict[str, dict[str, str]]:
    return json.loads(held) if isinstance(held, str) else held


def _broken_of(records: Sequence[tuple[int, str, dict[str, dict[str, str]]]]) -> Iterator[Broken]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for _, _, held in records:
        for label, rows in held.items():
            wanted[label].update(rows)
    stored = {label: _stored(label, numbers) for label, numbers in wanted.items()}
    known: dict[tuple[str, str, str], str] = {}
    for record, algorithm, held in records:
        for label, rows in held.items():
            model, values_of = stored[label]
            for number, said in rows.items():
                values = values_of.get(number)
                if values is None:
                    yield Broken(record, f"{label} {number}", gone=True)
                    continue
                key = (label, number, algorithm)
                if key not in known:
                    known[key] = _hash(model, values, algorithm)
                if known[key] != said:
                    yield Broken(record, f"{label} {number}", gone=False)


def _stored(label: str, numbers: Iterable[str]) -> tuple[type[Model] | None, dict[str, tuple[object, ...]]]:
    try:
        model = apps.get_model(label)
    except LookupError:  # said of a table that there is none of
        return None, {}
    names = [field.attname for field in _fields(model)]
    rows = model._base_manager.filter(pk__in=[int(number) for number in numbers]).values_list("pk", *names)
    return model, {str(row[0]): row[1:] for row in rows}
