"""What a dialler may still do with each number of a list: one question to the gate for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dunwell.compliance.queries.budget import uses
from dunwell.compliance.queries.facts import Asking, gather
from dunwell.compliance.queries.packs import in_force
from dunwell.compliance.rules.gate import closes_at, decide
from dunwell.kernel.decision import Decision
from dunwell.kernel.times import business_date

SOON = timedelta(hours=36)  # a refusal that ends by then is one of hours and limits: the entry stays on the list


@dataclass(frozen=True, slots=True)
class DialBudget:
    """The gate's advisory answer for a number now; from when and until when it may be dialled, and how often today.

    `opens_at` is None when no moment can be named; then, and when it is far away, the number is no longer `good`.
    """

    decision: Decision
    opens_at: datetime | None
    closes_at: datetime | None
    zone: str
    left: int
    good: bool


def dial_budgets(askings: Sequence[Asking], *, now: datetime, entity_id: int | None) -> list[DialBudget]:
    """The budget of each asking, in their order, in two queries. Nothing is written and nothing is reserved."""
    pack = in_force(business_date(now))
    found = []
    for known in gather(askings, now=now, entity_id=entity_id, pack=pack):
        attempt, flags = known.facts.attempt, known.facts.flags
        decision = decide(now=now, pack=pack, attempt=attempt, history=known.facts.history, flags=flags)
        opens = now if decision.allowed else decision.retry_after
        counted = [
            use
            for subject in ("contact_point", "person")
            for use in uses(known, pack, now, subject, known.asking.channel)
        ]
        found.append(
            DialBudget(
                decision=decision,
                opens_at=opens,
                closes_at=closes_at(now=opens, pack=pack, attempt=attempt, flags=flags) if opens else None,
                zone=attempt.zones[0] if attempt.zones else "",
                left=min((use.left for use in counted), default=0) if decision.allowed else 0,
                good=opens is not None and opens <= now + SOON,
            )
        )
    return found
