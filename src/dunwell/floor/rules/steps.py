"""Steps of bulk actions and macros: what each does and what it needs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST = 6
#: What a step may do. `assign` is for many cases only.
DOES = ("note", "message", "snooze", "assign")
LONGEST = 90 * 24  # hours


class StepWrong(ValueError):
    """`code`: do, text, hours, many; `place` counts from 1."""

    def __init__(self, code: str, place: int = 0) -> None:
        super().__init__(f"step {place}: {code}")
        self.code, self.place = code, place


@dataclass(frozen=True, slots=True)
class Step:
    """`text`: the note's words, the message's text code, the reason of a snooze; `hours` until a snooze ends."""

    do: str
    text: str = ""
    hours: int = 0

    def until(self, now: datetime) -> datetime:
        """When a snooze ends."""
        return now + timedelta(hours=self.hours)


def step(raw: Mapping[str, object], place: int = 0) -> Step:
    """One step from its values. StepWrong says what it lacks."""
    do, text = str(raw.get("do", "")), str(raw.get("text", "")).strip()[:400]
    typed = str(raw.get("hours", "") or "0")
    if do not in DOES:
        raise StepWrong("do", place)
    if do in ("note", "message") and not text:
        raise StepWrong("text", place)
    if not typed.isdigit() or (do == "snooze" and not 1 <= int(typed) <= LONGEST):
        raise StepWrong("hours", place)
    return Step(do, text, int(typed) if do == "snooze" else 0)


def macro(raw: Sequence[Mapping[str, object]]) -> tuple[Step, ...]:
    """The steps of a macro, in order; a snooze lets the case go and so comes last."""
    if not 1 <= len(raw) <= MOST:
        raise StepWrong("many")
    steps = tuple(step(one, place) for place, one in enumerate(raw, start=1))
    for place, one in enumerate(steps, start=1):
        if one.do == "assign" or (one.do == "snooze" and place < len(steps)):
            raise StepWrong("do", place)
    return steps
