"""A day's transactions file corrected by another one: what a payment is then, in payments, promises and allocation."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils.translation import override

from dunwell.arrangements.models import PromisePart
from dunwell.arrangements.services import make_promise
from dunwell.arrears.models import AccountState, AllocationLine
from dunwell.evidence.models import Log
from dunwell.identity.models import Entity
from dunwell.intake import sentences
from dunwell.intake.models import IntakeFile
from dunwell.intake.services import mend, take
from dunwell.kernel.actor import Actor
from dunwell.nightly import services as nightly
from dunwell.payments import services
from dunwell.payments.models import Payment, Reversal
from dunwell.portfolio.models import Account
from tests import build, nights

BY = Actor.program("tests")
D = date(2026, 11, 22)
HEADER = "account_no,host_ref,posting_date,transaction_date,code,type,amount,currency,counts_to_minimum,reverses_ref\n"


@pytest.fixture
def lake(db, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    build.entity()
    return tmp_path


def line(
    ref: str, amount: str, *, account: str = "A1", kind: str = "repayment", reverses: str = "", day: date = D
) -> str:
    return f"{account},{ref},{day},{day},,{kind},{amount},CNY,,{reverses}\n"


def file(folder, *lines: str, day: date = D) -> IntakeFile:
    """The day's transactions file as the bank sends it, taken by the file machine."""
    path = folder / f"transactions_{day}.csv"
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return take(path=path, business_date=day, entity=Entity.objects.get(code="bank"), now=build.NOW, by=BY).file


def counts(account: str = "A1") -> Decimal:
    """What of an account's money counts: payments less what was taken back."""
    paid = sum((p.amount for p in Payment.objects.filter(account__account_no=account, provisional=False)), Decimal(0))
    return paid - sum((r.amount for r in Reversal.objects.filter(payment__account__account_no=account)), Decimal(0))


def test_a_payment_that_a_third_file_names_again_counts_again(lake):
    build.account("A1")
    file(lake, line("R1", "300.00"), line("R2", "70.00"))
    file(lake, line("R2", "70.00"))
    assert counts() == Decimal("70.00")
    third = file(lake, line("R2", "70.00"), line("R1", "300.00"))
    assert third.changes["receipts"] == {"again": 1}
    assert counts() == Decimal("370.00")
    file(lake, line("R2", "70.00"), line("R1", "300.00"), line("F1", "5.00", kind="fee"))  # again, with another byte
    assert counts() == Decimal("370.00")
    assert [(p.host_ref, p.booking) for p in Payment.objects.order_by("id")] == [("R1", 1), ("R2", 1), ("R1", 2)]


def test_a_corrected_amount_takes_effect(lake):
    build.account("A1")
    file(lake, line("R1", "300.00"))
    corrected = file(lake, line("R1", "130.00"))
    assert corrected.changes["receipts"] == {"corrected": 1}
    assert "1" in sentences.changed(corrected.changes)
    assert counts() == Decimal("130.00")
    assert [(r.payment.booking, r.amount, r.source) for r in Reversal.objects.all()] == [(1, Decimal(300), "withdrawn")]
    said = Log.objects.filter(kind="payment.received").order_by("-id").first().data
    assert (said["amount"], said["corrects"]) == ("130.00", "300.00")


def test_a_reversal_that_a_corrected_file_leaves_out_is_undone_and_comes_back_with_the_next(lake):
    build.account("A1")
    file(lake, line("R1", "300.00"))
    next_day = D + timedelta(days=1)
    back = line("V1", "100.00", kind="reversal", reverses="R1", day=next_day)
    file(lake, line("R5", "20.00", day=next_day), back, day=next_day)
    assert counts() == Decimal("220.00")
    file(lake, line("R5", "20.00", day=next_day), day=next_day)
    assert counts() == Decimal("320.00")
    file(lake, line("R5", "20.00", day=next_day), line("F1", "1.00", kind="fee", day=next_day), day=next_day)
    assert counts() == Decimal("320.00")  # the payment is of the day before: this file need not name it
    file(lake, line("R5", "20.00", day=next_day), line("F1", "2.00", kind="fee", day=next_day), back, day=next_day)
    assert counts() == Decimal("220.00")


def test_a_reversal_that_is_too_large_waits_in_quarantine_and_the_other_rows_go_on(lake):
    build.account("A1")
    taken = file(
        lake, line("R1", "300.00"), line("V1", "300.01", kind="reversal", reverses="R1"), line("R2", "70.00"),
        line("V2", "70.00", kind="reversal", reverses="R2"), line("V3", "1.00", kind="reversal", reverses="R2"),
    )  # fmt: skip
    assert (taken.rows_read, taken.rows_taken, taken.rows_quarantined) == (5, 3, 2)
    assert counts() == Decimal("300.00")
    rows = list(taken.quarantine.order_by("row_number"))
    assert [(row.row_number, row.column, row.code) for row in rows] == [
        (3, "amount", "reversal_too_large"),
        (6, "amount", "reversal_too_large"),
    ]
    with override("en"):
        said = sentences.of_row(taken, rows[0])
    assert "300.01 is taken back, only 300.00 is left" in said
    mended = mend(file=taken, rows={3: {"amount": "300.00"}, 6: {"amount": "0.50"}}, by=BY, now=build.NOW)
    assert (mended.taken, [(w.row, w.code) for w in mended.wrong]) == ([3], [(6, "reversal_too_large")])
    assert (mended.file.rows_taken, mended.file.rows_quarantined) == (4, 1)
    assert counts() == Decimal("0.00")


