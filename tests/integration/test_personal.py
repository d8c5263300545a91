"""A person's rights: what is held and why, a copy, correction, restriction while records must be kept, erasure."""

from __future__ import annotations

import json

import pytest

from dunwell.compliance import services as compliance
from dunwell.evidence.models import Log
from dunwell.identity.models import Role
from dunwell.kernel.actor import Actor
from dunwell.legal.services.personal import restrict
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint, Correction, Party, PartyIdentity
from tests import build

pytestmark = pytest.mark.django_db
BY = Actor(user_id=7, name="S00007")


@pytest.fixture
def person():
    party, point, case = build.debtor(party_no="P77")
    PartyIdentity.objects.create(
        party=party, name_sealed=portfolio.seal_text(party_id=party.pk, text="林致远"), id_kind="resident_id",
        id_sealed=portfolio.seal_text(party_id=party.pk, text="990101199001013172"), digest=b"as in the file",
    )  # fmt: skip
    return party, point, case


@pytest.fixture
def officer(client):
    client.force_login(build.user(Role.COMPLIANCE, language="en"), backend="dunwell.identity.backends.Backend")
    return client


def test_the_page_says_what_is_held_and_why_and_who_may_not_see_it_does_not(
    person, officer, django_assert_max_num_queries
):
    with django_assert_max_num_queries(15):
        page = officer.get("/people/P77").content.decode()
    assert "Art 13" in page and "CN-REC-5Y" in page and "left by him" in page and "林致远" not in page
    officer.force_login(build.user(Role.COLLECTOR), backend="dunwell.identity.backends.Backend")
    assert officer.get("/people/P77").status_code == 403


@pytest.mark.parametrize("form", ["json", "pdf"])
def test_he_gets_a_copy_in_clear_and_the_log_says_who_made_it(person, officer, form):
    assert officer.post("/people/P77/copy", {"form": form, "reason": " "}).status_code == 422
    answer = officer.post("/people/P77/copy", {"form": form, "reason": "asked in person, card shown"})
    assert answer.status_code == 200
    if form == "json":
        told = json.loads(answer.content)
        assert told["name"] == "林致远" and told["identity"][1] == "990101199001013172"
        assert told["contact_points"][0]["value"].startswith("190000") and len(told["held"]) == 10
    else:
        assert answer.content[:5] == b"%PDF-" and b"/Sig" in answer.content
    said = Log.objects.get(kind="party.copied")
    assert said.party_id == person[0].pk and said.data["reason"] == "asked in person, card shown"


def test_a_right_number_is_a_new_point_with_its_source_and_the_wrong_one_is_not_called_again(person, officer):
    party, wrong, _ = person
    told = {"kind": "mobile", "value": "139 0000 0001", "source": "left_by_debtor", "reason": "he said so", "key": "k",
            "replaces": wrong.pk}  # fmt: skip
    for _ in range(2):
        assert officer.post("/people/P77/correct", told).status_code == 302
    right = ContactPoint.objects.exclude(pk=wrong.pk).get(party=party)
    wrong.refresh_from_db()
    assert (right.source, right.status, right.known_since is not None) == ("left_by_debtor", "valid", True)
    assert (wrong.status, wrong.status_reason) == ("invalid", "corrected")
    assert Correction.objects.get().replaces == wrong and Log.objects.filter(kind="party.corrected").count() == 1
    assert officer.post("/people/P77/correct", {**told, "value": "12", "key": "k2"}).status_code == 422


def test_a_right_name_outlives_the_banks_next_file_until_that_tells_another(person):
    party = person[0]
    portfolio.correct_name(
        party_id=party.pk, name="林志远", source="contract", reason="identity card", by=BY, now=build.NOW, key="n"
    )
    assert portfolio.reveal_identity(party_id=party.pk, by=BY, reason="look", now=build.NOW).name == "林志远"
    assert Party.objects.get(pk=party.pk).name_masked[0] == "林"
    assert bytes(PartyIdentity.objects.get(pk=party.pk).digest) == b"as in the file"  # by which a file is compared


def test_a_restriction_stops_contacts_and_is_the_same_when_asked_twice(person, officer):
    party, point, case = person
    restrict(party_id=party.pk, reason="he objects", by=BY, now=build.NOW)
    assert officer.post("/people/P77/restrict", {"reason": "he objects again"}).status_code == 302
    assert party.list_entries.count() == 1
    for channel in ("call", "sms"):
        decision = compliance.ask(
            party_id=party.pk, contact_point_id=point.pk, channel=channel, case_id=case.pk, by=BY, now=build.NOW
        )
        assert not decision.allowed and "G-LIST" in [reason.rule for reason in decision.reasons]
    assert "stored only" in officer.get("/people/P77").content.decode()


def test_an_erasure_that_something_forbids_says_what(person, officer):
    answer = officer.post("/people/P77/erase", {"reason": "he asked"})
    assert answer.status_code == 422 and "is open" in answer.content.decode()
