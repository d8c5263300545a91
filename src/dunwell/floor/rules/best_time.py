"""When this very person answers: from his own history, and honest where it is too short. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt

#: Fewer dials than this say nothing about an hour. Confidence A: our own default.
ENOUGH = 8
#: A part of the day is so many hours long.
PART = 2
#: One-sided 95 %: how sure one wants to be that a part of the day is as good as it looks.
Z = 1.645


@dataclass(frozen=True, slots=True)
class BestTime:
    """`first`–`last` o'clock on his clock, or None when the history does not say; with what it rests on."""

    first: int | None
    last: int | None
    dials: int
    reached: int
    dials_then: int = 0
    reached_then: int = 0


def best_time(hours: Iterable[tuple[int, int, int]], *, first: int = 8, last: int = 22) -> BestTime:
    """From (hour of his day, dials, of these reached): the two lawful hours in which he answers most often.

    With fewer than eight dials, or when he never answered, nothing is claimed. Parts of the day are compared by the
    lower bound of their share (Wilson's), so that one lucky call does not make a best time; a part in which he never
    answered is none.
    """
    counted: Mapping[int, list[int]] = {start: [0, 0] for start in range(first, last, PART)}
    dials = reached = 0
    for hour, tried, answered in hours:
        dials, reached = dials + tried, reached + answered
        start = first + (hour - first) // PART * PART
        if start in counted:
            counted[start][0] += tried
            counted[start][1] += answered
    if dials < ENOUGH or reached == 0:
        return BestTime(None, None, dials, reached)

    def share(start: int) -> float:
        tried, answered = counted[start]
        seen = answered / tried
        middle = seen + Z * Z / (2 * tried)
        return (middle - Z * sqrt(seen * (1 - seen) / tried + Z * Z / (4 * tried * tried))) / (1 + Z * Z / tried)

    answered_in = [start for start, (_, answered) in counted.items() if answered]
    if not answered_in:
        return BestTime(None, None, dials, reached)
    best = max(answered_in, key=lambda start: (share(start), -start))
    return BestTime(best, min(best + PART, last), dials, reached, *counted[best])
