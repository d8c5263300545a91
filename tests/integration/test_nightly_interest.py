"""What the night makes of interest: our figures of the accounts in work, and how the host's differ from them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.conf import settings
from pypdf import PdfReader

from dunwell.arrears.models import HostDifference
from dunwell.arrears.queries import parties_in_doubt
from dunwell.arrears.rules.judgment import CourtCut
from dunwell.arrears.services import NotAllowed, explain_difference
from dunwell.casework.models import Case
from dunwell.engine import lake, session
from dunwell.evidence import services as evidence
from dunwell.evidence.models import Log
from dunwell.identity.models import Role
from dunwell.kernel.actor import Actor
from dunwell.legal import services as legal
from dunwell.legal.models import Bundle
from dunwell.nightly import services
from dunwell.nightly.computed import NotKnown, compute
from dunwell.nightly.computed.receipt import receipt
from dunwell.nightly.models import Run
from dunwell.nightly.services.freezing import folder_of
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account, PartyIdentity
from tests import build, nights

D = date(2026, 11, 22)
EVE = date(2026, 11, 6)  # the night before the statement of 7 November
BILLED = date(2026, 11, 7)
BY = Actor.program("tests")


@pytest.fixture
def home(fresh_database, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    build.party("P1"), build.party("P2")
    nights.taken(
        "statements", date(2026, 10, 7), [statement("A1", date(2026, 10, 7), date(2026, 10, 25), "2000.00", "400.00")]
    )
    nights.taken("transactions", date(2026, 10, 7), [posted("A1", "S1", date(2026, 10, 2), "purchase", "2000.00")])
    nights.taken("transactions", date(2026, 10, 25), [posted("A1", "R1", date(2026, 10, 25), "repayment", "200.00")])


def statement(account: str, day: date, due: date, balance: str, minimum: str) -> dict:
    return {
        "account_no": account, "currency": "CNY", "statement_date": day, "due_date": due,
        "statement_balance": Decimal(balance), "minimum_payment": Decimal(minimum),
    }  # fmt: skip


def posted(account: str, ref: str, day: date, kind: str, amount: str, **more: object) -> dict:
    return {
        "account_no": account, "host_ref": ref, "posting_date": day, "transaction_date": day, "type": kind,
        "amount": Decimal(amount), "currency": "CNY", **more,
    }  # fmt: skip


def position(day: date, also: Sequence[dict] = (), **fields: object) -> None:
    """A1 after its payment: 1,800.00 of purchases, 200.00 of the minimum late since 25 October."""
    given = {"balance": "1800.00", "past_due": "200.00", "since": date(2026, 10, 25), **fields}
    nights.taken("accounts", day, [nights.position("A1", "P1", **given), *also])


def rows(day: date, table: str, columns: str) -> list[tuple]:
    run = Run.objects.get(business_date=day, state=Run.State.PUBLISHED)
    connection = session.connect(threads=1)
    lake.read_parquet(connection, "kept", folder_of(run) / "tables" / f"{table}.parquet")
    return connection.execute(f"SELECT {columns} FROM kept ORDER BY ALL").fetchall()


def night(day: date) -> Run:
    return services.run(business_date=day, now=build.NOW, by=BY)


def billed(interest: str, late: str, **fields: object) -> None:
    """The statement of 7 November with what the host charged on it."""
    balance = Decimal(1800) + Decimal(interest) + Decimal(late)
    nights.taken("statements", BILLED, [
        statement("A1", BILLED, date(2026, 11, 25), str(balance), "300.00"),
        statement("A2", BILLED, date(2026, 11, 25), "0.00", "0.00"),
    ])  # fmt: skip
    nights.taken("transactions", BILLED, [
        posted("A1", "I1", BILLED, "interest", interest), posted("A1", "F1", BILLED, "fee", late),
    ])  # fmt: skip
    position(BILLED, balance=str(balance), principal_retail="1800.00", interest_on_balance=interest, late_charge=late,
             statement_date=BILLED, **fields)  # fmt: skip


def test_interest_since_the_posting_day_and_since_the_last_statement(home, client):
    """2,000 × 0.05 % × 23 + 1,800 × 0.05 % × 14 = 35.60 on 7 November; 1,800 × 0.05 % × 15 = 13.50 since."""
    billed("35.60", "10.00")
    paid_in_full = nights.position("A2", "P2", balance="0.00", statement_date=BILLED)
    position(D, also=[paid_in_full], balance="1845.60", principal_retail="1800.00", interest_on_balance="35.60",
             late_charge="10.00", statement_date=BILLED)  # fmt: skip
    night(D)
    assert rows(D, "account_interest", "statement_date, billed, since, since_off, late_charge, exact") == [
        (BILLED, Decimal("35.60"), Decimal("13.50"), Decimal("0.00"), Decimal("10.00"), True)
    ]
    every_figure_is_the_sum_of_its_lines()
    an_account_that_was_not_in_work_is_told_from_the_book()
    it_is_told_on_the_page_and_by_the_api(client)
    a_set_of_proof_has_it_cut_as_courts_do_beside_the_contract(client)


def every_figure_is_the_sum_of_its_lines() -> None:
    found = receipt(compute(account_no="A1", business_date=D))
    summed = [figure for figure in found if figure.sums]
    assert [figure.code for figure in summed] == ["balance", "past_due", "interest", "interest_since", "court"]
    for figure in summed:
        assert sum(line.amount or 0 for line in figure.lines) == figure.value, figure.code
    billed_one = next(figure for figure in found if figure.code == "interest")
    stretches = [line.values for line in billed_one.lines if line.code == "stretch"]
    assert [(one["first"], one["days"], one["balance"]) for one in stretches] == [
        (date(2026, 10, 2), 23, Decimal("2000.00")), (date(2026, 10, 25), 14, Decimal("1800.00")),
    ]  # fmt: skip
    stored = rows(D, "account_state", "balance, past_due, days_delinquent")[0]
    assert stored[:2] == (summed[0].value, summed[1].value)


def an_account_that_was_not_in_work_is_told_from_the_book() -> None:
    """A2 pays in full: no night looks at it, and its purchases are read from the bank's files. A day later there was no night."""
    found = compute(account_no="A2", business_date=date(2026, 11, 24))
    assert (found.as_of, found.in_work, found.state["bucket"]) == (D, False, "M0")
    assert [figure.interest for figure in found.statements if figure.statement_date == BILLED] == [Decimal("0.00")]
    with pytest.raises(NotKnown):
        compute(account_no="A9", business_date=D)


