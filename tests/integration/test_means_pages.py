"""Papers beside the form: kept by content, never shown unscanned, and what is left a month."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
import typst
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dunwell.arrangements.means import queries
from dunwell.arrangements.means.models import MeansStatement, Proof
from dunwell.evidence.models import Log, StoredFile
from dunwell.kernel.times import business_date
from tests import build
from tests.peers.clamd import EICAR, scanner

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def payslip() -> bytes:
    return typst.compile(b"= Payslip\nNovember", format="pdf")


def sign_in(client, role="collector"):
    user = build.user(role, language="en")
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[1])
    return user


@pytest.fixture
def case():
    return build.debtor(province="110000")[2]


def hand_in(client, case, content, key="p1", name="payslip.pdf"):
    day = (business_date(timezone.now()) - timedelta(days=3)).isoformat()
    form = {"key": key, "kind": "payslip", "issued_on": day, "file": SimpleUploadedFile(name, content)}
    return client.post(f"/cases/{case.case_no}/proofs", form)


def test_an_unscanned_paper_is_shown_once_somebody_else_has_released_it(client, case, payslip):
    sign_in(client, "team_leader")
    assert hand_in(client, case, payslip).status_code == 204 == hand_in(client, case, payslip).status_code
    proof, at = Proof.objects.get(), f"/cases/{case.case_no}"
    picture = f"{at}/proofs/{proof.pk}/pages/1"
    page = client.get(f"{at}/means").content.decode()
    assert "quarantine, not scanned" in page and "no scanner is connected" in page
    assert client.get(picture).status_code == 404
    release = {"verdict": "release:released", "detail": "seen on a machine without a network"}
    assert client.post(f"{at}/proofs/{proof.pk}", {"key": "r0", **release}).status_code == 422  # his own
    sign_in(client, "compliance")
    assert client.post(f"{at}/proofs/{proof.pk}", {"key": "r1", **release}).status_code == 204
    shown = client.get(picture)
    assert shown["Content-Type"] == "image/png" and shown.content.startswith(b"\x89PNG")
    assert client.get(f"{at}/proofs/{proof.pk}/pages/2").status_code == 404
    assert Log.objects.filter(kind="party.revealed", data__what="proof").count() == 1
    assert payslip not in (settings.HOME / StoredFile.objects.get().path).read_bytes()


def test_a_virus_is_found_and_never_shown(client, case, payslip, settings):
    sign_in(client)
    with scanner() as address:
        settings.CLAMD = address
        assert hand_in(client, case, payslip + EICAR).status_code == 204
        assert hand_in(client, case, payslip, key="p2").status_code == 204
    clean, infected = Proof.objects.order_by("-pk")
    at = f"/cases/{case.case_no}"
    assert client.get(f"{at}/proofs/{clean.pk}/pages/1").status_code == 200
    sign_in(client, "compliance")
    release = {"key": "r", "verdict": "release:released", "detail": "x"}
    assert client.post(f"{at}/proofs/{infected.pk}", release).status_code == 422
    assert client.get(f"{at}/proofs/{infected.pk}/pages/1").status_code == 404


@pytest.mark.parametrize("content", [b"MZ\x90\x00 a program", b"%PDF-1.4 broken", b""])
def test_what_is_no_paper_by_its_content_is_not_kept(client, case, content):
    sign_in(client)
    assert hand_in(client, case, content, name="payslip.pdf").status_code == 422
    assert not Proof.objects.exists()


def test_the_issuers_word_counts_and_a_collector_does_not_write_it_down(client, case, payslip):
    sign_in(client)
    hand_in(client, case, payslip)
    proof, at = Proof.objects.get(), f"/cases/{case.case_no}/proofs/"
    assert (
        client.post(f"{at}{proof.pk}", {"key": "a", "verdict": "asked:asked", "detail": "HR of the firm"}).status_code
        == 204
    )
    forged = {"key": "b", "verdict": "issuer:forged", "detail": "no such employee"}
    assert client.post(f"{at}{proof.pk}", forged).status_code == 403
    sign_in(client, "team_leader")
    assert client.post(f"{at}{proof.pk}", forged).status_code == 204
    assert queries.standing(Proof.objects.get(), proof.expires_on) == "forged"


def test_income_and_outgoings_give_what_is_left_and_stand_in_no_log(client, case):
    sign_in(client)
    at = f"/cases/{case.case_no}/means"
    assert queries.left_a_month(case.party_id) is None
    form = {"key": "m1", "household": "1", "salary": "8,000", "rent": "2500", "living": "3000"}
    for _ in range(2):
        assert client.post(f"{at}/statement", form).status_code == 204
    assert queries.left_a_month(case.party_id) == Decimal("2500.00") and MeansStatement.objects.count() == 1
    assert "2,500.00" in client.get(at).content.decode()
    assert not Log.objects.filter(kind="means.stated", data__icontains="8000").exists()
    assert client.post(f"{at}/statement", {**form, "key": "m2", "salary": "much"}).status_code == 422
    assert client.post(f"{at}/statement", {**form, "key": "m3", "household": "0"}).status_code == 422


def test_the_page_is_read_in_at_most_fifteen_queries(client, case, payslip):
    sign_in(client)
    for number in range(4):
        hand_in(client, case, payslip, key=f"p{number}")
    client.get(f"/cases/{case.case_no}/means")
    with CaptureQueriesContext(connection) as asked:
        client.get(f"/cases/{case.case_no}/means")
    assert len([one for one in asked if (one["sql"] or "--").startswith(("SELECT", "WITH", "--"))]) <= 15
