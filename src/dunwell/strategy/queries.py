"""Reads of strategies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache

from dunwell.strategy.models import StrategyVersion
from dunwell.strategy.rules import Step, Strategy, read
from dunwell.strategy.services import in_force


def current(business_date: date) -> tuple[StrategyVersion, Strategy] | None:
    """The version in force on a date with what it says; None when none is approved."""
    version = in_force(business_date)
    return None if version is None else (version, read(version.text, file=f"{version.code} {version.version}"))


def segment_name(code: str, language: str) -> str:
    """What the newest strategy that knows a segment calls it; the code itself where none does."""
    if not code:
        return ""
    for said in _newest_first():
        for segment in said.segments:
            if segment.id == code:
                return segment.name(language)
    return code


def steps(codes: Iterable[str]) -> dict[str, Step]:
    """These steps by their codes, as the newest strategy that has each says; one that none has is left out.

    Asks the database for a code that this process has not met; who changes what a step means gives it another code.
    """
    wanted = set(codes)
    if not wanted <= _MET.keys():
        for said in _newest_first():
            for treatment in said.treatments.values():
                for step in treatment.steps:
                    _MET.setdefault(step.id, step)
    return {code: _MET[code] for code in wanted & _MET.keys()}


_MET: dict[str, Step] = {}


def _newest_first() -> Iterator[Strategy]:
    for pk, sha256 in StrategyVersion.objects.order_by("-in_force_from", "-version", "-id").values_list("id", "sha256"):
        yield _said(pk, sha256)


@lru_cache(maxsize=32)
def _said(version_id: int, sha256: str) -> Strategy:
    """A version never changes, so each is read once a process."""
    return read(StrategyVersion.objects.values_list("text", flat=True).get(pk=version_id))


def versions() -> list[StrategyVersion]:
    """Every version ever approved, the newest first."""
    return list(StrategyVersion.objects.defer("text").order_by("-in_force_from", "-version", "-id")[:50])
