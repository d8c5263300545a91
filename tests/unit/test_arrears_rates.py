"""The annual rate that people are told: the printed examples of three conventions."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from dunwell.arrears.checks.rate import CHECK
from dunwell.arrears.rules.day_count import months_later
from dunwell.arrears.rules.rates import Flow, NoRate, annual_rate_percent, financing_cost, period_rate, unit_periods
from dunwell.kernel.cases import Row, Unanswerable


def monthly(first: date, count: int, every: int = 1) -> list[date]:
    return [months_later(first, every * n) for n in range(count)]


def half_monthly(first: date, count: int) -> list[date]:
    firsts = monthly(first, count // 2)
    return [day for month in firsts for day in (month, month.replace(day=16))]


JANUARY = date(1978, 1, 10)


@pytest.mark.parametrize(
    ("paid_out", "days", "payment", "unit", "first_term", "percent"),
    [
        ((JANUARY, "5000"), monthly(date(1978, 2, 10), 24), "230", "month", (1, Fraction(0)), "9.69"),
        ((date(1978, 2, 10), "6000"), monthly(date(1978, 4, 1), 36), "200", "month", (1, Fraction(19, 30)), "11.82"),
        (
            (date(1978, 2, 23), "5000"), half_monthly(date(1978, 3, 1), 24), "219.17", "half month",
            (0, Fraction(6, 15)), "10.34",
        ),
        ((date(1978, 5, 23), "10000"), monthly(date(1978, 10, 1), 40, 3), "385", "quarter", (1, Fraction(39, 90)), "8.97"),
        (
            (date(1978, 3, 20), "500"), [date(1978, 4, 21) + timedelta(weeks=n) for n in range(30)], "17.60", "week",
            (4, Fraction(4, 7)), "14.96",
        ),
    ],
)  # fmt: skip
def test_appendix_j(paid_out, days, payment, unit, first_term, percent):
    assert unit_periods(paid_out[0], days[0], unit) == first_term
    flows = [Flow(paid_out[0], -Decimal(paid_out[1])), *(Flow(day, Decimal(payment)) for day in days)]
    assert annual_rate_percent(flows, convention="reg_z", unit=unit).quantize(Decimal("0.01")) == Decimal(percent)


def test_appendix_j_with_a_first_payment_of_its_own():
    days = monthly(date(1978, 2, 10), 24)
    flows = [Flow(JANUARY, Decimal(-5000)), Flow(days[0], Decimal(250)), *(Flow(d, Decimal(230)) for d in days[1:])]
    assert annual_rate_percent(flows, convention="reg_z").quantize(Decimal("0.01")) == Decimal("10.08")


@pytest.mark.parametrize(
    ("terms", "fee", "monthly_percent", "twelve", "compounded"),
    [
        (12, "0.006", "1.08619", "13.0342", "13.8418"),
        (3, "0.009", "1.34402", "16.1282", "17.3755"),
        (6, "0.0065", "1.10418", "13.2502", "14.0852"),
    ],
)
def test_true_rate_of_a_fee_on_the_original_amount(terms, fee, monthly_percent, twelve, compounded):
    payment = Decimal(10_000) / terms + 10_000 * Decimal(fee)
    rate = period_rate([(0, Fraction(0), Decimal(-10_000)), *((n, Fraction(0), payment) for n in range(1, terms + 1))])
    assert (rate * 100).quantize(Decimal("0.00001")) == Decimal(monthly_percent)
    assert (rate * 1200).quantize(Decimal("0.0001")) == Decimal(twelve)
    assert (((1 + rate) ** 12 - 1) * 100).quantize(Decimal("0.0001")) == Decimal(compounded)
    flows = [Flow(date(2026, 1, 31), Decimal(-10_000))]
    flows += [Flow(months_later(date(2026, 1, 31), n), payment) for n in range(1, terms + 1)]
    assert annual_rate_percent(flows, convention="periodic", unit="month") == Decimal(twelve)
    assert annual_rate_percent(flows, convention="reg_z", unit="month") == Decimal(twelve)


def test_internal_rate_of_four_years():
    flows = [Flow(date(2020 + n, 1, 1), Decimal(a)) for n, a in enumerate([-100, 39, 59, 55, 20])]
    assert annual_rate_percent(flows, convention="periodic", unit="year").quantize(Decimal("0.001")) == Decimal(
        "28.095"
    )


DATED = [
    Flow(date(2008, 1, 1), Decimal(-10_000)), Flow(date(2008, 3, 1), Decimal(2750)),
    Flow(date(2008, 10, 30), Decimal(4250)), Flow(date(2009, 2, 15), Decimal(3250)),
    Flow(date(2009, 4, 1), Decimal(2750)),
]  # fmt: skip


def test_dated_flows():
    assert annual_rate_percent(DATED, convention="xirr") == Decimal("37.3363")


def test_a_rate_beyond_all_bounds_is_a_sentence():
    a_night = [Flow(date(2026, 1, 1), Decimal(-100)), Flow(date(2026, 1, 2), Decimal(120))]
    with pytest.raises(NoRate, match="more than twenty digits"):
        annual_rate_percent(a_night, convention="xirr")


def test_a_year_measures_its_odd_days_over_365_and_whole_months_over_12():
    assert unit_periods(date(2023, 10, 18), date(2024, 10, 21), "year") == (1, Fraction(3, 365))
    assert unit_periods(date(2023, 10, 18), date(2025, 3, 18), "year") == (1, Fraction(5, 12))


def test_the_order_of_the_flows_does_not_matter():
    assert annual_rate_percent(DATED[::-1], convention="xirr") == Decimal("37.3363")


@pytest.mark.parametrize("first", [date(2026, 12, 31), date(2027, 1, 31), date(2023, 12, 31)])
def test_payments_at_the_end_of_each_month_are_one_month_apart(first):
    for number in range(1, 13):
        assert unit_periods(first, months_later(first, number), "month", anchor=31) == (number, Fraction(0))


@pytest.mark.parametrize(
    ("paid", "percent"),
    [("10000", "0.0000"), ("9000", "-10.0000"), ("11000", "10.0000"), ("50000", "400.0000"), ("1", "-99.9900")],
)
def test_rates_below_nothing_and_far_above_are_found(paid, percent):
    flows = [Flow(date(2025, 1, 1), Decimal(-10_000)), Flow(date(2026, 1, 1), Decimal(paid))]
    assert annual_rate_percent(flows, convention="xirr") == Decimal(percent)


def test_no_rate_without_money_both_ways():
    with pytest.raises(NoRate, match="paid by the debtor"):
        annual_rate_percent(DATED[:1], convention="xirr")


def test_total_cost_lists_every_charge_and_what_default_would_add():
    days = monthly(date(2026, 9, 10), 12)
    payments = [Flow(day, Decimal("893.33")) for day in days[:-1]] + [Flow(days[-1], Decimal("893.37"))]
    cost = financing_cost(
        paid_out=Flow(date(2026, 8, 10), Decimal(-10_000)), payments=payments,
        charges=[("instalment fee", Decimal("720.00"))], on_default=[("late charge", "5 % of the unpaid minimum")],
    )  # fmt: skip
    assert cost.total == Decimal("720.00")
    assert cost.annual_rate_percent.quantize(Decimal("0.01")) == Decimal("13.03")
    assert cost.on_default
    with pytest.raises(ValueError, match="paid beyond"):
        financing_cost(paid_out=Flow(date(2026, 8, 10), Decimal(-10_000)), payments=payments, charges=[])


def rows(flows: list[Flow], **first: str) -> list[Row]:
    return [
        Row({"case_id": "1", "date": str(f.date), "amount": str(f.amount), **(first if not n else {})}, n + 2)
        for n, f in enumerate(flows)
    ]


def test_check_answers_four_decimals():
    (found,) = CHECK.answered([rows(DATED, convention="xirr")])
    assert found == [{"annual_rate_percent": Decimal("37.3363")}]


@pytest.mark.parametrize(
    ("flows", "first", "sentence"),
    [
        (DATED, {"convention": "irr"}, 'Row 2, convention: found "irr", expected reg_z, xirr or periodic.'),
        (DATED, {"convention": "reg_z", "unit": "fortnight"}, 'Row 2, unit: found "fortnight", expected day'),
        (DATED[1:], {"convention": "xirr"}, "Row 2: there must be money paid out"),
        ([DATED[0], Flow(DATED[0].date, Decimal(1))], {"convention": "xirr"}, "Row 2: all flows are on one day"),
    ],
)
def test_check_says_what_is_wrong(flows, first, sentence):
    (found,) = CHECK.answered([rows(flows, **first)])
    assert isinstance(found, Unanswerable) and str(found).startswith(sentence)
