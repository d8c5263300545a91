"""`dunwell check numbers`: is it one, and what is its one way of being written (kernel.numbers)."""

from __future__ import annotations

from collections.abc import Sequence

from dunwell.kernel import numbers
from dunwell.kernel.cases import Answer, Check, Row
from dunwell.portfolio import reference

KINDS = ("resident_id", "uscc", "mobile", "card")


def answer(rows: Sequence[Row]) -> list[Answer]:
    """Not valid is an answer; only a kind that is not known is none. What is not valid has no normal form."""
    row = rows[0]
    found = numbers.check(row.choice("kind", KINDS), row["value"], reference.tables())
    return [
        {
            "valid": found.valid,
            "normalised": found.normalised if found.valid else None,
            "birth_date": found.birth_date,
            "province": found.province,
            "county": found.county if row["kind"] in ("resident_id", "uscc") else None,
        }
    ]


CHECK = Check(
    reads=("case_id", "kind", "value"),
    answers=("valid", "normalised", "birth_date", "province", "county"),
    answer=answer,
)
