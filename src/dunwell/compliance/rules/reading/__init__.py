"""Reads a rule pack, or an overlay on one, from YAML text. What is wrong is named with file and line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from string import Formatter
from types import MappingProxyType

from dunwell.compliance.rules import pack as shape
from dunwell.compliance.rules.nodes import Node, PackError, root
from dunwell.compliance.rules.reading.clauses import BASES, CONFIDENCES, Clauses, interval

__all__ = ["PackError", "interval", "read"]

STRENGTHS = frozenset({"must", "should", "practice"})
ABOUT = frozenset({"contact", "agency", "information", "limitation", "court", "referral"})
TEXT_VALUES = frozenset({"what", "list", "window", "used", "limit", "days"})
LONGEST_ID = 32  # as a decision keeps it
ALWAYS = ("pack", "clock", "channels", "purposes", "actors", "parties", "counting", "instruments", "rules", "gates",
          "party_purposes", "windows", "own_window", "caps", "unknowns")  # fmt: skip
MAYBE = ("includes", "cooloffs", "content_bans", "disclosures", "evidence", "duties", "simplified")
PART = ("instruments", "rules", *MAYBE[1:])
OVERLAY = ("instruments", "rules", "gates", "party_purposes", "windows", "caps", *MAYBE[1:])


def read(
    text: str,
    file: str,
    *,
    beside: Callable[[str], str] | None = None,
    base: Callable[[str], shape.Pack] | None = None,
    approved: bool = False,
) -> shape.Pack:
    """The pack in `text`; PackError when it is malformed. Its hash is that of the text and of its parts.

    `beside` gives the text of a part that the file includes. A file that begins with `overlay` lies on the
    pack that `base` gives for its id, and is answered as the two together; it may only tighten. What was `approved`
    is laid on a pack that has changed since: what it says in vain is a warning of the pack, and refuses nothing.
    """
    found = root(text, file)
    if "overlay" in found.fields():
        if base is None:
            raise found.wrong("a pack: no other one is at hand for an overlay to lie on")
        tops = [found.fields(("overlay",), OVERLAY)]
        under = base(_under(tops[0]["overlay"]))
        return _Reader(file, text, tops, under, approved).overlay()
    tops = [found.fields(ALWAYS, MAYBE)]
    if "includes" in tops[0]:
        for node in tops[0]["includes"].items():
            if beside is None:
                raise node.wrong("no part: a pack that is not shipped stands in one file")
            part = beside(node.text())
            tops.append(root(part, node.text()).fields((), PART))
            text += part
    return _Reader(file, text, tops, None).pack()


def _under(overlay: Node) -> str:
    return overlay.fields(("id", "of", "version", "jurisdiction", "effective", "status_date"),
                          ("supersedes", "collector_roles", "binds_also"))["of"].text()  # fmt: skip


class _Reader:
    """Reads the parts in the order in which they refer to each other."""

    def __init__(
        self, file: str, text: str, tops: list[dict[str, Node]], base: shape.Pack | None, approved: bool = False
    ) -> None:
        for top in tops:
            for name, node in top.items():
                node.path = name
        self.file, self.tops, self.top, self.base, self.approved = file, tops, tops[0], base, approved
        self.sha256 = hashlib.sha256(text.encode()).hexdigest()
        if base is None:
            self.channels = self.top["channels"].texts()
            self.purposes = self.top["purposes"].texts()
            self.actors = self.top["actors"].texts()
            self.parties = self.top["parties"].texts()
            self.unknowns = self.top["unknowns"].mapping(Node.words)
            self.counting: Mapping[str, frozenset[str]] = MappingProxyType(
                {name: node.texts() for name, node in self.top["counting"].fields(sorted(BASES)).items()}
            )
            self.clock = self._clock()
        else:
            self.channels, self.purposes, self.actors = base.channels, base.purposes, base.actors
            self.parties, self.unknowns, self.counting, self.clock = (
                base.parties, base.unknowns, base.counting, base.clock,
            )  # fmt: skip
        self.instruments = MappingProxyType(
            dict(base.instruments if base else {})
            | {name: node.words() for top in tops if "instruments" in top
               for name, node in top["instruments"].fields().items()}
        )  # fmt: skip
        self.duty_nodes = {
            fields["rule"].text(): fields
            for node in self.rows("duties")
            for fields in [node.fields(("rule", "parameters"), ("tighter",))]
        }
        self.numbers = {
            rule: {name: one.text() for name, one in fields["parameters"].fields().items()}
            for rule, fields in self.duty_nodes.items()
        }
        self.rules = self._rules()
        self.clauses = Clauses(
            self.channels, self.purposes, self.actors, self.parties, self.unknowns, self.rules, self.clock.special_days
        )

    def rows(self, section: str) -> Iterator[Node]:
        for top in self.tops:
            if section in top:
                yield from top[section].items()

    def pack(self) -> shape.Pack:
        head = self.top["pack"].fields(
            ("id", "version", "jurisdiction", "effective", "status_date"),
            ("collector_roles", "scope_rule", "supersedes"),
        )
        own = self.top["own_window"].fields(("rule", "flag"), ("honour",))
        built = shape.Pack(
            **self._headed(head),
            own_window_rule=own["rule"].text(self.rules),
            own_window_flag=own["flag"].text(),
            own_window_honoured="honour" not in own or own["honour"].text(("yes", "no")) == "yes",
            scope_rule=head["scope_rule"].text(self.rules) if "scope_rule" in head else "",
            **self._sections(),
        )
        if not built.windows:
            raise self.top["windows"].wrong("at least one window: a pack without hours would forbid nothing")
        return built

    def overlay(self) -> shape.Pack:
        """The pack below and this overlay as one; what the overlay would loosen is refused."""
        from dunwell.compliance.rules.overlay import laid_on

        assert self.base is not None
        head = self.top["overlay"].fields()
        sections = self._sections()
        return laid_on(
            self.base,
            shape.Pack(
                **self._headed(head),
                own_window_rule=self.base.own_window_rule,
                own_window_flag=self.base.own_window_flag,
                over=self.base.id,
                **sections,
            ),
            binds_also=head["binds_also"].texts(self.actors) if "binds_also" in head else shape.ALL,
            file=self.file,
            approved=self.approved,
        )

    def _headed(self, head: Mapping[str, Node]) -> dict[str, object]:
        """What a pack and an overlay say of themselves, and the words that the file may use."""
        return {
            "id": head["id"].text(),
            "version": head["version"].text(),
            "jurisdiction": head["jurisdiction"].words(),
            "effective": head["effective"].period(),
            "status_date": head["status_date"].day(),
            "collector_roles": head["collector_roles"].texts(self.actors) if "collector_roles" in head else shape.ALL,
            "supersedes": head["supersedes"].text() if "supersedes" in head else "",
            "sha256": self.sha256,
            "clock": self.clock,
            "channels": self.channels,
            "purposes": self.purposes,
            "actors": self.actors,
            "parties": self.parties,
            "counting": self.counting,
            "unknowns": self.unknowns,
        }

    def _sections(self) -> dict[str, object]:
        return {
            "instruments": self.instruments,
            "rules": self.rules,
            "gates": tuple(gate for node in self.rows("gates") for gate in self.clauses.gate(node)),
            "party_purposes": tuple(self.clauses.party_purposes(node) for node in self.rows("party_purposes")),
            "windows": tuple(self.clauses.window(node) for node in self.rows("windows")),
            "caps": tuple(self.clauses.cap(node) for node in self.rows("caps")),
            "cooloffs": tuple(self.clauses.cooloff(node) for node in self.rows("cooloffs")),
            "bans": tuple(self.clauses.ban(node) for node in self.rows("content_bans")),
            "disclosures": tuple(self.clauses.disclosure(node) for node in self.rows("disclosures")),
            "keepings": tuple(self.clauses.keeping(node) for node in self.rows("evidence")),
            "simplified": self._simplified(),
            "duties": MappingProxyType({rule: self._duty(rule) for rule in self.numbers}),
        }

    def _duty(self, rule: str) -> shape.Duty:
        fields = self.duty_nodes[rule]
        tighter = {}
        if "tighter" in fields:
            for name, node in fields["tighter"].fields((), self.numbers[rule]).items():
                tighter[name] = node.text(("less", "more"))
                try:
                    Decimal(self.numbers[rule][name])
                except InvalidOperation:
                    raise node.wrong("a number as the parameter that may be tightened") from None
        return shape.Duty(
            fields["rule"].text(self.rules), MappingProxyType(self.numbers[rule]), MappingProxyType(tighter),
            fields["rule"].line,
        )  # fmt: skip

    def _rules(self) -> Mapping[str, shape.Rule]:
        found: dict[str, shape.Rule] = {}
        below = {} if self.base is None else self.base.rules
        for node in self.rows("rules"):
            rule = self._rule(node)
            if rule.id in found:
                raise PackError(f"{node.file}, line {node.line}, {node.path}: {rule.id} stands twice.")
            if rule.id in below and self.approved:
                continue  # another overlay has brought it meanwhile: its words stand
            if rule.id in below:
                raise PackError(
                    f"{node.file}, line {node.line}, {node.path}: {rule.id} stands in the pack below; an overlay adds "
                    "to it and does not rewrite it."
                )
            found[rule.id] = rule
        if self.base is None and "G-UNKNOWN" not in found:
            raise self.top["rules"].wrong("the rule G-UNKNOWN, without which nothing fails closed,")
        return MappingProxyType({**below, **found})

    def _rule(self, node: Node) -> shape.Rule:
        fields = node.fields(("id", "title", "text", "source"), ("in_force", "about", "binds"))
        source = fields["source"].fields(("instrument", "confidence", "strength"), ("article",))
        text = fields["text"].words()
        name_of = fields["id"].text()
        if not 0 < len(name_of) <= LONGEST_ID:
            raise fields["id"].wrong(f"an id of 1 to {LONGEST_ID} letters")
        known = TEXT_VALUES | set(self.numbers.get(name_of, ()))
        for language in (text.zh, text.en):
            for name in _named(language, fields["text"]):
                if name not in known:
                    raise PackError(f"{node.file}, line {fields['text'].line}: {{{name}}} is not a known value.")
        return shape.Rule(
            id=name_of,
            title=fields["title"].words(),
            text=text,
            instrument=source["instrument"].text(self.instruments),
            article=source["article"].text() if "article" in source else "",
            confidence=source["confidence"].text(CONFIDENCES),
            strength=source["strength"].text(STRENGTHS),
            in_force=fields["in_force"].period() if "in_force" in fields else shape.InForce(),
            line=node.line,
            file=node.file,
            about=fields["about"].text(ABOUT) if "about" in fields else "contact",
            binds=fields["binds"].texts(self.actors) if "binds" in fields else shape.ALL,
        )

    def _clock(self) -> shape.Clock:
        fields = self.top["clock"].fields(
            ("basis",), ("official", "covers", "weekend", "special_days", "days_of_rest", "working_days", "known_to")
        )
        special: dict[str, frozenset[date]] = {}
        if "special_days" in fields:
            for name, node in fields["special_days"].fields().items():
                part = node.fields(("from_day", "to_day", "first_days"))
                offsets = range(part["from_day"].whole(-31), part["to_day"].whole(-31) + 1)
                firsts = [item.day() for item in part["first_days"].items()]
                special[name] = frozenset(first + timedelta(days=offset) for first in firsts for offset in offsets)

        def days(name: str) -> frozenset[date]:
            return frozenset(item.day() for item in fields[name].items()) if name in fields else frozenset()

        return shape.Clock(
            basis=fields["basis"].text(("debtor_location", "strictest_of_candidates")),
            official=fields["official"].text() if "official" in fields else "",
            covers=fields["covers"].texts() if "covers" in fields else frozenset(),
            weekend=frozenset(n.whole(1) for n in fields["weekend"].items()) if "weekend" in fields else frozenset(),
            special_days=MappingProxyType(special),
            days_of_rest=days("days_of_rest"),
            working_days=days("working_days"),
            known_to=fields["known_to"].day() if "known_to" in fields else None,
        )

    def _simplified(self) -> Mapping[str, str]:
        """`黑: 黒` and the like: each simplified character with the forms that are read as it."""
        found: dict[str, str] = {}
        for top in self.tops:
            if "simplified" in top:
                for to, node in top["simplified"].fields().items():
                    found |= dict.fromkeys(node.text(), to)
        return MappingProxyType(found)


def _named(text: str, node: Node) -> list[str]:
    """The values that a sentence names in braces; one that cannot be filled is refused."""
    try:
        parts = [part for part in Formatter().parse(text) if part[1] is not None]
    except ValueError as problem:
        raise PackError(f"{node.file}, line {node.line}: the braces cannot be read ({problem}).") from None
    for _, name, form, conversion in parts:
        if form or conversion:
            raise PackError(f"{node.file}, line {node.line}: {{{name}}} stands alone in its braces.")
    return [name for _, name, _, _ in parts if name is not None]
