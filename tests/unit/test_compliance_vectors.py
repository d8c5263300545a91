"""The gate against answers derived by hand: the shared vectors and our own, one row a case."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from dunwell.compliance import shipped
from dunwell.compliance.rules.gate import decide
from dunwell.compliance.rules.grammar import GrammarError, question
from dunwell.compliance.rules.windows import OF_ONE_DAY

DATA = Path(__file__).parent.parent / "data"
ROWS = [
    row
    for name in ("contact_rules.csv", "contact_rules_more.csv")
    for row in csv.DictReader((DATA / name).read_text(encoding="utf-8").splitlines())
]
EVERYTHING = {  # all reasons in their order, and the first moment at which none is left
    row["id"]: (row["all_reasons"].split("|"), row["retry_after"] or None)
    for row in csv.DictReader((DATA / "contact_rules_answers.csv").read_text(encoding="utf-8").splitlines())
}


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['id']} {row['note']}" for row in ROWS])
def test_the_gate_answers_as_derived_by_hand(row):
    asked = question(row)
    answer = decide(
        now=asked.now,
        pack=shipped.pack_on(asked.now.date(), row["pack"]),
        attempt=asked.attempt,
        history=asked.history,
        flags=asked.flags,
    )

    assert (answer.verdict, answer.primary.rule) == (row["expected"], row["reason_id"])


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_every_reason_stands_alone_and_the_time_to_try_again_is_the_first_that_is_free(row):
    asked = question(row)
    pack = shipped.pack_on(asked.now.date(), row["pack"])
    fields = {"pack": pack, "attempt": asked.attempt, "history": asked.history}
    answer = decide(now=asked.now, **fields, flags=asked.flags)
    rules = [reason.rule for reason in answer.reasons]
    assert (rules, answer.retry_after and answer.retry_after.isoformat()) == EVERYTHING[row["id"]]
    if answer.allowed:
        assert (rules[0] in ("OK", pack.scope_rule), answer.retry_after) == (True, None)
        return
    assert (answer.retry_after is None) is any(reason.retry_after is None for reason in answer.reasons)
    if answer.retry_after is not None:
        of_today = {n: v for n, v in asked.flags.items() if n not in OF_ONE_DAY}
        flags = asked.flags if answer.retry_after.date() == asked.now.date() else of_today
        assert decide(now=answer.retry_after, **fields, flags=flags).allowed
        assert not decide(now=answer.retry_after - timedelta(seconds=1), **fields, flags=flags).allowed


def test_every_shared_row_is_here():
    assert len([row for row in ROWS if not row["id"].startswith(("X", "Y", "Z"))]) == 38


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("flags", "dispute", 'flags: "dispute" is not key=value.'),
        ("now_local", "noon", 'now_local: "noon" is not a moment such as 2026-11-24T08:00:00.'),
        ("history", "2026-11-24T09:05~call", "has 2 parts, not 8"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(column, value, sentence):
    with pytest.raises(GrammarError, match=".*" + sentence.replace(".", r"\.").split('"')[-1]):
        question(ROWS[0] | {column: value})
