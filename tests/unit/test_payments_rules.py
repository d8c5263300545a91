"""Which booking answers which announcement, and what counts as a repayment."""

from datetime import date
from decimal import Decimal

import pytest

from dunwell.payments.rules.announced import Announced, answered_by, counts

DAY = date(2026, 11, 20)


def announced(pk: int, ref: str, amount: str, day: date = DAY) -> Announced:
    return Announced(pk, ref, Decimal(amount), day)


@pytest.mark.parametrize(
    ("case", "ref", "amount", "day", "waiting", "answered"),
    [
        ("same reference", "R1", "100.00", DAY, [announced(1, "R1", "100.00")], 1),
        ("same reference, the host's amount differs", "R1", "99.00", DAY, [announced(1, "R1", "100.00")], 1),
        (
            "no reference in common, same amount in three days",
            "H9",
            "100.00",
            date(2026, 11, 23),
            [announced(1, "A", "100.00")],
            1,
        ),
        ("the fourth day is too late", "H9", "100.00", date(2026, 11, 24), [announced(1, "A", "100.00")], None),
        ("another amount is another payment", "H9", "100.01", DAY, [announced(1, "A", "100.00")], None),
        (
            "the oldest of two equal ones",
            "H9",
            "100.00",
            DAY,
            [announced(2, "B", "100.00"), announced(1, "A", "100.00", date(2026, 11, 18))],
            1,
        ),
        (
            "the reference goes before the age",
            "B",
            "100.00",
            DAY,
            [announced(1, "A", "100.00", date(2026, 11, 18)), announced(2, "B", "100.00")],
            2,
        ),
        ("nothing announced", "H9", "100.00", DAY, [], None),
    ],
)
def test_which_announcement_a_booking_answers(case, ref, amount, day, waiting, answered):
    match = answered_by(host_ref=ref, amount=Decimal(amount), transaction_date=day, announced=waiting)
    assert (match.id if match else None) == answered, case


@pytest.mark.parametrize(
    ("kind", "said", "counted"),
    [
        ("repayment", None, True),
        ("merchant_refund", None, False),
        ("chargeback", None, False),
        ("merchant_refund", True, True),
        ("repayment", False, False),
    ],
)
def test_a_merchant_refund_is_no_repayment_unless_the_issuer_says_so(kind, said, counted):
    assert counts(kind, said) is counted
