"""The touch: whoever writes a fact about a party says so, and the party is reassessed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

# Locked in the order of their numbers, so that two writers of many parties cannot wait for each other.
COUNT = """
    WITH these AS (SELECT id FROM portfolio_party WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE)
    UPDATE portfolio_party AS party SET touches = party.touches + 1 FROM these WHERE party.id = these.id
"""
# The update takes the row's lock even where it changes nothing: a worker that is just taking the touch waits.
QUEUE = """
    INSERT INTO portfolio_touch (party_id, since)
    SELECT id, %s FROM portfolio_party WHERE id = ANY(%s) ORDER BY id
    ON CONFLICT (party_id) DO UPDATE SET since = LEAST(portfolio_touch.since, excluded.since)
"""


@transaction.atomic
def touch(*, party_id: int, now: datetime) -> None:
    """Count a fact written about the party and queue it for reassessment, in the writer's transaction."""
    touch_many(party_ids=[party_id], now=now)


@transaction.atomic
def touch_many(*, party_ids: Iterable[int], now: datetime) -> None:
    """The same for many parties, each counted once."""
    ids = sorted(set(party_ids))
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [ids])
        cursor.execute(QUEUE, [now, ids])
