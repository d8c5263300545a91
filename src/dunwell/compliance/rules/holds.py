"""Kinds of hold (停催), and who may place and lift each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from dunwell.compliance.rules.pack import Pack


@dataclass(frozen=True, slots=True)
class HoldKind:
    """The permissions (of identity.rules) that placing and lifting a hold of this kind take."""

    placed_by: str
    lifted_by: str


_ASKED = HoldKind("hold.place", "hold.place")  # what the person asks for or tells; his collector keeps it
_PROVEN = HoldKind("hold.place", "hold.lift")  # anybody who hears of it stops; that it is over somebody else says
_COURT = HoldKind("hold.court", "hold.court")
_CLAIM = HoldKind("hold.claim", "hold.claim")  # whose the claim is
KINDS: dict[str, HoldKind] = {
    "dispute": _ASKED,
    "complaint": _PROVEN,
    "art70": _ASKED,
    "plan": _PROVEN,
    "hardship": _ASKED,
    "illness": _ASKED,
    "bereavement": _ASKED,
    "disaster": _ASKED,
    "death": _PROVEN,
    "minor": _PROVEN,
    "incapacity": _PROVEN,
    "fraud": _PROVEN,
    "bankruptcy": _PROVEN,
    "adviser": _ASKED,
    "representative": _ASKED,
    "risk": _PROVEN,
    "court": _COURT,
    "sold": _CLAIM,
    "recalled": _CLAIM,
    "other": _ASKED,
}
EARLIER = {"legal": "court"}  # a name of former versions


ANSWERED_WITHIN = {"complaint": ("CN-COMPLAINT-DAYS", "days"), "dispute": ("CN-DISPUTE-DAYS", "days")}


def answered_by(kind: str, received: date, pack: Pack) -> date | None:
    """The day by which a complaint is answered, or a dispute verified; None where the pack sets none.

    The day on which it was received is not counted (民法典 Art 201).
    """
    rule, name = ANSWERED_WITHIN.get(kind, ("", ""))
    days = pack.number(rule, name)
    return received + timedelta(days=days) if days else None


def placeable(may: Callable[[str], bool]) -> list[str]:
    """The kinds that somebody may place, in the order in which they are offered."""
    return [name for name, kind in KINDS.items() if may(kind.placed_by)]


def may_lift(kind: str, may: Callable[[str], bool]) -> bool:
    """Whether somebody may lift a hold of this kind; one of a kind that is not known takes `hold.lift`."""
    known = KINDS.get(EARLIER.get(kind, kind))
    return may(known.lifted_by if known else "hold.lift")
