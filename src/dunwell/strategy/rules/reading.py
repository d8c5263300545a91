"""A strategy file, read and checked: every mistake is found and said with its line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import yaml

from dunwell.engine.expressions import ExpressionError, compile_expression

#: What a condition may read: columns of the party's state, with their types.
COLUMNS: Mapping[str, str] = {
    "currency": "text", "product": "text", "branch": "text", "balance": "money", "past_due": "money",
    "days_past_due": "integer", "days_delinquent": "integer", "bucket": "text", "stage": "text",
    "first_payment_default": "boolean", "accounts": "integer", "accounts_past_due": "integer",
    "credit_limit": "money", "disputed_amount": "money", "paid_since": "money", "periods_past_due": "integer",
    "auto_debit": "boolean", "auto_debit_failed": "boolean", "promise_state": "text", "promise_due": "date",
    "last_contact": "date", "last_reached": "date", "contacts_30_days": "integer", "oldest_due_date": "date",
}  # fmt: skip
VALUES = {
    "bucket": ("M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7+"),
    "stage": ("reminder", "early", "mid", "late", ""),
    "promise_state": ("open", "kept", "partly_kept", "broken", ""),
}
ACTIONS = ("sms", "email", "call", "letter", "visit", "agency", "law_firm")
NEEDS_TEMPLATE = ("sms", "email", "letter")
PURPOSES = ("reminder", "demand")
REASONS = (
    "promise_broken", "promise_partly_kept", "first_payment_default", "high_balance", "day_in_bucket",
    "never_contacted", "visit", "agency", "law_firm",
)  # fmt: skip
LANGUAGES = ("zh-hans", "en")
ALWAYS = "TRUE"  # a condition that always holds
ENDLESS = 9999  # a step whose last day is this or later does not end


@dataclass(frozen=True, slots=True)
class Step:
    """One action on the days `first` to `last`, both included: days past due of a reminder, delinquent of a demand."""

    id: str
    first: int
    last: int
    action: str
    purpose: str
    template: str
    when: str  # SQL
    said: str  # the condition as written

    @property
    def days(self) -> str:
        """Its days to be read: `16–29`, and `181+` of one that does not end."""
        return f"{self.first}–{self.last}" if self.last < ENDLESS else f"{self.first}+"


@dataclass(frozen=True, slots=True)
class Treatment:
    id: str
    names: Mapping[str, str]
    steps: tuple[Step, ...]

    def name(self, language: str) -> str:
        return self.names["en" if language.startswith("en") else "zh-hans"]


@dataclass(frozen=True, slots=True)
class Segment:
    id: str
    names: Mapping[str, str]
    when: str  # SQL
    said: str  # the condition as written
    treatments: tuple[str, ...]

    def name(self, language: str) -> str:
        return self.names["en" if language.startswith("en") else "zh-hans"]


@dataclass(frozen=True, slots=True)
class Order:
    place: int
    reason: str
    when: str  # SQL


@dataclass(frozen=True, slots=True)
class Strategy:
    code: str
    version: int
    in_force_from: date
    approved_by: str
    names: Mapping[str, str]
    segments: tuple[Segment, ...]
    treatments: Mapping[str, Treatment]
    order: tuple[Order, ...]
    sha256: str


class Invalid(ValueError):
    """A strategy file that cannot be used. `errors` are sentences, each beginning with file and line."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = tuple(errors)


Path = tuple[object, ...]


class _Reader:
    """Collects what is wrong instead of stopping at the first mistake."""

    def __init__(self, lines: Mapping[Path, int], file: str) -> None:
        self.lines, self.file, self.errors = lines, file, []

    def wrong(self, path: Path, sentence: str) -> None:
        at = path
        while at not in self.lines:
            at = at[:-1]
        self.errors.append(f"{self.file}, line {self.lines[at]}: {sentence}")

    def need(self, raw: Mapping, path: Path, key: str, kind: type | tuple[type, ...]) -> object:
        value = raw.get(key) if isinstance(raw, Mapping) else None
        if not isinstance(value, kind) or isinstance(value, bool):
            meant = kind.__name__ if isinstance(kind, type) else " or ".join(one.__name__ for one in kind)
            self.wrong((*path, key), f"{key} is missing or is not {meant}")
            return kind() if isinstance(kind, type) and kind in (str, int, list, dict) else None
        return value

    def known(self, path: Path, key: str, value: object, allowed: tuple[str, ...]) -> str:
        if value not in allowed:
            self.wrong((*path, key), f"{key} {value!r} is not known; it is one of: {', '.join(allowed)}")
        return str(value)

    def only(self, raw: object, path: Path, keys: set[str]) -> Mapping:
        if not isinstance(raw, Mapping):
            self.wrong(path, "keys and values are needed here")
            return {}
        for key in raw:
            if key not in keys:
                self.wrong((*path, key), f"{key!r} means nothing here; known are: {', '.join(sorted(keys))}")
        return raw

    def names(self, raw: Mapping, path: Path) -> Mapping[str, str]:
        names = self.need(raw, path, "name", dict)
        for language in LANGUAGES:
            if not isinstance(names.get(language), str):
                self.wrong((*path, "name"), f"the name in {language} is missing")
        return names

    def condition(self, raw: Mapping, path: Path, columns: Mapping[str, str], default: str = "") -> str:
        text = raw.get("when", default)
        try:
            return compile_expression(str(text), columns, expect="boolean", values=VALUES)
        except ExpressionError as error:
            self.wrong((*path, "when"), f"when, column {error.column}: {error.sentence}")
            return "FALSE"


