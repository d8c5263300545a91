"""Reads of the nights: which ran, what their steps did, which one the pages stand on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from dunwell.nightly.models import Run, Step


@dataclass(frozen=True, slots=True)
class Compared:
    """A step beside the same step of the night before."""

    step: Step
    rows_before: int | None
    money_before: Decimal | None

    @property
    def rows_more(self) -> int | None:
        return None if self.rows_before is None else self.step.rows_out - self.rows_before

    @property
    def money_more(self) -> Decimal | None:
        if self.money_before is None or self.step.money_out is None:
            return None
        return self.step.money_out - self.money_before


def latest() -> Run | None:
    """The run on which the pages stand: the last published one of the last business date."""
    return Run.objects.filter(state=Run.State.PUBLISHED).defer("manifest").order_by("-business_date", "-number").first()


def stopped() -> Run | None:
    """The night that stopped and has not been made good since, for the red strip; None when all is well."""
    last = (
        Run.objects.exclude(state=Run.State.SUPERSEDED).defer("manifest").order_by("-business_date", "-number").first()
    )
    return last if last is not None and last.state == Run.State.STOPPED else None


def runs(limit: int = 60) -> list[Run]:
    """The last runs, newest first."""
    return list(Run.objects.defer("manifest").order_by("-business_date", "-number")[:limit])


def steps(run: Run) -> list[Compared]:
    """A run's steps in order, each beside the one of the last published night before."""
    before = (
        Run.objects.filter(state=Run.State.PUBLISHED, business_date__lt=run.business_date)
        .order_by("-business_date", "-number")
        .first()
    )
    known = {step.name: step for step in Step.objects.filter(run=before)} if before else {}
    return [
        Compared(
            step,
            known[step.name].rows_out if step.name in known else None,
            known[step.name].money_out if step.name in known else None,
        )
        for step in Step.objects.filter(run=run).order_by("position")
    ]
