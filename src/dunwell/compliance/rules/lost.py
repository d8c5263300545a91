"""失联: is the debtor out of contact? The tests of the 2026 guideline, as its summaries give them (CN-TP-LOST)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from dunwell.compliance.rules.pack import Pack
from dunwell.compliance.rules.values import NOTHING_LEFT, PENDING, Event
from dunwell.kernel.times import local

RULE = "CN-TP-LOST"
CALLS = frozenset({"call", "ai_call"})
REACHED = frozenset({"connected_rpc", "hung_up", "refused_to_identify"})


@dataclass(frozen=True, slots=True)
class Criteria:
    """`days` in a row without reaching him; `dials` in a row that failed, which open on day `opens_on_day`, the day of
    the last of them being day 1. `unanswered` are the outcomes of a dial that reached nobody."""

    days: int
    dials: int
    opens_on_day: int
    unanswered: frozenset[str]

    @classmethod
    def of(cls, pack: Pack) -> Criteria | None:
        """The test of a pack; None where it has none (then only numbers that are all invalid are a proof)."""
        if RULE not in pack.duties:
            return None
        days, dials, opens = (pack.number(RULE, name) for name in ("days", "dials", "opens_on_day"))
        return cls(days, dials, opens, pack.counting["attempt_unanswered"])


def lost_contact(
    *, now: datetime, zone: str, numbers: Mapping[str, str], calls: Iterable[Event], test: Criteria | None
) -> str:
    """`no`, `number_invalid`, `days3`, `dials3_same_day` or `dials3_prev_day` (named by the guideline's own three).

    `zone` is the debtor's own, `numbers` his numbers with their states, `calls` the contacts made to him. He is out of
    contact by days only when each of his valid numbers was dialled in vain on each of them. A talk, in either
    direction, begins every test anew (CN-TP-STOP), and so does somebody else who answered: he was not unreachable, the
    number was wrong. A dial under way counts for none.
    """
    if numbers and all(state == "invalid" for state in numbers.values()):
        return "number_invalid"
    valid = {point for point, state in numbers.items() if state == "valid"}
    if test is None or not valid:
        return "no"
    today = local(now, zone).date()
    dials = sorted((e for e in calls if (e.channel in CALLS or e.direction == "in") and e.outcome not in (PENDING, NOTHING_LEFT)),
                   key=lambda e: e.at)  # fmt: skip
    answered = max((e.at for e in dials if e.direction == "in" or e.outcome not in test.unanswered), default=None)
    failed = [e for e in dials if e.direction == "out" and (answered is None or e.at > answered)]
    tried: dict[date, set[str]] = {}
    for event in failed:
        tried.setdefault(local(event.at, zone).date(), set()).add(event.point)
    if all(valid <= tried.get(today - timedelta(days=back), set()) for back in range(1, test.days + 1)):
        return "days3"
    if len(failed) < test.dials:
        return "no"
    third = local(failed[test.dials - 1].at, zone).date()
    opened = third + timedelta(days=test.opens_on_day - 1) <= today
    return "dials3_prev_day" if opened else "dials3_same_day"
