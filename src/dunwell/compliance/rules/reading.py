"""Reads a rule pack from YAML text. What is wrong is named with file and line."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from string import Formatter
from types import MappingProxyType
from typing import TypeVar

import yaml

from dunwell.compliance.rules import pack as shape
from dunwell.kernel.decision import Verdict

T = TypeVar("T")
CONFIDENCES = frozenset({"V1", "V2", "V2c", "M", "A"})
STRENGTHS = frozenset({"must", "should", "practice"})
SUBJECTS = frozenset({"contact_point", "person", "person_debt", "third_party"})
BASES = frozenset({"attempt", "attempt_unanswered", "effective_conversation", "contact_made", "communication"})
SPANS = {"calendar_day": 1, "calendar_week": 7, "calendar_month": 31, "lifetime": 0}
SCOPES = ("all_collectors", "collector_entity")
EXCLUDABLE = frozenset({"inbound", "not_connected_to_number"})
TEXT_VALUES = frozenset({"what", "list", "window", "used", "limit"})
INTERVAL = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class PackError(ValueError):
    """A pack that cannot be used; the sentence names file, line, field and what was expected."""


class Node:
    """One place in the file: its value is asked for by type, and an error says where it is."""

    def __init__(self, file: str, path: str, node: yaml.Node) -> None:
        self.file, self.path, self.node = file, path, node

    @property
    def line(self) -> int:
        return self.node.start_mark.line + 1

    def wrong(self, expected: str) -> PackError:
        found = f', not "{self.node.value}"' if isinstance(self.node, yaml.ScalarNode) else ""
        return PackError(f"{self.file}, line {self.line}, {self.path}: {expected} is expected{found}.")

    def fields(self, required: Iterable[str] = (), optional: Iterable[str] = ()) -> dict[str, Node]:
        """The fields of a mapping; a missing, unknown or repeated one is refused."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.wrong("a mapping")
        found: dict[str, Node] = {}
        for key, value in self.node.value:
            if key.value in found:
                raise PackError(f"{self.file}, line {key.start_mark.line + 1}, {self.path}: {key.value} stands twice.")
            found[key.value] = Node(self.file, f"{self.path}.{key.value}", value)
        required = tuple(required)
        allowed = set(required) | set(optional)
        if allowed:
            for name, node in found.items():
                if name not in allowed:
                    known = ", ".join(sorted(allowed))
                    raise PackError(f"{self.file}, line {node.line}, {node.path}: no such field; known are {known}.")
        for name in required:
            if name not in found:
                raise PackError(f"{self.file}, line {self.line}, {self.path}: {name} is missing.")
        return found

    def items(self) -> list[Node]:
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.wrong("a list")
        return [Node(self.file, f"{self.path}[{nr}]", node) for nr, node in enumerate(self.node.value, start=1)]

    def text(self, among: Iterable[str] | None = None) -> str:
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.wrong("a text")
        value = str(self.node.value)
        if among is not None and value not in (known := sorted(among)):
            raise self.wrong(f"one of {', '.join(known)}")
        return value

    def texts(self, among: Iterable[str] | None = None) -> frozenset[str]:
        known = None if among is None else frozenset(among)
        return frozenset(item.text(known) for item in self.items())

    def whole(self, least: int) -> int:
        value = self.text()
        if not re.fullmatch(r"-?\d+", value) or int(value) < least:
            raise self.wrong(f"a whole number from {least}")
        return int(value)

    def day(self) -> date:
        try:
            return date.fromisoformat(self.text())
        except ValueError:
            raise self.wrong("a date such as 2026-01-30") from None

    def period(self) -> shape.InForce:
        items = self.items()
        if len(items) != 2:
            raise self.wrong("two dates (null for no end)")
        first, last = (None if item.text() in ("null", "~", "") else item.day() for item in items)
        if first and last and last < first:
            raise self.wrong("a first day that is not after the last")
        return shape.InForce(first, last)

    def words(self) -> shape.Words:
        both = self.fields(("zh", "en"))
        return shape.Words(zh=both["zh"].text(), en=both["en"].text())

    def mapping(self, read: Callable[[Node], T]) -> Mapping[str, T]:
        return MappingProxyType({name: read(node) for name, node in self.fields().items()})


