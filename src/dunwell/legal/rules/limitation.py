"""诉讼时效: until when a claim can be sued for without the defence that it is too late. Pure.

民法典 Art 188, 192, 194, 195, 201–203; I-SPC-CARD Art 3; I-SPC-SOL Art 8, 11–14, 19. The years and days are the pack's
(CN-SOL-3, CN-SOL-SUSP, CN-SOL-WARN); what interrupts is `legal/interruptions.yaml`.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files

import yaml

from dunwell.kernel.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to interrupt: its rule and source, who tells of it, and which contacts count."""

    id: str
    zh: str
    en: str
    rule: str
    instrument: str
    article: str
    confidence: str
    by_program: bool
    revives: bool = False
    channels: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()
    recorded: bool = False

    def name(self, language: str) -> str:
        return self.en if language == "en" else self.zh


@dataclass(frozen=True, slots=True)
class Terms:
    """Numbers of law: years of the period and at most, months of a suspension, days before which it is warned."""

    years: int
    absolute_years: int
    last_months: int
    months_after: int
    warnings: tuple[int, ...]  # descending

    @classmethod
    def of(cls, duties: Mapping[str, object]) -> Terms:
        """From a rule pack's duties; KeyError names the rule that the pack lacks."""

        def number(rule: str, name: str) -> int:
            return int(duties[rule].parameters[name])  # type: ignore[attr-defined]

        return cls(
            years=number("CN-SOL-3", "years"),
            absolute_years=number("CN-SOL-3", "absolute_years"),
            last_months=number("CN-SOL-SUSP", "last_months"),
            months_after=number("CN-SOL-SUSP", "months"),
            warnings=tuple(
                sorted((number("CN-SOL-WARN", name) for name in ("first", "second", "third")), reverse=True)
            ),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """Something that may interrupt, with what proves it: `evidence` is a kind and a number, such as `payment 44`."""

    on: date
    kind: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that kept the creditor from claiming, from a day to a day (None: still)."""

    kind: str
    starts_on: date
    ends_on: date | None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One step of a clock: what happened, whether it counted, and until when the period ran after it."""

    on: date
    kind: str  # an Event's, an Obstacle's, or `breach`
    rule: str
    evidence: str
    counted: bool
    expires_on: date | None  # None: stands still


@dataclass(frozen=True, slots=True)
class Clock:
    """Until when, by which last event, and every step that led there. `expires_on` None: an obstacle still stands."""

    starts_on: date
    expires_on: date | None
    last: Event | None
    lines: tuple[Line, ...]

    def expired(self, on: date) -> bool:
        """Whether the defence can be raised on a day; the last day itself is in time (CN-PERIOD, until 24:00)."""
        return self.expires_on is not None and on > self.expires_on

    def days_left(self, on: date) -> int | None:
        return None if self.expires_on is None else (self.expires_on - on).days

    def warning(self, on: date, terms: Terms) -> int | None:
        """The narrowest of the warnings that the day lies within; None when there is none, or it is too late."""
        left = self.days_left(on)
        if left is None or left < 0:
            return None
        within = [days for days in terms.warnings if left <= days]
        return min(within) if within else None


@cache
def kinds() -> Mapping[str, Kind]:
    """Every way to interrupt, by id; a malformed file raises KeyError."""
    return {row["id"]: _kind(row) for row in _document()["kinds"]}


@cache
def obstacles() -> Mapping[str, tuple[str, str]]:
    """The obstacles that suspend: id -> its name in Chinese and English."""
    return {row["id"]: (row["name"]["zh"], row["name"]["en"]) for row in _document()["obstacles"]}


def _document() -> dict:
    return yaml.safe_load((files("dunwell.legal") / "interruptions.yaml").read_text(encoding="utf-8"))


def _kind(row: Mapping) -> Kind:
    return Kind(
        id=row["id"], zh=row["name"]["zh"], en=row["name"]["en"], rule=row["rule"],
        instrument=row["source"]["instrument"], article=str(row["source"]["article"]),
        confidence=row["source"]["confidence"], by_program=row["facts"] == "program",
        revives=bool(row.get("revives")), recorded=bool(row.get("recorded")),
        **{name: frozenset(row.get(name, ())) for name in ("channels", "purposes", "sources", "outcomes")},
    )  # fmt: skip


def counts(kind: Kind, *, channel: str, purpose: str, source: str, outcome: str, recorded: bool) -> bool:
    """Whether a contact is an interruption of the kind."""
    return (
        channel in kind.channels
        and purpose in kind.purposes
        and outcome in kind.outcomes
        and (not kind.sources or source in kind.sources)
        and (recorded or not kind.recorded)
    )


def months_later(day: date, months: int) -> date:
    """The corresponding date so many months on, or the month's last day (民法典 Art 202)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def clock(
    due_date: date, events: Iterable[Event], hindrances: Iterable[Obstacle], *, terms: Terms, working_days: Calendar
) -> Clock:
    """The clock of a claim whose oldest unpaid due date is `due_date`.

    The due date itself is not counted, the last day moves to the next working day (Art 201, 203). An interruption
    begins the period again (Art 195) while it has not run out; afterwards only what revives does. An obstacle in the
    last months holds the end until so many months after it (Art 194). Twenty years from the breach end all (Art 188).
    """
    standing = sorted(hindrances, key=lambda one: one.starts_on)
    end_of_all = months_later(due_date, 12 * terms.absolute_years)
    period = _period(due_date, standing, terms, working_days, end_of_all)
    lines = [Line(due_date, "breach", "CN-SOL-3", "", True, period.plain)]
    last: Event | None = None
    for event in sorted(events, key=lambda one: (one.on, one.kind, one.evidence)):
        if event.on <= due_date:
            continue
        if event.on > period.plain:
            lines += period.held
            period = replace(period, held=())
        kind = kinds()[event.kind]
        in_time = period.expires_on is None or event.on <= period.expires_on
        counted = (in_time or kind.revives) and event.on <= end_of_all
        if counted:
            period = _period(event.on, standing, terms, working_days, end_of_all)
            last = event
        after = period.plain if counted else period.expires_on
        lines.append(Line(event.on, event.kind, kind.rule, event.evidence, counted, after))
    return Clock(due_date, period.expires_on, last, (*lines, *period.held))


@dataclass(frozen=True, slots=True)
class _Period:
    plain: date  # its end without obstacles
    expires_on: date | None
    held: tuple[Line, ...]  # what the obstacles made of it


def _period(
    start: date, standing: Iterable[Obstacle], terms: Terms, working_days: Calendar, end_of_all: date
) -> _Period:
    plain = min(working_days.next_working_day(months_later(start, 12 * terms.years)), end_of_all)
    end, held = plain, []
    for one in standing:
        closing = months_later(end, -terms.last_months)
        if one.starts_on > end or (one.ends_on is not None and one.ends_on < closing):
            continue
        if one.ends_on is None:
            held.append(Line(one.starts_on, one.kind, "CN-SOL-SUSP", one.evidence, True, None))
            return _Period(plain, None, tuple(held))
        after = working_days.next_working_day(months_later(one.ends_on, terms.months_after))
        end = min(max(end, after), end_of_all)
        held.append(Line(one.starts_on, one.kind, "CN-SOL-SUSP", one.evidence, True, end))
    return _Period(plain, end, tuple(held))
