"""A rule pack as values. It is read from a file by `rules.reading`, and never changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from dunwell.kernel.decision import Verdict

ALL: frozenset[str] = frozenset()  # an empty selector selects everything

Who = tuple[str, str, str, str]
"""Channel, party, purpose and actor of an attempt."""
MOST_ROWS = 4096

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
    file: str = ""
    about: str = "contact"
    binds: frozenset[str] = ALL  # whom the rule binds; empty: the pack's own collector_roles

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


Flagged = Mapping[str, frozenset[str]]
"""Flags and values; a row that is given `when` speaks only where one of them is so."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A flag whose value must be among `passes` (or, as a number, at least `at_least`).

    With `days` the flag is the day on which something began: the gate fails on that day, which is day 1,
    and to the end of day `days`, or `more_days` later where the flag `extended_by` says yes.
    """

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
    unless: Flagged = field(default_factory=dict)
    values: Mapping[str, Words] = field(default_factory=dict)
    days: int = 0
    more_days: int = 0
    extended_by: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class PartyPurposes:
    """The purposes for which a party may be contacted; none at all when `purposes` is empty."""

    rule: str
    parties: frozenset[str]
    purposes: frozenset[str]
    verdict: Verdict
    line: int = 0


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
    override: frozenset[str] = ALL
    confidence: str = ""
    when: Flagged = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `limit` events.

    `over` is calendar_day, calendar_week, calendar_month, rolling_days, rolling_hours or lifetime; `days` is
    its length (hours for rolling_hours). `lifted_by` names a flag that lifts it: `yes`-like for ever, or, with
    `lifted_days`, a date from which it is lifted for so many days.
    """

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
    lifted_days: int = 0
    when: Flagged = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class CoolOff:
    """No contact for `days` days after an event that counts in `basis`; the event's own day is day 1 or day 0."""

    rule: str
    selector: Selector
    subject: str
    basis: str
    triggers: frozenset[str]  # the channels of the event
    event_day_is_first: bool
    days: int
    inbound: bool
    scope: str
    lifted_by: str = ""
    lifted_days: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Ban:
    """Words that no outgoing text may carry: a category with the rule that forbids it, and its lexicon.

    What stands within words of `unless` (a warning, a denial) is no finding.
    """

    rule: str
    category: str
    verdict: Verdict
    lexicon: Mapping[str, tuple[str, ...]]  # language -> patterns
    parties: frozenset[str] = ALL
    channels: frozenset[str] = ALL
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # language -> patterns
    line: int = 0


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a text or a talk has to say: `keys` are looked for in the texts of `channels` by `patterns`."""

    rule: str
    moment: str
    channels: frozenset[str]
    keys: Mapping[str, Mapping[str, tuple[str, ...]]]  # key -> language -> patterns, one of which must be found


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long a kind of evidence is kept, and from when."""

    rule: str
    item: str
    months: int
    starts: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Duty:
    """A rule that no single contact can break, with its numbers by name.

    `tighter` says for each number that a bank may set whether `less` or `more` is stricter; the others are the law's.
    """

    rule: str
    parameters: Mapping[str, str]
    tighter: Mapping[str, str] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Clock:
    """Whose day it is. `days_of_rest` and `working_days` (made up for a holiday) stand above the week."""

    basis: str
    official: str
    covers: frozenset[str]
    weekend: frozenset[int]  # ISO weekdays
    special_days: Mapping[str, frozenset[date]]
    days_of_rest: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()
    known_to: date | None = None  # the last day of which holidays are known; later ones are provisional


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
    collector_roles: frozenset[str] = ALL
    scope_rule: str = ""
    supersedes: str = ""
    own_window_honoured: bool = True
    cooloffs: tuple[CoolOff, ...] = ()
    bans: tuple[Ban, ...] = ()
    disclosures: tuple[Disclosure, ...] = ()
    keepings: tuple[Keeping, ...] = ()
    duties: Mapping[str, Duty] = field(default_factory=dict)
    narrower: tuple[tuple[Window, ...], ...] = ()  # the hours of overlays: each of them must permit too
    over: str = ""  # of an overlay: the id of the pack that it lies on
    simplified: Mapping[str, str] = field(default_factory=dict)  # traditional and variant characters of the lexicons
    warnings: tuple[str, ...] = ()  # what an overlay says in vain since the pack below it changed
    _rows: dict[object, tuple] = field(init=False, repr=False, compare=False)  # which rows speak about what: looked up

    when_flags: tuple[str, ...] = field(init=False, repr=False, compare=False)  # on which the choice of hours depends

    simplify: Mapping[int, str] = field(init=False, repr=False, compare=False)  # the same, as str.translate reads it

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rows", {})
        object.__setattr__(self, "simplify", {ord(form): to for form, to in self.simplified.items()})
        named = {flag for layer in (self.windows, *self.narrower) for window in layer for flag in window.when}
        object.__setattr__(self, "when_flags", tuple(sorted(named)))

    def gates_for(self, who: Who, flags: Iterable[str]) -> tuple[tuple[Gate, str], ...]:
        """The gates, with their flag, that speak about an attempt and can fail on these flags, in the pack's order."""
        asked = ("gates", who, frozenset(flags))
        found = self._rows.get(asked)
        if found is None:
            named = [(gate, gate.flag.format(channel=who[0]) if "{" in gate.flag else gate.flag) for gate in self.gates]
            can_fail = [(gate, name) for gate, name in named if name in asked[2] or gate.absent_fails]
            found = self._kept(asked, [(gate, name) for gate, name in can_fail if self._speaks(gate, who)])
        return found

    def caps_for(self, who: Who) -> tuple[Cap, ...]:
        """The caps that speak about an attempt."""
        asked = ("caps", who)
        found = self._rows.get(asked)
        return self._kept(asked, [cap for cap in self.caps if self._speaks(cap, who)]) if found is None else found

    def _speaks(self, row: Gate | Cap, who: Who) -> bool:
        channel, party, purpose, actor = who
        chosen = row.selector.takes(channel=channel, party=party, purpose=purpose, actor=actor)
        return chosen and self.binds(row.rule, actor)

    def looked_up(self, asked: object, find: Callable[[], Iterable]) -> tuple:
        """What was found for a question before, or is now."""
        found = self._rows.get(asked)
        return self._kept(asked, find()) if found is None else found

    def _kept(self, asked: object, rows: Iterable) -> tuple:
        found = tuple(rows)
        if len(self._rows) >= MOST_ROWS:
            self._rows.clear()
        self._rows[asked] = found
        return found

    def binds(self, rule: str, actor: str) -> bool:
        """Whether a rule speaks to this collector (an original creditor is outside some countries' laws)."""
        return actor in (self.rules[rule].binds or self.collector_roles or self.actors)

    @property
    def flags(self) -> frozenset[str]:
        """Every flag that this pack reads, the channel not yet filled in."""
        named = {gate.flag for gate in self.gates} | {gate.extended_by for gate in self.gates}
        named |= {flag for gate in self.gates for flag in gate.unless}
        named |= {flag for layer in (self.windows, *self.narrower) for w in layer for flag in (*w.override, *w.when)}
        named |= {flag for cap in self.caps for flag in (cap.lifted_by, *cap.when)}
        named |= {cooloff.lifted_by for cooloff in self.cooloffs}
        return frozenset(named | {self.own_window_flag, "holiday", "makeup_day"}) - {""}

    def citation(self, rule: Rule, language: str = "zh") -> str:
        """Instrument and article in words."""
        words = self.instruments[rule.instrument]
        if language.startswith("en"):
            return f"{words.en}, Art. {rule.article}" if rule.article else words.en
        return f"{words.zh} 第{rule.article}条" if rule.article else words.zh

    def number(self, rule: str, name: str, otherwise: int = 0) -> int:
        """A whole number of a duty; `otherwise` where the pack has no such rule."""
        duty = self.duties.get(rule)
        return int(duty.parameters[name]) if duty and name in duty.parameters else otherwise

    @property
    def longest_count(self) -> int:
        """Days of history that caps and cool-offs need, lifetime caps aside."""
        hours = (cap.days // 24 + 1 if cap.over == "rolling_hours" else cap.days for cap in self.caps)
        return max((*hours, *(cooloff.days + 1 for cooloff in self.cooloffs)), default=1)