def read(text: str, file: str) -> shape.Pack:
    """The pack in `text`; PackError when it is malformed. Its hash is that of the text."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise PackError(f"{file}, line {line}: not YAML ({problem.problem}).") from None
    if root is None:
        raise PackError(f"{file}, line 1: the file is empty.")
    top = Node(file, "pack file", root).fields(
        ("pack", "clock", "channels", "purposes", "actors", "parties", "counting", "instruments", "rules", "gates",
         "party_purposes", "windows", "own_window", "caps", "unknowns")
    )  # fmt: skip
    for name, node in top.items():
        node.path = name
    return _Reader(file, text, top).pack()


class _Reader:
    """Reads the parts in the order in which they refer to each other."""

    def __init__(self, file: str, text: str, top: dict[str, Node]) -> None:
        self.file, self.top = file, top
        self.sha256 = hashlib.sha256(text.encode()).hexdigest()
        self.channels = top["channels"].texts()
        self.purposes = top["purposes"].texts()
        self.actors = top["actors"].texts()
        self.parties = top["parties"].texts()
        self.instruments = top["instruments"].mapping(Node.words)
        self.unknowns = top["unknowns"].mapping(Node.words)
        self.rules = self._rules()
        self.counting = MappingProxyType(
            {name: node.texts() for name, node in top["counting"].fields(sorted(BASES)).items()}
        )
        self.clock = self._clock()

    def pack(self) -> shape.Pack:
        head = self.top["pack"].fields(("id", "version", "jurisdiction", "effective", "status_date"))
        own = self.top["own_window"].fields(("rule", "flag"))
        built = shape.Pack(
            id=head["id"].text(),
            version=head["version"].text(),
            jurisdiction=head["jurisdiction"].words(),
            effective=head["effective"].period(),
            status_date=head["status_date"].day(),
            sha256=self.sha256,
            clock=self.clock,
            channels=self.channels,
            purposes=self.purposes,
            actors=self.actors,
            parties=self.parties,
            counting=self.counting,
            instruments=self.instruments,
            rules=self.rules,
            gates=tuple(self._gate(node) for node in self.top["gates"].items()),
            party_purposes=tuple(self._party_purposes(node) for node in self.top["party_purposes"].items()),
            windows=tuple(self._window(node) for node in self.top["windows"].items()),
            own_window_rule=own["rule"].text(self.rules),
            own_window_flag=own["flag"].text(),
            caps=tuple(self._cap(node) for node in self.top["caps"].items()),
            unknowns=self.unknowns,
        )
        if not built.windows:
            raise self.top["windows"].wrong("at least one window: a pack without hours would forbid nothing")
        return built

    def _rules(self) -> Mapping[str, shape.Rule]:
        found: dict[str, shape.Rule] = {}
        for node in self.top["rules"].items():
            rule = self._rule(node)
            if rule.id in found:
                raise PackError(f"{self.file}, line {node.line}, {node.path}: {rule.id} stands twice.")
            found[rule.id] = rule
        if "G-UNKNOWN" not in found:
            raise self.top["rules"].wrong("the rule G-UNKNOWN, without which nothing fails closed,")
        return MappingProxyType(found)

    def _rule(self, node: Node) -> shape.Rule:
        fields = node.fields(("id", "title", "text", "source"), ("in_force",))
        source = fields["source"].fields(("instrument", "confidence", "strength"), ("article",))
        text = fields["text"].words()
        for language in (text.zh, text.en):
            for _, name, _, _ in Formatter().parse(language):
                if name is not None and name not in TEXT_VALUES:
                    raise PackError(f"{self.file}, line {fields['text'].line}: {{{name}}} is not a known value.")
        return shape.Rule(
            id=fields["id"].text(),
            title=fields["title"].words(),
            text=text,
            instrument=source["instrument"].text(self.instruments),
            article=source["article"].text() if "article" in source else "",
            confidence=source["confidence"].text(CONFIDENCES),
            strength=source["strength"].text(STRENGTHS),
            in_force=fields["in_force"].period() if "in_force" in fields else shape.InForce(),
            line=node.line,
        )

    def _clock(self) -> shape.Clock:
        fields = self.top["clock"].fields(("basis",), ("official", "covers", "weekend", "special_days"))
        special: dict[str, frozenset[date]] = {}
        if "special_days" in fields:
            for name, node in fields["special_days"].fields().items():
                part = node.fields(("from_day", "to_day", "first_days"))
                offsets = range(part["from_day"].whole(-31), part["to_day"].whole(-31) + 1)
                firsts = [item.day() for item in part["first_days"].items()]
                special[name] = frozenset(first + timedelta(days=offset) for first in firsts for offset in offsets)
        return shape.Clock(
            basis=fields["basis"].text(("debtor_location", "strictest_of_candidates")),
            official=fields["official"].text() if "official" in fields else "",
            covers=fields["covers"].texts() if "covers" in fields else frozenset(),
            weekend=frozenset(n.whole(1) for n in fields["weekend"].items()) if "weekend" in fields else frozenset(),
            special_days=MappingProxyType(special),
        )

    def _selector(self, fields: dict[str, Node]) -> shape.Selector:
        def chosen(name: str, known: frozenset[str]) -> frozenset[str]:
            return fields[name].texts(known) if name in fields else shape.ALL

        return shape.Selector(
            channels=chosen("channels", self.channels),
            parties=chosen("parties", self.parties),
            purposes=chosen("purposes", self.purposes),
            actors=chosen("actors", self.actors),
        )

    def _gate(self, node: Node) -> shape.Gate:
        fields = node.fields(
            ("rule", "group", "flag", "verdict"),
            ("passes", "review", "unknown", "unknown_what", "at_least", "absent", "unless", "values", "channels",
             "parties", "purposes", "actors"),
        )  # fmt: skip
        if ("passes" in fields) == ("at_least" in fields):
            raise node.wrong("either passes or at_least")
        if ("unknown" in fields) != ("unknown_what" in fields):
            raise node.wrong("unknown together with unknown_what")
        return shape.Gate(
            rule=fields["rule"].text(self.rules),
            group=fields["group"].text(shape.GROUPS),
            flag=fields["flag"].text(),
            selector=self._selector(fields),
            verdict=Verdict(fields["verdict"].text(("BLOCK", "REVIEW"))),
            passes=fields["passes"].texts() if "passes" in fields else shape.ALL,
            review=fields["review"].texts() if "review" in fields else shape.ALL,
            unknown=fields["unknown"].texts() if "unknown" in fields else shape.ALL,
            unknown_what=fields["unknown_what"].text(self.unknowns) if "unknown_what" in fields else "",
            at_least=fields["at_least"].whole(1) if "at_least" in fields else None,
            absent_fails="absent" in fields and fields["absent"].text(("fails", "passes")) == "fails",
            unless=fields["unless"].mapping(Node.texts) if "unless" in fields else MappingProxyType({}),
            values=fields["values"].mapping(Node.words) if "values" in fields else MappingProxyType({}),
        )

    def _party_purposes(self, node: Node) -> shape.PartyPurposes:
        fields = node.fields(("rule", "parties", "purposes", "verdict"))
        return shape.PartyPurposes(
            rule=fields["rule"].text(self.rules),
            parties=fields["parties"].texts(self.parties),
            purposes=fields["purposes"].texts(self.purposes),
            verdict=Verdict(fields["verdict"].text(("BLOCK", "REVIEW"))),
        )

    def _window(self, node: Node) -> shape.Window:
        fields = node.fields(
            ("rule", "intervals"), ("days", "override", "confidence", "channels", "parties", "purposes", "actors")
        )
        known_days = {"weekday", "weekend", "holiday", *self.clock.special_days}
        return shape.Window(
            rule=fields["rule"].text(self.rules),
            selector=self._selector(fields),
            days=fields["days"].texts(known_days) if "days" in fields else shape.ALL,
            intervals=tuple(self._interval(item) for item in fields["intervals"].items()),
            override=fields["override"].text() if "override" in fields else "",
            confidence=fields["confidence"].text(CONFIDENCES) if "confidence" in fields else "",
        )

    def _interval(self, node: Node) -> shape.Interval:
        found = interval(node.text())
        if found is None or found.end <= found.start:
            raise node.wrong('hours such as "08:00-22:00", the end after the start,')
        return found

    def _cap(self, node: Node) -> shape.Cap:
        fields = node.fields(
            ("rule", "subject", "basis", "over", "limit"),
            ("scope", "exclude", "lifted_by", "channels", "parties", "purposes", "actors"),
        )
        over = fields["over"]
        if isinstance(over.node, yaml.MappingNode):
            span, days = "rolling_days", over.fields(("rolling_days",))["rolling_days"].whole(1)
        else:
            span = over.text(SPANS)
            days = SPANS[span]
        return shape.Cap(
            rule=fields["rule"].text(self.rules),
            selector=self._selector(fields),
            subject=fields["subject"].text(SUBJECTS),
            basis=fields["basis"].text(BASES),
            over=span,
            days=days,
            limit=fields["limit"].whole(0),
            scope=fields["scope"].text(SCOPES) if "scope" in fields else SCOPES[0],
            exclude=fields["exclude"].texts(EXCLUDABLE) if "exclude" in fields else frozenset(),
            lifted_by=fields["lifted_by"].text() if "lifted_by" in fields else "",
        )


def interval(text: str) -> shape.Interval | None:
    """`18:00-21:00` as seconds of the day, 24:00 included; None when it is not one."""
    match = INTERVAL.fullmatch(text.strip())
    if match is None:
        return None
    start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
    start, end = start_hour * 3600 + start_minute * 60, end_hour * 3600 + end_minute * 60
    return shape.Interval(start, end) if start < 86400 and end <= 86400 and start != end else None
