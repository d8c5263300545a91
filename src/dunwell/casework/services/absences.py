"""Who is away, who keeps his cases meanwhile, and who helps on a case (协催)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Q

from dunwell.casework.models import Absence, AbsenceEnd, Assist, AssistEnd, Capability, Case
from dunwell.casework.queries.covers import in_force
from dunwell.casework.rules.dealing import table
from dunwell.compliance.queries import may_open
from dunwell.evidence import services as evidence
from dunwell.identity.models import User
from dunwell.identity.rules import may
from dunwell.kernel import times
from dunwell.kernel.actor import Actor

REASONS = ("leave", "sick", "training", "other")


class AbsenceRefused(ValueError):
    """`code`: days, no_cover, other_entity, may_not_work, cover_away, away_already, covers_already, closed, named_officers,
    owner."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _locked(entity_id: int | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7203, %s)", [entity_id or 0])


@transaction.atomic
def set_absence(
    *,
    user_id: int,
    covers: Sequence[int],
    starts_on: date,
    ends_on: date,
    reason: str,
    by: Actor,
    now: datetime,
    key: str,
) -> list[Absence]:
    """A collector is away from a day to a day; each of `covers` works his cases and keeps his call-backs meanwhile.

    The same key again answers what was written. AbsenceRefused when a cover is away himself on one of these days, when
    he is away already, when others rely on him as cover, or when it would end before it begins or began yesterday.
    """
    _locked(by.entity_id)
    known = list(Absence.objects.filter(key__startswith=f"{key}:").order_by("pk"))
    if known:
        return known
    if starts_on < times.business_date(now) or ends_on < starts_on or reason not in REASONS:
        raise AbsenceRefused("days")
    wanted = sorted(set(covers) - {user_id})
    people = list(User.objects.filter(pk__in=[user_id, *wanted], is_active=True))
    if not wanted or len(people) != len(wanted) + 1:
        raise AbsenceRefused("no_cover")
    if any(person.entity_id != by.entity_id for person in people):
        raise AbsenceRefused("other_entity")
    if not all(may(person.role, "case.work") for person in people):
        raise AbsenceRefused("may_not_work")
    then = in_force(starts_on, ends_on)
    if then.filter(user__in=wanted).exists():
        raise AbsenceRefused("cover_away")
    if then.filter(user=user_id).exists():
        raise AbsenceRefused("away_already")
    if then.filter(cover=user_id).exists():
        raise AbsenceRefused("covers_already")
    made = [
        Absence.objects.create(
            user_id=user_id, cover_id=cover, starts_on=starts_on, ends_on=ends_on, reason=reason, recorded_at=now,
            recorded_by=by.user_id, key=f"{key}:{cover}",
        )
        for cover in wanted
    ]  # fmt: skip
    _told(
        "absence.set", by, now, {"user": user_id, "covers": wanted, "from": starts_on, "to": ends_on, "reason": reason}
    )
    return made


@transaction.atomic
def end_absence(*, user_id: int, last_day: date, by: Actor, now: datetime) -> int:
    """He is back after `last_day`: his absences that go on longer end then; answers how many ended."""
    _locked(by.entity_id)
    going_on = Absence.objects.filter(user_id=user_id, user__entity_id=by.entity_id, end=None, ends_on__gt=last_day)
    ended = [
        AbsenceEnd(absence=one, ends_on=last_day, recorded_at=now, recorded_by=by.user_id)
        for one in going_on.filter(ends_on__gte=times.business_date(now))
    ]
    AbsenceEnd.objects.bulk_create(ended)
    if ended:
        _told("absence.ended", by, now, {"user": user_id, "last_day": last_day})
    return len(ended)


@transaction.atomic
def set_capability(
    *,
    user_id: int,
    stages: Sequence[str],
    languages: Sequence[str],
    skills: Sequence[str],
    capacity: int | None,
    by: Actor,
    now: datetime,
) -> Capability:
    """Which cases a collector takes at a hand-out from now on. ValueError for an unknown skill or a capacity below 0."""
    unknown = set(skills) - set(table().skills)
    if unknown or (capacity is not None and capacity < 0):
        raise ValueError(f"{sorted(unknown) or capacity} cannot be")
    person = User.objects.get(pk=user_id, entity_id=by.entity_id)
    said: Mapping[str, object] = {
        "stages": sorted(stages), "languages": sorted(languages), "skills": sorted(skills), "capacity": capacity
    }  # fmt: skip
    made = Capability.objects.create(user=person, recorded_at=now, recorded_by=by.user_id, **said)
    _told("capability.set", by, now, {"user": user_id, **said})
    return made


@transaction.atomic
def assist(
    *, case_id: int, user_id: int, reason: str, by: Actor, now: datetime, key: str, ends_on: date | None = None
) -> Assist:
    """协催: a second collector on the case, from today. The same key again answers the same one."""
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    known = Assist.objects.filter(key=key).first()
    if known is not None:
        return known
    today = times.business_date(now)
    person = User.objects.filter(pk=user_id, is_active=True).first()
    if case.closed_on is not None:
        raise AbsenceRefused("closed")
    if ends_on is not None and ends_on < today:
        raise AbsenceRefused("days")
    if person is None or person.entity_id != case.entity_id:
        raise AbsenceRefused("other_entity")
    if not may(person.role, "case.work"):
        raise AbsenceRefused("may_not_work")
    if person.pk == case.owner_id:
        raise AbsenceRefused("owner")
    if not may_open(case.party_id, user_id=person.pk, now=now):
        raise AbsenceRefused("named_officers")
    _end_assists(case, today, by=by, now=now)
    made = Assist.objects.create(
        case=case, user=person, starts_on=today, ends_on=ends_on, reason=reason.strip()[:200], recorded_at=now,
        recorded_by=by.user_id, key=key,
    )  # fmt: skip
    _told("case.assisted", by, now, {"user": person.pk, "to": ends_on, "reason": made.reason}, case)
    return made


@transaction.atomic
def end_assist(*, case_id: int, by: Actor, now: datetime) -> bool:
    """The second collector is off the case from tomorrow on; False when there was none."""
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    ended = _end_assists(case, times.business_date(now), by=by, now=now)
    if ended:
        _told("case.assist_ended", by, now, {}, case)
    return bool(ended)


def _end_assists(case: Case, day: date, *, by: Actor, now: datetime) -> int:
    going_on = case.assists.filter(Q(ends_on=None) | Q(ends_on__gt=day), end=None)
    return len(
        AssistEnd.objects.bulk_create(
            [AssistEnd(assist=one, ends_on=day, recorded_at=now, recorded_by=by.user_id) for one in going_on]
        )
    )


def _told(kind: str, by: Actor, now: datetime, data: Mapping[str, object], case: Case | None = None) -> None:
    about = {"entity_id": case.entity_id, "party_id": case.party_id, "case_id": case.pk} if case else {}
    evidence.write(kind=kind, now=now, by=by, data=dict(data), **about)
