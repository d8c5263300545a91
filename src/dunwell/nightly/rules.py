"""When a night's totals are unusual: compared with the last nights that are like it. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from statistics import median
from typing import Any

import yaml

from dunwell.kernel.calendar import Calendar

MONTH_END, DAY_OFF, WORKING_DAY = "month_end", "day_off", "working_day"
#: Steps told by what came since the night before, not by what stands: a night that works a week of files spreads a week
#: of payments, and says nothing of one that works a day.
SINCE_THE_NIGHT_BEFORE = frozenset({"allocate", "changes", "publish"})


@dataclass(frozen=True, slots=True)
class Span:
    """What is usual: from `low` to `high`, both included."""

    low: Decimal
    high: Decimal

    def __contains__(self, found: Decimal) -> bool:
        return self.low <= found <= self.high


@dataclass(frozen=True, slots=True)
class Usual:
    """How the usual range is drawn (ranges.yaml)."""

    nights: int
    least: int
    deviations: Decimal
    share: Decimal
    rows: Decimal
    money: Decimal

    def span(self, before: Sequence[Decimal], *, last: Decimal | None = None, at_least: Decimal) -> Span | None:
        """The usual range after these nights' values; None while they are too few to tell.

        `last` is the value of the last of them that was usual itself: near it is usual, too. A book that grows month by
        month leaves the median of its months behind; one that jumps is far from both.
        """
        if len(before) < self.least:
            return None
        middle = median(before)
        spread = median(abs(value - middle) for value in before)
        wide = max(self.deviations * spread, self.share * abs(middle), at_least)
        if last is None:
            return Span(middle - wide, middle + wide)
        near = max(self.share * abs(last), at_least)
        return Span(min(middle - wide, last - near), max(middle + wide, last + near))


def usual(on: date) -> Usual:
    """The parameters in force on a date. ValueError before the first of them."""
    value = _in_force("ranges.yaml", "usual_range", on)
    return Usual(
        value["nights"], value["least"], Decimal(value["deviations"]), Decimal(value["share"]), Decimal(value["rows"]),
        Decimal(value["money"]),
    )  # fmt: skip


def kind_of_day(day: date, calendar: Calendar) -> str:
    """Nights of the same kind are alike: the last day of a month, a day off, a working day."""
    if (day + timedelta(days=1)).day == 1:
        return MONTH_END
    return WORKING_DAY if calendar.is_working_day(day) else DAY_OFF


@dataclass(frozen=True, slots=True)
class Keeping:
    """How many days after its business date the lake keeps what a night left (lake.yaml)."""

    unpublished: int
    published: int
    loose: int


def keeping(on: date) -> Keeping:
    """The parameters in force on a date. ValueError before the first of them."""
    return Keeping(*(_in_force("lake.yaml", f"lake_{one}", on) for one in Keeping.__slots__))


def _in_force(file: str, name: str, on: date) -> Any:
    known = [dated for dated in _document(file)[name]["values"] if dated["from"] <= on]
    if not known:
        raise ValueError(f"{file}: {name} has no value in force on {on}")
    return max(known, key=lambda dated: dated["from"])["value"]


@cache
def _document(file: str) -> dict[str, Any]:
    return yaml.safe_load(resources.files("dunwell.nightly").joinpath(file).read_text("utf-8"))
