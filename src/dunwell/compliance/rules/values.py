"""The values the gate decides on: an attempt, what happened before, and flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dunwell.kernel.times import aware

PENDING = "pending"  # reserved, outcome not known: counts in every basis
NOTHING_LEFT = "nothing_left"  # proven not to have left: counts in none
DEMAND = "demand"

Flags = Mapping[str, str]
"""Facts by name. `<flag>_until` (ISO, with offset) says when a flag's fact ends by itself."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One contact that somebody wants to make.

    `actor` is bank or agency, `party` what the person is to the debt, `person` and `point` pseudonyms
    of the person and the number, `debt` of the claim, `zones` the IANA names of the clocks he may live
    by (the first one gives his day).
    """

    channel: str
    actor: str
    party: str
    person: str
    point: str
    debt: str
    zones: tuple[str, ...]
    purpose: str = DEMAND
    direction: str = "out"
    collector: str = ""  # which agency: some countries count each collector by itself


@dataclass(frozen=True, slots=True)
class Event:
    """One earlier contact, by whomever; `outcome` as contact-rules 2.1, or pending, or nothing_left."""

    at: datetime
    channel: str
    direction: str
    actor: str
    party: str
    person: str
    point: str
    outcome: str
    debt: str
    collector: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything `decide` is given beside clock and pack, as it is kept with a decision."""

    attempt: Attempt
    history: tuple[Event, ...] | None
    flags: Flags

    def as_json(self) -> dict[str, object]:
        history = None if self.history is None else [_plain(e) | {"at": e.at.isoformat()} for e in self.history]
        return {
            "attempt": _plain(self.attempt) | {"zones": list(self.attempt.zones)},
            "history": history,
            "flags": dict(sorted(self.flags.items())),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Facts:
        attempt = dict(data["attempt"])  # type: ignore[call-overload]
        history = data["history"]
        return cls(
            attempt=Attempt(**(attempt | {"zones": tuple(attempt["zones"])})),
            history=None if history is None else events(history),  # type: ignore[arg-type]
            flags=dict(data["flags"]),  # type: ignore[call-overload]
        )


def _plain(value: Attempt | Event) -> dict[str, object]:
    """The fields of a flat value: `asdict` copies each of them in depth."""
    return {name: getattr(value, name) for name in value.__slots__}


def events(rows: Sequence[Mapping[str, object]]) -> tuple[Event, ...]:
    """Events from their JSON form; a moment without offset raises ValueError."""
    return tuple(
        Event(**(dict(row) | {"at": aware(datetime.fromisoformat(str(row["at"])))}))  # type: ignore[arg-type]
        for row in rows
    )
