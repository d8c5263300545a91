"""Staff and sensitive persons: their cases stand on no page, list or export of those who are not named for them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from dunwell.arrangements.models import Promise, PromisePart
from dunwell.casework import queries, services
from dunwell.casework.models import Case, Reminder
from dunwell.compliance import services as compliance
from dunwell.compliance.queries import closed_numbers
from dunwell.desk.pages.accounts import _withheld
from dunwell.desk.queries import today_of
from dunwell.kernel.times import business_date
from dunwell.oversight.drilldown import AccountRow
from tests import build

pytestmark = pytest.mark.django_db
NOW = build.NOW


@pytest.fixture
def guarded():
    """The case of a member of staff, and the officer who is named for them."""
    person, _point, case = build.debtor()
    by = build.user("compliance").actor
    compliance.add_to_list(list="staff", party_id=person.pk, reason="works here", by=by, now=NOW)
    officer = build.user(language="en")
    compliance.name_officer(user_id=officer.pk, entity_id=officer.entity_id, list="staff", reason="r", by=by, now=NOW)
    return case, officer


BRANCHES = {
    "the pool": {},
    "held before he was listed": {"held": True},
    "his own": {"owned": True},
    "left open by a colleague": {"left": True},
    "a call-back that is due": {"call_back": True},
}


@pytest.mark.parametrize("how", BRANCHES.values(), ids=BRANCHES)
def test_next_leads_only_the_named_officer_to_it(guarded, how):
    case, officer = guarded
    collector = build.user()
    fields = {
        "held": {"held_by": collector, "held_until": NOW + timedelta(minutes=5)},
        "owned": {"owner": collector},
        "left": {"held_by": build.user(), "held_until": NOW - timedelta(minutes=5)},
    }
    for name in how:
        Case.objects.filter(pk=case.pk).update(**fields.get(name, {}))
    if "call_back" in how:
        Reminder.objects.create(
            case=case, kind="call_back", due_at=NOW, recorded_at=NOW, recorded_by=collector.pk, key="call-back"
        )
    assert services.take_next(user=collector, now=NOW) is None
    assert queries.queue_left(user=collector, now=NOW) == 0
    Case.objects.filter(pk=case.pk).update(held_by=None, held_until=None, owner=None)
    assert services.take_next(user=officer, now=NOW) == case


def test_lists_chips_export_and_search_withhold_it(guarded, client):
    case, officer = guarded
    number = case.party.accounts.get().account_no
    for user, seen in ((build.user("manager", language="en"), False), (officer, True)):
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[1])
        page = client.get("/lists").content.decode()
        assert (case.case_no in page) is seen
        assert (f"Without owner<small>{int(seen)}<" in page) is True
        found = client.post("/search", {"q": number}).content.decode()
        assert (number in found) is seen and ("For named officers only" in found) is not seen
        if user.may("report.export"):
            assert case.case_no not in b"".join(client.get("/lists?format=csv").streaming_content).decode()


def test_the_start_of_the_day_withholds_call_backs_and_promises(guarded):
    case, officer = guarded
    collector = build.user()
    for user in (collector, officer):
        Reminder.objects.create(
            case=case, kind="call_back", due_at=NOW, recorded_at=NOW, recorded_by=user.pk, key=f"call-back-{user.pk}"
        )
        promise = Promise.objects.create(
            entity=case.entity, party=case.party, case_id=case.pk, currency="CNY", made_on=business_date(NOW),
            recorded_at=NOW, recorded_by=user.pk, key=f"promise-{user.pk}",
        )  # fmt: skip
        PromisePart.objects.create(promise=promise, position=1, due_date=business_date(NOW), amount=Decimal("600.00"))
    Case.objects.filter(pk=case.pk).update(held_by=collector, held_until=NOW + timedelta(minutes=5))
    withheld, shown = today_of(collector, NOW), today_of(officer, NOW)
    assert (withheld.call_backs, withheld.due_parts, withheld.held) == ([], [], None)
    assert (len(shown.call_backs), len(shown.due_parts)) == (1, 1)


def test_rows_behind_a_figure_keep_their_amounts_without_the_persons_number(guarded, rf):
    case, officer = guarded
    number = case.party.accounts.get().account_no
    row = AccountRow(number, case.party.party_no, "", "M2", "early", Decimal(7), Decimal(1), None, 35)
    request = rf.get("/portfolio/accounts")
    for user, shown in ((build.user("analyst"), "****"), (officer, number)):
        request.user = user
        for everything in (True, False):
            (kept,) = _withheld(request, [row], all_of_them=everything)
            assert (kept.account_no, kept.balance) == (shown, Decimal(7))
    assert closed_numbers(build.user().pk, [case.party.party_no], now=timezone.now()) == {case.party.party_no}


def test_it_is_handed_out_to_named_officers_only(guarded):
    case, officer = guarded
    other = build.case()
    by = build.user("team_leader").actor
    plan = services.plan_hand_out(cases=[case.pk, other.pk], owners=[officer.pk, build.user().pk], by=by, now=NOW)
    assert plan.skipped == {case.pk: "named_officers"}
    done = services.hand_out(cases=[case.pk], owners=[officer.pk], by=by, now=NOW, key="to the officer")
    assert done.dealt == {officer.pk: [case.pk]}
