"""Who saw how many records of people in clear, and where that reached the number at which compliance is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from django.db import connection

from dunwell.evidence.models import Log

RULE = "CN-CRIM-PI"
ALARM = "export.alarm"
UNMASKED = ("party.revealed", "party.copied", "bundle.read", "paper.read", "letter.read")
DAYS = 30


@dataclass(frozen=True, slots=True)
class Seen:
    """The records that a person of staff saw in clear on a day; `alarmed` when compliance was told."""

    day: date
    user_id: int
    staff_no: str
    entity_id: int | None
    records: int
    alarmed: bool = False


@cache
def _statement() -> str:
    return (files("dunwell.oversight") / "sql" / "looks.sql").read_text("utf-8")


def seen(*, first: date, last: date, entity_id: int | None = None) -> list[Seen]:
    """By day and person of staff, the newest day and the most records first."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(), {"first": first, "last": last, "kinds": list(UNMASKED), "entity": entity_id})
        return [Seen(*row) for row in cursor.fetchall()]


def with_alarms(*, today: date, entity_id: int) -> list[Seen]:
    """The last 30 days of an entity's staff, each with whether compliance was told."""
    first = today - timedelta(days=DAYS)
    told = set(Log.objects.filter(kind=ALARM, business_date__gte=first).values_list("data__user", "data__day"))
    return [
        Seen(one.day, one.user_id, one.staff_no, one.entity_id, one.records, (one.user_id, str(one.day)) in told)
        for one in seen(first=first, last=today, entity_id=entity_id)
    ]
