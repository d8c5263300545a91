"""Outcome codes: only those that fit, two keystrokes each, and what each asks for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dunwell.casework.rules.codes import OUTCOMES, codes, mistakes
from dunwell.compliance.rules.outcomes import OUTCOMES as COUNTED
from dunwell.compliance.rules.outcomes import fits

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
TOLD = [one.code for one in codes().disclosures]
CODES = [code for group in codes().actions["call"].groups for code in group.codes]


def test_the_gate_counts_every_outcome_that_the_desk_offers() -> None:
    assert set(COUNTED["call"]) == OUTCOMES
    assert {code.outcome for code in CODES} | {code.unidentified for code in CODES if code.unidentified} == OUTCOMES


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.code)
@pytest.mark.parametrize("identified", [True, False])
def test_what_the_desk_takes_the_gate_takes(code, identified: bool) -> None:
    wrong = mistakes(
        action="call", code=code.code, identified=identified, disclosures=TOLD, has_parts="promise" in code.asks,
        call_back_at=None, note="words", now=NOW,
    )  # fmt: skip
    if not [one for one in wrong if one.field == "identified"]:
        assert fits("call", code.counted_as(identified), identified) == ""


def test_a_key_a_code_and_both_names() -> None:
    for group in codes().actions["call"].groups:
        digits = [code.digit for code in group.codes]
        assert len(digits) == len(set(digits)) and set(range(1, 10)) <= set(digits)
        assert all(code.names["zh-hans"] and code.names["en"] for code in group.codes)


def test_debt_results_need_the_identity_check_before() -> None:
    results = {"promise", "ask_plan", "hardship", "dispute", "says_paid", "refused"}
    assert {code.code for code in CODES if code.identity == "must"} == results
