"""Reads of strategies."""

from __future__ import annotations

from datetime import date

from dunwell.strategy.models import StrategyVersion
from dunwell.strategy.rules import Strategy, read
from dunwell.strategy.services import in_force


def current(business_date: date) -> tuple[StrategyVersion, Strategy] | None:
    """The version in force on a date with what it says; None when none is approved."""
    version = in_force(business_date)
    return None if version is None else (version, read(version.text, file=f"{version.code} {version.version}"))


def versions() -> list[StrategyVersion]:
    """Every version ever approved, the newest first."""
    return list(StrategyVersion.objects.defer("text").order_by("-in_force_from", "-version", "-id")[:50])
