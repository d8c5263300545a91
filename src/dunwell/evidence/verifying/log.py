"""The log as the database holds it: batches with their records, those not sealed yet, the signed days."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from django.db import connection

from dunwell.evidence import facts
from dunwell.evidence.models import DailyRoot, Seal
from dunwell.evidence.reading import rows_of_whole
from dunwell.evidence.verifying.values import FIELDS, Batch, Day, Record

_COLUMNS = ", ".join(f"log.{name}" for name in ("id", *FIELDS, "algorithm", "hash"))
SEALED = f"""
    SELECT sealed.position, sealed.hash, sealed.log_id, {_COLUMNS}
    FROM evidence_sealedrecord AS sealed LEFT JOIN evidence_log AS log ON log.id = sealed.log_id
    WHERE sealed.seal_id = %s ORDER BY sealed.position
"""
UNSEALED = f"""
    SELECT {_COLUMNS} FROM evidence_log AS log
    WHERE log.id > %s AND NOT EXISTS (SELECT 1 FROM evidence_sealedrecord AS sealed WHERE sealed.log_id = log.id)
    ORDER BY log.id LIMIT 5000
"""


def _record(row: tuple, position: int | None = None, leaf: bytes | None = None) -> Record:
    values = dict(zip(FIELDS, row[1:11], strict=True))
    data = values["data"]
    values["data"] = json.loads(data) if isinstance(data, str) else data
    return Record(row[0], values, row[11], bytes(row[12]), position, leaf)


def sealed_batches(rows: list[facts.Broken] | None = None) -> Iterator[tuple[Batch, list[Record] | None]]:
    """Each seal with its records. With `rows`, where those that records hold and that are changed are collected, without
    the records where all of the seal is found right at once."""
    for made in Seal.objects.order_by("id").iterator(chunk_size=1000):
        previous = None if made.previous is None else bytes(made.previous)
        batch = Batch(
            made.pk, made.sealed_at, made.records, made.algorithm, bytes(made.root), previous, bytes(made.chain)
        )
        if rows is not None and made.algorithm == "sha256":
            held = rows_of_whole(batch.id, batch.records, batch.root)
            if held is not None:
                rows += facts.broken(held)
                yield batch, None
                continue
        with connection.cursor() as cursor:
            cursor.execute(SEALED, [made.pk])
            found = cursor.fetchall()
        records = [
            Record(row[2], None, position=row[0], leaf=bytes(row[1]))
            if row[3] is None
            else _record(row[3:], row[0], bytes(row[1]))
            for row in found
        ]
        if rows is not None:
            rows += _broken(records)
        yield batch, records


def _broken(records: Iterable[Record]) -> Iterator[facts.Broken]:
    held = (facts.held(one.id, one.algorithm, one.fields["data"]) for one in records if one.fields is not None)
    return facts.broken([one for one in held if one is not None])


def unsealed_records(changed: list[facts.Broken] | None = None) -> Iterator[Record]:
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(UNSEALED, [after])
            rows = cursor.fetchall()
        if not rows:
            return
        records = [_record(row) for row in rows]
        if changed is not None:
            changed += _broken(records)
        yield from records
        after = rows[-1][0]


def signed_days() -> Iterator[Day]:
    for row in DailyRoot.objects.select_related("stamp").order_by("day"):
        stamp = bytes(row.stamp.token) if hasattr(row, "stamp") else None
        yield Day(row.day, row.seal_id, bytes(row.root), row.key_id, bytes(row.signature), stamp)
