"""Rows of quarantine, encrypted as delivered under a key derived from the master key."""

from __future__ import annotations

import json

from django.conf import settings

from dunwell.intake.models import IntakeFile, QuarantinedRow
from dunwell.kernel import sealing

_PURPOSE = "intake/quarantine"


def _key(version: int) -> bytes:
    return sealing.digest(settings.KEYS.master(version)[version], _PURPOSE)


def _place(kind: str, business_date: object, row: int) -> bytes:
    return f"{_PURPOSE}/{kind}/{business_date}/{row}".encode()


def seal_row(*, kind: str, business_date: object, row: int, cells: dict[str, str | None]) -> bytes:
    """The row as delivered, encrypted; the first two bytes name the master key's version."""
    version = max(settings.KEYS.master())
    plain = json.dumps(cells, ensure_ascii=False).encode()
    sealed = sealing.seal(_key(version), plain, _place(kind, business_date, row), settings.CIPHER)
    return version.to_bytes(2, "big") + sealed


def unseal_row(file: IntakeFile, row: QuarantinedRow) -> dict[str, str | None]:
    """The row as it was delivered. Unsealable when it was changed."""
    sealed = bytes(row.row_sealed)
    place = _place(file.kind, file.business_date, row.row_number)
    return json.loads(sealing.unseal(_key(int.from_bytes(sealed[:2], "big")), sealed[2:], place))
