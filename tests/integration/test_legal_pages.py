"""The legal officer's pages: claims by their end, one claim, its papers and sets of proof."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dunwell.evidence.models import Log
from dunwell.legal import services
from dunwell.legal.models import Bundle, LimitationClock, Paper
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, PartyIdentity
from tests import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> Account:
    party = build.party()
    name = portfolio.seal_text(party_id=party.pk, text="林致远")
    PartyIdentity.objects.create(party=party, name_sealed=name, digest=b"")
    made = build.account(party=party)
    build.account_state(account=made, oldest_due_date=date(2024, 1, 10))
    services.keep_clocks(now=timezone.now())
    return made


@pytest.fixture
def officer(client) -> Client:
    client.force_login(build.user("legal", language="en"), backend="dunwell.identity.backends.Backend")
    return client


def paper(**told: object) -> dict[str, object]:
    file = SimpleUploadedFile("contract.pdf", b"%PDF-1.7 a contract")
    return {"kind": "contract", "file": file, "in_force_from": "2024-01-01", "key": "k1", **told}


def test_claims_are_listed_and_one_is_told_step_by_step_in_few_questions(officer, account):
    for nr in range(30):
        build.account_state(account=build.account(f"B{nr:03}"), oldest_due_date=date(2025, 1, 10))
    services.keep_clocks(now=timezone.now())
    for address, needs in (
        ("/legal", account.account_no),
        (f"/legal/accounts/{account.account_no}", "Due and not paid"),
    ):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            answer = officer.get(address)
        assert answer.status_code == 200 and needs in answer.content.decode()
        assert len(asked) <= 15, [q["sql"][:80] for q in asked]


def test_a_suit_is_written_down_with_its_proof_once(officer, account):
    address = f"/legal/accounts/{account.account_no}/fact"
    told = {"kind": "suit", "starts_on": "2026-02-02", "ends_on": "", "reason": "filed", "key": "f1"}
    for _ in range(2):
        assert officer.post(address, told).status_code == 302
    assert LimitationClock.objects.get(account=account).last_kind == "suit"
    assert Log.objects.filter(kind="limitation.fact").count() == 1
    wrong = officer.post(address, {**told, "starts_on": "2.2.2026", "key": "f2"})
    assert wrong.status_code == 422 and "Write the days as 2026-11-23." in wrong.content.decode()


def test_a_paper_is_told_by_its_content_and_read_back_with_a_line_in_the_log(officer, account):
    address = f"/legal/accounts/{account.account_no}/paper"
    script = SimpleUploadedFile("contract.pdf", b"MZ not a paper")
    assert "no PDF" in officer.post(address, paper(file=script)).content.decode()
    assert officer.post(address, paper()).status_code == 302
    kept = Paper.objects.get()
    answer = officer.get(f"/legal/papers/{kept.pk}")
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 a contract"
    assert Log.objects.get(kind="paper.read").account_id == account.pk
    licence = paper(kind="licence", file=SimpleUploadedFile("l.png", b"\x89PNG\r\n\x1a\n1"), key="k3")
    assert officer.post("/legal/papers/new", licence).status_code == 302
    assert "Business licence" in officer.get("/legal/papers").content.decode()


def test_a_set_of_proof_is_made_and_taken_by_those_who_may(officer, account, client):
    told = {"first": "2026-01-01", "last": "2026-11-23", "cut_off": "2026-11-22", "reason": "suit", "key": "b1"}
    assert officer.post(f"/legal/accounts/{account.account_no}/bundle", told).status_code == 302
    made = Bundle.objects.get()
    answer = officer.get(f"/legal/bundles/{made.pk}")
    assert b"".join(answer.streaming_content).startswith(b"PK")
    assert Log.objects.filter(kind="bundle.read").count() == 1
    leader = Client()
    leader.force_login(build.user("team_leader"), backend="dunwell.identity.backends.Backend")
    assert leader.get(f"/legal/bundles/{made.pk}").status_code == 403
    assert leader.post(f"/legal/accounts/{account.account_no}/bundle", told).status_code == 403


def test_another_entitys_claim_is_not_there(officer):
    other = build.account(party=build.party(of=build.entity("agency-1")))
    assert officer.get(f"/legal/accounts/{other.account_no}").status_code == 404
