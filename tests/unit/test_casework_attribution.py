"""业绩归属: whose result a payment is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from dunwell.casework.rules.attribution import Rule, Span, attribute

RULE = Rule(tail_days=3, assist_share=Decimal("0.30"))
ANNA, BO, CHEN = 1, 2, 3
CHANGED = [Span(ANNA, date(2026, 11, 1)), Span(BO, date(2026, 11, 10))]


@pytest.mark.parametrize(
    ("owners", "paid_on", "whose", "why"),
    [
        (CHANGED, date(2026, 11, 9), ANNA, "owner"),
        (CHANGED, date(2026, 11, 10), ANNA, "tail"),
        (CHANGED, date(2026, 11, 12), ANNA, "tail"),  # the third day after the 9th
        (CHANGED, date(2026, 11, 13), BO, "owner"),
        ([Span(ANNA, date(2026, 11, 1), date(2026, 11, 5))], date(2026, 11, 8), ANNA, "tail"),
        ([Span(ANNA, date(2026, 11, 1), date(2026, 11, 5))], date(2026, 11, 9), None, "pool"),
        ([Span(ANNA, date(2026, 11, 1)), Span(None, date(2026, 11, 6))], date(2026, 11, 20), None, "pool"),
        ([], date(2026, 11, 9), None, "pool"),
        ([Span(ANNA, date(2026, 11, 1)), Span(ANNA, date(2026, 11, 10))], date(2026, 11, 11), ANNA, "owner"),
    ],
)
def test_a_payment_is_the_owners_and_for_the_days_of_tail_still_the_former_owners(owners, paid_on, whose, why) -> None:
    (share,) = attribute(paid_on=paid_on, amount=Decimal("100.00"), owners=owners, rule=RULE)
    assert (share.who, share.why) == (whose, why)


def test_who_assists_has_his_share_and_the_cent_that_is_left_over_is_the_owners() -> None:
    assists = [Span(BO, date(2026, 11, 1), date(2026, 11, 30)), Span(CHEN, date(2026, 11, 1))]
    shares = attribute(
        paid_on=date(2026, 11, 9), amount=Decimal("100.01"), owners=[CHANGED[0]], assists=assists, rule=RULE
    )
    assert [(share.who, share.amount) for share in shares] == [
        (ANNA, Decimal("70.01")), (BO, Decimal("15.00")), (CHEN, Decimal("15.00"))
    ]  # fmt: skip
    later = attribute(
        paid_on=date(2026, 12, 1), amount=Decimal("1.00"), owners=[CHANGED[0]], assists=assists, rule=RULE
    )
    assert {share.who for share in later} == {ANNA, CHEN}
