"""失联修复: the lawful steps of tracing and what a result of each has to have. Pure but for tracing.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml


class TraceRefused(ValueError):
    """`code`: step, result, source (the step gives no number), value, evidence, asset."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Step:
    """A lawful step; `source` is what a number found by it is kept with, empty where it finds none."""

    code: str
    names: Mapping[str, str]
    basis: Mapping[str, str]
    rule: str
    confidence: str
    source: str
    gate: bool
    evidence: bool


@cache
def steps() -> Mapping[str, Step]:
    """tracing.yaml, in its order."""
    raw = yaml.safe_load(resources.files("dunwell.casework").joinpath("tracing.yaml").read_text("utf-8"))
    return {
        one["code"]: Step(
            one["code"], one["name"], one["basis"], one["rule"], one["confidence"], one.get("source", ""),
            bool(one.get("gate")), bool(one["evidence"]),
        )
        for one in raw
    }  # fmt: skip


def checked(*, step: str, result: str, value: str, evidence: str) -> Step:
    """The step, when this may be written of it. TraceRefused says what is wrong."""
    known = steps().get(step)
    if known is None:
        raise TraceRefused("step")
    if (result == "found") != bool(value.strip()):
        raise TraceRefused("value" if result == "found" else "result")
    if result == "found" and not known.source:
        raise TraceRefused("source")
    if known.evidence and not evidence.strip():
        raise TraceRefused("evidence")
    return known
