"""分案: who owns which cases, from when to when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from dunwell.casework.models import Case, Ownership
from dunwell.casework.rules.dealing import Card, deal
from dunwell.compliance.queries import closed_to, guarded
from dunwell.evidence import services as evidence
from dunwell.identity.models import User
from dunwell.identity.rules import may
from dunwell.kernel import times
from dunwell.kernel.actor import Actor

OWN = """
    UPDATE casework_case AS c SET owner_id = n.owner
    FROM unnest(%s::bigint[], %s::bigint[]) AS n(id, owner) WHERE c.id = n.id
"""
# The latest fact of each case that is in force today decides; a case whose owner's time is over goes back to the pool.
SETTLE = """
    UPDATE casework_case AS c SET owner_id = n.owner_id
    FROM (
        SELECT DISTINCT ON (case_id) case_id,
               CASE WHEN ends_on IS NULL OR ends_on >= %(today)s THEN owner_id END AS owner_id
        FROM casework_ownership WHERE starts_on <= %(today)s ORDER BY case_id, starts_on DESC, id DESC
    ) AS n
    WHERE c.id = n.case_id AND c.closed_on IS NULL AND c.owner_id IS DISTINCT FROM n.owner_id
"""


class HandOutRefused(ValueError):
    """A hand-out that may not be: `code` is no_owners, other_entity, may_not_work or days."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class HandOut:
    """Owner -> cases, and the cases that are left out with the reason (closed, other_entity, named_officers)."""

    dealt: dict[int, list[int]]
    skipped: dict[int, str]


def plan_hand_out(*, cases: Iterable[int], owners: Sequence[int], by: Actor, now: datetime) -> HandOut:
    """What `hand_out` would do, shown before it is done. Writes nothing. Raises HandOutRefused."""
    people = list(User.objects.filter(pk__in=owners, is_active=True))
    if not people:
        raise HandOutRefused("no_owners")
    if any(person.entity_id != by.entity_id for person in people):
        raise HandOutRefused("other_entity")
    if not all(may(person.role, "case.work") for person in people):
        raise HandOutRefused("may_not_work")
    asked = sorted(set(cases))
    found = {case.pk: case for case in Case.objects.filter(pk__in=asked, entity_id=by.entity_id)}
    skipped = {case_id: "other_entity" for case_id in asked if case_id not in found}
    skipped |= {case.pk: "closed" for case in found.values() if case.closed_on is not None}
    skipped |= {pk: "named_officers" for pk in _not_for(people, found.values(), now=now) if pk not in skipped}
    cards = [
        Card(case.pk, case.balance, f"{case.bucket}/{case.promise_state == 'broken'}/{case.first_payment_default}")
        for case in found.values()
        if case.pk not in skipped
    ]
    return HandOut(deal(cards, [person.pk for person in people]), skipped)


def _not_for(people: Iterable[User], cases: Iterable[Case], *, now: datetime) -> set[int]:
    """Cases of guarded persons that not all of these owners may open."""
    of = {case.pk: case.party_id for case in cases}
    listed = set(guarded(of.values(), now=now))
    closed = set().union(*(closed_to(person.pk, listed, now=now) for person in people)) if listed else set()
    return {pk for pk, party_id in of.items() if party_id in closed}


@transaction.atomic
def hand_out(
    *,
    cases: Iterable[int],
    owners: Sequence[int],
    by: Actor,
    now: datetime,
    key: str,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> HandOut:
    """Give cases to owners, equal in count, balance and difficulty, from a day to a day (None: until the next one).

    Only within the entity of `by`. The same key again changes nothing and answers what was done. HandOutRefused when
    an owner is of another entity or may not work cases, or when it would end before it begins or began yesterday.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7202, %s)", [by.entity_id or 0])
    done = _done(key)
    if done is not None:
        return done
    today = times.business_date(now)
    if (starts_on or today) < today or (ends_on is not None and ends_on < (starts_on or today)):
        raise HandOutRefused("days")
    plan = plan_hand_out(cases=cases, owners=owners, by=by, now=now)
    pairs = sorted((case_id, owner) for owner, ids in plan.dealt.items() for case_id in ids)
    # rows are locked in the order of their numbers, as every writer of many cases does
    asked = Case.objects.filter(pk__in=[one for one, _ in pairs])
    list(asked.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    Ownership.objects.bulk_create(
        (
            Ownership(
                case_id=case_id,
                owner_id=owner,
                starts_on=starts_on or today,
                ends_on=ends_on,
                recorded_at=now,
                recorded_by=by.user_id,
                key=f"{key}:{case_id}",
            )
            for case_id, owner in pairs
        ),
        batch_size=2000,
    )
    if (starts_on or today) <= today:
        with connection.cursor() as cursor:
            cursor.execute(OWN, [[one for one, _ in pairs], [owner for _, owner in pairs]])
    parties = dict(asked.values_list("pk", "party_id"))
    evidence.write_many(
        [
            evidence.Entry(
                kind="case.handed_out",
                now=now,
                by=by,
                party_id=parties[case_id],
                case_id=case_id,
                data={"owner": owner, "from": starts_on or today, "to": ends_on},
            )
            for case_id, owner in pairs
        ]
    )
    return plan


@transaction.atomic
def take_back(*, case_id: int, by: Actor, now: datetime, key: str) -> Ownership:
    """End the ownership of a case today: it goes back to the pool. The same key again changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7202, %s)", [by.entity_id or 0])
    known = Ownership.objects.filter(key=f"{key}:{case_id}").first()
    if known is not None:
        return known
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    today = times.business_date(now)
    fact = Ownership.objects.create(
        case=case, owner=None, starts_on=today, recorded_at=now, recorded_by=by.user_id, key=f"{key}:{case_id}"
    )
    case.owner = None
    case.save(update_fields=["owner"])
    evidence.write(
        kind="case.handed_out",
        now=now,
        by=by,
        entity_id=case.entity_id,
        party_id=case.party_id,
        case_id=case.pk,
        data={"owner": None, "from": today, "to": None},
    )
    return fact


@transaction.atomic
def end_ownerships(*, now: datetime) -> int:
    """Set each open case's owner to the one of its last fact in force today; answers how many changed."""
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, {"today": times.business_date(now)})
        return cursor.rowcount


def _done(key: str) -> HandOut | None:
    rows = Ownership.objects.filter(key__startswith=f"{key}:").values_list("owner_id", "case_id").order_by("case_id")
    dealt: dict[int, list[int]] = {}
    for owner, case_id in rows:
        dealt.setdefault(owner, []).append(case_id)
    return HandOut(dealt, {}) if dealt else None
