"""Rows of quarantine, encrypted as delivered under a key derived from the master key."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.db.models import BinaryField, Count, F, Value
from django.db.models.functions import Substr

from dunwell.intake.models import IntakeFile, QuarantinedRow
from dunwell.kernel import sealing

_PURPOSE = "intake/quarantine"
BATCH = 1000  # rows sealed anew in one transaction


def _key(version: int) -> bytes:
    masters = settings.KEYS.master(version)
    if version not in masters:
        raise sealing.Unsealable(f"there is no master key {version}")
    return sealing.digest(masters[version], _PURPOSE)


def _place(kind: str, business_date: object, row: int) -> bytes:
    return f"{_PURPOSE}/{kind}/{business_date}/{row}".encode()


def seal_row(
    *, kind: str, business_date: object, row: int, cells: dict[str, str | None], version: int | None = None
) -> bytes:
    """The row as delivered, encrypted, under the newest master key; the first two bytes name the key's version."""
    version = version or max(settings.KEYS.master())
    plain = json.dumps(cells, ensure_ascii=False).encode()
    sealed = sealing.seal(_key(version), plain, _place(kind, business_date, row), settings.CIPHER)
    return version.to_bytes(2, "big") + sealed


def unseal_row(file: IntakeFile, row: QuarantinedRow) -> dict[str, str | None]:
    """The row as it was delivered. Unsealable when it was changed."""
    sealed = bytes(row.row_sealed)
    place = _place(file.kind, file.business_date, row.row_number)
    return json.loads(sealing.unseal(_key(int.from_bytes(sealed[:2], "big")), sealed[2:], place))


def versions_in_use() -> dict[int, int]:
    """How many rows of quarantine are sealed under each version of the master key."""
    found: Counter[int] = Counter()
    for head, rows in _headed(QuarantinedRow.objects).values_list("head").annotate(rows=Count("pk")).order_by():
        found[int.from_bytes(bytes(head), "big")] = rows
    return dict(found)


def reseal_rows(*, version: int, progress: Callable[[int, int], None] | None = None) -> int:
    """Seal every row of quarantine under a master key's version, whatever became of it; how many there were.

    A thousand a transaction: broken off and called again it goes on where it stopped. `progress(done, of)` after each
    thousand. Unsealable when a row was changed or its old master key is not there.
    """
    old = _headed(QuarantinedRow.objects).exclude(head=Value(version.to_bytes(2, "big"), BinaryField()))
    of, done, last = old.count(), 0, 0
    while True:
        with transaction.atomic():
            rows = list(
                old.filter(pk__gt=last).select_for_update(of=("self",)).select_related("file").order_by("pk")[:BATCH]
            )
            for row in rows:
                row.row_sealed = seal_row(
                    kind=row.file.kind, business_date=row.file.business_date, row=row.row_number,
                    cells=unseal_row(row.file, row), version=version,
                )  # fmt: skip
            QuarantinedRow.objects.bulk_update(rows, ["row_sealed"])
        if not rows:
            return done
        done, last = done + len(rows), rows[-1].pk
        if progress:
            progress(done, of)


def _headed(rows):
    """Rows with `head`: the two bytes that name the master key's version."""
    return rows.annotate(head=Substr(F("row_sealed"), 1, 2, output_field=BinaryField()))