def it_is_told_on_the_page_and_by_the_api(client) -> None:
    user = build.user(Role.COMPLIANCE, language="en")
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[1])
    case = Case.objects.get()
    page = client.get(f"/cases/{case.case_no}/computed?date={D}").content.decode()
    assert "purchases, 2026-10-25 – 2026-11-07: 1,800.00 × 0.05 % × 14 days" in page and "35.60" in page
    plain = client.get(f"/cases/{case.case_no}/computed?date={D}&form=cardholder").content.decode()
    assert "What you owe" in plain and "CN-5T" not in plain and "CN-INT" not in plain
    told = client.get(f"/api/arrears/accounts/A1/computed?on={D}").json()
    assert {one["code"]: one["value"] for one in told["figures"]}["interest"] == "35.60"
    assert client.get("/api/arrears/accounts/A1/risk-class").json()["risk_class"] == "special_mention"


def a_set_of_proof_has_it_cut_as_courts_do_beside_the_contract(client) -> None:
    """The receipt's own figures; by the contract 1,845.60, and what lies above the ceiling is taken off."""
    account = Account.objects.get(account_no="A1")
    name = portfolio.seal_text(party_id=account.party_id, text="林致远")
    PartyIdentity.objects.create(party_id=account.party_id, name_sealed=name, digest=b"")
    given = {"first": "2026-10-01", "last": str(D), "cut_off": str(D), "reason": "suit", "key": "b1"}
    assert client.post("/legal/accounts/A1/bundle", given).status_code == 302
    court = compute(account_no="A1", business_date=D).court
    (figure,) = [one for one in receipt(compute(account_no="A1", business_date=D)) if one.code == "court"]
    assert figure.value == court.payable
    index_says(Bundle.objects.get(), court)
    over = replace(court, allowed=Decimal("50.00"), cut=court.claimed - 50, payable=Decimal("50.00"))
    made = legal.make_bundle(
        party_id=account.party_id, first=D, last=D, cut_off=D, reason="suit", language="en", cuts={account.pk: over},
        by=Actor(user_id=9, name="S9"), now=build.NOW, key="b3",
    )  # fmt: skip
    index_says(made, over)
    client.post("/legal/accounts/A1/bundle", given | {"cut_off": "2026-11-21", "key": "b2"})
    assert any(
        "variant of the claim" in one or "position of account" in one
        for one in Bundle.objects.get(key="bundle-b2").missing
    )


