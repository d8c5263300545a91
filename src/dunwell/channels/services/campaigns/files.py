"""Lists and call records as CSV, for a dialler that has no web service."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from dunwell.channels.services.campaigns.giving import Given
from dunwell.channels.voice.records import CallRecord
from dunwell.kernel.times import BANK_ZONE

NEEDED = ("reference", "call_id")
MOMENTS = ("started_at", "ringing_at", "answered_at", "ended_at")
YES, NO = frozenset({"1", "true", "yes", "y", "是"}), frozenset({"", "0", "false", "no", "n", "否"})
COLUMNS = (
    "reference", "masked", "not_before", "until", "zone", "dials_left", "priority", "expires_at", "caller_number", "flow",
)  # fmt: skip


def read_records(path: Path, name: str) -> tuple[list[CallRecord], list[str]]:
    """The records of a file and what is wrong with the other rows: file, row, column, found, expected.

    Moments without an offset are on the bank's clock.
    """
    found, wrong = [], []
    with path.open(encoding="utf-8-sig", newline="") as source:
        reader = csv.DictReader(source)
        try:
            header = reader.fieldnames or ()
        except (csv.Error, UnicodeDecodeError):
            return [], [f"{name}, row 1: this is not CSV in UTF-8."]
        lacking = [column for column in NEEDED if column not in header]
        strange = [column for column in header if column not in CallRecord.__dataclass_fields__]
        if lacking or strange:
            said = f"the column {lacking[0]} is missing" if lacking else f"the column {strange[0]!r} is not known"
            return [], [f"{name}, row 1: {said}."]
        try:
            for number, row in enumerate(reader, 2):
                told = _record(row, f"{name}, row {number}, column")
                (wrong if isinstance(told, str) else found).append(told)  # type: ignore[arg-type]
        except (csv.Error, UnicodeDecodeError):
            wrong.append(f"{name}, row {reader.line_num}: this and what follows is not CSV in UTF-8.")
    return found, wrong


def _record(row: dict[str, str], where: str) -> CallRecord | str:
    if None in row or None in row.values():
        return f"{where} {NEEDED[0]}: the row has another number of columns than the first one."
    said: dict[str, object] = {column: value.strip() for column, value in row.items()}
    for column in NEEDED:
        if not said[column]:
            return f"{where} {column}: it is empty."
    for column in MOMENTS:
        if text := str(said.pop(column, "")):
            try:
                at = datetime.fromisoformat(text)
            except ValueError:
                return f"{where} {column}: {text!r} is not a moment like 2026-11-23T10:30:00."
            said[column] = at if at.tzinfo else at.replace(tzinfo=BANK_ZONE)
    for column in ("identified", "hand_over"):
        text = str(said.pop(column, "")).casefold()
        if text not in YES | NO:
            return f"{where} {column}: {text!r} is neither true nor false."
        said[column] = text in YES
    if text := str(said.pop("contact", "")):
        if not text.isdecimal():
            return f"{where} contact: {text!r} is not a whole number."
        said["contact"] = int(text)
    return CallRecord(**said)  # type: ignore[arg-type]


def rows_of(found: Iterable[Given]) -> Iterator[list[str]]:
    """The list's rows in the order of COLUMNS: references and masked numbers; one in clear leaves by the API alone."""
    for one in found:
        budget, campaign = one.budget, one.entry.campaign
        yield [
            one.entry.reference, one.masked, budget.opens_at.isoformat() if budget.opens_at else "",
            budget.closes_at.isoformat() if budget.closes_at else "", budget.zone, str(budget.left),
            str(one.entry.priority), campaign.ends_at.isoformat(), one.caller_number, campaign.flow,
        ]  # fmt: skip
