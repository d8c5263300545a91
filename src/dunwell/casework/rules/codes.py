"""Action and outcome codes: an action permits only its own outcomes, and each outcome says what it asks for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources

import yaml

from dunwell.compliance.rules.purposes import OUTSIDE

MUST, NEVER, FREE = "must", "never", "free"
#: The counting table of contact rules 2.1, as far as a telephone call can end in it.
OUTCOMES = frozenset({
    "no_answer", "voicemail", "not_connected_to_number", "connected_wpc", "connected_rpc", "hung_up",
    "refused_to_identify", "rejected", "busy", "powered_off", "phone_assistant", "out_of_service", "empty_number",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """A code with its two display names."""

    code: str
    names: Mapping[str, str]

    def name(self, language: str) -> str:
        return self.names["en" if language.startswith("en") else "zh-hans"]


@dataclass(frozen=True, slots=True)
class Code(Named):
    """One thing that can come of a call; codes.yaml says what each field means."""

    group: str
    digit: int
    outcome: str
    unidentified: str
    result: str
    identity: str
    asks: tuple[str, ...]
    disclosures: bool
    opens: tuple[str, str] | None  # register, and the kind of its entry unless another is chosen
    again_after: timedelta

    def counted_as(self, identified: bool) -> str:
        """The outcome that the gate counts."""
        return self.outcome if identified or not self.unidentified else self.unidentified


@dataclass(frozen=True, slots=True)
class Group(Named):
    codes: tuple[Code, ...]


@dataclass(frozen=True, slots=True)
class Action(Named):
    identity_check: bool
    groups: tuple[Group, ...]

    def find(self, code: str) -> Code | None:
        """The code, if this action permits it."""
        return next((found for group in self.groups for found in group.codes if found.code == code), None)

    def unanswered(self, outcome: str) -> Code | None:
        """The code of a call that nobody answered, by what the network says of it."""
        found = (code for group in self.groups if group.code == "not_reached" for code in group.codes)
        return next((code for code in found if code.outcome == outcome), None)

    def ended(self, result: str) -> Code | None:
        """The first code with this result."""
        return next((found for group in self.groups for found in group.codes if found.result == result), None)


@dataclass(frozen=True, slots=True)
class Codes:
    actions: Mapping[str, Action]
    disclosures: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with one field of a contact that is to be saved."""

    field: str
    code: str


@cache
def codes() -> Codes:
    """The table codes.yaml. One that contradicts itself raises ValueError with the code's name."""
    raw = yaml.safe_load(resources.files("dunwell.casework").joinpath("codes.yaml").read_text("utf-8"))
    actions = {}
    for name, action in raw["actions"].items():
        groups = []
        for group_name, group in action["groups"].items():
            found = tuple(_code(group_name, entry, action["identity_check"]) for entry in group["codes"])
            digits = [code.digit for code in found]
            if len(set(digits)) != len(digits):
                raise ValueError(f"codes.yaml, {name}, {group_name}: two codes share a digit")
            groups.append(Group(group_name, group["name"], found))
        actions[name] = Action(name, action["name"], action["identity_check"], tuple(groups))
    return Codes(actions, tuple(Named(entry["code"], entry["name"]) for entry in raw["disclosures"]))


def action_of(*, direction: str, party: str) -> str:
    """The action that a call is, by who began it and whom it was with."""
    outside = party in OUTSIDE
    if direction == "in":
        return "incoming_third" if outside else "incoming"
    return "third_party" if outside else "call"


def _code(group: str, raw: Mapping[str, object], identity_check: bool) -> Code:
    opens = raw.get("opens")
    code = Code(
        code=str(raw["code"]),
        names=raw["name"],
        group=group,
        digit=int(raw["digit"]),
        outcome=str(raw["outcome"]),
        unidentified=str(raw.get("unidentified", "")),
        result=str(raw["result"]),
        identity=str(raw["identity"]),
        asks=tuple(raw["asks"]),
        disclosures=bool(raw["disclosures"]),
        opens=next(iter(opens.items())) if opens else None,
        again_after=timedelta(hours=float(raw["again_after"])),
    )
    unknown = {code.outcome, code.unidentified} - OUTCOMES - {""}
    if unknown or code.identity not in (MUST, NEVER, FREE) or set(code.asks) - {"promise", "call_back", "note"}:
        raise ValueError(f"codes.yaml, {code.code}: {sorted(unknown) or code.identity} is not known")
    if not identity_check and code.identity != NEVER:
        raise ValueError(f"codes.yaml, {code.code}: asks for an identity check that the action does not have")
    if identity_check and code.identity != MUST and code.outcome == "connected_rpc" and not code.unidentified:
        raise ValueError(f"codes.yaml, {code.code}: says the right party spoke without the identity check")
    return code


def mistakes(
    *,
    action: str,
    code: str,
    identified: bool,
    disclosures: Collection[str],
    has_parts: bool,
    call_back_at: datetime | None,
    note: str,
    now: datetime,
) -> list[Mistake]:
    """Everything that is missing or does not fit, by field; empty when the contact can be saved."""
    known = codes().actions.get(action)
    if known is None:
        return [Mistake("action", "unknown_action")]
    chosen = known.find(code)
    if chosen is None:
        return [Mistake("code", "no_code" if not code else "does_not_fit")]
    found: list[Mistake] = []
    if chosen.identity == MUST and not identified:
        found.append(Mistake("identified", "identity_first"))
    if chosen.identity == NEVER and identified:
        found.append(Mistake("identified", "identity_contradicts"))
    if chosen.disclosures:
        missing = [one.code for one in codes().disclosures if one.code not in disclosures]
        found += [Mistake(f"disclosure_{name}", "not_disclosed") for name in missing]
    if "promise" in chosen.asks and not has_parts:
        found.append(Mistake("parts", "no_parts"))
    if "promise" not in chosen.asks and has_parts:
        found.append(Mistake("parts", "parts_without_promise"))
    if "call_back" in chosen.asks and call_back_at is None:
        found.append(Mistake("call_back_at", "no_moment"))
    if call_back_at is not None and call_back_at <= now:
        found.append(Mistake("call_back_at", "moment_past"))
    if "note" in chosen.asks and not note.strip():
        found.append(Mistake("note", "no_note"))
    return found
