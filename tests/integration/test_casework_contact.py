"""Closing a contact: everything in one keyed transaction, and nothing typed is lost."""

from __future__ import annotations

import threading
import uuid
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connections

from dunwell.arrangements.models import Promise, PromisePart
from dunwell.arrears.models import AccountState
from dunwell.casework import services
from dunwell.casework.models import Case, Dispute, Note, Path, PlannedAction, Reminder
from dunwell.compliance.models import Contact, ContactOutcome, Hold
from dunwell.evidence.models import Log
from dunwell.portfolio.models import ContactPoint
from tests import build
from tests.build import NOW, TODAY

TOLD = ("who_we_are", "recorded", "objections")
AMOUNTS = [
    *("principal_retail", "principal_cash", "principal_instalment_billed", "principal_instalment_unbilled"),
    *("interest_on_balance", "interest_off_balance", "late_charge", "other_fees", "disputed_amount", "credit_balance"),
    *("credit_limit", "minimum_payment", "host_past_due", "paid_since"),
]


def late_case(user, *, past_due: str = "1500.00", **fields: object) -> Case:
    """A case that the user holds, of a person with one late account."""
    account = build.account()
    AccountState.objects.create(
        account=account, run_id=1, business_date=TODAY, balance=Decimal("12000.00"), past_due=Decimal(past_due),
        oldest_due_date=TODAY - timedelta(days=35), periods_past_due=1, days_delinquent=35, bucket="M2", stage="early",
        **dict.fromkeys(AMOUNTS, Decimal(0)),
    )  # fmt: skip
    ContactPoint.objects.create(
        party=account.party, kind="mobile", source="contract", value_sealed=b"", masked="199****0000",
        digest=uuid.uuid4().bytes, digest_version=1,
    )  # fmt: skip
    case = build.case(party=account.party, past_due=Decimal(past_due), **fields)
    return services.hold(case_id=case.pk, user=user, now=NOW).case


def dial(case: Case, user) -> Contact:
    """A dial that the gate has let pass a minute ago."""
    point = case.party.contact_points.first()
    return Contact.objects.create(
        entity=case.entity, party=case.party, person=case.party, contact_point=point, point_digest=point.digest,
        case_id=case.pk, channel="call", purpose="demand", token=uuid.uuid4(), expires_at=NOW, local_date=TODAY,
        reserved_at=NOW - timedelta(minutes=1), by_id=user.pk, key=uuid.uuid4().hex,
    )  # fmt: skip


def save(case: Case, contact: Contact | None, user, *, identified: bool = False, **fields: object) -> services.Saved:
    if identified and contact is not None:
        build.identified(contact)
    return services.save_contact(
        case_id=case.pk, contact_id=contact.pk if contact else None, user=user, now=NOW,
        **{"key": "k1", "code": "no_answer", **fields},
    )  # fmt: skip


PROMISE = {
    "code": "promise",
    "identified": True,
    "disclosures": TOLD,
    "parts": [(date(2026, 11, 26), Decimal("700.00")), (date(2026, 12, 3), Decimal("800.00"))],
}


@pytest.mark.django_db
def test_a_promise_a_note_and_the_release_are_saved_together() -> None:
    user = build.user()
    case = late_case(user)
    contact = dial(case, user)
    PlannedAction.objects.create(
        entity=case.entity, party=case.party, case=case, step="CALL-30", cycle=TODAY, channel="call", purpose="demand",
        due_on=TODAY, segment="standard", rule="r", strategy_sha256="", run_id=1,
    )  # fmt: skip
    services.save_draft(case_id=case.pk, user=user, data={"note": "half"}, now=NOW)
    saved = save(case, contact, user, note="月底发薪", seconds=184, **PROMISE)
    assert saved.ok and not saved.again
    assert (saved.outcome.outcome, saved.outcome.result, saved.outcome.identified) == ("connected_rpc", "promise", True)
    parts = PromisePart.objects.order_by("position").values_list("due_date", "amount")
    assert list(parts) == [(date(2026, 11, 26), Decimal("700.00")), (date(2026, 12, 3), Decimal("800.00"))]
    case.refresh_from_db()
    assert (case.held_by_id, services.open_draft(case_id=case.pk, user=user)) == (None, None)
    assert PlannedAction.objects.get().state == "done"
    kinds = set(Log.objects.filter(case_id=case.pk).values_list("kind", flat=True))
    assert {"promise.made", "note.written", "case.released", "contact.recorded"} <= kinds


@pytest.mark.django_db
def test_the_same_key_again_answers_what_was_saved() -> None:
    user = build.user()
    case = late_case(user)
    contact = dial(case, user)
    first = save(case, contact, user, note="月底发薪", **PROMISE)
    again = save(case, contact, user, note="月底发薪", **PROMISE)
    assert again.again and (again.outcome, again.promise, again.note) == (first.outcome, first.promise, first.note)
    assert (ContactOutcome.objects.count(), Promise.objects.count(), Note.objects.count()) == (1, 1, 1)


def test_a_double_click_from_eight_tabs_is_one_entry(fresh_database) -> None:
    user = build.user()
    case = late_case(user)
    contact = dial(case, user)
    answers: list[services.Saved] = []

    def click() -> None:
        try:
            answers.append(save(case, contact, user, note="月底发薪", **PROMISE))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 8 and {answer.promise.pk for answer in answers} == {Promise.objects.get().pk}
    assert sum(not answer.again for answer in answers) == 1
    assert (ContactOutcome.objects.count(), Note.objects.count()) == (1, 1)


