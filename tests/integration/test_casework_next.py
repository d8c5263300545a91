"""Next: which case comes, and that no two collectors ever get one party."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections

from dunwell.casework import services
from dunwell.casework.models import Case, Reminder
from dunwell.evidence.models import Log
from tests import build
from tests.build import NOW
from tests.sizes import size

WAITING = size(4_000, 60_000)


def call_back(case: Case, *, due, by=None) -> Reminder:
    return Reminder.objects.create(
        case=case, kind="call_back", due_at=due, recorded_at=due, recorded_by=by, key=f"call-back-{case.pk}"
    )


@pytest.mark.django_db
def test_the_smallest_rank_of_the_pool_comes_first() -> None:
    collector = build.user()
    build.case(rank=200)
    first = build.case(rank=100)
    taken = services.take_next(user=collector, now=NOW)
    assert (taken.pk, taken.held_by_id, taken.held_until) == (first.pk, collector.pk, NOW + timedelta(minutes=20))
    assert Log.objects.filter(kind="case.taken", case_id=first.pk, actor_id=collector.pk).count() == 1


@pytest.mark.django_db
def test_order_is_interrupted_work_then_call_backs_then_own_then_pool() -> None:
    collector, colleague = build.user(), build.user()
    pool = build.case(rank=1)
    own = build.case(rank=50, owner=collector)
    due = build.case(rank=90)
    call_back(due, due=NOW - timedelta(minutes=5))
    held = build.case(rank=99, held_by=collector, held_until=NOW + timedelta(minutes=3))
    build.case(rank=0, owner=colleague)
    seen = []
    for _ in range(4):
        case = services.take_next(user=collector, now=NOW)
        seen.append(case.pk)
        services.release(case_id=case.pk, user=collector, now=NOW)
        Case.objects.filter(pk=case.pk).update(queue="")
        Reminder.objects.filter(case=case).update(done_at=NOW)
    assert seen == [held.pk, due.pk, own.pk, pool.pk]
    assert services.take_next(user=collector, now=NOW) is None  # the colleague's own case is not his


NOT_NEXT = {
    "nothing to do": {"queue": ""},
    "for a visit": {"queue": "visit"},
    "closed": {"closed_on": build.TODAY},
    "not ready yet": {"ready_at": NOW + timedelta(minutes=1)},
    "not ready until tomorrow": {"ready_at": NOW + timedelta(days=1)},
}


@pytest.mark.django_db
@pytest.mark.parametrize("fields", NOT_NEXT.values(), ids=NOT_NEXT)
def test_what_may_not_be_called_now_does_not_come(fields: dict) -> None:
    build.case(**fields)
    assert services.take_next(user=build.user(), now=NOW) is None


@pytest.mark.django_db
def test_another_entitys_case_does_not_come() -> None:
    build.case()
    assert services.take_next(user=build.user(of=build.entity("agency-a")), now=NOW) is None


@pytest.mark.django_db
def test_the_best_rank_comes_whatever_the_quarter_from_which_it_was_ready() -> None:
    collector = build.user()
    build.case(rank=30)
    build.case(rank=20, ready_at=NOW - timedelta(hours=5))
    best = build.case(rank=10, ready_at=NOW - timedelta(minutes=1))
    build.case(rank=5, ready_at=NOW + timedelta(minutes=1))
    assert services.take_next(user=collector, now=NOW).pk == best.pk


@pytest.mark.django_db
def test_a_lapsed_hold_gives_the_case_to_the_next_one() -> None:
    gone, collector = build.user(), build.user()
    case = build.case()
    assert services.take_next(user=gone, now=NOW).pk == case.pk
    assert services.take_next(user=collector, now=NOW + timedelta(minutes=19)) is None
    assert services.take_next(user=collector, now=NOW + timedelta(minutes=21)).pk == case.pk
    assert services.renew(case_id=case.pk, user=gone, now=NOW + timedelta(minutes=21)) is None


@pytest.mark.django_db
def test_activity_begins_the_hold_anew() -> None:
    collector, colleague = build.user(), build.user()
    case = services.hold(case_id=build.case().pk, user=collector, now=NOW).case
    later = NOW + timedelta(minutes=15)
    assert services.renew(case_id=case.pk, user=collector, now=later) == later + timedelta(minutes=20)
    second = services.hold(case_id=case.pk, user=colleague, now=NOW + timedelta(minutes=30))
    assert (second.mine, second.holder) == (False, collector)


@pytest.mark.django_db
def test_a_case_put_off_stands_behind_a_later_moment_only() -> None:
    case = build.case(ready_at=NOW + timedelta(hours=2))
    by = build.user().actor
    for hours in (1, 3):
        services.put_off(case_id=case.pk, until=NOW + timedelta(hours=hours), reason="CN-CALL-3", by=by, now=NOW)
        case.refresh_from_db()
        assert case.ready_at == NOW + timedelta(hours=max(hours, 2))


def test_a_double_click_on_next_takes_one_case(fresh_database) -> None:
    collector = build.user()
    cases = [build.case(rank=rank) for rank in range(4)]
    taken = in_threads(8, lambda _: [services.take_next(user=collector, now=NOW).pk])
    assert taken == [cases[0].pk] * 8


def test_twenty_collectors_never_get_one_case_twice(fresh_database) -> None:
    collectors = [build.user() for _ in range(20)]
    parties = build.Party.objects.bulk_create(
        build.Party(entity=build.entity(), party_no=f"R{n:06}", name_masked="张*", timezone="Asia/Shanghai")
        for n in range(WAITING)
    )
    template = build.case()
    fields = {f.attname: getattr(template, f.attname) for f in Case._meta.concrete_fields if not f.primary_key}
    cases = []
    for number, party in enumerate(parties):
        waits = NOW + timedelta(hours=1) if number % 2 else NOW - timedelta(minutes=17 * (number % 30))
        own = {"party_id": party.pk, "case_no": f"R-{number}", "rank": number % 97, "ready_at": waits}
        cases.append(Case(**{**fields, **own}))
    Case.objects.bulk_create(cases)

    def work(index: int) -> list[int]:
        mine = []
        while case := services.take_next(user=collectors[index], now=NOW):
            mine.append(case.pk)
            Case.objects.filter(pk=case.pk).update(queue="", held_by=None, held_until=None)
        return mine

    taken = in_threads(20, work)
    assert len(taken) == WAITING // 2 + 1  # all that are ready
    assert len(set(taken)) == len(taken)


def in_threads(number: int, work) -> list[int]:
    answers: list[int] = []
    errors: list[BaseException] = []
    start = threading.Barrier(number)

    def run(index: int) -> None:
        try:
            start.wait(60)
            answers.extend(work(index))
        except BaseException as error:  # shown by the assertion below
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not errors, errors
    assert connection.alias == "default"
    return answers
