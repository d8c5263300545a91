"""核身: which questions are put to somebody, what a right answer is, and when nobody can pass. Pure but for the file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

import yaml

from dunwell.kernel.numbers import narrow

LOW, NORMAL, HIGH = "low", "normal", "high"
_BLANKS = re.compile(r"[\s,.;:，。；：、()（）\-]+")


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask; `form` digits: exactly `length` of them, part: so many characters of it, a number among them."""

    code: str
    names: Mapping[str, str]
    form: str
    length: int
    strong: bool
    shown_by: frozenset[str]

    def name(self, language: str) -> str:
        return self.names["en" if language.startswith("en") else "zh-hans"]


@dataclass(frozen=True, slots=True)
class Policy:
    """The figures in force on a day; identity.yaml says what each means."""

    levels: Mapping[str, tuple[int, int]]  # level -> questions, strong ones among them
    failures: int
    within: timedelta
    locked: timedelta
    shown: timedelta
    fresh_point: timedelta
    failed: timedelta
    rule: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Risk:
    """What is known of a contact when he is asked."""

    incoming: bool
    own_point: bool  # a contact point of his own, from the contract or left by him
    fresh_point: bool
    failed_lately: bool
    identity_disputed: bool


@cache
def _document() -> dict[str, Any]:
    return yaml.safe_load(resources.files("dunwell.casework").joinpath("identity.yaml").read_text("utf-8"))


@cache
def questions() -> Mapping[str, Question]:
    """All questions by code."""
    return {
        raw["code"]: Question(
            raw["code"], raw["name"], raw["form"], raw["length"], raw["strong"], frozenset(raw["shown_by"])
        )
        for raw in _document()["questions"]
    }


def policy(on: date) -> Policy:
    """The policy in force on a day; LookupError when none is."""
    known = [one for one in _document()["policies"] if one["from"] <= on]
    if not known:
        raise LookupError(f"identity.yaml has no policy in force on {on}")
    raw = max(known, key=lambda one: one["from"])
    return Policy(
        levels={level: (figures["ask"], figures["strong"]) for level, figures in raw["levels"].items()},
        failures=raw["failures"],
        within=timedelta(hours=raw["within_hours"]),
        locked=timedelta(hours=raw["locked_hours"]),
        shown=timedelta(minutes=raw["shown_minutes"]),
        fresh_point=timedelta(days=raw["fresh_point_days"]),
        failed=timedelta(days=raw["failed_days"]),
        rule=raw["source"]["rule"],
        confidence=raw["source"]["confidence"],
    )


def level(risk: Risk) -> str:
    """How sure one has to be: high on any sign that somebody else may be speaking, low on a number of his own we dialled."""
    if risk.fresh_point or risk.failed_lately or risk.identity_disputed:
        return HIGH
    return LOW if risk.own_point and not risk.incoming else NORMAL


def chosen(
    *, on_file: Collection[str], shown: Collection[str], level: str, seed: str, policy: Policy
) -> tuple[Question, ...]:
    """The questions to put, the same ones for the same seed; empty when too little is on file that was not just shown.

    Strong ones come first until there are enough of them; the others follow in an order that nobody can foresee.
    """
    ask, strong = policy.levels[level]
    free = [one for code, one in questions().items() if code in on_file and not one.shown_by & set(shown)]
    mixed = sorted(free, key=lambda one: hashlib.sha256(f"{seed}/{one.code}".encode()).digest())
    first = [one for one in mixed if one.strong][:strong]
    found = (*first, *(one for one in mixed if one not in first))[:ask]
    return found if len(found) == ask and len(first) == strong else ()


def right(question: Question, expected: Iterable[str], given: str) -> bool:
    """Whether an answer, as it was typed, is on file: of several cards or accounts any one will do."""
    said = _plain(given)
    if question.form == "part":
        enough = len(said) >= question.length and any(letter.isdigit() for letter in said)
        return enough and any(said in _plain(known) for known in expected)
    return len(said) == question.length and said in {_plain(known) for known in expected}


def _plain(text: str) -> str:
    return _BLANKS.sub("", narrow(text)).upper()


def passed(answers: Mapping[str, bool], asked: Iterable[Question]) -> bool:
    """Whether the check is passed: every question that was put has its right answer, and there was one."""
    codes = [one.code for one in asked]
    return bool(codes) and all(answers.get(code, False) for code in codes)


def locked_until(failed_at: Sequence[datetime], now: datetime, policy: Policy) -> datetime | None:
    """Until when nobody can pass, by the moments of failed checks; None when it is open."""
    moments = sorted(failed_at)
    for at, last in enumerate(moments):
        if at + 1 < policy.failures or now >= last + policy.locked:
            continue
        if last - moments[at + 1 - policy.failures] <= policy.within:
            return last + policy.locked
    return None
