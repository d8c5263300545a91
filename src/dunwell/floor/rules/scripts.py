"""话术 and knowledge: which script fits a case, and what a text has to have. Pure but for the shipped files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from dunwell.casework.rules.codes import codes

STEPS = ("identify", "purpose", "find_out", "agree")
LANGUAGES = ("zh-hans", "en")
STAGES = ("reminder", "early", "mid", "late")
#: What makes a script more particular than another.
FLAGS = ("promise_broken", "first_payment_default", "hardship", "company")
FIELDS = frozenset({"bank", "staff", "name", "amount", "currency", "days"})
#: What may be filled in before the identity check: nothing of the debt, nor whose it is.
BEFORE_IDENTITY = frozenset({"bank", "staff"})
GAP = re.compile(r"\{(\w*)\}")

Words = Mapping[str, str]


class TextWrong(ValueError):
    """A script or an answer that lacks something; `field` names where, `code` what: missing, gap, amount, flag, result."""

    def __init__(self, field: str, code: str, value: str = "") -> None:
        super().__init__(f"{field}: {code} {value}".strip())
        self.field, self.code, self.value = field, code, value


@dataclass(frozen=True, slots=True)
class Step:
    code: str
    disclosures: tuple[str, ...]
    words: Words


@dataclass(frozen=True, slots=True)
class Script:
    """What is said in a call, step by step, and what answers what he says. `version` 0 is the shipped one."""

    code: str
    version: int
    stages: frozenset[str]
    flags: frozenset[str]
    steps: tuple[Step, ...]
    said: Mapping[str, Words]

    def fits(self, *, stage: str, flags: Collection[str]) -> bool:
        return (not self.stages or stage in self.stages) and self.flags <= set(flags)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the knowledge base: plain words, and the article that says so."""

    code: str
    version: int
    title: Words
    body: Words
    source: Words
    rule: str
    confidence: str

    def has(self, text: str) -> bool:
        """Whether each word typed stands in it, in any language."""
        whole = " ".join(
            [self.code, self.rule, *self.title.values(), *self.body.values(), *self.source.values()]
        ).lower()
        return all(word in whole for word in text.lower().split())


def script(raw: Mapping[str, object], version: int = 0) -> Script:
    """A script from its content. TextWrong says what it lacks."""
    steps = {str(one["code"]): one for one in raw["steps"]}  # type: ignore[union-attr]
    if tuple(steps) != STEPS:
        raise TextWrong("steps", "missing", ", ".join(set(STEPS) - set(steps)))
    for flag in (*raw["flags"], *raw["stages"]):  # type: ignore[misc]
        if flag not in (*FLAGS, *STAGES):
            raise TextWrong("flags", "flag", str(flag))
    read = tuple(
        Step(code, tuple(one["disclosures"]), _words(code, one, BEFORE_IDENTITY if code == "identify" else FIELDS))
        for code, one in steps.items()
    )
    said_in_steps = {name for one in read for name in one.disclosures}
    for needed in codes().disclosures:
        if needed.code not in said_in_steps:
            raise TextWrong("disclosures", "missing", needed.code)
    results = {code.result for action in codes().actions.values() for group in action.groups for code in group.codes}
    said = {}
    for result, words in raw["said"].items():  # type: ignore[union-attr]
        if result not in results:
            raise TextWrong(f"said.{result}", "result", str(result))
        said[result] = _words(f"said.{result}", words, FIELDS)
    return Script(str(raw["code"]), version, frozenset(raw["stages"]), frozenset(raw["flags"]), read, said)  # type: ignore[arg-type]


def answer(raw: Mapping[str, object], version: int = 0) -> Answer:
    """An answer from its content. One without article is none: TextWrong."""
    parts = {name: _words(name, raw[name], frozenset()) for name in ("title", "body", "source")}  # type: ignore[arg-type]
    return Answer(
        str(raw["code"]), version, parts["title"], parts["body"], parts["source"], str(raw.get("rule", "")),
        str(raw.get("confidence", "A")),
    )  # fmt: skip


def _words(field: str, raw: Mapping[str, object], allowed: Collection[str]) -> dict[str, str]:
    words = {language: str(raw.get(language, "")).strip() for language in LANGUAGES}
    for language, text in words.items():
        if not text:
            raise TextWrong(field, "missing", language)
        for gap in GAP.findall(text):
            if gap not in FIELDS:
                raise TextWrong(field, "gap", gap)
            if gap not in allowed:
                raise TextWrong(field, "amount", gap)
    return words


def choose(scripts: Sequence[Script], *, stage: str, flags: Collection[str]) -> Script | None:
    """The script for a case: of those that fit, the one that asks for most flags, then for a stage, then by code."""
    fitting = [one for one in scripts if one.fits(stage=stage, flags=flags)]
    return min(fitting, key=lambda one: (-len(one.flags), not one.stages, one.code), default=None)


def filled(text: str, values: Mapping[str, object]) -> str:
    """The words with their gaps filled."""
    return GAP.sub(lambda gap: str(values.get(gap[1], "")), text)


def digest(content: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@cache
def shipped(kind: str) -> tuple[Mapping[str, object], ...]:
    """The contents that come with the product: scripts.yaml or knowledge.yaml."""
    name = {"script": "scripts.yaml", "knowledge": "knowledge.yaml"}[kind]
    return tuple(yaml.safe_load(resources.files("dunwell.floor").joinpath(name).read_text("utf-8")))


READ = {"script": script, "knowledge": answer}
