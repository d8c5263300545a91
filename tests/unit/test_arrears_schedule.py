"""Instalment plans: the printed examples, day counts, roundings, and 10,000 real loans."""

from __future__ import annotations

import csv
import gzip
from datetime import date
from decimal import ROUND_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from dunwell.arrears.checks.schedule import CHECK
from dunwell.arrears.rules.day_count import days_30_360, year_fraction
from dunwell.arrears.rules.schedule import Plan, instalments, level_payment, pay_down, rounded
from dunwell.kernel.cases import Row, Unanswerable

LOANS = Path(__file__).parents[1] / "data" / "level_instalments.csv.gz"
START, FIRST = date(2026, 1, 16), date(2026, 2, 16)


def plan(**terms: object) -> list:
    given = {"principal": Decimal("10000.00"), "annual_rate_percent": Decimal("12"), "periods": 12}
    return list(instalments(Plan(**{**given, "start_date": START, "first_due_date": FIRST, **terms})))


@pytest.mark.parametrize(
    ("periods", "fee", "payment"),
    [(12, "0.60", "893.33"), (3, "0.90", "3423.33"), (6, "0.65", "1731.67")],
)
def test_equal_principal_with_a_fee_on_the_original_amount(periods, fee, payment):
    rows = plan(method="fee_on_original", annual_rate_percent=Decimal(fee), periods=periods)
    assert {row.payment for row in rows[:-1]} == {Decimal(payment)}
    assert rows[-1].balance_after == 0
    assert sum(row.principal for row in rows) == 10000


def test_level_instalment_before_rounding():
    found = level_payment(Decimal(200_000), [Fraction(75, 1000) / 12] * 180)
    # printed by a program that computes in binary: its last two digits are noise
    assert abs(found - Decimal("1854.0247200054619")) < Decimal("1e-10")
    assert str(found).startswith("1854.024720005476")


def test_ten_thousand_real_loans_but_three():
    with gzip.open(LOANS, "rt", encoding="utf-8") as file:
        loans = list(csv.DictReader(file))
    different = []
    for number, loan in enumerate(loans, start=1):
        rate = Fraction(Decimal(loan["interest_rate"])) / 1200
        exact = level_payment(Decimal(loan["loan_amount"]), [rate] * int(loan["term"]))
        if rounded(exact, Decimal("0.01"), "up") != Decimal(loan["installment"]):
            different.append(number)
    assert len(loans) == 10_000
    assert different == [1548, 1968, 9687]


@pytest.mark.parametrize("method", ["level", "equal_principal", "fee_on_original"])
@pytest.mark.parametrize("day_count", ["30/360", "actual/365", "actual/360", "actual/actual", "per_period"])
@pytest.mark.parametrize("rounding", ["half_up", "half_even", "up"])
@pytest.mark.parametrize("unit", ["0.01", "1", "100"])
def test_every_plan_closes_and_its_rows_add_up(method, day_count, rounding, unit):
    rows = plan(method=method, day_count=day_count, rounding=rounding, rounding_unit=Decimal(unit))
    assert rows[-1].balance_after == 0
    assert sum(row.principal for row in rows) == 10000
    for row in rows:
        assert row.payment == row.principal + row.interest
    if method == "level":
        assert len({row.payment for row in rows[:-1]}) == 1
        assert rows[0].payment % Decimal(unit) == 0


def test_a_month_end_keeps_its_day():
    rows = plan(start_date=date(2024, 12, 31), first_due_date=date(2025, 1, 31), periods=3)
    assert [row.due_date for row in rows] == [date(2025, 1, 31), date(2025, 2, 28), date(2025, 3, 31)]


