"""Next: taking a case, holding it, letting it go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest

from dunwell.arrears.queries import published_day
from dunwell.casework.models import Case
from dunwell.casework.queries.rows import COLUMNS, case_of
from dunwell.evidence import services as evidence
from dunwell.identity.models import User
from dunwell.kernel.actor import Actor

#: How long a case stays with a collector who does nothing on it; every activity begins it anew.
HOLD = timedelta(minutes=20)

TAKE = (
    f"SELECT {', '.join(COLUMNS)}, (SELECT d.business_date FROM arrears_publishedday AS d WHERE d.entity_id = taken.entity_id)"
    " FROM casework_take_next(%s, %s, %s, %s) AS taken"
)


@dataclass(frozen=True, slots=True)
class Held:
    """Who has the case: `mine` when the asker may work on it, else `holder` has it until `until`."""

    case: Case
    mine: bool
    holder: User | None
    until: datetime | None


@transaction.atomic
def take_next(*, user: User, now: datetime) -> Case | None:
    """The next right case for a collector, held for him; None when nothing waits that may be called now.

    In this order: the case he already holds (interrupted work), call-backs that are due, his own cases, what a
    colleague's lapsed hold left open, the pool of his entity; within each by rank. Two collectors never get one party.
    """
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [user.pk, user.entity_id, now, now + HOLD])
        row = cursor.fetchone()
    if row is None:
        return None
    *values, published = row
    case = case_of(values, published)
    _log("case.taken", case, by=user.actor, now=now)
    return case


@transaction.atomic
def hold(*, case_id: int, user: User, now: datetime) -> Held:
    """Take this very case, unless a colleague has it: then the answer says who, and the page is read-only.

    A closed case and a case of another entity are nobody's to hold, nor is one whose person complains about him.
    Raises Case.DoesNotExist.
    """
    case = Case.objects.select_for_update(of=("self",), no_key=True).select_related("held_by").get(pk=case_id)
    holder = case.held_by if case.held_until is not None and case.held_until > now else None
    if holder is not None and holder.pk != user.pk:
        return Held(case, mine=False, holder=holder, until=case.held_until)
    if case.closed_on is not None or case.entity_id != user.entity_id or paused(case_id=case.pk, user_id=user.pk):
        return Held(case, mine=False, holder=None, until=None)
    if holder is None:
        _log("case.taken", case.reckoned(published_day(case.entity_id)), by=user.actor, now=now)
    case.held_by, case.held_until = user, now + HOLD
    case.save(update_fields=["held_by", "held_until"])
    return Held(case, mine=True, holder=user, until=case.held_until)


def paused(*, case_id: int, user_id: int) -> bool:
    """Whether an open complaint of the case is against this collector: it is not his to work on (CN-COMPLAINT)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT casework_paused(%s, %s)", [case_id, user_id])
        return bool(cursor.fetchone()[0])


@transaction.atomic
def take_over(*, case_id: int, user: User, now: datetime) -> Case:
    """Take a case from whoever has it: for a team leader. Whoever was on a call may still write what came of it.

    Raises Case.DoesNotExist for a closed case, for one of another entity, and where a complaint is against him.
    """
    if paused(case_id=case_id, user_id=user.pk):
        raise Case.DoesNotExist(case_id)
    found = Case.objects.select_for_update(no_key=True)
    case = found.get(pk=case_id, entity_id=user.entity_id, closed_on=None)
    case.held_by, case.held_until = user, now + HOLD
    case.save(update_fields=["held_by", "held_until"])
    _log("case.taken", case.reckoned(published_day(case.entity_id)), by=user.actor, now=now)
    return case


def renew(*, case_id: int, user: User, now: datetime) -> datetime | None:
    """Begin the hold anew: the collector does something. None when the case is no longer his."""
    kept = Case.objects.filter(pk=case_id, held_by=user, held_until__gt=now)
    return now + HOLD if kept.update(held_until=now + HOLD) else None


@transaction.atomic
def release(*, case_id: int, user: User, now: datetime) -> bool:
    """Let the case go; False when he did not have it."""
    case = Case.objects.select_for_update(no_key=True).filter(pk=case_id, held_by=user).first()
    if case is None:
        return False
    case.held_by, case.held_until = None, None
    case.save(update_fields=["held_by", "held_until"])
    _log("case.released", case, by=user.actor, now=now)
    return True


@transaction.atomic
def put_off(*, case_id: int, until: datetime, reason: str, by: Actor, now: datetime) -> None:
    """The case comes to nobody before `until`: the gate said no (`reason` is its rule), or its budget is used up.

    A later moment that was set before stands.
    """
    Case.objects.filter(pk=case_id).filter(Q(ready_at=None) | Q(ready_at__lt=until)).update(
        ready_at=Greatest(F("ready_at"), until)
    )


def _log(kind: str, case: Case, *, by: Actor, now: datetime) -> None:
    evidence.write(
        kind=kind,
        now=now,
        by=by,
        entity_id=case.entity_id,
        party_id=case.party_id,
        case_id=case.pk,
        data={"case_no": case.case_no, "rule": case.next_rule, "reason": case.next_reason},
    )
