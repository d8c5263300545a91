"""The case page by its addresses: dial, outcome, promise, and what must not be lost or doubled."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dunwell.arrangements.models import DueReminder, Promise
from dunwell.arrangements.services import make_promise
from dunwell.casework import queries, services
from dunwell.casework.models import Case, Draft, Note, Ownership, PlannedAction, Reminder
from dunwell.channels.models import Message
from dunwell.channels.services import load_templates
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact, ContactOutcome, GateDecision, Hold
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.payments.models import Payment
from dunwell.portfolio.models import AccountRole
from dunwell.strategy import services as strategy
from dunwell.strategy.queries import segment_name
from tests import build

pytestmark = pytest.mark.django_db
SAID = {"identified": True, "disclosed": ["who_we_are", "recorded", "objections"]}


@pytest.fixture
def at_work(client):
    """A collector who holds the case of somebody whose day is open now, wherever the tests run."""
    noon = next(
        zone
        for zone in ("Asia/Shanghai", "Pacific/Auckland", "America/New_York", "Europe/Berlin", "Pacific/Honolulu")
        if 9 <= timezone.now().astimezone(__import__("zoneinfo").ZoneInfo(zone)).hour < 21
    )
    person, point, case = build.debtor(timezone=noon)
    user = build.user(language="en")
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[1])
    services.hold(case_id=case.pk, user=user, now=timezone.now())
    return client, user, case, point


def dial(client, case, point, key="dial-1"):
    return client.post(f"/cases/{case.case_no}/dial", {"point": point.pk, "key": key}, HTTP_HX_REQUEST="true")


def save(client, case, code, key="save-1", *, identified=False, **fields):
    if identified:
        build.identified(Contact.objects.latest("id"), now=timezone.now())
    contact = Contact.objects.order_by("-id").first()
    form = {"key": key, "contact": contact.pk if contact else "", "code": code, "note": "", **fields}
    return client.post(f"/cases/{case.case_no}/contact", form, HTTP_HX_REQUEST="true")


def promise_day(case):
    terms = queries.case_page(case.pk, case.held_by, timezone.now()).terms
    return next(day for day, working in terms.days if working).isoformat()


def with_everything(case, user, point):
    """Sealed words, a dial, a promise of somebody whom no reminder reached, a hold, a text and a step in the timeline."""
    case.refresh_from_db()
    now, by, party = timezone.now(), user.actor, case.party
    strategy.approve(text=strategy.shipped(), by=Actor.program("tests"), now=build.NOW)
    load_templates()
    build.account_state(account=build.account(party=party, currency="USD"), past_due="120.00")
    payer = build.party(name_masked="李*")
    AccountRole.objects.create(account_no=party.accounts.first().account_no, party=payer, role="guarantor")
    parts = [(date.fromisoformat(promise_day(case)), Decimal("900.00"), payer.pk)]
    make_promise(party_id=party.pk, parts=parts, by=by, now=now, key="joint", case_id=case.pk)
    DueReminder.objects.create(
        entity=party.entity, party=party, payer=payer, kind="promise", due_date=parts[0][0], recorded_at=now
    )
    services.write_note(case_id=case.pk, text="calls back from work", by=by, now=now, key="n", pinned=True)
    services.save_draft(case_id=case.pk, user=user, data={"note": "half a"}, now=now)
    taken = compliance.reserve(
        party_id=party.pk, contact_point_id=point.pk, channel="call", key="before", by=by, now=now - timedelta(hours=1)
    )
    compliance.record_outcome(contact_id=taken.contact.pk, outcome="no_answer", by=by, now=now, key="was")
    compliance.place_hold(
        party_id=party.pk, kind="hardship", reason="lost his job", evidence_ref=build.proof(party), by=by, now=now
    )
    for kind, data in (("message.sent", {"template": "SMS-PROMISE-DUE"}), ("action.planned", {"steps": ["CALL-16"]})):
        evidence.write(
            kind=kind, now=now, by=by, entity_id=case.entity_id, party_id=party.pk, case_id=case.pk, data=data
        )


@pytest.mark.parametrize("whole", [False, True], ids=["little", "everything"])
def test_the_page_shows_no_number_in_clear_and_takes_at_most_fifteen_queries(at_work, whole):
    client, user, case, point = at_work
    if whole:
        with_everything(case, user, point)
    client.get(f"/cases/{case.case_no}")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page = client.get(f"/cases/{case.case_no}").content.decode()
    told = [query["sql"] or "-- planned before" for query in asked]  # of a planned statement Django is told no text
    reads = [sql for sql in told if sql.startswith(("SELECT", "WITH", "--"))]
    assert len(reads) <= 15, "\n".join(sql[:120] for sql in reads)
    assert point.masked in page
    assert not re.search(r"\b1\d{10}\b", page)
    if whole:
        for shown in (
            "calls back from work",
            "half a",
            "not reminded",
            "lost his job",
            "A promise falls due",
            "day 16",
        ):
            assert shown in page, shown


def test_currencies_are_never_added(at_work):
    client, _user, case, _point = at_work
    dollars = build.account(party=case.party, currency="USD")
    build.account_state(
        account=dollars, past_due="120.00", balance=Decimal("500.00"), principal_retail=Decimal("500.00")
    )
    page = client.get(f"/cases/{case.case_no}").content.decode()
    assert "Past due (USD)" in page and "Total CNY" in page and "Total USD" in page
    assert "12,500.00" not in page and "1,620.00" not in page


def test_that_somebody_looked_stands_in_the_log(at_work):
    client, user, case, _point = at_work
    client.get(f"/cases/{case.case_no}")
    assert Log.objects.filter(kind="party.viewed", party_id=case.party_id, actor_id=user.pk).exists()


def test_a_dial_shows_the_number_after_the_gate_took_the_slot(at_work):
    client, _user, case, point = at_work
    answer = dial(client, case, point).content.decode()
    assert Contact.objects.filter(contact_point=point).count() == 1
    assert re.search(r'data-mask-after="60"[^>]*>1\d{10}<', answer)
    assert Log.objects.filter(kind="party.revealed", data__reason="dial").count() == 1


def test_a_double_click_on_dial_is_one_contact(at_work):
    client, _user, case, point = at_work
    dial(client, case, point)
    dial(client, case, point)
    assert Contact.objects.count() == 1


def test_a_refused_dial_says_the_rule_and_shows_nothing(at_work):
    client, user, case, point = at_work
    Hold.objects.create(
        party=case.party,
        kind="dispute",
        reason="x",
        starts_at=timezone.now() - timedelta(hours=1),
        recorded_at=timezone.now(),
    )
    answer = dial(client, case, point).content.decode()
    assert not Contact.objects.exists()
    assert "DISPUTE" in answer and not re.search(r">1\d{10}<", answer)


def test_a_number_of_another_case_is_not_dialled(at_work):
    client, _user, case, _point = at_work
    _other, foreign, _case = build.debtor()
    dial(client, case, foreign)
    assert not Contact.objects.exists()


def test_a_result_leads_to_the_next_case(at_work):
    client, _user, case, point = at_work
    _person, _number, following = build.debtor()
    dial(client, case, point)
    answer = save(client, case, "no_answer")
    assert answer.status_code == 204 and answer["HX-Redirect"] == f"/cases/{following.case_no}"
    assert ContactOutcome.objects.get().outcome == "no_answer"


def test_a_promise_is_kept_with_its_parts(at_work):
    client, _user, case, point = at_work
    dial(client, case, point)
    answer = save(
        client,
        case,
        "promise",
        **SAID,
        part_date=[promise_day(Case.objects.get(pk=case.pk)), "", ""],
        part_amount=["1,500.00", "", ""],
    )
    assert answer.status_code == 204, answer.content.decode()
    assert [str(part.amount) for part in Promise.objects.get().parts.all()] == ["1500.00"]


def test_a_guarantor_promises_a_part_beside_him_and_a_declared_contact_cannot(at_work):
    client, _user, case, point = at_work
    account_no = case.party.accounts.get().account_no
    persons = {}
    for role in ("guarantor", "declared_contact"):
        persons[role] = build.party(name_masked=f"{role[0].upper()}*")
        AccountRole.objects.create(account_no=account_no, party=persons[role], role=role)
        build.contact_point(party=persons[role])
    dial(client, case, point)
    page = client.get(f"/cases/{case.case_no}").content.decode()
    shown = page.partition('name="part_payer"')[2].partition("</select>")[0]
    assert "G* Guarantor" in shown and "D*" not in shown
    day = promise_day(Case.objects.get(pk=case.pk))
    parts = {"part_date": [day, day], "part_amount": ["900.00", "600.00"]}
    wrong = save(client, case, "promise", **SAID, **parts, part_payer=["", persons["declared_contact"].pk])
    assert wrong.status_code == 422 and "answers for an account" in wrong.content.decode()
    assert save(client, case, "promise", **SAID, **parts, part_payer=["", persons["guarantor"].pk]).status_code == 204
    assert list(Promise.objects.get().parts.order_by("position").values_list("payer", flat=True)) == [
        None,
        persons["guarantor"].pk,
    ]
    page = client.get(f"/cases/{case.case_no}").content.decode()
    assert f"600.00 by {day} (G*, Guarantor)" in page


@pytest.mark.parametrize(
    ("code", "fields", "sentence"),
    [
        ("", {}, "Choose what came of the call"),
        ("promise", {"part_date": ["2026-13-40"], "part_amount": ["1"], **SAID}, "write the day as"),
        ("promise", {"identified": True}, "ticked"),
        ("call_back", {"call_back_date": "soon", "call_back_time": "x"}, "16:30"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(at_work, code, fields, sentence):
    client, user, case, point = at_work
    dial(client, case, point)
    answer = save(client, case, code, **{**fields, "note": "kept word for word"})
    text = answer.content.decode()
    assert answer.status_code == 422 and sentence in text and "kept word for word" in text
    assert not ContactOutcome.objects.exists()
    assert services.open_draft(case_id=case.pk, user=user)["note"] == "kept word for word"


def test_the_same_form_sent_again_after_a_lost_connection_is_one_entry(at_work):
    client, _user, case, point = at_work
    dial(client, case, point)
    save(client, case, "no_answer", note="once")
    assert save(client, case, "no_answer", note="once").status_code == 204
    assert ContactOutcome.objects.count() == 1 and Note.objects.count() == 1


def test_a_stale_tab_is_told_and_loses_nothing(at_work):
    client, user, case, point = at_work
    dial(client, case, point)
    save(client, case, "no_answer", key="first tab")
    services.hold(case_id=case.pk, user=user, now=timezone.now())
    answer = save(client, case, "busy", key="second tab", note="from the second tab")
    assert answer.status_code == 422 and ContactOutcome.objects.count() == 1
    assert "from the second tab" in answer.content.decode()


def test_a_draft_comes_back_with_the_call(at_work):
    client, _user, case, point = at_work
    dial(client, case, point)
    contact = Contact.objects.get()
    answer = client.post(
        f"/cases/{case.case_no}/draft", {"contact": contact.pk, "note": "half a sentence"}, HTTP_X_DRAFT="1"
    )
    assert answer.content.startswith(b"draft saved")
    assert "half a sentence" not in str(Draft.objects.get().data_sealed)
    assert "half a sentence" in client.get(f"/cases/{case.case_no}").content.decode()


def test_the_second_collector_reads_and_cannot_dial(at_work, client):
    _client, user, case, point = at_work
    other = build.user(language="en")
    client.force_login(other, backend=settings.AUTHENTICATION_BACKENDS[1])
    page = client.get(f"/cases/{case.case_no}").content.decode()
    assert f"{user.name_en} is working on it" in page and 'class="btn live"' not in page
    dial(client, case, point)
    assert not Contact.objects.exists()


def test_a_snooze_puts_the_case_off_and_a_moment_that_passed_is_refused(at_work):
    client, _user, case, _point = at_work
    late = client.post(
        f"/cases/{case.case_no}/snooze", {"key": "z", "kind": "snooze", "date": "2020-01-01", "time": "10:00"}
    )
    assert late.status_code == 422
    client.post(f"/cases/{case.case_no}/snooze", {"key": "z", "kind": "snooze", "when": "2h"})
    assert Reminder.objects.get().kind == "snooze"
    assert Case.objects.get(pk=case.pk).held_by is None


def test_a_pinned_note_stands_above_the_timeline(at_work):
    client, _user, case, _point = at_work
    client.post(f"/cases/{case.case_no}/note", {"key": "n", "text": "Sleeps until two.", "pinned": "on"})
    assert '<div class="pin">' in client.get(f"/cases/{case.case_no}").content.decode()


def test_the_identity_is_shown_for_a_reason_only(at_work):
    client, _user, case, _point = at_work
    assert client.post(f"/cases/{case.case_no}/reveal", {"what": "identity", "reason": ""}).status_code == 422
    assert not Log.objects.filter(kind="party.revealed").exists()


def reveal(client, case, point, reason="wrong_number"):
    return client.post(f"/cases/{case.case_no}/reveal", {"what": point.pk, "reason": reason})


def test_a_number_is_shown_to_who_may_dial_it_while_he_has_the_case_and_the_gate_would_let_him(at_work):
    client, user, case, point = at_work
    assert re.search(r">1\d{10}<", reveal(client, case, point).content.decode())
    services.release(case_id=case.pk, user=user, now=timezone.now())
    answer = reveal(client, case, point)
    assert answer.status_code == 422 and "Take the case first" in answer.content.decode()
    services.hold(case_id=case.pk, user=user, now=timezone.now())
    compliance.place_hold(
        party_id=case.party_id, kind="dispute", reason="x", by=Actor.program("tests"), now=timezone.now()
    )
    answer = reveal(client, case, point)
    assert answer.status_code == 422 and "CN-DISPUTE" in answer.content.decode()
    assert Log.objects.filter(kind="party.revealed").count() == 1
    assert Log.objects.filter(kind="gate.decided", case_id=case.pk).count() == 1
    _other, foreign, _case = build.debtor()
    assert reveal(client, case, foreign).status_code == 422


def test_a_number_under_way_and_one_for_compliance_are_shown_for_their_reason(at_work):
    client, _user, case, point = at_work
    dial(client, case, point)
    compliance.place_hold(
        party_id=case.party_id, kind="dispute", reason="x", by=Actor.program("tests"), now=timezone.now()
    )
    assert reveal(client, case, point, "identity_check").status_code == 200
    client.force_login(build.user("compliance"), backend=settings.AUTHENTICATION_BACKENDS[1])
    assert reveal(client, case, point, "").status_code == 422
    assert reveal(client, case, point, "complaint").status_code == 200
    assert GateDecision.objects.filter(
        party=case.party, verdict="REVIEW"
    ).exists()  # its answer is kept beside the look


def test_a_mistyped_promise_is_put_right_from_the_same_call_or_withdrawn(at_work, client):
    client, user, case, point = at_work
    dial(client, case, point)
    day = promise_day(Case.objects.get(pk=case.pk))
    save(client, case, "promise", **SAID, part_date=[day], part_amount=["1,050.00"])
    first = Promise.objects.get()
    form = {"promise": first.pk, "reason": "1,500.00 was said", "key": "corrected"}
    assert "Correct the promise" in client.get(f"/cases/{case.case_no}").content.decode()
    assert client.post(f"/cases/{case.case_no}/promise", {**form, "reason": ""}).status_code == 422
    wrong = client.post(f"/cases/{case.case_no}/promise", {**form, "part_date": day, "part_amount": "9,999.00"})
    assert wrong.status_code == 422 and not hasattr(Promise.objects.get(), "withdrawal")
    for _ in range(2):
        answer = client.post(f"/cases/{case.case_no}/promise", {**form, "part_date": day, "part_amount": "1,500.00"})
        assert answer.status_code == 204, answer.content.decode()
    made = Promise.objects.latest("id")
    assert (Promise.objects.count(), made.contact_id, str(made.parts.get().amount)) == (2, first.contact_id, "1500.00")
    assert Promise.objects.get(pk=first.pk).withdrawal.reason == "1,500.00 was said"
    taken_back = {"promise": made.pk, "reason": "he rang and took it back"}
    client.force_login(build.user(language="en"), backend=settings.AUTHENTICATION_BACKENDS[1])
    answer = client.post(f"/cases/{case.case_no}/promise", taken_back)
    assert answer.status_code == 422 and "team leader" in answer.content.decode()
    client.force_login(build.user("team_leader", language="en"), backend=settings.AUTHENTICATION_BACKENDS[1])
    assert client.post(f"/cases/{case.case_no}/promise", taken_back).status_code == 204
    made.parts.update(state="kept")
    assert "Withdrawn" in client.get(f"/cases/{case.case_no}").content.decode()


def test_a_case_is_given_to_a_collector_from_a_day_to_a_day_and_taken_back(at_work, client):
    _client, user, case, _point = at_work
    assert client.post(f"/cases/{case.case_no}/owner", {"owner": user.pk}).status_code == 403
    client.force_login(build.user("team_leader", language="en"), backend=settings.AUTHENTICATION_BACKENDS[1])
    today = business_date(timezone.now())
    last = today + timedelta(days=7)
    form = {"owner": user.pk, "ends_on": last, "key": "given"}
    for wrong in ({"starts_on": "soon"}, {"starts_on": today - timedelta(days=1)}, {"ends_on": "2020-01-01"}):
        assert client.post(f"/cases/{case.case_no}/owner", {**form, **wrong}).status_code == 422
    for _ in range(2):
        assert client.post(f"/cases/{case.case_no}/owner", form).status_code == 204
    fact = Ownership.objects.get()
    assert (fact.owner, fact.starts_on, fact.ends_on) == (user, today, last)
    page = client.get(f"/cases/{case.case_no}").content.decode()
    assert f"now {user.name_en}" in page and f"from {today} to {last}" in page
    for _ in range(2):
        assert client.post(f"/cases/{case.case_no}/owner", {"owner": "", "key": "back"}).status_code == 204
    case.refresh_from_db()
    assert case.owner is None and Ownership.objects.count() == 2
    services.end_ownerships(now=timezone.now())
    case.refresh_from_db()
    assert case.owner is None


def test_a_collector_enters_no_payment_and_a_leader_enters_it_once(at_work, client):
    _client, _user, case, _point = at_work
    account = case.party.accounts.get()
    form = {
        "account": account.pk,
        "amount": "100.00",
        "transaction_date": timezone.localdate().isoformat(),
        "host_ref": "R-1",
        "provisional": "on",
    }
    assert client.post(f"/cases/{case.case_no}/payment", form).status_code == 403
    client.force_login(build.user("team_leader", language="en"), backend=settings.AUTHENTICATION_BACKENDS[1])
    for _ in range(2):
        assert client.post(f"/cases/{case.case_no}/payment", form).status_code == 204
    assert Payment.objects.count() == 1
    assert (
        "already with another amount"
        in client.post(f"/cases/{case.case_no}/payment", {**form, "amount": "7"}).content.decode()
    )


def test_a_case_of_another_entity_is_not_there(at_work, client):
    _client, _user, case, _point = at_work
    client.force_login(build.user(of=build.entity("agency"), team=None), backend=settings.AUTHENTICATION_BACKENDS[1])
    assert client.get(f"/cases/{case.case_no}").status_code == 404


def test_next_without_cases_says_so(client):
    client.force_login(build.user(language="en"), backend=settings.AUTHENTICATION_BACKENDS[1])
    assert client.post("/next")["Location"] == "/desk?empty=1"
    assert "The queue is empty." in client.get("/desk?empty=1").content.decode()


def test_a_list_stands_in_its_address_and_a_search_does_not(at_work):
    client, _user, case, _point = at_work
    assert case.case_no in client.get("/lists?bucket=M2&chip=unowned").content.decode()
    assert case.case_no not in client.get("/lists?bucket=M5").content.decode()
    assert client.post("/search", {"q": case.case_no.lower()})["Location"] == f"/cases/{case.case_no}"
    client.post("/search", {"q": "13800000000"})
    assert "13800000000" not in str(list(Log.objects.filter(kind="party.searched").values_list("data", flat=True)))


def test_a_list_keeps_its_whole_state_through_each_of_its_forms(at_work):
    client, user, case, _point = at_work
    Case.objects.filter(pk=case.pk).update(queue="visit", owner=user, segment="late")
    address = (
        f"/lists?chip=mine&bucket=M2&stage=early&segment=late&queue=visit&owner={user.pk}&column=person&column=days"
    )
    page = client.get(address).content.decode()
    assert case.case_no in page
    for form in re.findall(r'<form[^>]* action="/lists">.*?</form>', page, re.S):
        names = set(re.findall(r'name="(\w+)"', form))
        assert {"chip", "bucket", "stage", "segment", "queue", "owner", "column"} <= names
    visits = re.search(r'href="([^"]*)"[^>]*>For visits<small>(\d+)', client.get("/lists").content.decode())
    assert visits.groups() == ("/lists?queue=visit", "1")
    assert case.case_no in client.get(visits[1]).content.decode()
    assert case.case_no not in client.get("/lists?queue=agency").content.decode()


def test_a_hold_is_placed_on_one_account_or_an_amount_and_each_kind_by_those_who_may(at_work):
    client, _user, case, _point = at_work
    account = case.party.accounts.get()
    form = {"kind": "fraud", "reason": "says it was not him", "account": account.pk, "amount": "1,200.00"}
    assert client.post(f"/cases/{case.case_no}/hold", form).status_code == 204
    placed = Hold.objects.get()
    assert (placed.kind, placed.account, str(placed.amount), placed.ends_at) == ("fraud", account, "1200.00", None)
    page = client.get(f"/cases/{case.case_no}").content.decode()
    assert f"Scope: {account.account_no}." in page and f'href="/rules/people/{case.party_id}"' in page
    for wrong in ({"kind": "sold"}, {"account": build.account().pk}, {"amount": "0"}, {"amount": "1.001"}):
        assert client.post(f"/cases/{case.case_no}/hold", {**form, **wrong}).status_code == 422
    client.force_login(build.user("compliance"), backend=settings.AUTHENTICATION_BACKENDS[1])
    assert client.post(f"/cases/{case.case_no}/hold", {"kind": "sold", "reason": "to the buyer"}).status_code == 204


def test_a_segment_is_called_by_its_name_in_the_reader_s_language(at_work):
    client, user, case, _point = at_work
    strategy.approve(text=strategy.shipped(), by=Actor.program("tests"), now=build.NOW)
    Case.objects.filter(pk=case.pk).update(segment="first_payment_default")
    PlannedAction.objects.create(
        entity=case.entity, party=case.party, case=case, step="CALL-16", cycle=build.NOW.date(), channel="call",
        purpose="demand", due_on=build.NOW.date(), segment="first_payment_default", rule="CALL-16", run_id=1,
        state="planned",
    )  # fmt: skip
    for address in (f"/cases/{case.case_no}", "/lists?column=segment"):
        shown = client.get(address).content.decode()
        assert "First-payment default" in shown and "first_payment_default" not in shown
    user.language = "zh-hans"
    user.save()
    assert "首逾客户" in client.get("/lists?column=segment").content.decode()
    assert segment_name("retired", "en") == "retired"


def test_a_list_is_exported_by_those_who_may(at_work, client):
    _client, _user, case, _point = at_work
    assert client.get("/lists?format=csv").status_code == 403
    client.force_login(build.user("manager"), backend=settings.AUTHENTICATION_BACKENDS[1])
    text = b"".join(client.get("/lists?format=csv").streaming_content).decode("utf-8-sig")
    mark, header, *rows = text.splitlines()
    log = Log.objects.get(kind="list.exported")
    assert (
        mark.startswith(f"# No. {log.pk} |") and mark.endswith(f"| {len(rows)} rows") and log.data["rows"] == len(rows)
    )
    assert header.startswith("case_no,") and case.case_no in text


def test_a_hand_out_does_what_was_shown(client):
    owners = [build.user(), build.user()]
    cases = [build.case() for _ in range(5)]
    client.force_login(build.user("team_leader", language="en"), backend=settings.AUTHENTICATION_BACKENDS[1])
    page = client.post(
        "/team", {"do": "preview", "which": "pool", "owner": [one.pk for one in owners]}
    ).content.decode()
    assert "5 cases would be dealt" in page
    shown = {name: re.search(f'name="{name}" value="([^"]*)"', page)[1] for name in ("cases", "key")}
    shown["ends_on"] = business_date(timezone.now()) + timedelta(days=30)
    for _ in range(2):
        client.post("/team", {"do": "hand_out", "owner": [one.pk for one in owners], **shown})
    dealt = list(Case.objects.filter(pk__in=[case.pk for case in cases]).values_list("owner_id", flat=True))
    assert sorted(dealt.count(one.pk) for one in owners) == [2, 3]
    assert set(Ownership.objects.values_list("ends_on", flat=True)) == {shown["ends_on"]}
    late = client.post("/team", {"do": "preview", "owner": owners[0].pk, "ends_on": "2020-01-01"})
    assert late.status_code == 422 and "not before today" in late.content.decode()


def test_a_message_shows_its_text_first_and_says_not_connected(at_work):
    client, _user, case, point = at_work
    fields = client.get(f"/cases/{case.case_no}/message").content.decode()
    codes = re.findall(r'<option value="([^"]+)">[^<]+\(', fields)
    assert codes
    shown = client.get(f"/cases/{case.case_no}/message", {"point": point.pk, "template": codes[0]})
    assert 'class="preview"' in shown.content.decode()
    assert not Message.objects.exists()
    form = {"point": point.pk, "template": codes[0], "key": "sms"}
    for _ in range(2):
        assert client.post(f"/cases/{case.case_no}/message", form).status_code == 204
    assert Message.objects.get().state == "not_connected"
    assert "Not connected" in client.get(f"/cases/{case.case_no}").content.decode()
