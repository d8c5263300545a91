"""The touch: whoever writes a fact about a party says so, and the party is reassessed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from dunwell.engine.statements import send

# Locked in the order of their numbers, so that two writers of many parties cannot wait for each other. The update of
# the queue takes the row's lock even where it changes nothing: a worker that is just taking the touch waits.
TOUCH = """
    WITH these AS (SELECT id FROM portfolio_party WHERE id = ANY(%(ids)b::bigint[]) ORDER BY id FOR NO KEY UPDATE),
    counted AS (
        UPDATE portfolio_party AS party SET touches = party.touches + 1 FROM these WHERE party.id = these.id
        RETURNING party.id
    )
    INSERT INTO portfolio_touch (party_id, since)
    SELECT id, %(now)s::timestamptz FROM counted ORDER BY id
    ON CONFLICT (party_id) DO UPDATE SET since = LEAST(portfolio_touch.since, excluded.since)
"""


def touch(*, party_id: int, now: datetime) -> None:
    """Count a fact written about the party and queue it for reassessment, in the writer's transaction."""
    touch_many(party_ids=[party_id], now=now)


@transaction.atomic(savepoint=False)  # one statement: a savepoint around it would cost two more, for every fact written
def touch_many(*, party_ids: Iterable[int], now: datetime) -> None:
    """The same for many parties, each counted once."""
    ids = sorted(set(party_ids))
    if ids:
        send(TOUCH, {"ids": ids, "now": now})
