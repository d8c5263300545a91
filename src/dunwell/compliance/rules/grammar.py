"""The line format in which contact questions are written down: one row, one attempt.

Columns: now_local, tz, channel, actor, party, point, debt, history, flags. History events are joined by
`|`, each `time~channel~direction~actor~party~point~outcome~debt`; flags are `key=value` joined by `;`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from dunwell.compliance.rules.values import DEMAND, Attempt, Event, Flags

EVENT = ("time", "channel", "direction", "actor", "party", "point", "outcome", "debt")
BESIDE_FLAGS = ("tz_alt", "purpose")  # written among the flags, but part of the attempt


class GrammarError(ValueError):
    """A row that cannot be read; the sentence names the column and what was found."""


@dataclass(frozen=True, slots=True)
class Question:
    now: datetime
    attempt: Attempt
    history: tuple[Event, ...]
    flags: Flags


def question(row: Mapping[str, str]) -> Question:
    """What a row asks; GrammarError when it cannot be read."""
    flags = _flags(row.get("flags", ""))
    zone = row["tz"].strip()
    party = row["party"].strip()
    usual = "locate" if party == "third_unrelated" else DEMAND
    attempt = Attempt(
        channel=row["channel"].strip(),
        actor=row["actor"].strip(),
        party=party,
        person=party,  # a row speaks about one debtor, one guarantor, one third party
        point=row["point"].strip(),
        debt=row["debt"].strip(),
        zones=tuple(name for name in (zone, flags.get("tz_alt", "")) if name),
        purpose=flags.get("purpose", usual),
    )
    return Question(
        now=_moment(row["now_local"], zone, "now_local"),
        attempt=attempt,
        history=tuple(_event(text, zone) for text in row.get("history", "").split("|") if text.strip()),
        flags={name: value for name, value in flags.items() if name not in BESIDE_FLAGS},
    )


def _flags(text: str) -> dict[str, str]:
    found = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        name, sign, value = part.partition("=")
        if not sign:
            raise GrammarError(f'flags: "{part}" is not key=value.')
        found[name.strip()] = value.strip()
    return found


def _moment(text: str, zone: str, column: str) -> datetime:
    try:
        naive = datetime.fromisoformat(text.strip())
    except ValueError:
        raise GrammarError(f'{column}: "{text}" is not a moment such as 2026-11-24T08:00:00.') from None
    try:
        return naive.replace(tzinfo=ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        return naive.replace(tzinfo=ZoneInfo("UTC"))  # an unknown zone: the gate answers G-UNKNOWN


def _event(text: str, zone: str) -> Event:
    parts = text.strip().split("~")
    if len(parts) != len(EVENT):
        raise GrammarError(f'history: "{text}" has {len(parts)} parts, not {len(EVENT)} ({"~".join(EVENT)}).')
    at, channel, direction, actor, party, point, outcome, debt = parts
    return Event(
        at=_moment(at, zone, "history"),
        channel=channel,
        direction=direction,
        actor=actor,
        party=party,
        person=party,
        point=point,
        outcome=outcome,
        debt=debt,
    )
