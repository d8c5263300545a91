"""Who hangs together by what strangers do not share. Pure but for the file clusters.yaml."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from dunwell.casework.rules.codes import Named
from dunwell.kernel.numbers import narrow

_NO_LETTER = re.compile(r"[\W\d_]+")


@dataclass(frozen=True, slots=True)
class Signal(Named):
    parties: int  # from so many on it is a sign


@dataclass(frozen=True, slots=True)
class Link:
    """One fact: a person has `shared` (a hash) by a kind of signal, since a day."""

    kind: str
    shared: str
    party: int
    on: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """People who hang together and the facts by which they do, in a fixed order."""

    parties: tuple[int, ...]
    facts: tuple[tuple[str, str, tuple[tuple[int, str], ...]], ...]

    @property
    def key(self) -> str:
        """The same facts are the same cluster."""
        return hashlib.sha256(json.dumps(self.facts).encode()).hexdigest()


@cache
def signals() -> Mapping[str, Signal]:
    raw = yaml.safe_load(resources.files("dunwell.casework").joinpath("clusters.yaml").read_text("utf-8"))["signals"]
    return {code: Signal(code, one["name"], one["parties"]) for code, one in raw.items()}


def told_alike(text: str) -> str:
    """A complaint's text as it is compared: letters alone; empty when it is too short to say anything."""
    letters = _NO_LETTER.sub("", narrow(text)).casefold()
    return letters if len(letters) >= 12 else ""


def clusters(links: Iterable[Link], together: Iterable[tuple[int, int]]) -> list[Cluster]:
    """The groups of two and more people that facts link.

    `together`: people with a part in one account; what they share is no sign, and they count as one.
    """
    one = _Union()
    for first, second in together:
        one.join(first, second)
    by_value: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for link in links:
        held = by_value[link.kind, link.shared]
        held[link.party] = min(link.on, held.get(link.party, link.on))
    signs = {
        value: people
        for value, people in by_value.items()
        if len({one.of(party) for party in people}) >= signals()[value[0]].parties
    }
    linked = _Union()
    for people in signs.values():
        first, *others = sorted(people)
        for other in others:
            linked.join(first, other)
    groups: dict[int, list[tuple[str, str, tuple[tuple[int, str], ...]]]] = defaultdict(list)
    for (kind, shared), people in sorted(signs.items()):
        groups[linked.of(min(people))].append((kind, shared, tuple(sorted(people.items()))))
    return [
        Cluster(tuple(sorted({party for _, _, people in facts for party, _ in people})), tuple(facts))
        for _, facts in sorted(groups.items())
    ]


class _Union:
    """Who is in one group with whom."""

    def __init__(self) -> None:
        self.head: dict[int, int] = {}

    def of(self, one: int) -> int:
        while (up := self.head.get(one, one)) != one:
            self.head[one] = self.head.get(up, up)
            one = up
        return one

    def join(self, first: int, second: int) -> None:
        low, high = sorted((self.of(first), self.of(second)))
        self.head[high] = low
