"""Calls that are not a demand: somebody rings us, and a third party is asked for the debtor's whereabouts."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.utils import timezone

from dunwell.arrangements.models import Promise
from dunwell.casework import queries, services
from dunwell.casework.models import Complaint
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact, ContactOutcome, ListEntry
from dunwell.compliance.queries import Asking, budget, previews
from dunwell.desk.queries import today_of
from dunwell.kernel.actor import Actor
from dunwell.oversight.queries import Scope
from dunwell.oversight.queries.facts import attempts
from dunwell.portfolio.models import AccountRole, ContactPoint
from tests import build

pytestmark = pytest.mark.django_db
SAID = {"identified": True, "disclosed": ["who_we_are", "recorded", "objections"]}
ZONES = ("Asia/Shanghai", "Pacific/Auckland", "America/New_York", "Europe/Berlin", "Pacific/Honolulu")
BY = Actor.program("test")


def of(day) -> Scope:
    return Scope(day, timezone.now(), build.entity().pk, "CNY")


@pytest.fixture
def at_work(client):
    """A collector with the case of somebody whose day is open now; a friend is declared as contact."""
    zone = next(zone for zone in ZONES if 9 <= timezone.now().astimezone(ZoneInfo(zone)).hour < 21)
    person, point, case = build.debtor(timezone=zone)
    friend = build.party(timezone=zone, name_masked="王*")
    AccountRole.objects.create(
        account_no=person.accounts.get().account_no, party=friend, role="declared_contact", relation="friend"
    )
    number = build.contact_point(party=friend, source="declared_contact")
    user = build.user(language="en")
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[1])
    services.hold(case_id=case.pk, user=user, now=timezone.now())
    return client, user, case, point, number


def ring(client, case, person="", point="", key="rings-1"):
    form = {"person": person, "point": point, "key": key}
    return client.post(f"/cases/{case.case_no}/incoming", form, HTTP_HX_REQUEST="true")


def save(client, case, code, key="save-1", *, identified=False, **fields):
    if identified:
        build.identified(Contact.objects.latest("id"), now=timezone.now())
    form = {"key": key, "contact": Contact.objects.latest("id").pk, "code": code, "note": "", **fields}
    return client.post(f"/cases/{case.case_no}/contact", form, HTTP_HX_REQUEST="true")


def lose(case):
    """Three days in a row on which the debtor was dialled in vain."""
    point = case.party.contact_points.get(kind="mobile")
    for back in (1, 2, 3):
        at = timezone.now() - timedelta(days=back)
        contact = Contact.objects.create(
            entity=case.entity, party=case.party, person=case.party, contact_point=point, point_digest=point.digest,
            case_id=case.pk, channel="call", purpose="demand", token=f"00000000-0000-4000-8000-00000000000{back}",
            expires_at=at, local_date=at.astimezone(ZoneInfo(case.party.timezone)).date(), reserved_at=at,
            key=f"in vain {back}",
        )  # fmt: skip
        ContactOutcome.objects.create(contact=contact, outcome="no_answer", recorded_at=at, key=f"in vain {back}")


def may_locate(case, number):
    (answer,) = previews(
        [Asking(case.party_id, number.party_id, number.pk, "call", "locate", case.pk)], now=timezone.now()
    )
    return answer.allowed


def test_a_call_that_comes_in_takes_a_promise_and_counts_against_no_limit(at_work):
    client, user, case, point, _number = at_work
    for nr in range(3):  # the day's conversations are used up
        contact = compliance.reserve(
            party_id=case.party_id, contact_point_id=point.pk, channel="call", case_id=case.pk, key=f"talk-{nr}",
            by=BY, now=timezone.now(),
        ).contact  # fmt: skip
        compliance.record_outcome(
            contact_id=contact.pk, outcome="connected_rpc", identified=True, by=BY, now=timezone.now(), key=f"talk-{nr}"
        )
    used = [cap.used for cap in budget(case.party_id, timezone.now(), case_id=case.pk).caps]
    for _ in range(2):  # a double click
        assert ring(client, case, case.party_id, point.pk).status_code in (204, 422)
    page = client.get(f"/cases/{case.case_no}").content.decode()
    assert "Incoming call <b" in page and "Complains" in page and point.masked in page
    terms = queries.case_page(case.pk, user, timezone.now()).terms
    day = next(day for day, working in terms.days if working).isoformat()
    answer = save(client, case, "promise", **SAID, part_date=[day], part_amount=["1500.00"])
    assert answer.status_code == 204, answer.content.decode()
    taken = Contact.objects.get(direction="in")
    assert (taken.decision, taken.person_id, taken.outcomes.get().outcome) == (None, case.party_id, "connected_rpc")
    assert Promise.objects.get().contact_id == taken.pk
    assert [cap.used for cap in budget(case.party_id, timezone.now(), case_id=case.pk).caps] == used
    assert today_of(user, timezone.now()).dials == 0
    assert taken.pk not in attempts(of(taken.local_date)).values_list("pk", flat=True)
    assert f"in from {point.masked}" in client.get(f"/cases/{case.case_no}?kind=call").content.decode()


def test_whoever_answers_takes_the_call_down_though_a_colleague_has_the_case(at_work, client):
    _client, user, case, _point, _number = at_work
    client.force_login(build.user(language="en"), backend=settings.AUTHENTICATION_BACKENDS[1])
    assert ring(client, case, case.party_id).status_code == 204
    assert save(client, case, "asks_something", identified=True, note="asks for the due date").status_code == 204
    case.refresh_from_db()
    assert case.held_by == user


def test_a_call_of_the_debtor_ends_his_being_out_of_contact_and_a_stranger_s_does_not(at_work):
    client, _user, case, _point, number = at_work
    assert not may_locate(case, number)
    lose(case)
    assert may_locate(case, number)
    ring(client, case)
    save(client, case, "not_the_person", note="rang the wrong bank")
    assert may_locate(case, number)
    ring(client, case, case.party_id, key="rings-2")
    save(client, case, "interrupted", key="save-2", identified=True)
    assert not may_locate(case, number)


def test_a_third_party_is_asked_to_locate_or_relay_and_sees_nothing_of_the_debt_on_the_screen(at_work):
    client, _user, case, _point, number = at_work
    lose(case)
    page = client.get(f"/cases/{case.case_no}").content.decode()
    assert re.search(r'name="purpose"[^>]*><option value="locate">Locate</option><option value="relay">Relay', page)
    for asked, kept in (("demand", "locate"), ("relay", "relay")):
        form = {"point": number.pk, "purpose": asked, "key": f"dial-{asked}"}
        answer = client.post(f"/cases/{case.case_no}/dial", form, HTTP_HX_REQUEST="true").content.decode()
        contact = Contact.objects.latest("id")
        assert (contact.purpose, contact.party_type, contact.person_id) == (kept, "third_unrelated", number.party_id)
        for shown in (answer, client.get(f"/cases/{case.case_no}").content.decode()):
            assert "The debt is put away." in shown
            assert not re.search(r"1,500\.00|12,000\.00|Days delinquent|Past due", shown)
        save(client, case, "other_person", key=f"save-{asked}")
        services.hold(case_id=case.pk, user=_user, now=timezone.now())


def test_a_third_party_who_rings_and_complains_has_an_entry_of_the_register(at_work):
    client, user, case, _point, _number = at_work
    contact = services.answer_call(case_id=case.pk, user=user, now=timezone.now(), key="rings", person_id=None)
    assert save(client, case, "complains", contact=contact.pk, note="Do not ring my shop any more").status_code == 204
    made = Complaint.objects.get(party=case.party)
    assert (made.category, made.source, made.case_id) == ("third_party", "bank", case.pk)


def test_a_third_party_who_refuses_is_never_dialled_again_and_his_number_is_no_wrong_number(at_work):
    client, user, case, _point, number = at_work
    lose(case)
    client.post(f"/cases/{case.case_no}/dial", {"point": number.pk, "key": "dial-tp"}, HTTP_HX_REQUEST="true")
    assert save(client, case, "tp_refused", note="is not to be called").status_code == 204
    services.hold(case_id=case.pk, user=user, now=timezone.now())
    client.post(f"/cases/{case.case_no}/dial", {"point": number.pk, "key": "dial-tp-2"}, HTTP_HX_REQUEST="true")
    assert Contact.objects.filter(person=number.party).count() == 1
    assert "CN-TP-REFUSED" in client.get(f"/cases/{case.case_no}").content.decode()
    assert "Wants no more calls" in client.get(f"/cases/{case.case_no}?kind=call").content.decode()
    assert not ListEntry.objects.exists()
    number.refresh_from_db()
    assert number.status == ContactPoint.Status.VALID
    day = Contact.objects.get(person=number.party).local_date
    assert (
        attempts(of(day)).get(person=number.party).outcome == "connected_wpc"
    )  # reached, though not the person himself
