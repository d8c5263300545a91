"""A rule pack as values. It is read from a file by `rules.reading`, and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from dunwell.kernel.decision import Verdict

ALL: frozenset[str] = frozenset()  # an empty selector selects everything

GROUPS = ("stop", "agency", "party", "content", "time", "cap", "channel")
"""The order in which the primary reason is looked for (contact-rules, section 1)."""


@dataclass(frozen=True, slots=True)
class Words:
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class InForce:
    """Closed at the first day, open after the last: `last` is the last day in force, None for no end."""

    first: date | None = None
    last: date | None = None

    def on(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule says, and where it stands written."""

    id: str
    title: Words
    text: Words
    instrument: str
    article: str
    confidence: str
    strength: str
    in_force: InForce
    line: int

    @property
    def confirmed(self) -> bool:
        """Whether the source was read; M (memory) and A (our default) are not confirmed by counsel."""
        return self.confidence not in ("M", "A")


@dataclass(frozen=True, slots=True)
class Selector:
    """Which attempts a row speaks about; an empty set selects all."""

    channels: frozenset[str] = ALL
    parties: frozenset[str] = ALL
    purposes: frozenset[str] = ALL
    actors: frozenset[str] = ALL

    def takes(self, *, channel: str, party: str, purpose: str, actor: str) -> bool:
        return (
            (not self.channels or channel in self.channels)
            and (not self.parties or party in self.parties)
            and (not self.purposes or purpose in self.purposes)
            and (not self.actors or actor in self.actors)
        )


@dataclass(frozen=True, slots=True)
class Gate:
    """A flag whose value must be among `passes` (or, as a number, at least `at_least`)."""

    rule: str
    group: str
    flag: str
    selector: Selector
    verdict: Verdict
    passes: frozenset[str] = ALL
    review: frozenset[str] = ALL
    unknown: frozenset[str] = ALL
    unknown_what: str = ""
    at_least: int | None = None
    absent_fails: bool = False
    unless: Mapping[str, frozenset[str]] = field(default_factory=dict)
    values: Mapping[str, Words] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartyPurposes:
    rule: str
    parties: frozenset[str]
    purposes: frozenset[str]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Interval:
    """Seconds of the local day, closed-open; one that ends at or before its start runs past midnight."""

    start: int
    end: int

    def holds(self, second: int) -> bool:
        if self.start < self.end:
            return self.start <= second < self.end
        return second >= self.start or second < self.end

    def __str__(self) -> str:
        return f"{self.start // 3600:02}:{self.start % 3600 // 60:02}–{self.end // 3600:02}:{self.end % 3600 // 60:02}"


@dataclass(frozen=True, slots=True)
class Window:
    rule: str
    selector: Selector
    days: frozenset[str]
    intervals: tuple[Interval, ...]
    override: str = ""
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` events; `over` is calendar_day, calendar_week, calendar_month, rolling_days, lifetime."""

    rule: str
    selector: Selector
    subject: str
    basis: str
    over: str
    days: int
    limit: int
    scope: str
    exclude: frozenset[str]
    lifted_by: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    basis: str
    official: str
    covers: frozenset[str]
    weekend: frozenset[int]  # ISO weekdays
    special_days: Mapping[str, frozenset[date]]


@dataclass(frozen=True, slots=True)
class Pack:
    """One jurisdiction's contact rules, dated and hashed."""

    id: str
    version: str
    jurisdiction: Words
    effective: InForce
    status_date: date
    sha256: str
    clock: Clock
    channels: frozenset[str]
    purposes: frozenset[str]
    actors: frozenset[str]
    parties: frozenset[str]
    counting: Mapping[str, frozenset[str]]
    instruments: Mapping[str, Words]
    rules: Mapping[str, Rule]
    gates: tuple[Gate, ...]
    party_purposes: tuple[PartyPurposes, ...]
    windows: tuple[Window, ...]
    own_window_rule: str
    own_window_flag: str
    caps: tuple[Cap, ...]
    unknowns: Mapping[str, Words]

    def citation(self, rule: Rule, language: str = "zh") -> str:
        """Instrument and article in words."""
        words = self.instruments[rule.instrument]
        if language.startswith("en"):
            return f"{words.en}, Art. {rule.article}" if rule.article else words.en
        return f"{words.zh} 第{rule.article}条" if rule.article else words.zh

    @property
    def longest_count(self) -> int:
        """Days of history that the caps need, lifetime caps aside."""
        return max((cap.days for cap in self.caps), default=1)
