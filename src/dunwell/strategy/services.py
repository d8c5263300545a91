"""Strategies come into force here, and become the night's steps."""

from __future__ import annotations

from datetime import date, datetime
from importlib import resources

from django.db import transaction

from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.strategy.models import StrategyVersion
from dunwell.strategy.rules import compiled, read

SHIPPED = "standard-cn.yaml"


def shipped() -> str:
    """The text of the strategy that comes with the package."""
    return resources.files("dunwell.strategy").joinpath("strategies", SHIPPED).read_text("utf-8")


@transaction.atomic
def approve(*, text: str, by: Actor, now: datetime) -> StrategyVersion:
    """Bring an approved strategy file into force from its date. Raises rules.Invalid.

    The same text again is the same version; another text under a version number that is taken raises ValueError,
    for a version is never edited.
    """
    strategy = read(text)
    known = StrategyVersion.objects.filter(code=strategy.code, version=strategy.version).first()
    if known is not None:
        if known.sha256 != strategy.sha256:
            raise ValueError(f"version {strategy.version} of {strategy.code} is approved with another text")
        return known
    version = StrategyVersion.objects.create(
        code=strategy.code,
        version=strategy.version,
        sha256=strategy.sha256,
        text=text,
        approved_by=strategy.approved_by,
        in_force_from=strategy.in_force_from,
        recorded_at=now,
    )
    data = {"code": version.code, "version": version.version, "sha256": version.sha256, "from": version.in_force_from}
    evidence.write(kind="strategy.approved", now=now, by=by, data=data)
    return version


def in_force(business_date: date) -> StrategyVersion | None:
    """The version in force on a date: the one that began last, of those the newest."""
    begun = StrategyVersion.objects.filter(in_force_from__lte=business_date)
    return begun.order_by("-in_force_from", "-version", "-id").first()


def steps(version: StrategyVersion, business_date: date) -> list[tuple[str, str]]:
    """The five programs (name, SQL) of a version for a business date: segment, arm, suppress, choose, queue."""
    return compiled(read(version.text, file=f"{version.code} {version.version}"), business_date)
