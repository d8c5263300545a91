"""The case page, the timeline and lists: what they show, and what they cost."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dunwell.arrangements.models import Promise, PromisePart
from dunwell.casework import queries, services
from dunwell.casework.models import Reminder
from dunwell.casework.queries import Filter
from dunwell.evidence import services as evidence
from dunwell.portfolio.models import ContactPoint
from tests import build
from tests.build import NOW, TODAY

pytestmark = pytest.mark.django_db


def point(party, *, status: str = "valid", kind: str = "mobile") -> ContactPoint:
    number = ContactPoint.objects.count()
    return ContactPoint.objects.create(
        party=party, kind=kind, source="contract", value_sealed=b"", masked="199****0000", status=status,
        digest=b"digest-%d" % number, digest_version=1,
    )  # fmt: skip


def promise(case, *, due: date, state: str = "open") -> Promise:
    made = Promise.objects.create(
        entity=case.entity, party=case.party, case_id=case.pk, currency="CNY", made_on=TODAY, recorded_at=NOW,
        key=f"promise-{case.pk}-{state}",
    )  # fmt: skip
    PromisePart.objects.create(promise=made, position=1, due_date=due, amount=Decimal("600.00"), state=state)
    return made


def fill(case, entries: int, user) -> None:
    by = user.actor
    kinds = [("contact.recorded", {"channel": "call"}), ("payment.received", {"amount": "1.00"})]
    kinds += [("message.planned", {"channel": "sms"}), ("gate.decided", {"rule": "OK"}), ("party.viewed", {})]
    for number in range(entries):
        kind, data = kinds[number % len(kinds)]
        evidence.write(kind=kind, now=NOW, by=by, party_id=case.party_id, case_id=case.pk, data=data)


def test_a_case_page_takes_eight_queries_however_much_there_is() -> None:
    user, case = build.user(), build.case()
    for _ in range(4):
        build.account(party=case.party)
        point(case.party)
    promise(case, due=TODAY)
    by = user.actor
    services.write_note(case_id=case.pk, text="夜班, 14:00 前勿去电", pinned=True, by=by, now=NOW, key="n1")
    services.save_draft(case_id=case.pk, user=user, data={"note": "half a"}, now=NOW)
    services.call_back(case_id=case.pk, at=NOW + timedelta(hours=1), by=user.actor, now=NOW, key="r1")
    fill(case, 60, user)
    services.hold(case_id=case.pk, user=user, now=NOW)
    with CaptureQueriesContext(connection) as asked:
        page = queries.case_page(case.pk, user, NOW)
    assert len(asked) <= 8, [query["sql"][:80] for query in asked]
    assert (len(page.accounts), len(page.points), page.mine) == (4, 4, True)
    assert page.pinned[0][0] == "夜班, 14:00 前勿去电"
    assert page.draft == {"note": "half a"}
    assert page.promises[0]["parts"][0]["amount"] == "600.00"
    assert [reminder["kind"] for reminder in page.reminders] == ["call_back"]
    assert len(page.timeline.entries) == 50 and page.timeline.before is not None
    assert page.timeline.counts == {"call": 12, "message": 12, "payment": 12, "note": 1, "system": 14}


def test_a_call_back_that_is_due_is_the_reason_before_the_nights() -> None:
    user, case = build.user(), build.case(next_reason={"code": "day_in_bucket", "params": {"days": 34, "bucket": "M2"}})
    assert queries.case_page(case.pk, user, NOW).reason in ("Day 34 in M2", "M2 第 34 天")
    services.call_back(case_id=case.pk, at=NOW + timedelta(hours=1), by=user.actor, now=NOW, key="r1")
    assert "11:30" in queries.case_page(case.pk, user, NOW + timedelta(hours=1)).reason


def test_the_timeline_pages_by_key_and_filters_by_kind() -> None:
    user, case = build.user(), build.case()
    fill(case, 100, user)
    calls = queries.timeline(case.party_id, ["call"], limit=15)
    assert [entry.sort for entry in calls.entries] == ["call"] * 15
    rest = queries.timeline(case.party_id, ["call"], calls.before, limit=15)
    assert len(rest.entries) == 5 and rest.before is None
    assert {entry.id for entry in calls.entries}.isdisjoint(entry.id for entry in rest.entries)
    assert "party.viewed" not in {entry.kind for entry in queries.timeline(case.party_id, limit=200).entries}


def test_a_thousand_entries_ask_no_more_than_ten() -> None:
    """The times themselves, at most 1.3 of one another, are measured by benchmarks/next.py on a quiet machine."""
    user, few, many = build.user(), build.case(), build.case()
    fill(few, 10, user)
    fill(many, 1000, user)
    asked = {}
    for case in (few, many):
        with CaptureQueriesContext(connection) as queries_of_page:
            page = queries.case_page(case.pk, user, NOW)
        asked[case.pk] = len(queries_of_page)
        assert len(page.timeline.entries) <= 50
    assert asked[few.pk] == asked[many.pk]


def test_a_note_is_sealed_and_read_back_in_the_timeline() -> None:
    user, case = build.user(), build.case()
    note = services.write_note(case_id=case.pk, text="月底发薪", by=user.actor, now=NOW, key="n1")
    again = services.write_note(case_id=case.pk, text="月底发薪", by=user.actor, now=NOW, key="n1")
    assert note == again
    assert "月底".encode() not in bytes(note.text_sealed)
    assert [entry.text for entry in queries.timeline(case.party_id).entries] == ["月底发薪"]


def test_chips_find_what_they_name() -> None:
    user = build.user()
    by = user.actor
    cases = {name: build.case(rank=10) for name in ("promise_due", "promise_broken", "number_invalid", "call_back_due")}
    cases["mine"] = build.case(owner=user)
    for name, case in cases.items():
        if name != "number_invalid":
            point(case.party)
    point(cases["number_invalid"].party, status="invalid")
    promise(cases["promise_due"], due=TODAY)
    promise(cases["mine"], due=TODAY + timedelta(days=1))
    type(cases["promise_broken"]).objects.filter(pk=cases["promise_broken"].pk).update(promise_state="broken")
    services.call_back(case_id=cases["call_back_due"].pk, at=NOW + timedelta(minutes=1), by=by, now=NOW, key="r")
    later = NOW + timedelta(minutes=2)
    for name, case in cases.items():
        found = queries.case_list(Filter(chips=(name,)), user=user, now=later)
        assert [one.pk for one in found.cases] == [case.pk], name
    counts = queries.chip_counts(Filter(), user=user, now=later)
    assert {name: counts[name] for name in cases} == dict.fromkeys(cases, 1)
    assert counts["never_contacted"] == len(cases)
    Reminder.objects.update(done_at=later)
    assert queries.chip_counts(Filter(), user=user, now=later)["call_back_due"] == 0


def test_pages_of_a_list_meet_without_gap_or_overlap() -> None:
    user = build.user()
    expected = [case.pk for case in sorted((build.case(rank=n % 3) for n in range(11)), key=lambda c: (c.rank, c.pk))]
    seen, after = [], None
    while True:
        page = queries.case_list(Filter(), user=user, now=NOW, after=after, limit=4)
        seen += [case.pk for case in page.cases]
        after = page.after
        if after is None:
            break
    assert seen == expected


def test_another_entity_sees_none_of_them() -> None:
    build.case()
    stranger = build.user(of=build.entity("agency-a"))
    assert queries.case_list(Filter(), user=stranger, now=NOW).cases == ()
    assert queries.queue_left(user=stranger, now=NOW) == 0
