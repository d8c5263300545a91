"""What may be offered, to the cent, and the rule that forbids the rest."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

from dunwell.arrangements.queries import owed_on
from dunwell.arrangements.rules import offers, products
from dunwell.arrangements.rules.offers import Owed, Situation, Wish
from dunwell.arrears.models import AccountState
from dunwell.portfolio import reference, words
from dunwell.portfolio.rules import COMPONENTS
from tests.sizes import size

ON = date(2026, 11, 23)
CALENDAR = reference.calendar()
OWED = Owed(
    principal=Decimal("9000.00"), in_instalments=Decimal("2000.00"), interest=Decimal("600.00"), fees=Decimal("400.00")
)
LOST_HIS_JOB = Situation(
    owed=OWED, past_due=Decimal("1500.00"), days_delinquent=45, left=Decimal("700.00"),
    known=frozenset({"circumstances", "willing"}),
)  # fmt: skip


def rules_against(situation: Situation, wish: Wish, *, role: str = "collector") -> list[str]:
    found = offers.forbidden(situation, wish, by_role=role, on=ON, calendar=CALENDAR)
    return [reason.rule for reason in found]


def offered(situation: Situation, wish: Wish) -> offers.Offer:
    return offers.offer(situation, wish, on=ON, calendar=CALENDAR)


def test_what_is_owed_has_every_component_of_the_balance_once():
    amounts = {name: Decimal(2**nr) for nr, name in enumerate(COMPONENTS)}  # no two sums of them are alike
    state = AccountState(**amounts, credit_balance=Decimal(1000), paid_since=Decimal(2000))
    assert owed_on(state) == Owed(*map(Decimal, (3, 12, 48, 192, 3000)))
    assert tuple(words.COMPONENTS) == COMPONENTS


def test_a_personalised_plan_takes_everything_and_stops_interest():
    plan = offered(LOST_HIS_JOB, Wish("personalised_plan", 24))
    assert rules_against(LOST_HIS_JOB, plan.wish) == []
    assert (plan.amount, plan.cost, plan.paid_in_all) == (Decimal("12000.00"), Decimal(0), Decimal("12000.00"))
    assert (plan.monthly, plan.left_after, plan.annual_rate_percent) == (Decimal("500.00"), Decimal("200.00"), 0)


def test_an_ordinary_plan_leaves_out_what_is_in_instalments_already():
    plan = offered(LOST_HIS_JOB, Wish("instalment_plan", 12, Decimal("1000.00")))
    assert (plan.amount, plan.financed) == (Decimal("10000.00"), Decimal("9000.00"))
    assert (plan.rows[0].payment, plan.cost) == (Decimal("812.32"), Decimal("747.91"))
    assert plan.annual_rate_percent == pytest.approx(Decimal("15.0"), abs=Decimal("0.5"))
    all_in_instalments = replace(LOST_HIS_JOB, owed=Owed(Decimal(0), Decimal("5000.00"), Decimal(0), Decimal(0)))
    assert "CN-INST-AGAIN" in rules_against(all_in_instalments, Wish("instalment_plan", 12))
    assert rules_against(all_in_instalments, Wish("personalised_plan", 24)) == []


def test_due_dates_fall_on_working_days():
    days = offered(LOST_HIS_JOB, Wish("personalised_plan", 24)).rows
    assert days[0].due_date == date(2026, 12, 23) and days[1].due_date == date(2027, 1, 25)  # the 23rd is a Saturday
    assert all(CALENDAR.is_working_day(row.due_date) for row in days)


@pytest.mark.parametrize(
    ("due_day", "first", "second"),
    [
        (2, date(2026, 12, 2), date(2027, 1, 4)),  # the 2nd of January is a Saturday
        (5, date(2026, 12, 7), date(2027, 1, 5)),  # the 5th is a Saturday
        (28, date(2026, 12, 28), date(2027, 1, 28)),  # November's is less than seven days ahead
    ],
)
def test_instalments_are_due_on_the_day_of_the_month_that_he_chose(due_day, first, second):
    wish = Wish("personalised_plan", 24, due_day=due_day)
    rows = offered(LOST_HIS_JOB, wish).rows
    assert (rows[0].due_date, rows[1].due_date) == (first, second) and rules_against(LOST_HIS_JOB, wish) == []
    beside, _ = offers.beside(LOST_HIS_JOB, by_role="collector", on=ON, calendar=CALENDAR, due_day=due_day)
    assert {one.first_due for one in beside if one.product.shape == "instalments"} == {first}


def test_offers_beside_are_no_longer_than_he_wants():
    able = replace(LOST_HIS_JOB, left=Decimal("2000.00"), past_due=Decimal("3000.00"))
    for months, terms in ((12, {12, 6}), (6, {6})):
        found, _ = offers.beside(able, by_role="collector", on=ON, calendar=CALENDAR, months=months)
        assert {one.wish.term for one in found if one.product.code == "personalised_plan"} <= terms and found
        assert all(one.months <= months for one in found)


@pytest.mark.parametrize(
    ("situation", "wish", "rules"),
    [
        (replace(LOST_HIS_JOB, known=frozenset({"willing"})), Wish("personalised_plan", 24), ["CN-ART70-CIRCUMSTANCES"]),
        (replace(LOST_HIS_JOB, known=frozenset({"circumstances"})), Wish("personalised_plan", 24), ["CN-ART70-WILLING"]),
        (replace(LOST_HIS_JOB, left=Decimal("1500.00")), Wish("personalised_plan", 24), ["CN-ART70-UNABLE"]),
        (replace(LOST_HIS_JOB, left=None), Wish("personalised_plan", 24), ["CN-ART70-UNABLE"]),
        (LOST_HIS_JOB, Wish("personalised_plan", 12), ["P-ABILITY"]),
        (LOST_HIS_JOB, Wish("personalised_plan", 24, due_day=29), ["P-DUE-DAY"]),
        (LOST_HIS_JOB, Wish("deferral", 1, due_day=5), ["P-DUE-DAY"]),
        (LOST_HIS_JOB, Wish("personalised_plan", 72), ["P-CHOICE", "P-TERM", "CN-ART70-TERM"]),
        (LOST_HIS_JOB, Wish("personalised_plan", 60), ["P-TERM"]),
        (replace(LOST_HIS_JOB, running=True), Wish("personalised_plan", 24), ["P-RUNNING"]),
        (replace(LOST_HIS_JOB, earlier=(("personalised_plan", date(2023, 1, 5)),)), Wish("personalised_plan", 24), ["P-OFTEN"]),
        (LOST_HIS_JOB, Wish("instalment_plan", 24, Decimal("999.99")), ["P-FIRST-PAYMENT"]),
        (replace(LOST_HIS_JOB, days_delinquent=91), Wish("instalment_plan", 24, Decimal("1000.00")), ["P-DAYS"]),
        (replace(LOST_HIS_JOB, died=True), Wish("deferral", 1), ["P-DEATH"]),
        (LOST_HIS_JOB, Wish("disaster_pause", 1), ["P-DISASTER"]),
    ],
)  # fmt: skip
def test_what_is_forbidden_names_its_rule(situation, wish, rules):
    assert rules_against(situation, wish) == rules


def test_a_settlement_forgives_within_its_mandate_and_not_while_the_host_says_otherwise():
    late = replace(LOST_HIS_JOB, days_delinquent=120)
    wish = Wish("settlement", 15, waived={"interest": Decimal("600.00"), "principal": Decimal("2700.00")})
    assert rules_against(late, wish, role="manager") == []
    assert offered(late, wish).paid_in_all == Decimal("8700.00")
    assert rules_against(late, wish) == ["P-WHO"]
    assert rules_against(replace(late, differs=True), wish, role="manager") == ["P-DIFFERENCE"]
    more = replace(wish, waived={"principal": Decimal("2700.01")})
    assert rules_against(late, more, role="manager") == ["P-WAIVE-PRINCIPAL"]
    assert rules_against(late, Wish("settlement", 15), role="manager") == ["P-WAIVE-NOTHING"]


def test_two_or_three_lie_side_by_side_and_the_others_say_why_not():
    shown, refused = offers.beside(LOST_HIS_JOB, by_role="collector", on=ON, calendar=CALENDAR)
    assert [(one.product.code, one.wish.term) for one in shown] == [
        ("instalment_plan", 18), ("personalised_plan", 24), ("deferral", 1),
    ]  # fmt: skip
    assert {one.product.code for one in refused} == {"settlement", "disaster_pause"}


def test_who_asks_to_stop_interest_and_hang_the_account_up_is_told_of_article_70_and_promised_nothing():
    told = products.asked_for("我要办停息挂账")
    assert (
        told.product == "personalised_plan" and "第七十条" in told.answer.text_zh and "不能承诺" in told.answer.text_zh
    )
    assert products.asked_for("我下周还款") is None


@pytest.mark.parametrize(
    ("code", "amount", "waived", "months", "persons"),
    [
        ("personalised_plan", "50000", "0", 36, 1),
        ("personalised_plan", "50000.01", "0", 36, 2),
        ("personalised_plan", "50000", "0", 48, 2),
        ("settlement", "20000", "2000.01", 1, 2),
        ("waiver", "900", "500", 1, 1),
    ],
)
def test_above_a_limit_two_persons_approve(code, amount, waived, months, persons):
    row = products.mandate_for(code=code, amount=Decimal(amount), waived=Decimal(waived), months=months, on=ON)
    assert row.persons == persons


def plainly(amount: Decimal, percent: Decimal, periods: int) -> list[Decimal]:
    """A level plan worked out with fractions and nothing else: the payments."""
    rate = Fraction(percent) / 1200
    exact = Fraction(amount) / periods if not rate else Fraction(amount) * rate / (1 - (1 + rate) ** -periods)

    def cents(value: Fraction) -> Fraction:
        return Fraction((value * 100 + Fraction(1, 2)).__floor__(), 100)

    level, balance, paid = cents(exact), Fraction(amount), []
    for nr in range(1, periods + 1):
        interest = cents(balance * rate)
        principal = balance if nr == periods else min(level - interest, balance)
        balance -= principal
        paid.append(Decimal(str(float(principal + interest))).quantize(Decimal("0.01"), ROUND_HALF_UP))
    return paid


def test_random_plans_agree_with_plain_fractions():
    chance = random.Random(11)
    for _ in range(size(40, 2000)):
        owed = Owed(Decimal(chance.randint(100_000, 4_000_000)) / 100, Decimal(0), Decimal(0), Decimal(0))
        code, term = chance.choice([("instalment_plan", 3), ("instalment_plan", 24), ("personalised_plan", 60)])
        made = offered(replace(LOST_HIS_JOB, owed=owed), Wish(code, term))
        assert [row.payment for row in made.rows] == plainly(made.financed, made.product.annual_rate_percent, term)