def test_a_plan_without_interest_is_paid_in_equal_parts():
    assert [r.payment for r in plan(annual_rate_percent=Decimal(0), principal=Decimal(100), periods=3)] == [
        Decimal("33.33"), Decimal("33.33"), Decimal("33.34"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end", "day_count", "expected"),
    [
        (date(2024, 1, 31), date(2024, 2, 29), "30/360", Fraction(29, 360)),
        (date(2024, 2, 29), date(2024, 3, 31), "30/360", Fraction(30, 360)),
        (date(2023, 2, 28), date(2024, 2, 29), "30/360", Fraction(1)),
        (date(2024, 1, 30), date(2024, 3, 31), "30/360", Fraction(60, 360)),
        (date(2024, 1, 15), date(2024, 3, 31), "30/360", Fraction(76, 360)),
        (date(2023, 12, 1), date(2024, 3, 1), "actual/actual", Fraction(31, 365) + Fraction(60, 366)),
        (date(2024, 1, 1), date(2025, 1, 1), "actual/actual", Fraction(1)),
        (date(2024, 1, 1), date(2025, 1, 1), "actual/365", Fraction(366, 365)),
        (date(2024, 1, 1), date(2024, 12, 26), "actual/360", Fraction(1)),
    ],
)
def test_a_period_as_a_part_of_a_year(start, end, day_count, expected):
    assert year_fraction(start, end, day_count) == expected


def test_30_360_counts_whole_months_as_thirty_days():
    assert days_30_360(date(2026, 5, 31), date(2026, 8, 31)) == 90


@pytest.mark.parametrize(
    ("amount", "mode", "expected"),
    [
        ("0.125", "half_up", "0.13"), ("0.125", "half_even", "0.12"), ("0.121", "up", "0.13"),
        ("-0.125", "half_up", "-0.13"), ("-0.121", "up", "-0.13"), ("0.12", "up", "0.12"),
    ],
)  # fmt: skip
def test_rounding_is_symmetric_around_nothing(amount, mode, expected):
    assert rounded(Decimal(amount), Decimal("0.01"), mode) == Decimal(expected)


@pytest.mark.parametrize(("each", "last", "interest"), [(False, "604.52", "115601.61"), (True, "604.54", "115601.62")])
def test_paying_the_minimum_only_carried_unrounded_or_rounded_each_statement(each, last, interest):
    found = pay_down(
        balance=Decimal(100_000), share=Decimal("0.05"), least=Decimal(1000), rate=Decimal("0.03"),
        round_each_statement=each,
    )  # fmt: skip
    assert found == (104, Decimal(last), Decimal(interest))


GOOD = {
    "case_id": "1", "principal": "10000", "annual_rate_percent": "12", "periods": "12", "period_unit": "months",
    "every": "1", "start_date": "2026-01-16", "first_due_date": "2026-02-16", "method": "level", "day_count": "30/360",
    "rounding": "half_up", "rounding_unit": "",
}  # fmt: skip


def test_check_answers_a_row_an_instalment():
    (rows,) = CHECK.answered([[Row(GOOD, 2)]])
    assert len(rows) == 12
    assert rows[0] == {
        "nr": 1, "due_date": FIRST, "principal": Decimal("788.49"), "interest": Decimal("100.00"),
        "payment": Decimal("888.49"), "balance_after": Decimal("9211.51"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("principal", "1O0"), ("principal", "0"), ("annual_rate_percent", "-1"), ("periods", "0"), ("every", "0"),
        ("period_unit", "years"), ("start_date", "2026-02-30"), ("first_due_date", "2026-01-01"), ("method", "bullet"),
        ("day_count", "actual"), ("rounding", "down"), ("rounding_unit", "0.001"),
    ],
)  # fmt: skip
def test_check_says_what_is_wrong(column, value):
    (found,) = CHECK.answered([[Row({**GOOD, column: value}, 2)]])
    assert isinstance(found, Unanswerable)
    assert str(found).startswith(f'Row 2, {column}: found "{value}", expected ')


def test_real_instalments_are_rounded_up_and_not_to_the_nearest():
    assert Decimal("652.521").quantize(Decimal("0.01"), ROUND_UP) == Decimal("652.53")
    exact = level_payment(Decimal(28000), [Fraction(1407, 120000)] * 60)
    assert rounded(exact, Decimal("0.01"), "up") == Decimal("652.53")
