"""The pages of situation and objections: who may, what stands on them, and that they stay quick."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dunwell.casework.models import Complaint, DepartmentRequest, Dispute, Path, Representative
from dunwell.casework.services import complaints, disputes
from dunwell.compliance.models import Hold
from tests import build

pytestmark = pytest.mark.django_db


def sign_in(client, role="collector", **fields):
    user = build.user(role, language="en", **fields)
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[1])
    return user


@pytest.fixture
def late():
    person, _point, case = build.debtor()
    build.contact_point(party=person, kind="address", value="北京市朝阳区建国路88号", label="post")
    return case


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_a_dispute_goes_from_the_desk_to_the_letter_by_its_pages(client, late):
    sign_in(client)
    at, account = f"/cases/{late.case_no}", late.party.accounts.get()
    assert 'id="dispute-dialog"' in page(client, at)
    form = {
        "key": "k1",
        "kind": "fraud",
        "account": account.pk,
        "amount": "800",
        "words": "Not I: the card was with me.",
    }
    assert client.post(f"{at}/disputes", {**form, "amount": "a lot"}).status_code == 422
    assert client.post(f"{at}/disputes", form).status_code == 204
    made = Dispute.objects.get()
    assert "Not I" in page(client, f"{at}/objections") and "On hold" in page(client, at)
    assert client.post(f"/disputes/{made.number}/decision", {"outcome": "upheld", "words": "x"}).status_code == 403
    sign_in(client, "compliance")
    assert made.number in page(client, "/disputes") and made.number in page(client, "/disputes?route=risk")
    assert made.number not in page(client, "/disputes?route=legal")
    proof = SimpleUploadedFile("receipt.pdf", b"%PDF-1.4 police receipt")
    step = {"key": "s1", "kind": "evidence", "words": "police receipt", "file": proof}
    assert client.post(f"/disputes/{made.number}/steps", step).status_code == 204
    decide = {"key": "x1", "outcome": "upheld", "words": "counterfeit card abroad"}
    assert client.post(f"/disputes/{made.number}/decision", decide).status_code == 204
    answer = {"key": "x2", "answer": "1", "words": "The purchase was not yours."}
    assert client.post(f"/disputes/{made.number}/decision", answer).status_code == 204
    shown = page(client, f"/disputes/{made.number}")
    assert "counterfeit card abroad" in shown and "answered in writing" in shown and "Correct the amount" in shown
    asked = DepartmentRequest.objects.get(department="bureau")
    assert late.case_no in page(client, "/requests")
    assert client.post(f"/requests/{asked.pk}", {"done": "yes", "words": "reported anew"}).status_code == 204
    assert "Answer of a department" in page(client, at)


def test_a_complaint_goes_through_the_register(client, late):
    collector = build.user()
    leader = sign_in(client, "team_leader")
    form = {
        "key": "k1", "source": "12378", "external_no": "2026-77", "category": "language", "severity": "serious",
        "against": collector.pk, "words": "He shouted at my mother.",
    }  # fmt: skip
    assert client.post(f"/cases/{late.case_no}/complaints", form).status_code == 204
    row = Complaint.objects.get()
    assert row.number in page(client, "/complaints?source=12378")
    assert row.number not in page(client, "/complaints?source=media")
    shown = page(client, f"/complaints/{row.number}")
    assert "He shouted at my mother." in shown and leader.staff_no not in shown  # of the collector's team: no handler
    officer = sign_in(client, "compliance", team=build.team("team-2"))
    act = f"/complaints/{row.number}/acts"
    assert client.post(act, {"key": "a0", "act": "assign", "handler": officer.pk}).status_code == 204
    assert 'maxlength="2000"></textarea>' in page(client, f"/complaints/{row.number}"), "nothing is written for him"
    for number, form in enumerate([
        {"act": "complex", "words": "the recording has to be fetched"},
        {"act": "answer", "words": "it is on the recording"},
    ], 1):  # fmt: skip
        assert client.post(act, {"key": f"a{number}", **form}).status_code == 204, form
    refused = client.post(act, {"key": "a8", "act": "answer", "words": "pay to my private account"})
    assert refused.status_code == 422 and "CN-PAYEE" in refused.content.decode()
    assert "Let it leave" not in page(client, f"/complaints/{row.number}")
    sign_in(client, "manager", team=build.team("team-2"))
    assert "Complaints for you: 1" in page(client, "/complaints/waiting")
    assert row.number in page(client, "/complaints?to=me")
    shown = page(client, f"/complaints/{row.number}")
    assert "it is on the recording" in shown and "Let it leave" in shown
    assert client.post(act, {"key": "b1", "act": "release"}).status_code == 204
    assert "Complaints for you" not in page(client, "/complaints/waiting")
    client.force_login(officer, backend="dunwell.identity.backends.Backend")
    close = {"act": "close", "founded": "yes", "root_cause": "conduct", "redress": "apology"}
    assert client.post(act, {"key": "a9", **close}).status_code == 204
    shown = page(client, f"/complaints/{row.number}")
    assert "founded / Conduct / Apology" in shown
    assert row.number in page(client, "/complaints?over=1") and row.number not in page(client, "/complaints")
    sign_in(client, "collector")
    assert client.get("/complaints").status_code == 403 and client.get(f"/complaints/{row.number}").status_code == 403


def test_a_death_shows_the_estates_path_and_its_papers(client, late):
    sign_in(client)
    at = f"/cases/{late.case_no}"
    assert client.post(f"{at}/paths", {"key": "p", "path": "death", "words": "his daughter rang"}).status_code == 204
    path = Path.objects.get()
    shown = page(client, f"{at}/situation")
    assert "up to the value of the estate" in shown and "Certificate of death" in shown
    paper = {"document": "certificate", "file": SimpleUploadedFile("c.pdf", b"%PDF-1.4 certificate")}
    assert client.post(f"{at}/paths/{path.pk}", {"key": "d1", **paper}).status_code == 204
    assert (
        client.post(f"{at}/paths/{path.pk}", {"key": "d2", "document": "gossip", "file": paper["file"]}).status_code
        == 422
    )
    assert Hold.objects.get(lift=None).kind == "death"
    assert client.post(f"{at}/paths/{path.pk}", {"key": "d3", "reason": "a mistake of names"}).status_code == 204
    assert not Hold.objects.filter(lift=None).exists()


def test_a_representative_is_checked_on_papers(client, late):
    sign_in(client)
    at = f"/cases/{late.case_no}"
    client.post(f"{at}/representatives", {"key": "r", "name": "Lawyer Li", "telephone": "13800000000"})
    row = Representative.objects.get()
    assert "tell him nothing" in page(client, f"{at}/objections")
    for number, kind in enumerate(("identity", "authority")):
        paper = SimpleUploadedFile(f"{kind}.pdf", b"%PDF-1.4 " + kind.encode())
        form = {"key": f"c{number}", "kind": kind, "good": "yes", "file": paper}
        assert client.post(f"{at}/representatives/{row.pk}", form).status_code == 204
    assert "may be told" in page(client, f"{at}/objections")
    assert (
        client.post(f"{at}/representatives/{row.pk}", {"key": "c9", "kind": "identity", "good": "yes"}).status_code
        == 422
    )


def test_each_page_takes_at_most_fifteen_queries_however_much_there_is(client, late):
    user, officer = build.user(), sign_in(client, "compliance", team=build.team("team-2"))
    now = timezone.now()
    for number in range(12):
        disputes.open_dispute(
            case_id=late.pk, account_id=late.party.accounts.get().pk, kind="wrong_amount", amount=build.Decimal(number + 1),
            text="x", by=user.actor, now=now, key=f"d{number}",
        )  # fmt: skip
        complaints.open_complaint(
            case_id=late.pk, source="bank", category="other", severity="normal", text="x", against_id=user.pk,
            by=officer.actor, now=now, key=f"c{number}",
        )  # fmt: skip
    one = Complaint.objects.latest("pk").number, Dispute.objects.latest("pk").number
    for address in (
        f"/cases/{late.case_no}/objections", f"/cases/{late.case_no}/situation", "/complaints", "/disputes", "/requests",
        f"/complaints/{one[0]}", f"/disputes/{one[1]}",
    ):  # fmt: skip
        page(client, address)
        with CaptureQueriesContext(connection) as asked:
            page(client, address)
        reads = [sql[:90] for query in asked if (sql := query["sql"] or "--").startswith(("SELECT", "WITH", "--"))]
        assert len(reads) <= 15, "\n".join([address, *reads])
