"""Training (CN-TRAIN): which courses a role needs, how a test is judged, and until when it counts. Pure but for the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources

import yaml


@dataclass(frozen=True, slots=True)
class Question:
    words: Mapping[str, str]
    choices: tuple[Mapping[str, str], ...]
    right: int  # which choice, from 0
    rule: str


@dataclass(frozen=True, slots=True)
class Course:
    """`pass_share` of the questions have to be right; a pass counts for `valid_days`."""

    code: str
    version: str
    name: Mapping[str, str]
    roles: frozenset[str]
    pass_share: float
    valid_days: int
    reading: tuple[str, ...]  # codes of the knowledge base
    questions: tuple[Question, ...]

    def until(self, passed_on: date) -> date:
        """The last day on which a pass of that day counts."""
        return passed_on + timedelta(days=self.valid_days - 1)


@dataclass(frozen=True, slots=True)
class Judged:
    right: int
    asked: int
    passed: bool
    wrong: tuple[int, ...]


@cache
def courses() -> tuple[Course, ...]:
    """training.yaml. A question whose right answer is no choice raises ValueError."""
    raw = yaml.safe_load(resources.files("dunwell.floor").joinpath("training.yaml").read_text("utf-8"))
    found = []
    for one in raw:
        questions = tuple(
            Question(asked["words"], tuple(asked["choices"]), int(asked["right"]), asked["rule"])
            for asked in one["questions"]
        )
        if any(not 0 <= asked.right < len(asked.choices) for asked in questions):
            raise ValueError(f"training.yaml, {one['code']}: a right answer is not among the choices")
        found.append(
            Course(
                one["code"], str(one["version"]), one["name"], frozenset(one["roles"]), float(one["pass_share"]),
                int(one["valid_days"]), tuple(one["reading"]), questions,
            )
        )  # fmt: skip
    return tuple(found)


def needed(role: str) -> tuple[Course, ...]:
    """The courses that a role has to have passed."""
    return tuple(course for course in courses() if role in course.roles)


def judge(course: Course, answers: Sequence[int | None]) -> Judged:
    """How many answers are right; a question left open is wrong."""
    given = [*answers, *[None] * len(course.questions)][: len(course.questions)]
    wrong = tuple(
        place for place, (asked, said) in enumerate(zip(course.questions, given, strict=True)) if said != asked.right
    )
    right = len(course.questions) - len(wrong)
    return Judged(right, len(course.questions), right >= course.pass_share * len(course.questions), wrong)
