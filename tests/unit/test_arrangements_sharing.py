"""One offer over several accounts: what it is split into, to the cent, and the rule that forbids it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from dunwell.arrangements.rules import agreements, offers, products
from dunwell.arrangements.rules.offers import Owed, Situation, Wish, together
from dunwell.arrangements.rules.sharing import shares
from dunwell.arrears.rules.rates import Flow, annual_rate_percent
from dunwell.portfolio import reference
from tests.sizes import size

ON = date(2026, 11, 23)
TERMS = {"on": ON, "calendar": reference.calendar()}


def yuan(*amounts: str) -> list[Decimal]:
    return [Decimal(one) for one in amounts]


@pytest.mark.parametrize(
    ("amount", "by", "given"),
    [
        (
            "1000.00",
            ["7000.00", "5000.00"],
            ["583.33", "416.67"],
        ),  # of 583.3333 and 416.6666 the larger remainder has the cent
        ("100.00", ["1.00", "1.00", "1.00"], ["33.34", "33.33", "33.33"]),  # of equal ones the first
        ("0.01", ["5000.00", "7000.00"], ["0.00", "0.01"]),
        ("9.99", ["0.00", "3.00"], ["0.00", "9.99"]),  # where nothing is, nothing goes
        ("0.03", ["0.00", "0.00"], ["0.02", "0.01"]),
        ("0.00", ["7000.00"], ["0.00"]),
    ],
)
def test_every_cent_is_placed(amount, by, given):
    assert shares(Decimal(amount), yuan(*by)) == yuan(*given)


def test_random_amounts_sum_up_and_nobody_is_a_cent_from_his_share():
    chance = random.Random(7)
    for _ in range(size(300, 20_000)):
        amount = Decimal(chance.randrange(10_000_000)).scaleb(-2)
        by = [Decimal(chance.randrange(1, 9_000_000)).scaleb(-2) for _ in range(chance.randint(1, 5))]
        given = shares(amount, by)
        assert sum(given) == amount
        assert all(
            abs(Fraction(got) - Fraction(amount) * Fraction(one) / Fraction(sum(by))) < Fraction(1, 100)
            for got, one in zip(given, by, strict=True)
        )
    with pytest.raises(ValueError, match="whole cents"):
        shares(Decimal("0.005"), by)


def account(no: str, principal: str, **fields: object) -> Situation:
    owed = Owed(Decimal(principal), Decimal(0), fields.pop("interest", Decimal(0)), Decimal(0))
    known = {"left": Decimal("700.00"), "known": frozenset({"circumstances", "willing"}), "past_due": Decimal("900.00")}
    return Situation(owed=owed, days_delinquent=45, account_no=no, **{**known, **fields})


TWO = [account("A1", "7000.00"), account("A2", "5000.00")]


def against(situation: Situation, wish: Wish, role: str = "collector") -> list[tuple[str, str]]:
    found = offers.forbidden(situation, wish, by_role=role, **TERMS)
    return [(one.rule, one.text_en.partition(":")[0] if one.text_en.startswith("Account ") else "") for one in found]


def test_the_whole_is_the_sum_of_plans_as_each_account_would_have_alone():
    wish = Wish("instalment_plan", 12, Decimal("1200.00"))
    whole = offers.offer(together(TWO), wish, **TERMS)
    assert [part.wish.first_payment for part in whole.parts] == yuan("700.00", "500.00")
    for part, one in zip(whole.parts, TWO, strict=True):
        assert part == offers.offer(replace(one, left=None), part.wish, **TERMS)
    for row, *shares_of_it in zip(whole.rows, *(part.rows for part in whole.parts), strict=True):
        assert row.payment == sum(each.payment for each in shares_of_it)
        assert row.due_date == shares_of_it[0].due_date
    assert whole.financed == Decimal("10800.00") == sum(row.principal for row in whole.rows)
    assert whole.cost == sum(part.cost for part in whole.parts) == whole.financing.total
    assert sum(whole.monthly_by_account) == whole.monthly
    flows = [Flow(ON, -whole.financed), *(Flow(row.due_date, row.payment) for row in whole.rows)]
    assert whole.annual_rate_percent == annual_rate_percent(flows, convention="reg_z")
    assert (whole.monthly, whole.left_after) == (whole.rows[0].payment, Decimal("700.00") - whole.rows[0].payment)


def test_what_is_waived_is_spread_by_what_is_owed_of_it():
    two = [account("A1", "7000.00", interest=Decimal("300.00")), account("A2", "5000.00", interest=Decimal("100.00"))]
    late = together([replace(one, days_delinquent=120) for one in two])
    wish = Wish("settlement", 15, waived={"interest": Decimal("400.00"), "principal": Decimal("1200.00")})
    assert against(late, wish, "manager") == []
    whole = offers.offer(late, wish, **TERMS)
    assert [part.wish.waived for part in whole.parts] == [
        {"interest": Decimal("300.00"), "principal": Decimal("700.00")},
        {"interest": Decimal("100.00"), "principal": Decimal("500.00")},
    ]
    assert whole.paid_in_all == Decimal("10800.00") == sum(part.paid_in_all for part in whole.parts)


def test_the_total_is_held_against_what_is_left_and_each_account_against_its_own_past():
    whole = together(TWO)
    assert against(whole, Wish("personalised_plan", 24)) == []  # 500.00 of 700.00
    assert against(TWO[0], Wish("personalised_plan", 12)) == []  # one alone could be had in a year
    assert against(whole, Wish("personalised_plan", 12)) == [("P-ABILITY", "")]
    assert against(
        together([replace(one, past_due=Decimal("350.00")) for one in TWO]), Wish("personalised_plan", 24)
    ) == [("CN-ART70-UNABLE", "")]
    for spoiled, rule in (
        ({"running": True}, "P-RUNNING"), ({"days_delinquent": 0}, "P-DAYS-FROM"),
        ({"earlier": (("personalised_plan", date(2025, 1, 5)),)}, "P-OFTEN"),
        ({"owed": Owed(*[Decimal(0)] * 4)}, "P-BASIS"),
    ):  # fmt: skip
        found = against(together([TWO[0], replace(TWO[1], **spoiled)]), Wish("personalised_plan", 24))
        assert found == [(rule, "Account A2")]
    assert against(whole, Wish("deferral", 1))[0] == ("P-SEVERAL", "")
    assert against(together([account(f"A{n}", "2000.00") for n in range(6)]), Wish("personalised_plan", 24)) == [
        ("P-SEVERAL-MOST", "")
    ]


def test_a_first_payment_by_what_is_past_due_may_leave_nothing_of_an_account(monkeypatch):
    late = [replace(TWO[0], past_due=Decimal("900.00")), account("A2", "300.00", past_due=Decimal("300.00"))]
    line = products.combined(ON)
    monkeypatch.setattr(offers, "combined", lambda on, issuer="": replace(line, first_payment_by="past_due"))
    assert [
        one.first_payment for one in offers.apart(together(late), Wish("instalment_plan", 12, Decimal("800.00")), on=ON)
    ] == (yuan("600.00", "200.00"))
    assert against(together(late), Wish("instalment_plan", 12, Decimal("1200.00"))) == [("P-SHARE", "Account A2")]


def test_offers_lie_side_by_side_for_several_as_for_one():
    shown, refused = offers.beside(together(TWO), by_role="collector", **TERMS)
    assert [(one.product.code, one.wish.term, len(one.parts)) for one in shown] == [
        ("instalment_plan", 18, 2), ("instalment_plan", 24, 2), ("personalised_plan", 24, 2),
    ]  # fmt: skip
    assert {one.product.code for one in refused} == {"settlement", "waiver", "deferral", "disaster_pause"}


def test_lines_of_an_agreement_are_the_sums_of_its_parts():
    whole = offers.offer(together(TWO), Wish("personalised_plan", 24), **TERMS)
    rows = [
        [agreements.Line(row.nr, row.due_date, row.principal, row.interest, row.payment) for row in part.rows]
        for part in whole.parts
    ]
    lines = agreements.lines(rows)
    assert [(one.due_date, one.amount) for one in lines] == [(row.due_date, row.payment) for row in whole.rows]
    assert agreements.waived([{"fees": "1.00"}, {"fees": "0.50", "interest": "2.00"}]) == {
        "fees": Decimal("1.50"), "interest": Decimal("2.00"),
    }  # fmt: skip
