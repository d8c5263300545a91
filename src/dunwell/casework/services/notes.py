"""Notes, snoozes, call-backs and tasks."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from dunwell.casework.models import Case, Note, Reminder
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio

AT_ONCE = timedelta(seconds=1)  # what comes back comes later than it was written


@transaction.atomic
def write_note(*, case_id: int, text: str, by: Actor, now: datetime, key: str, pinned: bool = False) -> Note:
    """Keep what a collector wrote, sealed under the party's key. The same key again answers the same note."""
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    known = Note.objects.filter(key=key).first()
    if known is not None:
        return known
    note = Note.objects.create(
        case=case,
        text_sealed=portfolio.seal_text(party_id=case.party_id, text=text.strip()),
        pinned=pinned,
        recorded_at=now,
        recorded_by=by.user_id,
        key=key,
    )
    evidence.write(
        kind="note.written",
        now=now,
        by=by,
        entity_id=case.entity_id,
        party_id=case.party_id,
        case_id=case.pk,
        data={"note": note.pk, "pinned": pinned},
        rows=[note],
    )
    return note


@transaction.atomic
def snooze(*, case_id: int, until: datetime, by: Actor, now: datetime, key: str, reason: str = "") -> Reminder:
    """The case comes back at `until` and to nobody before; whoever holds it lets it go."""
    return _remind(
        case_id=case_id, kind=Reminder.Kind.SNOOZE, due_at=until, by=by, now=now, key=key, reason=reason, lets_go=True
    )


@transaction.atomic
def call_back(*, case_id: int, at: datetime, by: Actor, now: datetime, key: str, reason: str = "") -> Reminder:
    """The person asked to be called at `at`: then the case comes before all others. One call-back a case: the last."""
    return _remind(
        case_id=case_id, kind=Reminder.Kind.CALL_BACK, due_at=at, by=by, now=now, key=key, reason=reason, lets_go=False
    )


@transaction.atomic
def set_task(*, case_id: int, reason: str, by: Actor, now: datetime, key: str) -> Reminder:
    """Something that takes a collector, by its code in words.REASONS: the case comes before all others, from now on."""
    return _remind(
        case_id=case_id, kind=Reminder.Kind.TASK, due_at=now + AT_ONCE, by=by, now=now, key=key, reason=reason,
        lets_go=False,
    )  # fmt: skip


def finish(case: Case, *, now: datetime) -> None:
    """What was due of a case is done: it was worked on."""
    Reminder.objects.filter(case=case, done_at=None, due_at__lte=now).update(done_at=now)


def _code(reminder: Reminder) -> dict[str, str]:
    """A task's code; what a person wrote beside a call-back or a snooze is not the log's."""
    return {"reason": reminder.reason} if reminder.kind == Reminder.Kind.TASK else {}


def _remind(
    *, case_id: int, kind: str, due_at: datetime, by: Actor, now: datetime, key: str, reason: str, lets_go: bool
) -> Reminder:
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    known = Reminder.objects.filter(key=key).first()
    if known is not None:
        return known
    if due_at <= now:
        raise ValueError(f"{due_at.isoformat()} has passed")
    if kind != Reminder.Kind.TASK:  # of these the last counts; a task stands until it is done
        Reminder.objects.filter(case=case, kind=kind, done_at=None).update(done_at=now)
    reminder = Reminder.objects.create(
        case=case, kind=kind, due_at=due_at, reason=reason[:200], recorded_at=now, recorded_by=by.user_id, key=key
    )
    case.ready_at = due_at
    if lets_go:
        case.held_by, case.held_until = None, None
    case.save(update_fields=["ready_at", "held_by", "held_until"])
    evidence.write(
        kind="reminder.set",
        now=now,
        by=by,
        entity_id=case.entity_id,
        party_id=case.party_id,
        case_id=case.pk,
        data={"reminder": reminder.pk, "kind": kind, "due_at": due_at.isoformat(), **_code(reminder)},
    )
    return reminder
