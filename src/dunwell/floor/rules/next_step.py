"""The best next action of a case with its reason, and why not each of the others. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: In the order in which they are preferred: the first that fits is the best.
STEPS = ("finish_call", "leave", "wait_hold", "call_back", "wait_promise", "offer_plan", "call", "message", "ask_third",
         "trace", "wait_hours", "wait")  # fmt: skip
#: Those that a collector can do, and of which he may ask why not.
OFFERED = ("call", "message", "offer_plan", "ask_third", "trace")


@dataclass(frozen=True, slots=True)
class Standing:
    """What the choice follows from, as known on the page."""

    closed: bool = False
    on_call: bool = False
    held: bool = False  # a hold stops demands
    promise_open: bool = False
    promise_broken: bool = False
    live_numbers: int = 0  # his own, that the gate would let be dialled now
    live_third: int = 0
    valid_numbers: int = 0  # his own, standing valid
    refused_by: str = ""  # the gate's rule about his first number
    messages_left: int = 0
    has_mobile: bool = False
    inside_hours: bool = True
    asked_for_plan: bool = False  # in one of his last talks: a plan, or hardship
    call_back_due: bool = False
    best_first: int | None = None  # the hours in which he answers
    best_last: int | None = None
    hour: int | None = None  # on his clock


@dataclass(frozen=True, slots=True)
class Option:
    """A step: fits or not, and why, as a code with params."""

    step: str
    fits: bool
    why: str
    params: Mapping[str, object] = field(default_factory=dict)


def options(at: Standing) -> tuple[Option, ...]:
    """Every step in the order of preference, each with why or why not. The last, `wait`, always fits."""
    stops = "closed" if at.closed else "on_call" if at.on_call else "held" if at.held else ""
    return (
        Option("finish_call", at.on_call, "on_call" if at.on_call else "no_call"),
        Option("leave", at.closed, "closed" if at.closed else "open"),
        Option("wait_hold", at.held, "held" if at.held else "no_hold"),
        _call_back(at, stops),
        Option("wait_promise", at.promise_open, "promise_open" if at.promise_open else "no_promise"),
        _plan(at, stops),
        _call(at, stops),
        _message(at, stops),
        _third(at, stops),
        _trace(at, stops),
        Option("wait_hours", not at.inside_hours, "outside_hours" if not at.inside_hours else "inside_hours"),
        Option("wait", True, "nothing_fits"),
    )


def best(found: Sequence[Option]) -> Option:
    """The first that fits."""
    return next(one for one in found if one.fits)


def _call_back(at: Standing, stops: str) -> Option:
    fits = at.call_back_due and at.live_numbers > 0 and not stops
    return Option("call_back", fits, "call_back_due" if fits else stops or "no_call_back")


def _call(at: Standing, stops: str) -> Option:
    why = stops or ("promise_open" if at.promise_open else "")
    if why:
        return Option("call", False, why)
    if not at.live_numbers:
        if not at.valid_numbers:
            return Option("call", False, "no_number")
        return Option("call", False, "gate", {"rule": at.refused_by} if at.refused_by else {"rule": "–"})
    if at.best_first is not None and at.hour is not None and not at.best_first <= at.hour < (at.best_last or 24):
        return Option("call", True, "may_call_other_hours", {"first": at.best_first, "last": at.best_last})
    return Option("call", True, "may_call")


def _message(at: Standing, stops: str) -> Option:
    why = stops or ("promise_open" if at.promise_open else "" if at.has_mobile else "no_mobile")
    if why:
        return Option("message", False, why)
    if at.messages_left <= 0:
        return Option("message", False, "messages_used")
    if not at.inside_hours:
        return Option("message", False, "outside_hours")
    return Option("message", True, "call_first" if at.live_numbers else "no_call_possible")


def _plan(at: Standing, stops: str) -> Option:
    if stops:
        return Option("offer_plan", False, stops)
    fits = at.asked_for_plan and not at.promise_open
    return Option("offer_plan", fits, "asked_for_plan" if fits else "not_asked_for_plan")


def _third(at: Standing, stops: str) -> Option:
    if stops:
        return Option("ask_third", False, stops)
    fits = at.live_third > 0 and at.live_numbers == 0
    return Option("ask_third", fits, "out_of_contact" if fits else "not_out_of_contact")


def _trace(at: Standing, stops: str) -> Option:
    if stops:
        return Option("trace", False, stops)
    fits = at.valid_numbers == 0
    return Option("trace", fits, "no_number" if fits else "number_valid")
