"""Waiting in turn: the ledger's rows are facts that nobody may update, so the locks are advisory ones."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from dunwell.engine.statements import send
from dunwell.portfolio.models import ContactPoint

# taken in the order of their numbers, so that nobody waits in a ring
TAKE = """
    WITH places AS (
        SELECT id, digest, masked, known_since FROM portfolio_contactpoint WHERE id = ANY(%(points)b::bigint[])
    ), names AS (
        SELECT unnest(%(names)b::bytea[]) AS name UNION SELECT 'point/'::bytea || digest FROM places
    ), taken AS (
        SELECT count(pg_advisory_xact_lock(number)) FROM (
            SELECT ('x' || encode(substring(sha256('dunwell.gate.'::bytea || name) FOR 8), 'hex'))::bit(64)::bigint AS number
            FROM names ORDER BY number
        ) AS sorted
    )
    SELECT places.* FROM taken LEFT JOIN places ON true
"""
ROUND_TRIP = timedelta(milliseconds=50)  # shorter than this nobody was waited for


@dataclass(frozen=True, slots=True)
class Turn:
    """How long it was waited for (what was a moment ago may be past the hours of contact now), and the contact points."""

    waited: timedelta
    points: dict[int, ContactPoint]


def take_turn(*names: bytes, points: Iterable[int] = ()) -> Turn:
    """Hold these names, and the numbers of these contact points whoever has them, to the end of the transaction.

    ContactPoint.DoesNotExist when one is none.
    """
    wanted = sorted(set(points))
    began = time.monotonic()
    found = send(TAKE, {"names": sorted(set(names)), "points": wanted}).named()
    waited = timedelta(seconds=time.monotonic() - began)
    at = {row["id"]: ContactPoint(**row) for row in found if row["id"] is not None}
    if len(at) < len(wanted):
        raise ContactPoint.DoesNotExist(f"there is no contact point {next(one for one in wanted if one not in at)}")
    return Turn(waited if waited > ROUND_TRIP else timedelta(), at)


def wait_for(*names: bytes) -> timedelta:
    """Hold these names to the end of the transaction; how long that took."""
    return take_turn(*names).waited
