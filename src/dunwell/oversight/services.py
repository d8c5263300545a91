"""The one thing that oversight writes: an alarm when somebody has seen many people's data in clear (CN-CRIM-PI)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from dunwell.compliance.queries import in_force
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.oversight.queries import looks

WATCH = Actor.program("watch")


@transaction.atomic
def raise_alarms(*, now: datetime) -> int:
    """Log, once a person of staff and day, that the records seen in clear reached the pack's number; how many were new.

    Yesterday is looked at again: what was seen in its last minute counts too.
    """
    today = business_date(now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('dunwell.oversight.alarms'))")
    seen = looks.seen(first=today - timedelta(days=1), last=today)
    known = set(
        Log.objects.filter(kind=looks.ALARM, business_date__gte=today - timedelta(days=1)).values_list(
            "data__user", "data__day"
        )
    )
    entries = []
    for one in seen:
        most = in_force(one.day).number(looks.RULE, "alarm")
        if one.records >= most and (one.user_id, str(one.day)) not in known:
            entries.append(
                evidence.Entry(
                    kind=looks.ALARM, now=now, by=WATCH, entity_id=one.entity_id,
                    data={"user": one.user_id, "staff_no": one.staff_no, "day": one.day, "records": one.records,
                          "rule": looks.RULE, "most": most},
                )
            )  # fmt: skip
    evidence.write_many(entries)
    return len(entries)
