"""The identity check: which questions, what a right answer is, when nobody can pass."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from dunwell.casework.rules.identity import Risk, chosen, level, locked_until, passed, policy, questions, right

POLICY = policy(date(2026, 11, 23))
NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
ALL = set(questions())
CALM = {"incoming": False, "own_point": True, "fresh_point": False, "failed_lately": False, "identity_disputed": False}


@pytest.mark.parametrize(
    ("risk", "expected"),
    [
        ({}, "low"),
        ({"incoming": True}, "normal"),
        ({"own_point": False}, "normal"),
        ({"fresh_point": True}, "high"),
        ({"failed_lately": True}, "high"),
        ({"incoming": True, "identity_disputed": True}, "high"),
    ],
)
def test_the_more_it_may_be_somebody_else_the_more_is_asked(risk, expected):
    assert level(Risk(**{**CALM, **risk})) == expected


@pytest.mark.parametrize(("at", "number", "strong"), [("low", 2, 1), ("normal", 3, 1), ("high", 4, 2)])
def test_so_many_questions_are_put_and_so_many_strong_ones(at, number, strong):
    asked = chosen(on_file=ALL, shown=(), level=at, seed="7/0", policy=POLICY)
    assert len({one.code for one in asked}) == number and sum(one.strong for one in asked) >= strong
    assert asked == chosen(on_file=ALL, shown=(), level=at, seed="7/0", policy=POLICY)
    others = [chosen(on_file=ALL, shown=(), level=at, seed=f"{n}/0", policy=POLICY) for n in range(9)]
    assert any(other != asked for other in others)


def test_what_was_only_just_shown_is_not_asked():
    for seed in range(20):
        asked = chosen(on_file=ALL, shown={"identity", "message"}, level="low", seed=str(seed), policy=POLICY)
        assert not {one.code for one in asked} & {"id_last4", "birth_day", "birth_year", "card_last4", "cycle_day"}


def test_too_little_on_file_asks_nothing_rather_than_less():
    weak = {"birth_day", "birth_year", "address"}
    assert chosen(on_file=weak, shown=(), level="normal", seed="1", policy=POLICY) == ()
    assert chosen(on_file={"id_last4"}, shown=(), level="low", seed="1", policy=POLICY) == ()


@pytest.mark.parametrize(
    ("code", "expected", "given", "is_right"),
    [
        ("id_last4", ["001X"], " 001x ", True),
        ("id_last4", ["001X"], "01X", False),
        ("card_last4", ["4417", "9021"], "9021", True),
        ("card_last4", ["4417"], "", False),
        ("address", ["北京市朝阳区建国路88号3号楼"], "建国路 88号", True),
        ("address", ["北京市朝阳区建国路88号3号楼"], "朝阳区建国路", False),
        ("address", ["北京市朝阳区建国路88号3号楼"], "88号", False),
        ("opened_on", ["202103"], "2021-03", True),
    ],
)
def test_an_answer_is_right_when_it_is_on_file(code, expected, given, is_right):
    assert right(questions()[code], expected, given) is is_right


def test_one_wrong_or_missing_answer_fails():
    asked = [questions()["id_last4"], questions()["birth_day"]]
    assert passed({"id_last4": True, "birth_day": True}, asked)
    assert not passed({"id_last4": True}, asked)
    assert not passed({}, [])


def test_three_failures_within_a_day_lock_for_a_day_after_the_last():
    hours = [NOW - timedelta(hours=20), NOW - timedelta(hours=5), NOW - timedelta(hours=1)]
    assert locked_until(hours[:2], NOW, POLICY) is None
    assert locked_until(hours, NOW, POLICY) == NOW + timedelta(hours=23)
    assert locked_until(hours, NOW + timedelta(hours=23), POLICY) is None
    spread = [NOW - timedelta(hours=40), NOW - timedelta(hours=20), NOW - timedelta(hours=1)]
    assert locked_until(spread, NOW, POLICY) is None
