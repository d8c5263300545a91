"""业绩归属: whose result a payment is. Pure; the numbers stand in attribution.yaml, dated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources

import yaml

from dunwell.kernel.money import to_cent


@dataclass(frozen=True, slots=True)
class Rule:
    """The numbers in force on a day."""

    tail_days: int
    assist_share: Decimal


@dataclass(frozen=True, slots=True)
class Span:
    """Somebody had the case (as owner, or assisting) from a day to a day; None: until the next fact, `who` None: the pool."""

    who: int | None
    first: date
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What of a payment is whose; `why`: owner, tail, assist or pool (nobody's)."""

    who: int | None
    amount: Decimal
    why: str


@cache
def _numbers() -> dict[str, list[tuple[date, str]]]:
    raw = yaml.safe_load(resources.files("dunwell.casework").joinpath("attribution.yaml").read_text("utf-8"))
    return {name: sorted((line["from"], str(line["value"])) for line in entry["values"]) for name, entry in raw.items()}


def rule_on(day: date) -> Rule:
    """The rule in force on a day; LookupError when none is."""
    chosen = {}
    for name, lines in _numbers().items():
        known = [value for starts, value in lines if starts <= day]
        if not known:
            raise LookupError(f"attribution.yaml says no {name} for {day}")
        chosen[name] = known[-1]
    return Rule(int(chosen["tail_days"]), Decimal(chosen["assist_share"]))


def owners_until(owners: Sequence[Span], day: date) -> list[Span]:
    """The owners up to a day, oldest first, each with his true last day: a later fact ends an earlier one."""
    begun = sorted((span for span in owners if span.first <= day), key=lambda span: span.first)
    spans: list[Span] = []
    for place, span in enumerate(begun):
        following = begun[place + 1].first if place + 1 < len(begun) else None
        ends = [one for one in (span.last, following - timedelta(days=1) if following else None) if one is not None]
        last = min(ends, default=None)
        if last is None or last >= span.first:
            spans.append(Span(span.who, span.first, last))
    return spans


def attribute(
    *, paid_on: date, amount: Decimal, owners: Sequence[Span], assists: Sequence[Span] = (), rule: Rule
) -> tuple[Share, ...]:
    """Whose result a payment of that day is: the shares sum to the amount, to the cent.

    Whoever lost the case at most `tail_days` before still has it; else the owner of the day, else nobody. An assistant
    of that day has his share of what is somebody's; the owner has the rest.
    """
    spans = [span for span in owners_until(owners, paid_on) if span.who is not None]
    owner = next((span for span in spans if span.last is None or span.last >= paid_on), None)
    tail = timedelta(days=rule.tail_days)
    former = [
        span for span in spans
        if span.last is not None and span.last < paid_on <= span.last + tail and (owner is None or span.who != owner.who)
    ]  # fmt: skip
    whose, why = (former[-1].who, "tail") if former else (owner.who, "owner") if owner else (None, "pool")
    helping = sorted(
        {span.who for span in assists if span.first <= paid_on and (span.last is None or span.last >= paid_on)}
        - {whose, None}
    )
    if whose is None or not helping:
        return (Share(whose, amount, why),)
    part = to_cent(amount * rule.assist_share)
    each = [to_cent(part / len(helping))] * len(helping)
    each[-1] = part - sum(each[:-1], Decimal(0))
    shares = [Share(who, some, "assist") for who, some in zip(helping, each, strict=True)]
    return (Share(whose, amount - part, why), *shares)
