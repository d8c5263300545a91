"""CN-ALLOC: how a payment is spread, by days past due (docs/arrears.md repeats this table)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dunwell.arrears.rules import parameters
from dunwell.arrears.rules.allocation import Received, UnpaidDue, allocate, allocate_all, cut

IN_FORCE = parameters.in_force(date(2026, 11, 23))
OWED = {
    "principal_retail": Decimal("4000.00"),
    "principal_instalment_billed": Decimal("1000.00"),
    "interest_on_balance": Decimal("300.00"),
    "other_fees": Decimal("100.00"),
}


def spread(lines) -> dict[str, str]:
    return {line.component: str(line.amount) for line in lines}


@pytest.mark.parametrize(
    ("days", "payment", "rule", "interest_and_fees", "principal", "credit"),
    [
        (60, "1000.00", "CN-ALLOC-1", "400.00", "600.00", "0"),
        (90, "1000.00", "CN-ALLOC-1", "400.00", "600.00", "0"),
        (91, "1000.00", "CN-ALLOC-2", "0", "1000.00", "0"),
        (120, "5200.00", "CN-ALLOC-2", "200.00", "5000.00", "0"),
        (10, "6000.00", "CN-ALLOC-1", "400.00", "5000.00", "600.00"),
        (0, "0.01", "CN-ALLOC-1", "0.01", "0", "0"),
    ],
)
def test_order_of_allocation(days, payment, rule, interest_and_fees, principal, credit):
    lines = allocate(owed=OWED, payment=Decimal(payment), days_past_due=days, parameters=IN_FORCE)
    sums = {"interest_and_fees": Decimal(0), "principal": Decimal(0), "credit": Decimal(0)}
    for line in lines:
        group = "principal" if line.component.startswith("principal") else "interest_and_fees"
        sums["credit" if line.component == "credit_balance" else group] += line.amount
    assert {name: Decimal(x) for name, x in
            [("interest_and_fees", interest_and_fees), ("principal", principal), ("credit", credit)]} == sums  # fmt: skip
    assert {line.rule for line in lines} == {rule}


def test_the_day_is_that_of_the_oldest_due_still_unpaid_when_the_payment_is_posted():
    """91 days late the first payment goes to principal; it clears the old due, and the second is 30 days late."""
    dues = [UnpaidDue(date(2026, 8, 1), Decimal("500.00")), UnpaidDue(date(2026, 10, 1), Decimal("500.00"))]
    payments = [
        Received(2, date(2026, 11, 1), Decimal("200.00"), True),
        Received(1, date(2026, 10, 31), Decimal("500.00"), True),
    ]
    lines = allocate_all(owed=OWED, dues=dues, payments=payments, parameters=IN_FORCE)
    assert spread(lines[1]) == {"principal_instalment_billed": "500.00"}
    assert spread(lines[2]) == {"interest_on_balance": "200.00"}


def test_what_is_taken_back_is_the_money_spread_last():
    lines = allocate(owed=OWED, payment=Decimal("1000.00"), days_past_due=10, parameters=IN_FORCE)
    assert spread(cut(lines, Decimal("350.00"))) == {"interest_on_balance": "300.00", "other_fees": "50.00"}
    assert cut(lines, Decimal(0)) == ()


def test_a_day_before_the_first_dated_number_is_refused():
    with pytest.raises(ValueError, match="grace_days has no value in force on 2001-01-01"):
        parameters.in_force(date(2001, 1, 1))
