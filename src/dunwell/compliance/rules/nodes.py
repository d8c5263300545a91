"""Places in a YAML file: each value is asked for by type, and what is wrong is named with file and line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import TypeVar

import yaml

from dunwell.compliance.rules import pack as shape

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's gives the same nodes in a tenth of the time
T = TypeVar("T")


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
            if not isinstance(key, yaml.ScalarNode):
                raise PackError(f"{self.file}, line {key.start_mark.line + 1}, {self.path}: a name is expected.")
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


def root(text: str, file: str) -> Node:
    """The whole file; PackError when it is not YAML, or empty."""
    try:
        found = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise PackError(f"{file}, line {line}: not YAML ({problem.problem}).") from None
    except yaml.YAMLError as problem:
        raise PackError(f"{file}, line 1: not YAML ({problem}).") from None
    if found is None:
        raise PackError(f"{file}, line 1: the file is empty.")
    return Node(file, "pack file", found)
