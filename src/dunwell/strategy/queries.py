"""Reads of strategies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from dunwell.strategy.models import StrategyVersion
from dunwell.strategy.rules import Strategy, read
from dunwell.strategy.services import in_force


def current(business_date: date) -> tuple[StrategyVersion, Strategy] | None:
    """The version in force on a date with what it says; None when none is approved."""
    version = in_force(business_date)
    return None if version is None else (version, read(version.text, file=f"{version.code} {version.version}"))


def segment_name(code: str, language: str) -> str:
    """What the newest strategy that knows a segment calls it; the code itself where none does."""
    if not code:
        return ""
    for pk, sha256 in StrategyVersion.objects.order_by("-in_force_from", "-version", "-id").values_list("id", "sha256"):
        names = _segment_names(pk, sha256).get(code)
        if names:
            return names["en" if language.startswith("en") else "zh-hans"]
    return code


@lru_cache(maxsize=32)
def _segment_names(version_id: int, sha256: str) -> Mapping[str, Mapping[str, str]]:
    """A version never changes, so each is read once a process."""
    text = StrategyVersion.objects.values_list("text", flat=True).get(pk=version_id)
    return {segment.id: segment.names for segment in read(text).segments}


def versions() -> list[StrategyVersion]:
    """Every version ever approved, the newest first."""
    return list(StrategyVersion.objects.defer("text").order_by("-in_force_from", "-version", "-id")[:50])
