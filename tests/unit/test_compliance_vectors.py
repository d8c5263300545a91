"""The gate against answers derived by hand: the shared vectors and our own, one row a case."""

import csv
from pathlib import Path

import pytest

from dunwell.compliance import shipped
from dunwell.compliance.rules.gate import decide
from dunwell.compliance.rules.grammar import GrammarError, question

DATA = Path(__file__).parent.parent / "data"
ROWS = [
    row
    for name in ("contact_rules.csv", "contact_rules_more.csv")
    for row in csv.DictReader((DATA / name).read_text(encoding="utf-8").splitlines())
]


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
