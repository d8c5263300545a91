"""Numbers of interest in force, caps, off the balance sheet, after judgment, and what courts leave standing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dunwell.arrears.rules import interest_terms
from dunwell.arrears.rules.interest import (
    BEARS_NOT,
    Convention,
    History,
    Payment,
    Posting,
    Rate,
    Statement,
    accrue,
    figures,
)
from dunwell.arrears.rules.judgment import after_judgment, court_cut
from dunwell.engine import session


def last(history: History):
    with session.connect(threads=1) as connection:
        accrue(connection, [history])
        return figures(connection, with_lines=True)[history.account_no]


def test_every_number_has_a_text_in_two_languages_a_source_and_a_confidence():
    for name, entry in interest_terms.document().items():
        assert entry["text"] and entry["text_zh"], name
        assert set(entry["source"]) == {"instrument", "rule", "confidence"}, name
        assert entry["source"]["confidence"] in {"V1", "V2", "V2c", "M", "A"}, name
        assert all(isinstance(line["from"], date) for line in entry["values"]), name


def test_terms_in_force_today():
    terms = interest_terms.in_force(date(2026, 11, 23))
    assert terms.convention == Convention()
    assert {(r.kind, r.rate) for r in terms.rates} == {
        (k, Decimal("0.0005")) for k in ("purchase", "cash", "instalment")
    }
    assert (terms.late_charge.share, terms.late_charge.most) == (Decimal("0.05"), None)
    assert (terms.delay_interest, terms.court_ceiling) == (Decimal("0.000175"), Decimal("0.24"))


def test_what_bears_no_interest_is_what_the_program_leaves_out():
    (line,) = interest_terms.document()["no_interest_on"]["values"]
    assert set(line["value"]) == BEARS_NOT


def test_a_day_before_the_first_value_is_refused_by_name():
    with pytest.raises(ValueError, match="interest.yaml: late_charge has no value in force on 2001-01-01"):
        interest_terms.in_force(date(2001, 1, 1))


def test_the_old_cap_held_until_the_end_of_2020():
    parts = interest_terms.capped(Rate("purchase", Decimal("0.0006"), date(2020, 1, 1)))
    assert [(p.from_date, p.to_date, p.rate) for p in parts] == [
        (date(2020, 1, 1), date(2020, 12, 31), Decimal("0.0005")),
        (date(2021, 1, 1), date(9999, 12, 30), Decimal("0.0006")),
    ]
    history = History(
        "A", Convention(), [Posting("cash", date(2020, 12, 22), Decimal(1000))], [], [Statement(date(2021, 1, 10))],
        interest_terms.capped(Rate("cash", Decimal("0.0006"))),
    )  # fmt: skip
    assert last(history)[0].interest == Decimal("11.00")  # 10 days at 0.05 %, 10 days at 0.06 %


def cash(rates) -> History:
    posting = Posting("cash", date(2026, 1, 1), Decimal(1000))
    return History("A", Convention(), [posting], [], [Statement(date(2026, 1, 31))], rates)


def test_from_a_day_on_off_the_balance_sheet():
    rates = (Rate("cash", Decimal("0.0005")),)
    (found,) = last(cash(interest_terms.off_balance(rates, date(2026, 1, 22))))
    assert (found.interest, found.on_balance, found.off_balance) == (
        Decimal("15.50"),
        Decimal("10.50"),
        Decimal("5.00"),
    )


def test_a_write_off_that_ends_interest():
    rates = (Rate("cash", Decimal("0.0005")),)
    assert last(cash(interest_terms.ended(rates, date(2026, 1, 21))))[0].interest == Decimal("10.50")


def test_a_posting_without_a_rate_is_refused():
    with pytest.raises(ValueError, match="account A has no interest rate for cash"):
        last(cash([Rate("purchase", Decimal("0.0005"))]))


def test_delay_interest_of_the_printed_example():
    history = after_judgment(
        account_no="J", debt=Decimal("50000.00"), last_day_to_pay=date(2025, 12, 31), payments=[],
        until=date(2026, 4, 10), doubled_rate=Decimal("0.000175"),
    )  # fmt: skip
    (found,) = last(history)
    assert (found.lines[0].days, found.interest) == (100, Decimal("875.00"))


def test_a_payment_lowers_the_judged_debt_and_both_interests():
    history = after_judgment(
        account_no="J", debt=Decimal("50000.00"), last_day_to_pay=date(2025, 12, 31),
        payments=[Payment(date(2026, 2, 20), Decimal("20000.00"))], until=date(2026, 4, 10),
        doubled_rate=Decimal("0.000175"), ordinary_percent_a_year=Decimal("3.65"),
    )  # fmt: skip
    (found,) = last(history)
    by_rule = {rule: sum(x.amount for x in found.lines if x.rule == rule) for rule in ("doubled part", "ordinary")}
    assert by_rule == {"doubled part": Decimal("700.00"), "ordinary": Decimal("400.00")}  # 50 days each
    assert found.interest == Decimal("1100.00")


@pytest.mark.parametrize(
    ("charges", "allowed", "cut", "payable"),
    [
        ("0", "20.38", "0.00", "15.50"),  # 1,000 × 31 × 24 % / 365 = 20.3835…
        ("4.88", "20.38", "0.00", "20.38"),
        ("50.00", "20.38", "45.12", "20.38"),
    ],
)
def test_courts_leave_24_percent_a_year_standing(charges, allowed, cut, payable):
    found = court_cut(last(cash([Rate("cash", Decimal("0.0005"))])), charges=Decimal(charges), ceiling=Decimal("0.24"))
    assert (found.allowed, found.cut, found.payable) == (Decimal(allowed), Decimal(cut), Decimal(payable))
