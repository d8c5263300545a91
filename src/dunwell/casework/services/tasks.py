"""What takes a collector and nobody asked him for: it brings the case with Next."""

from __future__ import annotations

from datetime import datetime

from dunwell.arrangements.queries import not_reminded
from dunwell.casework.models import Case, Reminder
from dunwell.casework.services.notes import set_task
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date

TASKS = Actor.program("tasks")
JOINT_PAYER = "joint_payer"


def set_tasks(*, now: datetime, limit: int = 200, by: Actor = TASKS) -> int:
    """A task for each joint payer whom no reminder of his part reached, once; how many. Without an open case nothing is
    past due any more, and there is none."""
    waiting = {f"joint-{one.reminder_id}": one.party_id for one in not_reminded(on=business_date(now))}
    for key in Reminder.objects.filter(key__in=waiting).values_list("key", flat=True):
        del waiting[key]
    cases = dict(Case.objects.filter(party__in=waiting.values(), closed_on=None).values_list("party_id", "pk"))
    wanted = [(key, cases[party]) for key, party in waiting.items() if party in cases][:limit]
    for key, case_id in wanted:
        set_task(case_id=case_id, reason=JOINT_PAYER, by=by, now=now, key=key)
    return len(wanted)
