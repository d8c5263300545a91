"""Outcome codes: only those that fit, two keystrokes each, and what each asks for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dunwell.casework.rules.codes import OUTCOMES, action_of, codes, mistakes
from dunwell.compliance.rules.outcomes import OUTCOMES as COUNTED
from dunwell.compliance.rules.outcomes import fits, says_number_is_wrong

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
TOLD = [one.code for one in codes().disclosures]
ACTIONS = codes().actions
CODES = [code for group in ACTIONS["call"].groups for code in group.codes]
ALL = [(name, code) for name, action in ACTIONS.items() for group in action.groups for code in group.codes]


def test_the_gate_counts_every_outcome_that_the_desk_offers() -> None:
    assert set(COUNTED["call"]) == OUTCOMES
    assert {code.outcome for code in CODES} | {code.unidentified for code in CODES if code.unidentified} == OUTCOMES


@pytest.mark.parametrize(("action", "code"), ALL, ids=[f"{action}-{code.code}" for action, code in ALL])
@pytest.mark.parametrize("identified", [True, False])
def test_what_the_desk_takes_the_gate_takes(action, code, identified: bool) -> None:
    wrong = mistakes(
        action=action, code=code.code, identified=identified, disclosures=TOLD, has_parts="promise" in code.asks,
        call_back_at=None, note="words", now=NOW,
    )  # fmt: skip
    if not [one for one in wrong if one.field == "identified"]:
        assert fits("call", code.counted_as(identified), identified) == ""


def test_a_key_a_code_and_both_names() -> None:
    for group in ACTIONS["call"].groups:
        assert set(range(1, 10)) <= {code.digit for code in group.codes}
    for group in (group for action in ACTIONS.values() for group in action.groups):
        digits = [code.digit for code in group.codes]
        assert len(digits) == len(set(digits))
        assert all(code.names["zh-hans"] and code.names["en"] for code in group.codes)


def test_debt_results_need_the_identity_check_before() -> None:
    results = {"promise", "ask_plan", "hardship", "dispute", "says_paid", "refused"}
    assert {code.code for code in CODES if code.identity == "must"} == results


@pytest.mark.parametrize(
    ("direction", "party", "action"),
    [
        ("out", "debtor", "call"),
        ("out", "guarantor", "call"),
        ("out", "third_unrelated", "third_party"),
        ("out", "employer", "third_party"),
        ("in", "joint_debtor", "incoming"),
        ("in", "spouse_related", "incoming_third"),
    ],
)
def test_whoever_does_not_answer_for_the_debt_is_told_nothing_of_it(direction, party, action) -> None:
    assert action_of(direction=direction, party=party) == action
    asked = {word for group in ACTIONS[action].groups for code in group.codes for word in code.asks}
    assert ("promise" in asked) is ACTIONS[action].identity_check


@pytest.mark.parametrize(
    ("party", "direction", "result", "wrong"),
    [
        ("debtor", "out", "third_party", True),
        ("guarantor", "out", "third_party", True),
        ("third_unrelated", "out", "other_person", False),
        ("third_unrelated", "out", "wrong_number", True),
        ("third_unrelated", "in", "wrong_number", False),
        ("debtor", "in", "third_party", False),
    ],
)
def test_a_number_is_wrong_only_where_that_was_found_out(party, direction, result, wrong) -> None:
    said = says_number_is_wrong(outcome="connected_wpc", result=result, party=party, direction=direction)
    assert said is wrong
