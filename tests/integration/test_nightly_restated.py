"""A past date anew, from what is known now; and an account that is late for longer than files are looked back on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from dunwell.arrears.models import AccountState, AllocationLine
from dunwell.casework.models import Case
from dunwell.compliance.models import Hold, HoldLift
from dunwell.engine import lake, session
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE
from dunwell.nightly import services
from dunwell.nightly.models import Run
from dunwell.nightly.services import freezing
from dunwell.oversight.models import BucketDay, CohortMonth
from dunwell.payments import services as payments
from dunwell.portfolio.models import Account, Touch
from tests import build, nights

BY = Actor.program("tests")
D = date(2026, 11, 20)
LATER = D + timedelta(days=3)


@pytest.fixture
def home(fresh_database, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    for number in (1, 2):
        build.party(f"P{number}")


def book(day: date) -> None:
    nights.taken("accounts", day, [
        nights.position(f"A{n}", f"P{n}", past_due="800.00", since=date(2026, 10, 20), periods_past_due=1) for n in (1, 2)
    ])  # fmt: skip


def night(day: date) -> Run:
    return services.run(business_date=day, now=build.NOW, by=BY)


def moment(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), BANK_ZONE) + timedelta(hours=10)


def table(run: Run, name: str, folder: str = "tables") -> list[tuple]:
    with session.connect(threads=1) as connection:
        lake.read_parquet(connection, "t", freezing.folder_of(run) / folder / f"{name}.parquet")
        return connection.execute("SELECT * FROM t ORDER BY ALL").fetchall()


def column(run: Run, name: str, wanted: str, folder: str = "tables") -> list[object]:
    with session.connect(threads=1) as connection:
        lake.read_parquet(connection, "t", freezing.folder_of(run) / folder / f"{name}.parquet")
        return [row[0] for row in connection.execute(f"SELECT {wanted} FROM t ORDER BY ALL").fetchall()]


def past_due(day: date) -> Decimal:
    return sum(BucketDay.objects.filter(business_date=day).values_list("past_due", flat=True), Decimal(0))


def pay(account_no: str, amount: str, *, posted: date, told: date, ref: str):
    return payments.receive(
        account_id=Account.objects.get(account_no=account_no).pk, amount=Decimal(amount), currency="CNY", posting_date=posted,
        transaction_date=posted, business_date=told, host_ref=ref, source="file", by=BY, now=build.NOW,
    )  # fmt: skip


def test_a_payment_told_late_is_known_to_the_restated_night_of_the_day_it_was_posted(home):
    for day in (D, LATER):
        book(day)
        night(day)
    assert past_due(D) == Decimal("1600.00")
    pay("A1", "300.00", posted=D, told=LATER, ref="R1")  # in work: from PostgreSQL
    cases = list(Case.objects.order_by("id").values())
    run = night(D)
    assert (run.number, run.restated, past_due(D)) == (2, True, Decimal("1300.00"))
    assert list(Case.objects.order_by("id").values()) == cases and not AllocationLine.objects.exists()

    pay("A2", "100.00", posted=D + timedelta(days=1), told=LATER, ref="R2")  # posted after D: not of D
    night(D)
    assert past_due(D) == Decimal("1300.00")


def test_a_late_file_tells_the_restated_night_of_accounts_that_are_not_in_work(home):
    """The host says nothing of what is past due, and the payment stands in the file of three days later."""
    statements = [{"account_no": "A9", "currency": "CNY", "statement_date": date(2026, 10, 5), "due_date": date(2026, 10, 25),
                   "statement_balance": Decimal(9000), "minimum_payment": Decimal(900)}]  # fmt: skip
    build.party("P9")
    nights.taken("statements", D, statements)
    nights.taken("accounts", D, [nights.position("A9", "P9", past_due=None)])
    night(D)
    nights.taken("accounts", LATER, [nights.position("A9", "P9")])
    nights.taken("transactions", LATER, [
        {"account_no": "A9", "host_ref": ref, "posting_date": posted, "transaction_date": posted, "code": "R",
         "type": "repayment", "amount": Decimal(amount), "currency": "CNY"}
        for ref, posted, amount in (("R1", D - timedelta(days=1), "700.00"), ("R2", LATER, "200.00"))
    ])  # fmt: skip
    night(LATER)
    assert CohortMonth.objects.get().recovered == Decimal("900.00")  # both, in the night that was told of them
    assert past_due(D) == Decimal("900.00")
    night(D)
    assert past_due(D) == Decimal("200.00")


def test_holds_and_cases_of_a_restated_night_are_those_of_its_day(home):
    book(D)
    night(D)
    held, lifted, later = (
        Hold.objects.create(party_id=build.Party.objects.get(party_no="P1").pk, kind=kind, reason="r",
                            starts_at=moment(day), recorded_at=moment(day))
        for kind, day in (("complaint", D), ("dispute", D), ("disaster", LATER))
    )  # fmt: skip
    HoldLift.objects.create(hold=lifted, reason="over", recorded_at=moment(LATER))
    nights.taken("accounts", LATER, [nights.position("A1", "P1"), nights.position("A2", "P2")])
    night(LATER)
    assert not Case.objects.filter(closed_on=None).exists()
    run = night(D)
    assert column(run, "hold", "kind", "inputs") == ["complaint", "dispute"]
    assert column(run, "open_case", "party_no", "inputs") == ["P1", "P2"]
    assert {row[0] for row in table(run, "working_party", "inputs")} == {"P1", "P2"}


def test_a_back_dated_payment_and_its_reversal_replay_the_account_alone_and_leave_no_trace(home):
    book(D)
    night(D)
    states = dict(AccountState.objects.values_list("account__account_no", "past_due"))
    kept = AccountState.objects.filter(account__account_no="A2").values().get()
    payment = pay("A1", "300.00", posted=D - timedelta(days=10), told=LATER, ref="R1")
    assert Touch.objects.count() == 1
    assert services.reassess(now=build.NOW) == 1
    assert AccountState.objects.get(account__account_no="A1").past_due == Decimal("500.00")
    assert AccountState.objects.filter(account__account_no="A2").values().get() == kept
    payments.reverse(payment_id=payment.pk, amount=Decimal("300.00"), posting_date=D - timedelta(days=9), host_ref="V1",
                     business_date=LATER, by=BY, now=build.NOW)  # fmt: skip
    assert services.reassess(now=build.NOW) == 1
    assert dict(AccountState.objects.values_list("account__account_no", "past_due")) == states
    assert not AllocationLine.objects.exists()


def test_an_account_late_for_long_keeps_the_dues_it_is_late_by(home):
    """A statement a month for sixteen months, the host says nothing. Files are looked back on for 200 days."""
    build.party("P9")
    closes = [date(2025 + month // 12, month % 12 + 1, 5) for month in range(16)]
    for number, close in enumerate(closes, 1):
        nights.taken("statements", close, [
            {"account_no": "A9", "currency": "CNY", "statement_date": close, "due_date": close + timedelta(days=20),
             "statement_balance": Decimal(9000), "minimum_payment": Decimal(500 * number)},
        ])  # fmt: skip
    nights.taken("transactions", closes[1], [  # half of the first due, three weeks late
        {"account_no": "A9", "host_ref": "R1", "posting_date": closes[0] + timedelta(days=30), "code": "R",
         "transaction_date": closes[0] + timedelta(days=30), "type": "repayment", "amount": Decimal("250.00"),
         "currency": "CNY"}])  # fmt: skip
    for close in closes[5::5]:
        nights.taken("accounts", close, [nights.position("A9", "P9", past_due=None)])
        run = night(close)
    state = AccountState.objects.get()
    assert (state.oldest_due_date, state.days_delinquent) == (date(2025, 1, 25), 435)
    assert state.past_due == Decimal("7500.00")
    assert column(run, "due", "statement_date") == closes
    assert column(run, "due", "paid")[-1] == Decimal("250.00")
