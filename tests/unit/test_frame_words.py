"""Figures, days and moments as every page writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from dunwell.frame.templatetags import frame


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("25594.57"), "25,594.57"),
        (Decimal("-0.005"), "−0.01"),
        (Decimal("-0.004"), "0.00"),
        ("1310", "1,310.00"),
        (None, "–"),
        ("", "–"),
        ("abc", "–"),
        (Decimal("NaN"), "–"),
    ],
)
def test_amounts(value, written):
    assert frame.money(value) == written


@pytest.mark.parametrize(
    ("value", "written"), [(0.224, "22.4%"), (Decimal("1"), "100.0%"), (None, "–"), (-0.004, "−0.4%")]
)
def test_shares(value, written):
    assert frame.percent(value) == written


@pytest.mark.parametrize(("value", "written"), [(3, "+3.0"), (0, "0.0"), (Decimal("-0.5"), "−0.5")])
def test_changes(value, written):
    assert frame.signed(value) == written


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, "h0"), (0.9, "h0"), (1, "h1"), (5, "h2"), (20, "h3"), (49.9, "h3"), (50, "h4"), (80, "h5")],
)
def test_heat_cells(value, cell):
    assert frame.heat(value) == cell


@pytest.mark.parametrize(("seconds", "written"), [(208, "3:28"), (3808, "1:03:28"), (0, "0:00"), (None, "–")])
def test_durations(seconds, written):
    assert frame.duration(seconds) == written


def test_a_moment_is_shown_on_the_banks_clock():
    late = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
    assert frame.moment(late) == "2026-11-24 01:30"
    assert frame.day(late) == "2026-11-24"
    assert frame.clock(late, "Asia/Urumqi") == "23:30"


@pytest.mark.parametrize(("language", "words", "day"), [("en", "A, B and C", "Mon"), ("zh-hans", "A、B和C", "周一")])
def test_words_follow_the_language(language, words, day):
    with translation.override(language):
        assert frame.sentence(["A", "B", "C"]) == words
        assert frame.weekday(date(2026, 11, 23)) == day


def test_a_bar_is_never_wider_than_the_whole_and_never_empty_when_there_is_something():
    assert 'class="fill" width="100.00"' in frame.bar(5, 4)
    assert 'class="fill" width="0.80"' in frame.bar(1, 100000)
    assert 'class="fill" width="0.00"' in frame.bar(0, 0)
