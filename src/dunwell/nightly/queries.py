"""Reads of the nights: which ran, what their steps did, which one the pages stand on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from django.db.models import QuerySet

from dunwell.kernel.calendar import Calendar
from dunwell.nightly import rules
from dunwell.nightly.models import PublishedPartition, Run, Step

Money = dict[str, Decimal]
LOOKED_AT = 400  # runs among which those of the same kind of day are sought: a year and a month


@dataclass(frozen=True, slots=True)
class InOneCurrency:
    """A step's money of one currency: what came in, what went out, and how much more than the night before."""

    currency: str
    came: Decimal | None
    went: Decimal | None
    more: Decimal | None
    unusual: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A step beside the same step of the night before."""

    step: Step
    rows_before: int | None
    money: Sequence[InOneCurrency]

    @property
    def rows_more(self) -> int | None:
        return None if self.rows_before is None else self.step.rows_out - self.rows_before

    @property
    def rows_unusual(self) -> Mapping[str, str] | None:
        return next((one for one in self.step.unusual if one["what"] == "rows"), None)


@dataclass(frozen=True, slots=True)
class Alike:
    """What the steps of the last nights like one were told by, newest first, and whether that was unusual then."""

    usual: rules.Usual
    values: Mapping[tuple[str, str, str], Sequence[tuple[Decimal, bool]]]

    def span(self, step: str, what: str, currency: str) -> rules.Span | None:
        """The usual range of a step's rows or money; None while there are too few nights to tell."""
        told = self.values.get((step, what, currency), ())
        return self.usual.span(
            [value for value, _ in told],
            last=next((value for value, odd in told if not odd), None),
            at_least=self.usual.rows if what == "rows" else self.usual.money,
        )


def money(spelled: Mapping[str, str]) -> Money:
    """Money by currency, as a step's row holds it."""
    return {currency: Decimal(amount) for currency, amount in spelled.items()}


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


def unusual(run_ids: Sequence[int]) -> dict[int, list[str]]:
    """The steps with unusual totals of these runs, in order; runs without one are left out."""
    found: dict[int, list[str]] = defaultdict(list)
    steps = Step.objects.filter(run__in=run_ids).exclude(unusual=[]).order_by("position")
    for run, name in steps.values_list("run_id", "name"):
        found[run].append(name)
    return dict(found)


def steps_before(night: Run) -> QuerySet[Step]:
    """The steps of the last published night before a run's date."""
    before = (
        Run.objects.filter(state=Run.State.PUBLISHED, business_date__lt=night.business_date)
        .order_by("-business_date", "-number")
        .values("pk")[:1]
    )
    return Step.objects.filter(run__in=before)


def alike(night: Run, *, usual: rules.Usual, calendar: Calendar) -> Alike:
    """The last published nights before a run's date that are like it: of the same kind of day, and, for steps told by
    what came since the night before, of as many days."""
    wanted = rules.kind_of_day(night.business_date, calendar)
    known = list(
        Run.objects.filter(state=Run.State.PUBLISHED, restated=False, business_date__lt=night.business_date)
        .order_by("-business_date")
        .values_list("pk", "business_date")[:LOOKED_AT]
    )
    dates = [night.business_date, *(day for _, day in known)]
    worked, *of_each = [(day - before).days for day, before in pairwise(dates)] or [None]
    kinds = [pk for pk, day in known if rules.kind_of_day(day, calendar) == wanted]
    as_long = {pk for (pk, _), days in zip(known, of_each, strict=False) if days == worked}
    standing, since = set(kinds[: usual.nights]), set([pk for pk in kinds if pk in as_long][: usual.nights])
    found = Step.objects.filter(run__in=standing | since).order_by("-run__business_date")
    values: dict[tuple[str, str, str], list[tuple[Decimal, bool]]] = defaultdict(list)
    for run, name, rows, out, unusual in found.values_list("run", "name", "rows_out", "money_out", "unusual"):
        if run in (since if name in rules.SINCE_THE_NIGHT_BEFORE else standing):
            odd = {(one["what"], one["currency"]) for one in unusual}
            values[name, "rows", ""].append((Decimal(rows), ("rows", "") in odd))
            for currency, amount in money(out).items():
                values[name, "money", currency].append((amount, ("money", currency) in odd))
    return Alike(usual, values)


def steps(run: Run) -> list[Compared]:
    """A run's steps in order, each beside the one of the last published night before."""
    known = {step.name: step for step in steps_before(run)}
    return [_compared(step, known.get(step.name)) for step in Step.objects.filter(run=run).order_by("position")]


def parts_published(run: Run) -> int:
    """How many partitions a run has published so far."""
    return PublishedPartition.objects.filter(run=run).count()


def _compared(step: Step, before: Step | None) -> Compared:
    came, went = money(step.money_in), money(step.money_out)
    then = money(before.money_out) if before else {}
    odd = {one["currency"]: one for one in step.unusual if one["what"] == "money"}
    return Compared(step, before.rows_out if before else None, [
        InOneCurrency(
            currency, came.get(currency), went.get(currency),
            went.get(currency, Decimal(0)) - then[currency] if currency in then else None, odd.get(currency),
        )
        for currency in sorted(came | went)
    ])  # fmt: skip
