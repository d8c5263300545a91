"""失联: is the debtor out of contact? The tests of the 2026 guideline, as its summaries give them (CN-TP-LOST)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from dunwell.compliance.rules.values import NOTHING_LEFT, PENDING, Event
from dunwell.kernel.times import local

CALLS = frozenset({"call", "ai_call"})
REACHED = frozenset({"connected_rpc", "hung_up", "refused_to_identify"})
DAYS, DIALS = 3, 3


def lost_contact(*, now: datetime, zone: str, numbers: Iterable[str], calls: Iterable[Event]) -> str:
    """`no`, `number_invalid`, `days3`, `dials3_same_day` or `dials3_prev_day`.

    `numbers` are the states of the debtor's numbers, `calls` the contacts made to him. A talk of the last
    days, in either direction, ends every test (CN-TP-STOP); a dial under way counts for none.
    """
    states = list(numbers)
    if states and all(state == "invalid" for state in states):
        return "number_invalid"
    today = local(now, zone).date()
    dials = [e for e in calls if e.channel in CALLS and e.outcome not in (PENDING, NOTHING_LEFT)]
    reached = max((e.at for e in dials if e.outcome in REACHED or e.direction == "in"), default=None)
    failed = [e for e in dials if e.direction == "out" and (reached is None or e.at > reached)]
    days: set[date] = {local(e.at, zone).date() for e in failed}
    if all(today - timedelta(days=back) in days for back in range(1, DAYS + 1)):
        return "days3"
    if len(failed) < DIALS:
        return "no"
    third = local(sorted(e.at for e in failed)[DIALS - 1], zone).date()
    return "dials3_prev_day" if third < today else "dials3_same_day"
