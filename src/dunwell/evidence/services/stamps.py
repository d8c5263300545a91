"""Days stamped by an authority, where the bank has one: asked after the signature, and again until it answers."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.conf import settings
from django.db import transaction

from dunwell.evidence import stamping
from dunwell.evidence.models import DailyRoot, Stamp
from dunwell.evidence.services.log import write
from dunwell.kernel.actor import Actor

log = structlog.get_logger("dunwell.evidence")
AT_ONCE = 50
SEALER = Actor.program("sealer")


def stamp_days(*, now: datetime) -> int:
    """Have the signed days stamped that are not yet, the oldest first; how many were. Without an authority: none.

    An authority that is down stops the pass, and the days stay signed without a stamp until the next.
    """
    if not settings.STAMP_URL:
        return 0
    done = 0
    for row in DailyRoot.objects.filter(stamp=None).order_by("day")[:AT_ONCE]:
        text = stamping.stamped_text(row.day, row.seal_id, bytes(row.root), bytes(row.signature))
        try:
            token = stamping.ask(settings.STAMP_URL, text)
            found = stamping.check(token, text, stamping.authorities(settings.STAMP_TRUST))
        except (stamping.NotStamped, ValueError) as error:
            log.warning("not stamped", day=str(row.day), error=str(error))
            return done
        done += _keep(row, token, found.at, now)
    return done


@transaction.atomic
def _keep(day: DailyRoot, token: bytes, at: datetime, now: datetime) -> bool:
    """The log holds the stamp too: bytes of it that its signature does not cover, and its being there."""
    row, created = Stamp.objects.get_or_create(
        day=day,
        defaults={"authority": settings.STAMP_URL[:200], "token": token, "stamped_at": at, "recorded_at": now},
    )
    if created:
        write(
            kind="day.stamped",
            now=now,
            by=SEALER,
            data={"day": day.day, "at": at, "authority": row.authority},
            rows=(row,),
        )
    return created
