"""The rows of a rule pack, one by one: gates, hours, caps, pauses, banned words, disclosures, keeping."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import yaml

from dunwell.compliance.rules import pack as shape
from dunwell.compliance.rules.nodes import Node
from dunwell.kernel.decision import Verdict

CONFIDENCES = frozenset({"V1", "V2", "V2c", "M", "A"})
SUBJECTS = frozenset({"contact_point", "person", "person_debt", "account", "third_party"})
BASES = frozenset({"attempt", "attempt_unanswered", "effective_conversation", "contact_made", "communication"})
SPANS = {"calendar_day": 1, "calendar_week": 7, "calendar_month": 31, "lifetime": 0}
SCOPES = ("all_collectors", "collector_entity")
EXCLUDABLE = frozenset({"inbound", "not_connected_to_number", "face_to_face"})
LANGUAGES = ("zh", "en")
INTERVAL = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
FLAG = re.compile(r"[a-z][a-z0-9_]*(\{channel\})?[a-z0-9_]*")
SELECTING = ("channels", "parties", "purposes", "actors")


@dataclass(frozen=True, slots=True)
class Clauses:
    """Reads one row of a section, in the words that the pack knows. Each method answers its clause as a value."""

    channels: frozenset[str]
    purposes: frozenset[str]
    actors: frozenset[str]
    parties: frozenset[str]
    unknowns: Mapping[str, shape.Words]
    rules: Mapping[str, shape.Rule]
    special_days: Mapping[str, object]

    def _selector(self, fields: dict[str, Node]) -> shape.Selector:
        def chosen(name: str, known: frozenset[str]) -> frozenset[str]:
            return fields[name].texts(known) if name in fields else shape.ALL

        return shape.Selector(
            channels=chosen("channels", self.channels),
            parties=chosen("parties", self.parties),
            purposes=chosen("purposes", self.purposes),
            actors=chosen("actors", self.actors),
        )

    def _when(self, fields: dict[str, Node]) -> shape.Flagged:
        return fields["when"].mapping(Node.texts) if "when" in fields else MappingProxyType({})

    def _lifted(self, fields: dict[str, Node]) -> dict[str, object]:
        """`lifted_by: flag`, or `lifted_by: {flag: …, days: …}` for a consent that lapses."""
        if "lifted_by" not in fields:
            return {}
        if isinstance(fields["lifted_by"].node, yaml.ScalarNode):
            return {"lifted_by": fields["lifted_by"].text()}
        part = fields["lifted_by"].fields(("flag", "days"))
        return {"lifted_by": part["flag"].text(), "lifted_days": part["days"].whole(1)}

    def gate(self, node: Node) -> Iterator[shape.Gate]:
        """One gate for each flag it names: they are words for one thing."""
        fields = node.fields(
            ("rule", "group", "flag", "verdict"),
            ("passes", "review", "unknown", "unknown_what", "at_least", "absent", "unless", "values", "days",
             "extension", *SELECTING),
        )  # fmt: skip
        if ("passes" in fields) + ("at_least" in fields) + ("days" in fields) != 1:
            raise node.wrong("one of passes, at_least and days")
        names = fields["flag"]
        several = isinstance(names.node, yaml.SequenceNode)
        more = fields["extension"].fields(("flag", "days")) if "extension" in fields else {}
        for flag in [item.text() for item in names.items()] if several else [names.text()]:
            yield self._gate_of(node, fields, flag, more)

    def _gate_of(self, node: Node, fields: dict[str, Node], flag: str, more: dict[str, Node]) -> shape.Gate:
        if ("unknown" in fields) != ("unknown_what" in fields):
            raise node.wrong("unknown together with unknown_what")
        if not FLAG.fullmatch(flag):
            raise fields["flag"].wrong("the name of a flag, such as dispute or opt_out_{channel},")
        return shape.Gate(
            rule=fields["rule"].text(self.rules),
            group=fields["group"].text(shape.GROUPS),
            flag=flag,
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
            days=fields["days"].whole(1) if "days" in fields else 0,
            more_days=more["days"].whole(1) if more else 0,
            extended_by=more["flag"].text() if more else "",
            line=node.line,
        )

    def party_purposes(self, node: Node) -> shape.PartyPurposes:
        fields = node.fields(("rule", "parties", "purposes", "verdict"))
        return shape.PartyPurposes(
            rule=fields["rule"].text(self.rules),
            parties=fields["parties"].texts(self.parties),
            purposes=fields["purposes"].texts(self.purposes),
            verdict=Verdict(fields["verdict"].text(("BLOCK", "REVIEW"))),
            line=node.line,
        )

    def window(self, node: Node) -> shape.Window:
        fields = node.fields(("rule", "intervals"), ("days", "override", "confidence", "when", *SELECTING))
        known_days = {"weekday", "weekend", "holiday", *self.special_days}
        return shape.Window(
            rule=fields["rule"].text(self.rules),
            selector=self._selector(fields),
            days=fields["days"].texts(known_days) if "days" in fields else shape.ALL,
            intervals=tuple(self._interval(item) for item in fields["intervals"].items()),
            override=self._override(fields["override"]) if "override" in fields else shape.ALL,
            confidence=fields["confidence"].text(CONFIDENCES) if "confidence" in fields else "",
            when=self._when(fields),
            line=node.line,
        )

    def _override(self, node: Node) -> frozenset[str]:
        return node.texts() if isinstance(node.node, yaml.SequenceNode) else frozenset({node.text()})

    def _interval(self, node: Node) -> shape.Interval:
        found = interval(node.text())
        if found is None or found.end <= found.start:
            raise node.wrong('hours such as "08:00-22:00", the end after the start,')
        return found

    def cap(self, node: Node) -> shape.Cap:
        fields = node.fields(
            ("rule", "subject", "basis", "over", "limit"),
            ("scope", "exclude", "lifted_by", "when", *SELECTING),
        )
        over = fields["over"]
        if isinstance(over.node, yaml.MappingNode):
            spans = over.fields((), ("rolling_days", "rolling_hours"))
            if len(spans) != 1:
                raise over.wrong("one of rolling_days and rolling_hours")
            ((span, length),) = spans.items()
            days = length.whole(1)
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
            when=self._when(fields),
            line=node.line,
            **self._lifted(fields),
        )

    def cooloff(self, node: Node) -> shape.CoolOff:
        fields = node.fields(
            ("rule", "subject", "trigger", "day_one", "days"),
            ("scope", "inbound", "triggers", "lifted_by", *SELECTING),
        )
        return shape.CoolOff(
            rule=fields["rule"].text(self.rules),
            selector=self._selector(fields),
            subject=fields["subject"].text(SUBJECTS),
            basis=fields["trigger"].text(BASES),
            triggers=fields["triggers"].texts(self.channels) if "triggers" in fields else shape.ALL,
            event_day_is_first=fields["day_one"].text(("trigger_day", "next_day")) == "trigger_day",
            days=fields["days"].whole(1),
            inbound="inbound" in fields and fields["inbound"].text(("counts", "ignored")) == "counts",
            scope=fields["scope"].text(SCOPES) if "scope" in fields else SCOPES[0],
            line=node.line,
            **self._lifted(fields),
        )

    def _patterns(self, node: Node) -> Mapping[str, tuple[str, ...]]:
        """Regular expressions by language; one that cannot be compiled is refused."""
        found = {}
        for language, one in node.fields((), LANGUAGES).items():
            for item in one.items():
                try:
                    re.compile(item.text())
                except re.error as problem:
                    raise item.wrong(f"a regular expression ({problem})") from None
            found[language] = tuple(item.text() for item in one.items())
        return MappingProxyType(found)

    def ban(self, node: Node) -> shape.Ban:
        fields = node.fields(("rule", "category", "verdict", "words"), ("parties", "channels", "unless"))
        return shape.Ban(
            rule=fields["rule"].text(self.rules),
            category=fields["category"].text(),
            verdict=Verdict(fields["verdict"].text(("BLOCK", "REVIEW"))),
            lexicon=self._patterns(fields["words"]),
            parties=fields["parties"].texts(self.parties) if "parties" in fields else shape.ALL,
            channels=fields["channels"].texts(self.channels) if "channels" in fields else shape.ALL,
            unless=self._patterns(fields["unless"]) if "unless" in fields else MappingProxyType({}),
            line=node.line,
        )

    def disclosure(self, node: Node) -> shape.Disclosure:
        fields = node.fields(("rule", "moment", "channels", "keys"))
        return shape.Disclosure(
            rule=fields["rule"].text(self.rules),
            moment=fields["moment"].text(("first_contact", "every_message", "validation_notice", "letter")),
            channels=fields["channels"].texts(self.channels),
            keys=fields["keys"].mapping(self._patterns),
        )

    def keeping(self, node: Node) -> shape.Keeping:
        fields = node.fields(("rule", "item", "months", "from"))
        return shape.Keeping(
            rule=fields["rule"].text(self.rules),
            item=fields["item"].text(),
            months=fields["months"].whole(1),
            starts=fields["from"].text(),
            line=node.line,
        )


def interval(text: str) -> shape.Interval | None:
    """`18:00-21:00` as seconds of the day, 24:00 included; None when it is not one."""
    match = INTERVAL.fullmatch(text.strip())
    if match is None:
        return None
    start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
    start, end = start_hour * 3600 + start_minute * 60, end_hour * 3600 + end_minute * 60
    return shape.Interval(start, end) if start < 86400 and end <= 86400 and start != end else None
