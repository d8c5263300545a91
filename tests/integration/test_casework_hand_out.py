"""Handing out: ownership as facts, within one's own entity, once a key."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from dunwell.casework import services
from dunwell.casework.models import Case, Ownership
from dunwell.evidence.models import Log
from tests import build
from tests.build import NOW, TODAY

pytestmark = pytest.mark.django_db


def hand_out(cases, owners, by, **fields: object) -> services.HandOut:
    return services.hand_out(
        cases=[case.pk for case in cases],
        owners=[owner.pk for owner in owners],
        by=by.actor,
        now=NOW,
        **{"key": "h1", **fields},
    )


def test_cases_go_to_owners_in_equal_number_and_come_first_for_them() -> None:
    leader, owners = build.user("team_leader"), [build.user(), build.user()]
    cases = [build.case(balance=Decimal(1000 * n), rank=50) for n in range(1, 7)]
    build.case(rank=1)  # of the pool
    done = hand_out(cases, owners, leader)
    assert {owner: len(dealt) for owner, dealt in done.dealt.items()} == {owner.pk: 3 for owner in owners}
    assert Ownership.objects.filter(recorded_by=leader.pk, starts_on=TODAY).count() == 6
    assert Log.objects.filter(kind="case.handed_out").count() == 6
    assert services.take_next(user=owners[0], now=NOW).owner_id == owners[0].pk


def test_the_same_key_again_changes_nothing() -> None:
    leader, owner, other = build.user("team_leader"), build.user(), build.user()
    cases = [build.case(), build.case()]
    first = hand_out(cases, [owner], leader)
    again = hand_out(cases, [other], leader)
    assert again.dealt == first.dealt
    assert set(Case.objects.values_list("owner", flat=True)) == {owner.pk}


def test_closed_cases_and_those_of_others_are_left_out_and_said() -> None:
    leader, owner = build.user("team_leader"), build.user()
    closed, foreign, open_case = build.case(closed_on=TODAY), build.case(of=build.entity("agency-a")), build.case()
    done = hand_out([closed, foreign, open_case], [owner], leader)
    assert done.dealt == {owner.pk: [open_case.pk]}
    assert done.skipped == {closed.pk: "closed", foreign.pk: "other_entity"}


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: build.user(of=build.entity("agency-a")), "other_entity"),
        (lambda: build.user("analyst"), "may_not_work"),
        (lambda: build.user(is_active=False), "no_owners"),
    ],
)
def test_who_may_not_own(make, code: str) -> None:
    with pytest.raises(services.HandOutRefused) as refused:
        hand_out([build.case()], [make()], build.user("team_leader"))
    assert refused.value.code == code


def test_ownership_from_to() -> None:
    leader, first, second = build.user("team_leader"), build.user(), build.user()
    case = build.case()
    hand_out([case], [first], leader, key="a", ends_on=TODAY + timedelta(days=2))
    hand_out([case], [second], leader, key="b", starts_on=TODAY + timedelta(days=5))

    def owner(days: int) -> int | None:
        services.end_ownerships(now=NOW + timedelta(days=days))
        case.refresh_from_db()
        return case.owner_id

    assert [owner(days) for days in (0, 2, 3, 5)] == [first.pk, first.pk, None, second.pk]
