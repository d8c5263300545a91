"""What the night makes of interest: our figures of the accounts in work, and how the host's differ from them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dunwell.engine import lake, session
from dunwell.kernel.actor import Actor
from dunwell.nightly import services
from dunwell.nightly.models import Run
from dunwell.nightly.services.freezing import folder_of
from tests import build, nights

D = date(2026, 11, 22)
EVE = date(2026, 11, 6)  # the night before the statement of 7 November
BILLED = date(2026, 11, 7)
BY = Actor.program("tests")


@pytest.fixture
def home(fresh_database, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    build.party("P1")
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


def position(day: date, **fields: object) -> None:
    """A1 after its payment: 1,800.00 of purchases, 200.00 of the minimum late since 25 October."""
    given = {"balance": "1800.00", "past_due": "200.00", "since": date(2026, 10, 25), **fields}
    nights.taken("accounts", day, [nights.position("A1", "P1", **given)])


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
    nights.taken("statements", BILLED, [statement("A1", BILLED, date(2026, 11, 25), str(balance), "300.00")])
    nights.taken("transactions", BILLED, [
        posted("A1", "I1", BILLED, "interest", interest), posted("A1", "F1", BILLED, "fee", late),
    ])  # fmt: skip
    position(BILLED, balance=str(balance), principal_retail="1800.00", interest_on_balance=interest, late_charge=late,
             statement_date=BILLED, **fields)  # fmt: skip


def test_interest_since_the_posting_day_and_since_the_last_statement(home):
    """2,000 × 0.05 % × 23 + 1,800 × 0.05 % × 14 = 35.60 on 7 November; 1,800 × 0.05 % × 15 = 13.50 since."""
    billed("35.60", "10.00")
    position(D, balance="1845.60", principal_retail="1800.00", interest_on_balance="35.60", late_charge="10.00",
             statement_date=BILLED)  # fmt: skip
    night(D)
    assert rows(D, "account_interest", "statement_date, billed, since, since_off, late_charge, exact") == [
        (BILLED, Decimal("35.60"), Decimal("13.50"), Decimal("0.00"), Decimal("10.00"), True)
    ]


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