def read(text: str, *, file: str = "strategy") -> Strategy:
    """A strategy from its YAML. Raises Invalid with every mistake."""
    try:
        node, raw = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise Invalid([f"{file}, line {line}: not YAML: {getattr(error, 'problem', error)}"]) from error
    lines: dict[Path, int] = {(): 1}
    if node is not None:
        _number(node, (), lines)
    reader = _Reader(lines, file)
    top = {"code", "version", "in_force_from", "approved_by", "name", "segments", "treatments", "order"}
    raw = reader.only(raw, (), top)
    treatments = _treatments(reader, raw)
    segments = _segments(reader, raw, treatments)
    order = _order(reader, raw, segments)
    found = Strategy(
        code=str(reader.need(raw, (), "code", str)),
        version=int(reader.need(raw, (), "version", int) or 0),
        in_force_from=reader.need(raw, (), "in_force_from", date),  # type: ignore[arg-type]
        approved_by=str(reader.need(raw, (), "approved_by", str)),
        names=reader.names(raw, ()),
        segments=segments,
        treatments=treatments,
        order=order,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
    )
    if reader.errors:
        raise Invalid(reader.errors)
    return found


def _number(node: yaml.Node, path: Path, lines: dict[Path, int]) -> None:
    """The line on which each value stands, by its path."""
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            lines[(*path, key.value)] = key.start_mark.line + 1
            _number(value, (*path, key.value), lines)
    elif isinstance(node, yaml.SequenceNode):
        for place, value in enumerate(node.value):
            _number(value, (*path, place), lines)


def _treatments(reader: _Reader, raw: Mapping) -> dict[str, Treatment]:
    found: dict[str, Treatment] = {}
    seen: dict[str, str] = {}
    for name, treatment in reader.need(raw, (), "treatments", dict).items():
        path: Path = ("treatments", name)
        treatment = reader.only(treatment, path, {"name", "steps"})
        steps = []
        for place, entry in enumerate(reader.need(treatment, path, "steps", list)):
            step = _step(reader, entry, (*path, "steps", place))
            if step is None:
                continue
            if step.id in seen:
                reader.wrong((*path, "steps", place), f"the step {step.id} stands in {seen[step.id]} already")
            seen[step.id] = name
            steps.append(step)
        found[name] = Treatment(name, reader.names(treatment, path), tuple(steps))
    return found


def _step(reader: _Reader, raw: object, path: Path) -> Step | None:
    raw = reader.only(raw, path, {"id", "days", "action", "purpose", "template", "when"})
    days = reader.need(raw, path, "days", list)
    if len(days) != 2 or not all(isinstance(day, int) for day in days) or not 0 <= days[0] <= days[1]:
        reader.wrong((*path, "days"), "days are the first and the last, such as [3, 15]")
        return None
    action = reader.known(path, "action", raw.get("action"), ACTIONS)
    purpose = reader.known(path, "purpose", raw.get("purpose"), PURPOSES)
    template = str(raw.get("template") or "")
    if action in NEEDS_TEMPLATE and not template:
        reader.wrong(path, f"{action} needs a template")
    if purpose == "demand" and days[0] < 1:
        reader.wrong((*path, "days"), "a demand begins on day 1, when grace has run out")
    identity = str(reader.need(raw, path, "id", str))
    if len(identity) > 40:
        reader.wrong((*path, "id"), "an id has at most 40 characters")
    when = reader.condition(raw, path, COLUMNS, ALWAYS)
    return Step(identity, days[0], days[1], action, purpose, template, when, str(raw.get("when", ALWAYS)))


def _segments(reader: _Reader, raw: Mapping, treatments: Mapping[str, Treatment]) -> tuple[Segment, ...]:
    found: list[Segment] = []
    for place, entry in enumerate(reader.need(raw, (), "segments", list)):
        path: Path = ("segments", place)
        entry = reader.only(entry, path, {"id", "name", "when", "treatments"})
        identity = str(reader.need(entry, path, "id", str))
        if identity in {segment.id for segment in found} or len(identity) > 40:
            reader.wrong((*path, "id"), f"the segment {identity} stands there already, or its id is too long")
        for nr, treatment in enumerate(reader.need(entry, path, "treatments", list)):
            if treatment not in treatments:
                reader.wrong((*path, "treatments", nr), f"there is no treatment {treatment!r}")
        condition = reader.condition(entry, path, COLUMNS)
        found.append(
            Segment(identity, reader.names(entry, path), condition, str(entry.get("when", "")),
                    tuple(entry.get("treatments") or ()))
        )  # fmt: skip
    if found and found[-1].said.strip().upper() != ALWAYS:
        reader.wrong(("segments", len(found) - 1), 'the last segment takes everybody who is left: when: "TRUE"')
    return tuple(found)


def _order(reader: _Reader, raw: Mapping, segments: tuple[Segment, ...]) -> tuple[Order, ...]:
    found: list[Order] = []
    for nr, entry in enumerate(reader.need(raw, (), "order", list)):
        path: Path = ("order", nr)
        entry = reader.only(entry, path, {"place", "reason", "when"})
        place = reader.need(entry, path, "place", int)
        if not 0 <= place <= 1000:
            reader.wrong((*path, "place"), "a place is 0 to 1000")
        reason = reader.known(path, "reason", entry.get("reason"), REASONS)
        found.append(Order(place, reason, reader.condition(entry, path, {**COLUMNS, "segment": "text"})))
    return tuple(found)
