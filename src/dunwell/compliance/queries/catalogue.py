"""The rules in force, for readers: what each says, where it stands, and how often it stood in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dunwell.compliance.queries.facts import rows
from dunwell.compliance.queries.packs import in_force
from dunwell.compliance.rules.pack import Cap, Pack, Rule
from dunwell.kernel.times import BANK_ZONE, business_date


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of the rule: `limit` of a cap with its span and days, the hours of a window, the days of a rest or
    of a gate that counts from a date, how many months a kind of evidence is kept, or a duty's number by `name`."""

    kind: str  # cap, hours, rest, days, kept, number, words
    value: str
    span: str = ""
    days: int = 0
    special: bool = False
    name: str = ""


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
    """The pack in force, its overlays included, with this month's refusals of an entity, in two queries."""
    pack = in_force(business_date(now))
    since = now.astimezone(BANK_ZONE).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    fired = {row["rule"]: row["times"] for row in rows("fired", since=since, entity=entity_id)}
    return Catalogue(
        pack=pack,
        entries=tuple(Entry(rule, _parameters(pack, rule), fired.get(rule.id, 0)) for rule in pack.rules.values()),
        since=since,
    )


def _parameters(pack: Pack, rule: Rule) -> tuple[Parameter, ...]:
    found = [
        Parameter("hours", ", ".join(map(str, window.intervals)), special=bool(window.days))
        for layer in (pack.windows, *pack.narrower)
        for window in layer
        if window.rule == rule.id
    ]
    found += [_cap(cap) for cap in pack.caps if cap.rule == rule.id]
    found += [Parameter("rest", str(rest.days), days=rest.days) for rest in pack.cooloffs if rest.rule == rule.id]
    for gate in pack.gates:
        if gate.rule == rule.id and (gate.days or gate.at_least):
            number = gate.days or gate.at_least or 0
            found.append(Parameter("days" if gate.days else "number", str(number), days=number, name="collectors"))
    found += [
        Parameter("kept", str(kept.months), days=kept.months, name=kept.item)
        for kept in pack.keepings
        if kept.rule == rule.id
    ]
    words = sum(len(patterns) for ban in pack.bans if ban.rule == rule.id for patterns in ban.lexicon.values())
    found += [Parameter("words", str(words), days=words)] if words else []
    if rule.id in pack.duties:
        found += [Parameter("number", value, name=name) for name, value in pack.duties[rule.id].parameters.items()]
    return tuple(dict.fromkeys(found))


def _cap(cap: Cap) -> Parameter:
    return Parameter("cap", str(cap.limit), span=cap.over, days=cap.days)
