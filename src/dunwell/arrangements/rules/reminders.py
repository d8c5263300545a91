"""When somebody is reminded of what he agreed to pay, and by which texts. The numbers stand in policy.yaml, dated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from dunwell.arrangements.rules.promises import in_force

PROMISE, INSTALMENT, JOINT = "promise", "instalment", "joint"  # joint: a part that somebody else promised


@dataclass(frozen=True, slots=True)
class Reminder:
    """So many calendar days before a due date, by the first of the texts that can reach him."""

    days: int
    texts: tuple[str, ...]

    def begins(self, due_date: date, *, agreed_on: date) -> date:
        """The first day on which he is reminded: never that of the agreement, of which he needs no reminding."""
        return max(due_date - timedelta(days=self.days), agreed_on + timedelta(days=1))

    def is_due(self, due_date: date, *, agreed_on: date, on: date) -> bool:
        """Whether he is reminded on a day: from the first one to the due date itself."""
        return self.begins(due_date, agreed_on=agreed_on) <= on <= due_date


def reminder(kind: str, on: date) -> Reminder:
    """The policy in force on a day for a promise, an instalment, or a joint payer's part of a promise."""
    value = in_force(f"reminder_{kind}", on)
    return Reminder(int(value["days"]), tuple(value["texts"]))
