"""A collector is away: his cases and call-backs are kept by another, and are his again afterwards."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from dunwell.casework import queries, services
from dunwell.casework.models import Absence, AbsenceEnd, Ownership
from dunwell.casework.queries.attribution import attributed, own_result
from dunwell.casework.queries.covers import in_force, works_for
from dunwell.evidence.models import Log
from dunwell.kernel.times import BANK_ZONE, business_date
from dunwell.portfolio.models import Account
from tests import build
from tests.build import NOW, TODAY

pytestmark = pytest.mark.django_db


def away(user, cover, by, **fields):
    told = {"starts_on": TODAY, "ends_on": TODAY + timedelta(days=4), "reason": "leave", "key": "a1", **fields}
    return services.set_absence(user_id=user.pk, covers=[cover.pk], by=by.actor, now=NOW, **told)


def own(case, owner, leader, **fields):
    services.hand_out(cases=[case.pk], owners=[owner.pk], by=leader.actor, now=NOW, key=f"own-{case.pk}", **fields)


@pytest.fixture
def floor():
    return build.user("team_leader"), build.user(), build.user()


def test_who_covers_gets_the_cases_of_the_absent_by_rank_beside_his_own(floor):
    leader, absent, cover = floor
    first, second, third = build.case(rank=1), build.case(rank=2), build.case(rank=3)
    own(first, absent, leader), own(second, cover, leader), own(third, absent, leader)
    assert services.take_next(user=cover, now=NOW).pk == second.pk
    services.release(case_id=second.pk, user=cover, now=NOW)
    away(absent, cover, leader)
    assert services.take_next(user=cover, now=NOW).pk == first.pk
    assert queries.queue_left(user=cover, now=NOW) == 3
    assert queries.chip_counts(queries.Filter(), user=cover, now=NOW)["mine"] == 3
    later = NOW + timedelta(days=5)
    services.release(case_id=first.pk, user=cover, now=NOW)
    assert services.take_next(user=cover, now=later).pk == second.pk
    assert services.take_next(user=absent, now=later).pk == first.pk
    assert set(Ownership.objects.values_list("owner", flat=True)) == {absent.pk, cover.pk}  # nothing changed hands


def test_a_call_back_of_the_absent_comes_to_whoever_covers(floor):
    leader, absent, cover = floor
    case = build.case()
    own(case, absent, leader)
    at = NOW + timedelta(hours=2)
    services.call_back(case_id=case.pk, at=at, by=absent.actor, now=NOW, key="r1")
    assert services.take_next(user=cover, now=at) is None
    away(absent, cover, leader)
    assert services.take_next(user=cover, now=at).pk == case.pk


def test_back_earlier(floor):
    leader, absent, cover = floor
    case = build.case()
    own(case, absent, leader)
    away(absent, cover, leader)
    assert services.end_absence(user_id=absent.pk, last_day=TODAY, by=leader.actor, now=NOW) == 1
    assert services.take_next(user=cover, now=NOW + timedelta(days=1)) is None
    assert list(Log.objects.order_by("pk").values_list("kind", flat=True))[-2:] == ["absence.set", "absence.ended"]


@pytest.mark.parametrize("back", [None, -1, 0, 1, 2, 3], ids=str)
def test_the_absences_of_a_day_are_those_whose_cases_next_brings_on_it(floor, back):
    """`back`: the last day, counted from the first, of one who was to be away for three."""
    leader, absent, cover = floor
    away(absent, cover, leader, starts_on=TODAY + timedelta(days=1), ends_on=TODAY + timedelta(days=3))
    if back is not None:
        absence = Absence.objects.get()
        AbsenceEnd.objects.create(
            absence=absence, ends_on=absence.starts_on + timedelta(days=back), recorded_at=NOW, recorded_by=leader.pk
        )
    for nr in range(6):
        now = NOW + timedelta(days=nr)
        day = business_date(now)
        covered = list(in_force(day, day).filter(cover=cover).values_list("user", flat=True))
        assert sorted(works_for(cover.pk, now)) == sorted([cover.pk, *covered])
        assert covered == ([absent.pk] if 1 <= nr <= min(3, 3 if back is None else back + 1) else [])
    midnight = datetime.combine(TODAY + timedelta(days=1), time(0), BANK_ZONE)
    assert works_for(cover.pk, midnight - timedelta(seconds=1)) == [cover.pk]
    assert (absent.pk in works_for(cover.pk, midnight)) is (back is None or back >= 0)


def test_absences_that_may_not_be(floor):
    leader, absent, cover = floor
    third = build.user()
    assert away(absent, cover, leader) == away(absent, cover, leader)
    for user, other, code, days in (
        (absent, third, "away_already", {}),
        (third, absent, "cover_away", {}),
        (cover, third, "covers_already", {}),
        (third, cover, "days", {"starts_on": TODAY - timedelta(days=1)}),
        (third, third, "no_cover", {}),
        (third, build.user("analyst"), "may_not_work", {}),
        (third, build.user(of=build.entity("agency-a"), team=None), "other_entity", {}),
    ):
        with pytest.raises(services.AbsenceRefused) as refused:
            away(user, other, leader, key="a2", **days)
        assert refused.value.code == code
    assert Absence.objects.count() == 1


def test_a_case_goes_to_whoever_takes_its_stage_language_and_skill_and_has_room(floor):
    leader, early, mid = floor
    by = leader.actor
    services.set_capability(user_id=early.pk, stages=["early"], languages=[], skills=[], capacity=2, by=by, now=NOW)
    services.set_capability(
        user_id=mid.pk, stages=["mid"], languages=["en"], skills=["high_balance"], capacity=None, by=by, now=NOW
    )
    three = [build.case(balance=Decimal(n)) for n in (300, 200, 100)]
    english = build.party(language="en")
    rich, chinese = build.case(party=english, stage="mid", balance=Decimal(200_000)), build.case(stage="mid")
    plan = services.plan_hand_out(
        cases=[one.pk for one in (*three, rich, chinese)], owners=[early.pk, mid.pk], by=by, now=NOW
    )
    assert plan.dealt == {early.pk: [three[0].pk, three[1].pk], mid.pk: [rich.pk]}
    assert plan.skipped == {three[2].pk: "full", chinese.pk: "no_skill"}


def test_a_case_changes_hands_when_it_leaves_its_stage(floor):
    leader, owner, _ = floor
    case = build.case(stage="early")
    own(case, owner, leader, while_stage=True)
    services.end_ownerships(now=NOW)
    case.refresh_from_db()
    assert case.owner_id == owner.pk
    type(case).objects.filter(pk=case.pk).update(stage="mid")
    services.end_ownerships(now=NOW)
    case.refresh_from_db()
    assert case.owner_id is None


def test_who_assists_finds_the_case_and_has_his_share_of_its_payments(floor):
    leader, owner, helper = floor
    person, _, case = build.debtor()
    own(case, owner, leader)
    by = leader.actor
    services.assist(case_id=case.pk, user_id=helper.pk, reason="speaks Cantonese", by=by, now=NOW, key="x")
    found = queries.case_list(queries.Filter(chips=("assisting",)), user=helper, now=NOW)
    assert [one.pk for one in found.cases] == [case.pk]
    account = Account.objects.get(party=person)
    account.payments.create(
        amount=Decimal("1000.00"), currency="CNY", posting_date=TODAY, transaction_date=TODAY, business_date=TODAY,
        source="file", host_ref="R1", recorded_at=NOW,
    )  # fmt: skip
    month = {"entity_id": case.entity_id, "first": date(2026, 11, 1), "last": date(2026, 11, 30)}
    assert own_result(user_id=owner.pk, **month) == {"CNY": Decimal("700.00")}
    assert own_result(user_id=helper.pk, **month) == {"CNY": Decimal("300.00")}
    assert sum(share.amount for one in attributed(**month) for share in one.shares) == Decimal("1000.00")
    assert services.end_assist(case_id=case.pk, by=by, now=NOW)
    tomorrow = NOW + timedelta(days=1)
    assert not queries.case_list(queries.Filter(chips=("assisting",)), user=helper, now=tomorrow).cases
