"""分案: who owns which cases, from when to when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import connection, transaction

from dunwell.casework.models import Capability, Case, Ownership
from dunwell.casework.rules.dealing import Card, Seat, deal_to, table
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
    UPDATE casework_case AS c SET owner_id = CASE WHEN n.while_stage IN ('', c.stage) THEN n.owner_id END
    FROM (
        SELECT DISTINCT ON (case_id) case_id,
               CASE WHEN ends_on IS NULL OR ends_on >= %(today)s THEN owner_id END AS owner_id, while_stage
        FROM casework_ownership WHERE starts_on <= %(today)s ORDER BY case_id, starts_on DESC, id DESC
    ) AS n
    WHERE c.id = n.case_id AND c.closed_on IS NULL
      AND c.owner_id IS DISTINCT FROM CASE WHEN n.while_stage IN ('', c.stage) THEN n.owner_id END
"""


class HandOutRefused(ValueError):
    """A hand-out that may not be: `code` is no_owners, other_entity, may_not_work or days."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class HandOut:
    """Owner -> cases, the points that make a case hard, and the cases that are left out with the reason.

    Reasons: closed, other_entity, named_officers, no_skill (no chosen owner takes such a case), full.
    """

    dealt: dict[int, list[int]]
    skipped: dict[int, str]
    points: Mapping[int, int] = field(default_factory=dict)


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
    chosen = Case.objects.filter(pk__in=asked, entity_id=by.entity_id).select_related("party")
    found = {case.pk: case for case in chosen}
    skipped = {case_id: "other_entity" for case_id in asked if case_id not in found}
    skipped |= {case.pk: "closed" for case in found.values() if case.closed_on is not None}
    skipped |= {pk: "named_officers" for pk in _not_for(people, found.values(), now=now) if pk not in skipped}
    cards, points = cards_of([case for case in found.values() if case.pk not in skipped], now=now)
    dealt = deal_to(cards, seats_of(people))
    return HandOut(dict(dealt.cases), skipped | dict(dealt.left), points)


def cards_of(cases: Iterable[Case], *, now: datetime) -> tuple[list[Card], dict[int, int]]:
    """The cases (with their party) as they are dealt, and their points."""
    hardness, cards, points = table().on(times.business_date(now)), [], {}
    for case in cases:
        facts = {
            "bucket": case.bucket, "stage": case.stage, "promise_state": case.promise_state, "balance": case.balance,
            "first_payment_default": case.first_payment_default, "kind": case.party.kind,
        }  # fmt: skip
        points[case.pk] = hardness.points(facts)
        hard = f"{points[case.pk]:03}"
        cards.append(Card(case.pk, case.balance, hard, case.stage, case.party.language, hardness.needs(facts)))
    return cards, points


def seats_of(people: Iterable[User]) -> list[Seat]:
    """What each takes, after his last Capability and the cases that he owns."""
    numbers = [person.pk for person in people]
    said = Capability.objects.filter(user__in=numbers).order_by("user_id", "-id").distinct("user_id")
    known = {one.user_id: one for one in said}
    open_cases = Case.objects.filter(owner__in=[pk for pk, one in known.items() if one.capacity is not None])
    owned = Counter(open_cases.filter(closed_on=None).values_list("owner_id", flat=True))
    return [_seat(pk, known.get(pk), owned[pk]) for pk in numbers]


def _seat(owner: int, said: Capability | None, owned: int) -> Seat:
    if said is None:
        return Seat(owner)
    stages, languages = frozenset(said.stages) or None, frozenset(said.languages) or None
    room = None if said.capacity is None else max(said.capacity - owned, 0)
    return Seat(owner, stages, languages, frozenset(said.skills), room)


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
    while_stage: bool = False,
) -> HandOut:
    """Give cases to owners, equal in count, balance and difficulty, from a day to a day (None: until the next one).

    With `while_stage` a case goes back to the pool, too, when it leaves the stage in which it is now.

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
    stages = dict(asked.values_list("pk", "stage"))
    Ownership.objects.bulk_create(
        (
            Ownership(
                case_id=case_id,
                owner_id=owner,
                starts_on=starts_on or today,
                ends_on=ends_on,
                while_stage=stages[case_id] if while_stage else "",
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
