"""What binds the contacts with a person, and the internal lists, as compliance works on them."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from dunwell.compliance import queries, services, words
from dunwell.compliance.models import Circumstance, Consent, Hold, ListEntry
from dunwell.compliance.queries.facts import HOLD_AS_FLAG
from dunwell.compliance.rules.holds import KINDS
from dunwell.evidence.models import StoredFile
from dunwell.kernel.actor import Actor
from tests import build

BY = Actor.program("test")
pytestmark = pytest.mark.django_db


@pytest.fixture
def at(client):
    def enter(user):
        client.force_login(user, backend="dunwell.identity.backends.Backend")
        return client

    return enter


def test_a_hold_is_lifted_with_a_reason(at):
    party, _, _ = build.debtor()
    hold = services.place_hold(party_id=party.pk, kind="dispute", reason="not his", by=BY, now=timezone.now())
    page = at(build.user("team_leader"))
    assert "not his" in page.get(f"/rules/people/{party.pk}").content.decode()
    assert page.post(f"/rules/people/{party.pk}/holds/{hold.pk}/lift", {"reason": ""}).status_code == 422
    assert page.post(f"/rules/people/{party.pk}/holds/{hold.pk}/lift", {"reason": "settled"}).status_code == 302
    assert Hold.objects.get().lift.reason == "settled"


def test_a_proven_hold_is_lifted_by_somebody_above_the_collector(at):
    party, _, _ = build.debtor()
    for kind in ("death", "sold", "dispute"):
        services.place_hold(party_id=party.pk, kind=kind, reason="told", by=BY, now=timezone.now())

    def lifts(role, kind):
        hold = Hold.objects.get(kind=kind)
        return at(build.user(role)).post(f"/rules/people/{party.pk}/holds/{hold.pk}/lift", {"reason": "over"})

    assert lifts("collector", "death").status_code == lifts("team_leader", "sold").status_code == 403
    assert lifts("collector", "dispute").status_code == lifts("team_leader", "death").status_code == 302
    assert lifts("compliance", "sold").status_code == 302


def test_every_kind_of_hold_has_a_name_and_a_flag():
    assert set(KINDS) <= set(words.HOLDS) and set(KINDS) - {"other"} <= set(HOLD_AS_FLAG)


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"kind": "debtor_window", "hours": "18:00-21:00"}, 302),
        ({"kind": "debtor_window", "hours": "evenings"}, 422),
        ({"kind": "opt_out", "channel": "sms"}, 302),
        ({"kind": "opt_out"}, 422),
        ({"kind": "night_consent"}, 422),
        ({"kind": "night_consent", "evidence": "kept", "until": "2099-01-01"}, 302),
        ({"kind": "night_consent", "evidence": "as read", "until": "2099-01-01"}, 302),
        ({"kind": "night_consent", "evidence": "call 77"}, 422),
        ({"kind": "night_consent", "evidence": "kept", "until": "2020-01-01"}, 422),
        ({"kind": "stated_zone", "zone": "Asia/Tokyo"}, 302),
        ({"kind": "stated_zone", "zone": "Tokyo"}, 422),
        ({"kind": "anything"}, 422),
    ],
)
def test_what_he_said_is_written_down_and_taken_back(at, typed, status):
    party, _, _ = build.debtor()
    if typed.get("evidence") in ("kept", "as read"):
        proof = build.proof(party)
        typed = typed | {"evidence": proof if typed["evidence"] == "kept" else words.proof(proof)}
    page = at(build.user("team_leader"))
    assert page.post(f"/rules/people/{party.pk}/consents", typed).status_code == status
    assert Consent.objects.count() == (1 if status == 302 else 0)
    if status == 302:
        row = Consent.objects.get()
        assert page.post(f"/rules/people/{party.pk}/consents/{row.pk}/withdraw").status_code == 302
        assert list(page.get(f"/rules/people/{party.pk}").context["consents"]) == []


def test_an_entry_is_written_by_one_and_approved_by_another(at):
    party, _, _ = build.debtor()
    writer, second = build.user("compliance"), build.user("manager")
    page = at(writer)
    assert page.post("/rules/lists/new", {"list": "staff", "who": "nobody", "reason": "r"}).status_code == 422
    assert (
        page.post("/rules/lists/new", {"list": "staff", "who": party.party_no, "reason": "HR file"}).status_code == 302
    )
    entry = ListEntry.objects.get()
    assert page.post(f"/rules/lists/{entry.pk}/approve").status_code == 422
    assert page.post(f"/rules/lists/{entry.pk}/remove", {"reason": "r"}).status_code == 422  # his own
    page = at(second)
    assert page.post(f"/rules/lists/{entry.pk}/approve").status_code == 302
    assert second.name("en") in page.get("/rules/lists").content.decode()
    assert page.get(f"/rules/people/{party.pk}").status_code == 403


def test_a_number_is_listed_for_every_case_and_officers_are_named(at):
    party, _, _ = build.debtor()
    point = build.contact_point(party=party, value="19000005555")
    writer, officer = build.user("compliance"), build.user("collector")
    page = at(writer)
    for who, status in (("12", 422), ("190 0000 5555", 302)):
        typed = {"list": "reissued_number", "who": who, "reason": "carrier"}
        assert page.post("/rules/lists/new", typed).status_code == status
    assert bytes(ListEntry.objects.get().digest) == bytes(point.digest)
    services.add_to_list(list="staff", party_id=party.pk, reason="r", by=BY, now=timezone.now())
    named = {"user": officer.pk, "list": "staff", "reason": "section head"}
    assert page.post("/rules/lists/officers", named | {"user": writer.pk}).status_code == 422
    assert page.post("/rules/lists/officers", named).status_code == 302
    later = timezone.now() + timedelta(minutes=1)
    assert queries.may_open(party.pk, user_id=officer.pk, now=later)
    assert page.post("/rules/lists/officers", named | {"end": "1"}).status_code == 302
    assert not queries.may_open(party.pk, user_id=officer.pk, now=later)


@pytest.mark.parametrize(("role", "lists", "edit"), [("collector", 200, 403), ("administrator", 403, 403)])
def test_who_may_work_on_the_lists(at, role, lists, edit):
    page = at(build.user(role))
    assert page.get("/rules/lists").status_code == lists
    assert page.post("/rules/lists/new", {}).status_code == edit


def test_more_than_the_law_gives_is_not_written_down_by_a_collector(at):
    party, _, _ = build.debtor()
    typed = {"kind": "night_consent", "evidence": build.proof(party)}
    assert at(build.user("collector")).post(f"/rules/people/{party.pk}/consents", typed).status_code == 422
    assert Consent.objects.count() == 0


@pytest.mark.parametrize(
    ("role", "typed", "status"),
    [
        ("collector", {"kind": "dispute", "reason": "says so", "amount": "120.00"}, 302),
        ("collector", {"kind": "dispute", "reason": "says so", "amount": "a lot"}, 422),
        ("collector", {"kind": "dispute", "reason": "says so", "evidence": "his word"}, 422),
        ("collector", {"kind": "dispute"}, 422),
        ("collector", {"kind": "sold", "reason": "r"}, 422),
        ("compliance", {"kind": "sold", "reason": "r"}, 302),
    ],
)
def test_a_hold_is_placed_with_its_scope_and_its_evidence(at, role, typed, status):
    party, _, _ = build.debtor()
    page = at(build.user(role))
    typed = typed | {"account": party.accounts.get().pk}
    assert page.post(f"/rules/people/{party.pk}/holds", typed).status_code == status
    assert [hold.account_id for hold in Hold.objects.all()] == ([typed["account"]] if status == 302 else [])


def test_what_is_proven_is_written_down_with_its_file_and_taken_back(at):
    party, _, _ = build.debtor()
    son = build.party()
    page, url = at(build.user("legal")), f"/rules/people/{party.pk}/facts"
    for typed in ({"kind": "heir"}, {"kind": "heir", "who": son.party_no}, {"kind": "agency_notice"}):
        assert page.post(url, typed).status_code == 422
    file = SimpleUploadedFile("certificate.pdf", b"%PDF-1.7 of tests")
    assert page.post(url, {"kind": "heir", "who": son.party_no, "file": file}).status_code == 302
    row = Circumstance.objects.get()
    assert row.evidence == f"file:{StoredFile.objects.get().sha256}"
    assert son.party_no in page.get(f"/rules/people/{party.pk}").content.decode()
    assert page.post(f"{url}/{row.pk}/withdraw").status_code == 302
    assert page.get(f"/rules/people/{party.pk}").context["circumstances"] == []
    assert at(build.user("collector")).post(url, {}).status_code == 403


def test_agencies_and_domains_are_registered_by_compliance(at):
    agency = build.entity("agency-1")
    page = at(build.user("compliance"))
    listing = {"agency": agency.pk, "telephone": "4000000000", "published_at": "https://bank.example.cn"}
    for wrong in ({"from": "soon"}, {"from": "2026-11-01", "to": "2026-10-01"}):
        assert page.post("/rules/registers/agencies", listing | wrong).status_code == 422
    assert page.post("/rules/registers/agencies", listing | {"from": "2026-11-01"}).status_code == 302
    assert page.post("/rules/registers/domains", {"domain": "not a domain", "registration": "1"}).status_code == 422
    domain = {"domain": "pay.bank.example.cn", "registration": "ICP-1"}
    assert page.post("/rules/registers/domains", domain).status_code == 302
    link, later = "【测试银行】请登录 pay.bank.example.cn/x 还款", timezone.now() + timedelta(minutes=1)
    fields = {"text": link, "channel": "sms", "now": later}
    assert queries.findings(**fields) == ()
    assert "4000000000" in page.get("/rules/registers").content.decode()
    assert page.post("/rules/registers/domains", domain | {"end": "1"}).status_code == 302
    assert [found.rule for found in queries.findings(**fields | {"now": later})] == ["CN-LINK"]
    assert at(build.user("collector")).post("/rules/registers/domains", {}).status_code == 403
