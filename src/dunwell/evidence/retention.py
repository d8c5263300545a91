"""How long records are kept at least: the periods of `retention.yaml`, in force on a day. Pure but for the file."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any

import yaml


@dataclass(frozen=True, slots=True)
class Period:
    """So long after the last record of a kind; `rule` and `confidence` say where it comes from."""

    kind: str
    years: int
    months: int
    since: date
    text: str
    text_zh: str
    instrument: str
    rule: str
    confidence: str

    def ends(self, last: date) -> date:
        """The last day on which what is from `last` must be kept: the corresponding day, else the month's last
        (民法典 Art 202)."""
        month = last.month - 1 + self.months
        year, month = last.year + self.years + month // 12, month % 12 + 1
        return date(year, month, min(last.day, monthrange(year, month)[1]))

    def last_over(self, today: date) -> date:
        """The last day whose records may be destroyed today: their period ended before it."""
        month = today.month - 1 - self.months
        year, month = today.year - self.years + month // 12, month % 12 + 1
        day = date(year, month, min(today.day, monthrange(year, month)[1]))
        while self.ends(day) >= today:
            day -= timedelta(days=1)
        return day


@cache
def _document() -> dict[str, Any]:
    return yaml.safe_load(resources.files("dunwell.evidence").joinpath("retention.yaml").read_text("utf-8"))


def periods(on: date) -> dict[str, Period]:
    """The periods in force on a day, by kind of record."""
    found = {}
    for kind, given in _document().items():
        known = [dated for dated in given["values"] if dated["from"] <= on]
        if known:
            latest = max(known, key=lambda dated: dated["from"])
            found[kind] = Period(
                kind=kind,
                years=latest["value"].get("years", 0),
                months=latest["value"].get("months", 0),
                since=latest["from"],
                text=given["text"],
                text_zh=given["text_zh"],
                instrument=given["source"]["instrument"],
                rule=given["source"]["rule"],
                confidence=given["source"]["confidence"],
            )
    return found
