"""Waiting in turn: the ledger's rows are facts that nobody may update, so the locks are advisory ones."""

from __future__ import annotations

import hashlib

from django.db import connection


def wait_for(*names: bytes) -> None:
    """Hold these names to the end of the transaction, taken in sorted order, so that nobody waits in a ring."""
    numbers = (hashlib.sha256(b"dunwell.gate." + name).digest()[:8] for name in names)
    with connection.cursor() as cursor:
        for number in sorted(int.from_bytes(part, "big", signed=True) for part in numbers):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
