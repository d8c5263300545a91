"""The printed examples of card arithmetic, one test a row, named as they are printed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

from dunwell.arrears.checks.allocation import CHECK as ALLOCATION
from dunwell.arrears.rules import interest_terms
from dunwell.arrears.rules.day_count import months_later
from dunwell.arrears.rules.interest import Payment, Posting
from dunwell.arrears.rules.judgment import after_judgment
from dunwell.arrears.rules.rates import Flow, annual_rate_percent, period_rate
from dunwell.arrears.rules.schedule import Plan, instalments, level_payment, pay_down
from dunwell.kernel.cases import Row
from tests.unit.test_arrears_interest import AUTUMN, SPRING, computed, last, under
from tests.unit.test_arrears_rates import half_monthly, monthly

D = date.fromisoformat


@pytest.mark.parametrize(
    ("history", "interest"),
    [
        pytest.param(SPRING, "34.70", id="2,000 of 2 April, 200 paid on 25 April: 23 days and 13 days"),
        pytest.param(
            replace(SPRING, payments=[Payment(D("2026-04-25"), Decimal(2000))]), "0.00",
            id="the whole amount paid by the due date",
        ),
        pytest.param(AUTUMN, "17.95", id="1,000 of 30 August, 100 paid on 25 September: 26 days and 11 days"),
        pytest.param(under(AUTUMN, statement_day="excluded"), "17.50", id="the copied page leaves the statement day out"),
    ],
)  # fmt: skip
def test_card_interest_full_balance(history, interest):
    assert last(history) == Decimal(interest)


@pytest.mark.parametrize(
    ("days", "payment", "charges", "principal"),
    [
        pytest.param(60, "1000.00", "400.00", "600.00", id="60 days: interest and fees first"),
        pytest.param(90, "1000.00", "400.00", "600.00", id="90 days: interest and fees first"),
        pytest.param(91, "1000.00", "0.00", "1000.00", id="91 days: principal first"),
        pytest.param(120, "5200.00", "200.00", "5000.00", id="120 days: principal, then 200"),
    ],
)
def test_allocation(days, payment, charges, principal):
    row = {"case_id": "1", "penalty": "0.00", "fee": "100.00", "interest": "300.00", "principal": "5000.00",
           "payment": payment, "days_delinquent": str(days)}  # fmt: skip
    [[found]] = ALLOCATION.answered([[Row(row, 2)]])
    assert (found["paid_fee"] + found["paid_interest"], found["paid_principal"]) == (
        Decimal(charges),
        Decimal(principal),
    )


FEES = [
    pytest.param(12, "0.60", "893.33", "1.08619", "13.0342", "13.8418", id="10,000 in 12 at 0.60 %"),
    pytest.param(3, "0.90", "3423.33", "1.34402", "16.1282", "17.3755", id="10,000 in 3 at 0.90 %"),
    pytest.param(6, "0.65", "1731.67", "1.10418", "13.2502", "14.0852", id="10,000 in 6 at 0.65 %"),
]


@pytest.mark.parametrize(("terms", "fee", "payment", "monthly_rate", "twelve", "compounded"), FEES)
def test_true_annual_rate_of_a_fee(terms, fee, payment, monthly_rate, twelve, compounded):
    rows = instalments(
        Plan(Decimal("10000.00"), Decimal(fee), terms, D("2026-01-16"), D("2026-02-16"), method="fee_on_original")
    )
    assert next(iter(rows)).payment == Decimal(payment)
    exact = Decimal(10_000) / terms + 100 * Decimal(fee)
    rate = period_rate([(0, Fraction(0), Decimal(-10_000)), *((n, Fraction(0), exact) for n in range(1, terms + 1))])
    assert (rate * 100).quantize(Decimal("1e-5")) == Decimal(monthly_rate)
    assert (rate * 1200).quantize(Decimal("1e-4")) == Decimal(twelve)
    assert (((1 + rate) ** 12 - 1) * 100).quantize(Decimal("1e-4")) == Decimal(compounded)


@pytest.mark.parametrize(("terms", "fee", "payment", "monthly_rate", "twelve", "compounded"), FEES)
def test_the_shortcut_overstates_and_is_never_the_rate_that_is_told(
    terms, fee, payment, monthly_rate, twelve, compounded
):
    shortcut = 24 * terms * Decimal(fee) / (terms + 1)
    exact = Decimal(10_000) / terms + 100 * Decimal(fee)
    flows = [Flow(D("2026-01-16"), Decimal(-10_000))]
    flows += [Flow(months_later(D("2026-01-16"), n), exact) for n in range(1, terms + 1)]
    for convention in ("reg_z", "periodic"):
        told = annual_rate_percent(flows, convention=convention, unit="month")
        assert told == Decimal(twelve) and told < shortcut.quantize(Decimal("1e-4"))


@pytest.mark.parametrize(
    ("advance", "flows", "unit", "percent"),
    [
        pytest.param(("1978-01-10", 5000), [(d, "230") for d in monthly(D("1978-02-10"), 24)], "month", "9.69",
                     id="5,000 on 10 January; 24 × 230"),
        pytest.param(("1978-02-10", 6000), [(d, "200") for d in monthly(D("1978-04-01"), 36)], "month", "11.82",
                     id="6,000 on 10 February; 36 × 200"),
        pytest.param(("1978-02-23", 5000), [(d, "219.17") for d in half_monthly(D("1978-03-01"), 24)], "half month", "10.34",
                     id="5,000 on 23 February; 24 × 219.17 half-monthly"),
        pytest.param(("1978-05-23", 10000), [(d, "385") for d in monthly(D("1978-10-01"), 40, 3)], "quarter", "8.97",
                     id="10,000 on 23 May; 40 × 385 quarterly"),
        pytest.param(("1978-03-20", 500), [(D("1978-04-21") + timedelta(weeks=n), "17.60") for n in range(30)], "week",
                     "14.96", id="500 on 20 March; 30 × 17.60 weekly"),
        pytest.param(("1978-01-10", 5000),
                     [(d, "230" if n else "250") for n, d in enumerate(monthly(D("1978-02-10"), 24))], "month", "10.08",
                     id="5,000 on 10 January; 250, then 23 × 230"),
    ],
)  # fmt: skip
def test_annual_percentage_rate(advance, flows, unit, percent):
    told = [Flow(D(advance[0]), Decimal(-advance[1])), *(Flow(day, Decimal(amount)) for day, amount in flows)]
    assert annual_rate_percent(told, convention="reg_z", unit=unit).quantize(Decimal("0.01")) == Decimal(percent)


def test_level_instalment_of_200_000_over_15_years():
    found = level_payment(Decimal(200_000), [Fraction(75, 1000) / 12] * 180)
    assert abs(found - Decimal("1854.0247200054619")) < Decimal("1e-10")


def test_irr_of_five_flows():
    terms = [(n, Fraction(0), Decimal(amount)) for n, amount in enumerate((-100, 39, 59, 55, 20))]
    assert period_rate(terms).quantize(Decimal("1e-5")) == Decimal("0.28095")


def test_dated_flows_to_ten_digits():
    """(1 + i) to the days over 365, solved as the rate itself: 0.3733625335 a year."""
    told = [
        ("2008-01-01", -10000),
        ("2008-03-01", 2750),
        ("2008-10-30", 4250),
        ("2009-02-15", 3250),
        ("2009-04-01", 2750),
    ]
    first = D(told[0][0])
    exact = Decimal("0.3733625335")

    def worth(rate: Decimal) -> Decimal:
        return sum((Decimal(a) / (1 + rate) ** (Decimal((D(d) - first).days) / 365) for d, a in told), Decimal(0))

    step = Decimal("5e-11")
    assert worth(exact - step) > 0 > worth(exact + step)
    flows = [Flow(D(day), Decimal(amount)) for day, amount in told]
    assert annual_rate_percent(flows, convention="xirr") == (exact * 100).quantize(Decimal("1e-4"), ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("each", "left", "interest"),
    [
        pytest.param(False, "604.52", "115601.61", id="carried unrounded"),
        pytest.param(True, "604.54", "115601.62", id="each statement rounded to the cent"),
    ],
)
def test_ledger_rounding(each, left, interest):
    found = pay_down(
        balance=Decimal(100_000), share=Decimal("0.05"), least=Decimal(1000), rate=Decimal("0.03"),
        round_each_statement=each,
    )  # fmt: skip
    assert found == (104, Decimal(left), Decimal(interest))


def test_delay_interest_of_50_000_for_100_days():
    rate = interest_terms.in_force(D("2026-11-22")).delay_interest
    judged = after_judgment(
        account_no="J", debt=Decimal(50_000), last_day_to_pay=D("2025-12-31"), payments=[], until=D("2026-04-10"),
        doubled_rate=rate,
    )  # fmt: skip
    assert computed(judged)[0][-1].interest == Decimal("875.00")


def test_half_a_cent_goes_away_from_zero():
    """10.00 at 0.05 % for one day is half a cent."""
    one_day = replace(SPRING, postings=[Posting("cash", D("2026-05-07"), Decimal("10.00"))], payments=[])
    assert last(one_day) == Decimal("0.01")
