"""From the cause that a telephone names to an outcome of the counting table. Pure but for the file beside it."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import yaml

ANSWER = re.compile(r"\b([3-6]\d\d)\b")
NO_ANSWER = "no_answer"


@cache
def _outcomes() -> tuple[dict[int, str], str]:
    document = yaml.safe_load((files("dunwell.channels.voice") / "causes.yaml").read_text(encoding="utf-8"))
    return {answer: row["outcome"] for row in document["causes"] for answer in row["answers"]}, document["otherwise"]


def outcome_of(cause: str, *, rang: bool, here: bool) -> str:
    """The outcome of a call that nobody answered. `here`: this side gave up; then it rang out, or never got through."""
    if here:
        return NO_ANSWER
    known, otherwise = _outcomes()
    named = ANSWER.search(cause)
    if named is None:
        return NO_ANSWER if rang else otherwise
    return known.get(int(named[1]), otherwise)
