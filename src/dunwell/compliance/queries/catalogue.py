"""The rules in force, for readers: what each says, where it stands, and how often it stood in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dunwell.compliance import shipped
from dunwell.compliance.queries.facts import rows
from dunwell.compliance.rules.pack import Cap, Pack, Rule
from dunwell.kernel.times import BANK_ZONE, business_date


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of the rule: `limit` of a cap with its span and days, or the hours of a window."""

    kind: str  # cap, hours
    value: str
    span: str = ""
    days: int = 0
    special: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    rule: Rule
    parameters: tuple[Parameter, ...]
    fired: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    pack: Pack
    entries: tuple[Entry, ...]
    since: datetime


def catalogue(*, now: datetime, entity_id: int) -> Catalogue:
    """The pack in force with this month's refusals of an entity, in one query."""
    pack = shipped.pack_on(business_date(now))
    since = now.astimezone(BANK_ZONE).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    fired = {row["rule"]: row["times"] for row in rows("fired", since=since, entity=entity_id)}
    return Catalogue(
        pack=pack,
        entries=tuple(Entry(rule, _parameters(pack, rule), fired.get(rule.id, 0)) for rule in pack.rules.values()),
        since=since,
    )


def _parameters(pack: Pack, rule: Rule) -> tuple[Parameter, ...]:
    hours = [
        Parameter("hours", ", ".join(map(str, window.intervals)), special=bool(window.days))
        for window in pack.windows
        if window.rule == rule.id
    ]
    return tuple(hours + [_cap(cap) for cap in pack.caps if cap.rule == rule.id])


def _cap(cap: Cap) -> Parameter:
    return Parameter("cap", str(cap.limit), span=cap.over, days=cap.days)
