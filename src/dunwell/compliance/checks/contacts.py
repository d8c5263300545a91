"""`dunwell check contacts`: may this contact be made, by the gate that the desk asks (compliance.rules.gate)."""

from __future__ import annotations

from collections.abc import Sequence

from dunwell.compliance import shipped
from dunwell.compliance.rules.gate import decide
from dunwell.compliance.rules.grammar import GrammarError, question
from dunwell.kernel.cases import Answer, Check, Row, Unanswerable


def answer(rows: Sequence[Row]) -> list[Answer]:
    """The gate's decision under the pack in force on the day; all reasons, the primary one first."""
    row = rows[0]
    known = sorted({pack.id for pack in shipped.packs()})
    row.choice("pack", known)
    for column in ("now_local", "tz", "channel", "actor", "party"):
        if not row[column]:
            raise row.wrong(column, "a value")
    try:
        asked = question(row)
    except GrammarError as error:
        raise Unanswerable(f"Row {row.number}, {error}") from None
    found = decide(
        now=asked.now,
        pack=shipped.pack_on(asked.now.date(), row["pack"]),
        attempt=asked.attempt,
        history=asked.history,
        flags=asked.flags,
    )
    return [
        {
            "decision": str(found.verdict),
            "primary_reason": found.primary.rule,
            "all_reasons": list(dict.fromkeys(reason.rule for reason in found.reasons)),
            "retry_after": found.retry_after,
            "pack_version": found.pack_version,
        }
    ]


CHECK = Check(
    reads=("id", "pack", "now_local", "tz", "channel", "actor", "party", "point", "debt", "history", "flags"),
    answers=("decision", "primary_reason", "all_reasons", "retry_after", "pack_version"),
    key="id",
    answer=answer,
)