def test_a_reference_that_another_day_booked_with_another_amount_waits_in_quarantine(lake):
    build.account("A1")
    file(lake, line("R1", "300.00"))
    after = D + timedelta(days=1)
    taken = file(lake, line("R1", "310.00", day=after), line("R2", "5.00", day=after), day=after)
    assert [(row.column, row.code) for row in taken.quarantine.all()] == [("host_ref", "reference_used")]
    assert counts() == Decimal("305.00")


def test_the_host_s_figure_goes_before_the_typed_one(lake):
    account = build.account("A1")
    services.receive(
        account_id=account.pk, amount=Decimal("300.00"), currency="CNY", posting_date=D, transaction_date=D,
        host_ref="R1", source="typed", by=BY, now=build.NOW,
    )  # fmt: skip
    file(lake, line("R1", "130.00"))
    assert counts() == Decimal("130.00")


def test_a_day_without_that_account_leaves_what_was_typed_alone(lake):
    account = build.account("A1")
    services.receive(
        account_id=account.pk, amount=Decimal("300.00"), currency="CNY", posting_date=D, transaction_date=D,
        host_ref="R1", source="typed", by=BY, now=build.NOW,
    )  # fmt: skip
    file(lake, line("R2", "5.00"))
    assert counts() == Decimal("305.00")


# --- through the night's programs ---

LATE_SINCE = date(2026, 10, 20)


@pytest.fixture
def late(fresh_database, settings, tmp_path):
    """P1 with 800.00 past due at the close of D, published."""
    settings.LAKE = tmp_path / "lake"
    build.party("P1")
    nights.taken("accounts", D, [
        nights.position("A1", "P1", past_due="800.00", since=LATE_SINCE, periods_past_due=1, late_charge=Decimal("30.00"),
                        principal_retail=Decimal("11970.00")),
    ])  # fmt: skip
    nightly.run(business_date=D, now=build.NOW, by=BY)
    return tmp_path


def reassessed() -> tuple[Decimal, list[str], dict[str, Decimal]]:
    """Past due, the promise's parts, and what counts by component."""
    nightly.reassess(now=build.NOW)
    lines: dict[str, Decimal] = {}
    for one in AllocationLine.objects.all():
        lines[one.component] = lines.get(one.component, Decimal(0)) + one.amount
    parts = list(PromisePart.objects.order_by("position").values_list("state", flat=True))
    return AccountState.objects.get(account__account_no="A1").past_due, parts, lines


def test_promise_past_due_and_allocation_follow_every_file_of_the_day(late):
    after = D + timedelta(days=1)
    party = Account.objects.get(account_no="A1").party_id
    make_promise(party_id=party, parts=[(date(2026, 11, 25), Decimal("300.00"))], by=BY, now=build.NOW, key="p")
    paid = line("R1", "300.00", day=after)
    file(late, paid, day=after)
    kept = (Decimal("500.00"), ["kept"], {"late_charge": Decimal("30.00"), "principal_retail": Decimal("270.00")})
    assert reassessed() == kept
    file(late, line("F1", "1.00", kind="fee", day=after), day=after)
    assert reassessed() == (Decimal("800.00"), ["open"], {})
    file(late, paid, line("F1", "2.00", kind="fee", day=after), day=after)
    assert reassessed() == kept
    file(late, line("R1", "120.00", day=after), day=after)
    assert reassessed() == (
        Decimal("680.00"), ["open"], {"late_charge": Decimal("30.00"), "principal_retail": Decimal("90.00")}
    )  # fmt: skip


def test_a_correction_after_the_day_s_night_is_spread_over_what_that_night_found(late):
    after = D + timedelta(days=1)
    file(late, line("R1", "300.00", day=after), day=after)
    reassessed()
    nights.taken("accounts", after, [
        nights.position("A1", "P1", balance="11700.00", past_due="500.00", since=LATE_SINCE, periods_past_due=1),
    ])  # fmt: skip
    nightly.run(business_date=after, now=build.NOW + timedelta(days=1), by=BY)
    file(late, line("R1", "280.00", day=after), day=after)
    past_due, _, lines = reassessed()
    assert sum(lines.values()) == Decimal("280.00")
    assert past_due == Decimal(
        "500.00"
    )  # the host's own figure of that close stands until its corrected position comes
    assert reassessed()[2] == lines
