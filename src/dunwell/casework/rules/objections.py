"""Disputes, complaints and requests by code: routes, clocks, and where each stands. Pure but for its files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any

import yaml

from dunwell.casework.rules.codes import Named

DECISIONS = ("upheld", "partly", "rejected", "withdrawn")
RIGHT = ("upheld", "partly")  # he was right, in whole or in part


@cache
def _read(name: str) -> dict[str, Any]:
    return yaml.safe_load(resources.files("dunwell.casework").joinpath(name).read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class DisputeKind(Named):
    """`days`: within which the answer goes out in writing, by `rule`; `then`: the hold of what is not owed once upheld;
    `instructs`: what the host is then asked to book, or nothing."""

    route: str
    days: int
    rule: str
    confidence: str
    evidence: Mapping[str, str]
    then: str
    instructs: str


@dataclass(frozen=True, slots=True)
class Department(Named):
    roles: frozenset[str]  # of users who answer for it


@dataclass(frozen=True, slots=True)
class PathKind(Named):
    """A path of its own; `days` None: its hold has no end. `estate`: the estate answers from then on."""

    hold: str
    days: int | None
    documents: Mapping[str, Named]
    tone: Mapping[str, str]
    estate: bool


@cache
def disputes() -> Mapping[str, DisputeKind]:
    return {
        code: DisputeKind(
            code, raw["name"], raw["route"], raw["days"], raw["rule"], raw["confidence"], raw["evidence"],
            raw.get("hold_when_upheld", "dispute"), raw.get("instructs", ""),
        )
        for code, raw in _read("objections.yaml")["disputes"].items()
    }  # fmt: skip


@cache
def departments() -> Mapping[str, Department]:
    found = _read("objections.yaml")["departments"]
    return {code: Department(code, raw["name"], frozenset(raw["roles"])) for code, raw in found.items()}


@cache
def named(group: str) -> Mapping[str, Named]:
    """The codes of one list: asked_for, or of complaints sources, categories, root_causes, redresses, severities."""
    document = _read("objections.yaml")
    raw = document.get(group) or document["complaints"][group]
    return {code: Named(code, one.get("name", one)) for code, one in raw.items()}


@cache
def paths() -> Mapping[str, PathKind]:
    return {
        code: PathKind(
            code, raw["name"], raw["hold"], raw["days"],
            {each: Named(each, names) for each, names in raw["documents"].items()}, raw["tone"], raw.get("estate", False),
        )
        for code, raw in _read("paths.yaml").items()
    }  # fmt: skip


def correction_days(department: str) -> int:
    """Within how many days a department has to correct what a dispute found wrong."""
    return int(_read("objections.yaml")["correction_days"][department])


def answer_by(received_on: date, days: int) -> date:
    """The last day of a clock: the day of receipt is not counted (民法典 Art 201)."""
    return received_on + timedelta(days=days)


def decision(steps: Iterable[str]) -> str:
    """What a dispute came to, by the kinds of its steps in order: the first decision; empty while it is open."""
    return next((kind for kind in steps if kind in DECISIONS), "")


# --- complaints ---


@dataclass(frozen=True, slots=True)
class Days:
    """CN-COMPLAINT-DAYS of the rule pack in force."""

    usual: int
    complex: int
    extension: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a complaint stands on a day. `escalated_to`: a role, or empty."""

    state: str  # open, answered, closed, withdrawn
    due_on: date
    days_left: int
    escalated_to: str

    @property
    def overdue(self) -> bool:
        return self.state == "open" and self.days_left < 0


def complaint_due(received_on: date, steps: Collection[str], days: Days, reply_by: date | None = None) -> date:
    """The last day for the answer: 15 days, 30 when it is complex, 30 more when that was approved (CN-COMPLAINT); the
    source's own day when it comes sooner."""
    whole = (days.complex if "complex" in steps else days.usual) + (days.extension if "extended" in steps else 0)
    due = answer_by(received_on, whole)
    return min(due, reply_by) if reply_by else due


def complaint_standing(
    *, received_on: date, reply_by: date | None, severity: str, steps: Sequence[str], days: Days, today: date
) -> Standing:
    """State, clock and escalation of a complaint by its steps in order."""
    due = complaint_due(received_on, steps, days, reply_by)
    left = (due - today).days
    state = next((kind for kind in ("withdrawn", "closed", "answered") if kind in steps), "open")
    gone_up = reached(severity=severity, days_left=left) if state == "open" else ()
    return Standing(state, due, left, gone_up[-1] if gone_up else "")


def reached(*, severity: str, days_left: int) -> tuple[str, ...]:
    """The roles to which an unanswered complaint has gone up by now, in order."""
    rows = _read("objections.yaml")["complaints"]["severities"][severity]["escalates"]
    return tuple(row["to"] for row in sorted(rows, key=lambda row: -row["left"]) if days_left <= row["left"])


def second_person(severity: str) -> bool:
    """Whether another person than the handler releases the letter that answers such a complaint."""
    return bool(_read("objections.yaml")["complaints"]["severities"][severity].get("second"))


def drafted(steps: Sequence[str]) -> bool:
    """Whether an answer was written that waits for the second person, by the kinds of its steps in order."""
    last = [kind for kind in steps if kind in ("drafted", "returned", "answered")]
    return bool(last) and last[-1] == "drafted"


def without_interest(
    handler: int, *, handler_team: int | None, against: int | None, against_team: int | None, worked: Collection[int]
) -> bool:
    """Whether somebody may handle a complaint: not whom it is against, nor of his team, nor one who worked on the case."""
    return (
        handler != against
        and handler not in worked
        and not (against is not None and handler_team is not None and handler_team == against_team)
    )


def holds_demands(*, repeats: bool, new_facts: bool) -> bool:
    """Whether a complaint stops demands: a repeat without new facts does not stop them again."""
    return new_facts or not repeats


def may_be_told(checks: Iterable[tuple[str, bool, date | None]], today: date) -> bool:
    """Whether a representative may be told of the debt: identity and authority both good at their last check, the
    authority not run out, and he acts still. `checks`: (kind, good, last day) in order."""
    last = {kind: (good, until) for kind, good, until in checks}
    identity, authority = last.get("identity"), last.get("authority")
    if "ended" in last or identity is None or authority is None:
        return False
    return identity[0] and authority[0] and (authority[1] is None or today <= authority[1])
