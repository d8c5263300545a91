"""For whom a collector works today: himself, and those who are away and whom he covers; who assists on a case."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.db.models import DateField, F, Q, QuerySet
from django.db.models.functions import Coalesce, Least

from dunwell.casework.models import Absence, Assist
from dunwell.engine.statements import fetch


def in_force(first: date, last: date) -> QuerySet[Absence]:
    """Absences that have one of these days in them. Of a single day casework_works_for (sql/worklist.sql) says the same."""
    ends = Least(F("ends_on"), Coalesce("end__ends_on", "ends_on"), output_field=DateField())
    return Absence.objects.annotate(last_day=ends).filter(starts_on__lte=last, last_day__gte=first)


def works_for(user_id: int, now: datetime) -> list[int]:
    """The owners whose cases are his to work now, himself among them: those of whom Next brings him cases."""
    return fetch("SELECT casework_works_for(%(user)s, %(now)s)", {"user": user_id, "now": now})[0][0]


def covered_by(user_id: int, now: datetime) -> list[int]:
    """Those whose cases this collector keeps now beside his own."""
    return [owner for owner in works_for(user_id, now) if owner != user_id]


def assists_on(day: date, cases: Iterable[int] | None = None) -> QuerySet[Assist]:
    """Assists in force on a day, of these cases or of all."""
    found = Assist.objects.filter(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day)
    found = found.filter(Q(end=None) | Q(end__ends_on__gte=day))
    return found if cases is None else found.filter(case__in=list(cases))
