"""Waiting in turn: the ledger's rows are facts that nobody may update, so the locks are advisory ones."""

from __future__ import annotations

import hashlib
import time
from datetime import timedelta

from dunwell.engine.statements import fetch

# unnest keeps the order in which they are taken
TAKE = "SELECT pg_advisory_xact_lock(number) FROM unnest(%(numbers)b::bigint[]) AS number"
ROUND_TRIP = timedelta(milliseconds=50)  # shorter than this nobody was waited for


def wait_for(*names: bytes) -> timedelta:
    """Hold these names to the end of the transaction, taken in sorted order, so that nobody waits in a ring.

    Answers how long that took: what was a moment ago may be past the hours of contact now.
    """
    digests = (hashlib.sha256(b"dunwell.gate." + name).digest()[:8] for name in set(names))
    numbers = sorted(int.from_bytes(part, "big", signed=True) for part in digests)
    began = time.monotonic()
    fetch(TAKE, {"numbers": numbers})
    waited = timedelta(seconds=time.monotonic() - began)
    return waited if waited > ROUND_TRIP else timedelta()
