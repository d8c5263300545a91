"""Which number a call shows: of the debtor's region first, not marked, not resting, the least used. Pure but for the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

import yaml


@dataclass(frozen=True, slots=True)
class Policy:
    """The figures of caller_numbers.yaml."""

    days: int
    complained_within_days: int
    complaints_per_thousand: int
    least_calls: int
    most_a_day: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A number of the pool as it stands: what was last told of it, and its calls and complaints."""

    id: int
    number: str
    region: str
    marked: str = ""
    rests_until: datetime | None = None
    withdrawn: bool = False
    calls: int = 0
    today: int = 0
    complaints: int = 0


@cache
def policy() -> Policy:
    return Policy(**yaml.safe_load((files("dunwell.channels.voice") / "caller_numbers.yaml").read_text("utf-8")))


def per_thousand(one: Standing) -> float:
    """Complaints on a thousand calls; 0 without a call."""
    return 1000 * one.complaints / one.calls if one.calls else 0.0


def unfit(one: Standing, now: datetime, by: Policy) -> str:
    """Why a number is not shown now: withdrawn, marked, rests, complaints, used_up; empty when it may be."""
    if one.withdrawn:
        return "withdrawn"
    if one.marked:
        return "marked"
    if one.rests_until is not None and one.rests_until > now:
        return "rests"
    if one.calls >= by.least_calls and per_thousand(one) > by.complaints_per_thousand:
        return "complaints"
    return "used_up" if one.today >= by.most_a_day else ""


def pick(pool: Sequence[Standing], region: str, now: datetime, by: Policy) -> Standing | None:
    """The number to show for a debtor's region; None when none is fit: then the dialler shows what it is set to."""
    fit = [one for one in pool if not unfit(one, now, by)]
    return min(fit, key=lambda one: (bool(region) and one.region != region, one.today, one.calls, one.id), default=None)
