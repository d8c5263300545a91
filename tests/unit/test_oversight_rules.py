"""Managers' figures from rows: roll rates, recovery curves, the funnel."""

from __future__ import annotations

import itertools
import re
from datetime import date
from decimal import Decimal

import pytest

from dunwell.oversight import charts, rules

MOVED = [
    ("M0", "M0", 90, Decimal("900.00")),
    ("M0", "M1", 10, Decimal("100.00")),
    ("M1", "M0", 3, Decimal("30.00")),
    ("M1", "M1", 2, Decimal("50.00")),
    ("M1", "M2", 4, Decimal("100.00")),
    ("M1", "none", 1, Decimal("20.00")),
]


def test_a_roll_rate_is_the_share_of_the_bucket_s_balance_that_is_one_bucket_worse():
    matrix = rules.matrix(date(2026, 9, 30), MOVED)
    assert matrix.roll("M0") == Decimal("0.1")
    assert matrix.roll("M1") == Decimal("0.5")
    assert matrix.roll("M2") is None
    assert matrix.cell("M1", "M2").share_of_accounts == Decimal("0.4")


def test_what_left_the_book_counts_in_the_whole():
    matrix = rules.matrix(date(2026, 9, 30), MOVED)
    assert matrix.rows["M1"] == (10, Decimal("200.00"))
    assert matrix.cured() == Decimal("0.3")
    assert matrix.entered() == Decimal("0.1")


@pytest.mark.parametrize(
    "part, whole, share", [(1, 3, Decimal("0.333333")), (2, 3, Decimal("0.666667")), (1, 0, None), (0, 5, Decimal(0))]
)
def test_a_share_has_six_decimals_and_no_share_without_a_whole(part, whole, share):
    assert rules.share(part, whole) == share


def test_a_curve_starts_at_nothing_and_counts_the_month_of_entry_as_one():
    made = rules.curve(
        date(2026, 8, 1),
        [(date(2026, 9, 30), 5, Decimal(1000), Decimal(250)), (date(2026, 8, 31), 5, Decimal(1000), Decimal(100))],
    )
    assert list(made.points) == [(0, Decimal(0)), (1, Decimal("0.1")), (2, Decimal("0.25"))]
    assert made.latest == Decimal("0.25")


def test_a_cohort_that_owed_nothing_has_no_curve():
    assert rules.curve(date(2026, 8, 1), [(date(2026, 8, 31), 1, Decimal(0), Decimal(0))]) is None


def test_each_step_of_the_funnel_is_a_share_of_the_step_before():
    steps = rules.funnel(
        [("planned", 8, None), ("attempted", 4, None), ("reached", 0, None), ("promised", 0, Decimal(0))]
    )
    assert [step.of_before for step in steps] == [None, Decimal("0.5"), Decimal(0), None]


@pytest.mark.parametrize(
    "day, before", [(date(2026, 1, 5), date(2025, 12, 31)), (date(2028, 3, 31), date(2028, 2, 29))]
)
def test_the_month_end_before(day, before):
    assert rules.month_end_before(day) == before


def test_the_chart_carries_no_style_and_names_each_curve():
    made = rules.curve(date(2026, 8, 1), [(date(2026, 8, 31), 5, Decimal(1000), Decimal(100))])
    svg = charts.vintage([made], label="<recovery>", months="months")
    assert "style=" not in svg
    assert "2026-08  10.0" in svg
    assert "&lt;recovery&gt;" in svg


def test_no_name_of_a_curve_stands_on_another_or_on_a_line():
    ends = [
        date(2026, 5, 31),
        date(2026, 6, 30),
        date(2026, 7, 31),
        date(2026, 8, 31),
        date(2026, 9, 30),
        date(2026, 10, 31),
    ]
    made = [
        rules.curve(end.replace(day=1), [(later, 5, Decimal(1000), Decimal(100)) for later in ends[nr:]])
        for nr, end in enumerate(ends)
    ]
    svg = charts.vintage(made, label="x", months="months")
    places = [(float(x), float(y)) for x, y in re.findall(r'class="lab[^"]*" x="([\d.]+)" y="([\d.]+)"', svg)]
    assert len(places) == 6
    assert all(x > charts.RIGHT for x, _ in places)
    assert all(abs(one[1] - other[1]) >= charts.APART for one, other in itertools.combinations(places, 2))
