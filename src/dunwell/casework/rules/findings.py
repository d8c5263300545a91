"""Findings by code, and which one is current. Pure but for the file findings.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources

import yaml

from dunwell.casework.rules.codes import Named


@dataclass(frozen=True, slots=True)
class Kind(Named):
    """intent, ability or reason, with its codes; a finding counts as known for so long."""

    valid: timedelta
    codes: Mapping[str, Named]


@dataclass(frozen=True, slots=True)
class Current:
    """The last finding of a kind. `old`: it has to be asked again."""

    kind: str
    code: str
    on: date
    old: bool


@cache
def kinds() -> Mapping[str, Kind]:
    """The kinds in the order in which they are asked."""
    raw = yaml.safe_load(resources.files("dunwell.casework").joinpath("findings.yaml").read_text("utf-8"))["kinds"]
    found = {}
    for code, one in raw.items():
        codes = {each["code"]: Named(each["code"], each["name"]) for each in one["codes"]}
        found[code] = Kind(code, one["name"], timedelta(days=one["valid_days"]), codes)
    return found


def current(found: Iterable[tuple[str, str, date]], on: date) -> dict[str, Current]:
    """By kind the last of (kind, code, day), given in the order in which they were written; none of a kind: not there."""
    last = {kind: (code, day) for kind, code, day in found}
    return {
        kind: Current(kind, code, day, old=on - day > kinds()[kind].valid)
        for kind, (code, day) in last.items()
        if kind in kinds()
    }
