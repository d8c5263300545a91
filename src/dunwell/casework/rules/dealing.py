"""分案: dealing cases to owners, equal in count, balance and difficulty. Deterministic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from itertools import groupby

import yaml


@dataclass(frozen=True, slots=True)
class Card:
    """A case to be dealt: its number, what is owed, and how hard it is (cases of one difficulty are alike).

    What an owner has to be able to take: the `stage`, the person's `language`, and the skills in `needs`.
    """

    case_id: int
    balance: Decimal
    difficulty: str
    stage: str = ""
    language: str = ""
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Seat:
    """An owner to whom is dealt, and what he takes: None where he takes any; `room` for so many cases more."""

    owner: int
    stages: frozenset[str] | None = None
    languages: frozenset[str] | None = None
    skills: frozenset[str] | None = None
    room: int | None = None

    def takes(self, card: Card) -> bool:
        """Whether a case of this stage, language and difficulty is his to work."""
        return (
            (self.stages is None or card.stage in self.stages)
            and (self.languages is None or card.language in self.languages)
            and (self.skills is None or card.needs <= self.skills)
        )


@dataclass(frozen=True, slots=True)
class Dealt:
    """Owner -> cases, and the cases that nobody gets: `no_skill` (nobody takes such a case) or `full`."""

    cases: Mapping[int, list[int]]
    left: Mapping[int, str]


def deal(
    cards: Iterable[Card], owners: Sequence[int], *, owned: Mapping[int, Decimal] | None = None
) -> dict[int, list[int]]:
    """Owner -> cases, where each takes any number of any case."""
    return dict(deal_to(cards, [Seat(owner) for owner in owners], owned=owned).cases)


def deal_to(cards: Iterable[Card], seats: Sequence[Seat], *, owned: Mapping[int, Decimal] | None = None) -> Dealt:
    """Cases among seats that take them. Those that the same owners take differ in number by one at most, overall and
    within each difficulty, as long as everyone of them has room.

    What fewest take is dealt first. Each difficulty is dealt in rounds, the largest balances first; in a round the owner
    with the least balance so far gets the largest. What is left of a difficulty goes to those with the fewest cases.
    `owned` is balance that owners have already and that counts in. No seat raises ValueError.
    """
    if not seats:
        raise ValueError("there is nobody to deal to")
    by_owner = {seat.owner: seat for seat in sorted(seats, key=lambda seat: seat.owner)}
    count = dict.fromkeys(by_owner, 0)
    balance = {owner: (owned or {}).get(owner, Decimal(0)) for owner in by_owner}
    dealt: dict[int, list[int]] = {owner: [] for owner in by_owner}
    left: dict[int, str] = {}
    who: dict[tuple[int, ...], list[Card]] = {}
    for card in cards:
        who.setdefault(tuple(owner for owner, seat in by_owner.items() if seat.takes(card)), []).append(card)

    def free(owner: int) -> bool:
        room = by_owner[owner].room
        return room is None or count[owner] < room

    for takers in sorted(who, key=lambda one: (len(one), one)):
        alike = sorted(who[takers], key=lambda card: (card.difficulty, -card.balance, card.case_id))
        for _, group in groupby(alike, key=lambda card: card.difficulty):
            waiting = list(group)
            while waiting:
                order = [owner for owner in takers if free(owner)]
                if not order:
                    left |= {card.case_id: "full" if takers else "no_skill" for card in waiting}
                    break
                hand, waiting = waiting[: len(order)], waiting[len(order) :]
                few = len(hand) < len(order)
                chosen = sorted(order, key=lambda owner: (count[owner] if few else 0, balance[owner], owner))
                chosen = sorted(chosen[: len(hand)], key=lambda owner: (balance[owner], owner))
                for owner, card in zip(chosen, hand, strict=True):
                    dealt[owner].append(card.case_id)
                    count[owner] += 1
                    balance[owner] += card.balance
    return Dealt(dealt, left)


@dataclass(frozen=True, slots=True)
class Condition:
    """One line of hand_out.yaml: a fact of the case is one of `among`, or at least so much."""

    fact: str
    among: frozenset[object]
    at_least: Decimal | None
    points: int
    skill: str

    def holds(self, facts: Mapping[str, object]) -> bool:
        value = facts.get(self.fact)
        if self.at_least is not None:
            return isinstance(value, Decimal) and value >= self.at_least
        return value in self.among


@dataclass(frozen=True, slots=True)
class Hardness:
    """How hard cases are, and which skills they ask for, as in force from a day."""

    starts_on: date
    lines: tuple[Condition, ...]

    def points(self, facts: Mapping[str, object]) -> int:
        """The sum of the points whose condition holds."""
        return sum(line.points for line in self.lines if line.holds(facts))

    def needs(self, facts: Mapping[str, object]) -> frozenset[str]:
        """The skills that the case asks for."""
        return frozenset(line.skill for line in self.lines if line.skill and line.holds(facts))


@dataclass(frozen=True, slots=True)
class HandOutTable:
    """hand_out.yaml: the skills by code with their two names, and the versions of the table."""

    skills: Mapping[str, Mapping[str, str]]
    versions: tuple[Hardness, ...]

    def on(self, day: date) -> Hardness:
        """The version in force on a day. None in force raises LookupError."""
        found = [version for version in self.versions if version.starts_on <= day]
        if not found:
            raise LookupError(f"hand_out.yaml says nothing of {day}")
        return found[-1]


@cache
def table() -> HandOutTable:
    """hand_out.yaml, read once. A line that names a skill that is not listed raises ValueError."""
    raw = yaml.safe_load(resources.files("dunwell.casework").joinpath("hand_out.yaml").read_text("utf-8"))
    versions = []
    for version in raw["versions"]:
        lines = tuple(
            Condition(
                line["fact"],
                frozenset(line.get("is", ())),
                Decimal(str(line["at_least"])) if "at_least" in line else None,
                int(line.get("points", 0)),
                line.get("skill", ""),
            )
            for line in version["lines"]
        )
        unknown = {line.skill for line in lines} - {"", *raw["skills"]}
        if unknown:
            raise ValueError(f"hand_out.yaml, {version['from']}: the skill {sorted(unknown)} is not listed")
        versions.append(Hardness(version["from"], lines))
    return HandOutTable(raw["skills"], tuple(sorted(versions, key=lambda one: one.starts_on)))