REFUSED = [
    ("no code", {"code": ""}, {("code", "no_code")}),
    ("a code of another action", {"code": "delivered"}, {("code", "does_not_fit")}),
    ("not identified", {**PROMISE, "identified": False}, {("identified", "identity_first")}),
    ("identified and nobody there", {"identified": True}, {("identified", "identity_contradicts")}),
    ("a disclosure missing", {**PROMISE, "disclosures": TOLD[:2]}, {("disclosure_objections", "not_disclosed")}),
    ("a promise without parts", {**PROMISE, "parts": []}, {("parts", "no_parts")}),
    ("parts without a promise", {"parts": PROMISE["parts"]}, {("parts", "parts_without_promise")}),
    ("a call-back without moment", {"code": "call_back"}, {("call_back_at", "no_moment")}),
    ("a call-back in the past", {"code": "call_back", "call_back_at": NOW}, {("call_back_at", "moment_past")}),
    ("a dispute without words", {"code": "dispute", "identified": True}, {("note", "no_note")}),
    (
        "a part too small and a Sunday",
        {**PROMISE, "parts": [(date(2026, 11, 26), Decimal("449.99")), (date(2026, 11, 29), Decimal("800.00"))]},
        {("parts.0", "below_least"), ("parts.1", "not_working_day")},
    ),
    (
        "more than is past due",
        {**PROMISE, "parts": [(date(2026, 11, 26), Decimal("1500.01"))]},
        {("parts", "above_past_due")},
    ),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "fields", "expected"), REFUSED, ids=[one[0] for one in REFUSED])
def test_what_is_missing_is_said_by_field_and_nothing_is_written(name: str, fields: dict, expected: set) -> None:
    user = build.user()
    case = late_case(user)
    saved = save(case, dial(case, user), user, **fields)
    assert {(problem.field, problem.code) for problem in saved.problems} == expected
    assert all(problem.text for problem in saved.problems)
    assert (ContactOutcome.objects.count(), Promise.objects.count()) == (0, 0)
    case.refresh_from_db()
    assert case.held_by_id == user.pk


@pytest.mark.django_db
def test_a_result_belongs_to_the_collector_and_case_of_the_dial() -> None:
    user, colleague = build.user(), build.user()
    case, other = late_case(user), late_case(colleague)
    assert [p.code for p in save(case, None, user).problems] == ["no_contact"]
    assert [p.code for p in save(case, dial(other, user), user).problems] == ["other_case"]
    assert [p.code for p in save(case, dial(case, colleague), user).problems] == ["other_collector"]


@pytest.mark.django_db
def test_a_stale_tab_does_not_write_a_second_result() -> None:
    user = build.user()
    case = late_case(user)
    contact = dial(case, user)
    assert save(case, contact, user).ok
    stale = save(case, contact, user, key="k2", code="busy")
    assert [problem.code for problem in stale.problems] == ["recorded"]
    assert ContactOutcome.objects.count() == 1


@pytest.mark.django_db
def test_a_call_is_saved_though_the_hold_ran_out_meanwhile() -> None:
    user, colleague = build.user(), build.user()
    case = late_case(user)
    contact = dial(case, user)
    services.hold(case_id=case.pk, user=colleague, now=NOW + timedelta(minutes=30))
    assert save(case, contact, user).ok
    case.refresh_from_db()
    assert case.held_by_id == colleague.pk


@pytest.mark.django_db
def test_a_call_back_brings_the_case_back_at_its_moment() -> None:
    user = build.user()
    case = late_case(user)
    at = NOW + timedelta(hours=3)
    saved = save(case, dial(case, user), user, code="call_back", call_back_at=at)
    assert (saved.outcome.outcome, saved.reminder.due_at) == ("hung_up", at)
    assert services.take_next(user=user, now=at - timedelta(minutes=1)) is None
    assert services.take_next(user=user, now=at).pk == case.pk
    assert save(case, dial(case, user), user, key="k2").ok
    assert Reminder.objects.filter(done_at=None).count() == 1  # done only by work after its moment


@pytest.mark.django_db
def test_what_he_objects_to_in_a_call_is_one_entry_of_the_register_with_its_one_hold() -> None:
    user = build.user()
    case = late_case(user)
    said = {"identified": True, "disclosures": TOLD, "note": "称未收到账单"}
    assert not save(case, dial(case, user), user, code="dispute", entry="nothing", **said).ok
    for key, code in (("k1", "dispute"), ("k2", "hardship")):
        entry = "paid" if code == "dispute" else ""
        assert save(case, dial(case, user), user, key=key, code=code, entry=entry, **said).ok
    dispute, path = Dispute.objects.get(), Path.objects.get()
    assert (dispute.kind, path.kind, dispute.account.party_id) == ("paid", "hardship", case.party_id)
    assert list(Hold.objects.order_by("pk")) == [dispute.hold, path.hold]


@pytest.mark.django_db
def test_the_case_waits_until_tomorrow_when_the_days_dials_are_used_up() -> None:
    user = build.user()
    case = late_case(user)
    for number in range(6):
        assert save(case, dial(case, user), user, key=f"k{number}", code="busy").ok
    case.refresh_from_db()
    assert case.ready_at.astimezone(NOW.tzinfo) >= NOW + timedelta(hours=13)  # 08:00 in Beijing tomorrow, or later