def index_says(made: Bundle, court: CourtCut) -> None:
    with zipfile.ZipFile(io.BytesIO(evidence.read_file(made.file))) as archive:
        pages = PdfReader(io.BytesIO(archive.read("index.pdf"))).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "Cut at 24 % a year (M)" in text
    for said, amount in (
        ("as computed", court.claimed),
        ("The ceiling for these days", court.allowed),
        ("Left standing of them", court.payable),
        ("The claim by the contract", Decimal("1845.60")),
        ("Above the ceiling", court.cut),
        ("The claim cut", Decimal("1845.60") - court.cut),
    ):
        assert re.search(rf"{said} [−-]?{amount:,.2f}\b", text), (said, amount, text[:2000])


def differences() -> list[tuple]:
    return rows(BILLED, "host_difference", "component, CAST(difference AS VARCHAR), cause, beyond")


def test_nothing_differs_where_the_host_counts_as_we_do(home):
    position(EVE)
    night(EVE)
    billed("35.60", "10.00")
    night(BILLED)
    assert differences() == []


@pytest.mark.parametrize(
    ("interest", "late", "expected"),
    [
        ("32.04", "10.00", [("interest", "-3.56", "rate_or_method", True)]),  # at 0.045 %
        ("35.64", "10.00", [("interest", "0.04", "rounding", False)]),
        ("35.60", "20.00", [("late_charge", "10.00", "late_charge_differs", True)]),
    ],
)
def test_a_difference_has_its_component_and_its_cause(home, interest, late, expected):
    position(EVE)
    night(EVE)
    billed(interest, late)
    night(BILLED)
    assert differences() == expected
    user, now = build.user(Role.COMPLIANCE), build.NOW
    by = user.actor
    party = Account.objects.get(account_no="A1").party_id
    waits = bool(parties_in_doubt([party]))
    assert waits is expected[0][3]  # beyond the tolerance
    for one in HostDifference.objects.all():
        with pytest.raises(NotAllowed):
            explain_difference(difference_id=one.pk, reason=" ", by=by, now=now)
        explain_difference(difference_id=one.pk, reason="The issuer's own rate since 1 November.", by=by, now=now)
    assert not parties_in_doubt([party])
    assert Log.objects.filter(kind="difference.explained").exists() is waits


def test_what_no_booking_tells_and_what_was_spread_otherwise(home):
    position(EVE)
    night(EVE)
    nights.taken(
        "accounts",
        BILLED,
        [nights.position("A1", "P1", balance="1900.00", past_due="200.00", since=date(2026, 10, 25))],
    )
    night(BILLED)
    assert differences() == [("principal", "100.00", "booking_not_told", True)]


def test_a_payment_that_the_host_spread_over_the_principal_first(home):
    late = {"past_due": "200.00", "since": date(2026, 10, 25)}
    parts = {"interest_on_balance": "50.00", "principal_retail": "1750.00"}
    nights.taken("accounts", EVE, [nights.position("A1", "P1", balance="1800.00", **late, **parts)])
    night(EVE)
    nights.taken("transactions", BILLED, [posted("A1", "R2", BILLED, "repayment", "100.00")])
    parts = {"interest_on_balance": "50.00", "principal_retail": "1650.00"}
    nights.taken("accounts", BILLED, [nights.position("A1", "P1", balance="1700.00", **late, **parts)])
    night(BILLED)
    assert differences() == [
        ("interest", "50.00", "payment_spread", True), ("principal", "-50.00", "payment_spread", True),
    ]  # fmt: skip
