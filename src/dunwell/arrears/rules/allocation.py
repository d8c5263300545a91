"""How a payment is spread over what is owed (CN-ALLOC), payment after payment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dunwell.arrears.rules.parameters import Parameters

CREDIT_BALANCE = "credit_balance"


@dataclass(frozen=True, slots=True)
class Line:
    """So much of a payment went to a component, under a rule."""

    component: str
    amount: Decimal
    rule: str


@dataclass(frozen=True, slots=True)
class Received:
    """A payment less what was taken back of it, on its posting date."""

    id: int
    posting_date: date
    amount: Decimal
    counts: bool


@dataclass(frozen=True, slots=True)
class UnpaidDue:
    due_date: date
    amount: Decimal


def allocate(
    *, owed: dict[str, Decimal], payment: Decimal, days_past_due: int, parameters: Parameters
) -> tuple[Line, ...]:
    """Spread one payment over the components owed; what is left over is a credit balance.

    `owed` is by component, in the account's currency; components that are zero or below take nothing.
    """
    order = parameters.order(days_past_due)
    lines: list[Line] = []
    left = payment
    for component in order.components:
        part = min(left, owed.get(component, Decimal(0)))
        if part > 0:
            lines.append(Line(component, part, order.rule))
            left -= part
    if left > 0:
        lines.append(Line(CREDIT_BALANCE, left, order.rule))
    return tuple(lines)


def allocate_all(
    *, owed: dict[str, Decimal], dues: Sequence[UnpaidDue], payments: Sequence[Received], parameters: Parameters
) -> dict[int, tuple[Line, ...]]:
    """Spread the payments of one account since its position, oldest first.

    The days are those since the oldest due unpaid when the payment was posted: an earlier payment of the same account
    may have moved it. `dues` are the unpaid ones, oldest first.
    """
    left = dict(owed)
    waiting = [(due.due_date, due.amount) for due in dues]
    answer: dict[int, tuple[Line, ...]] = {}
    for payment in sorted(payments, key=lambda one: (one.posting_date, one.id)):
        days = max(0, (payment.posting_date - waiting[0][0]).days) if waiting else 0
        lines = allocate(owed=left, payment=payment.amount, days_past_due=days, parameters=parameters)
        for line in lines:
            if line.component in left:
                left[line.component] -= line.amount
        answer[payment.id] = lines
        paid = payment.amount if payment.counts else Decimal(0)
        while paid > 0 and waiting:
            day, amount = waiting[0]
            if paid < amount:
                waiting[0] = (day, amount - paid)
            else:
                waiting.pop(0)
            paid -= min(paid, amount)
    return answer


def cut(lines: Sequence[Line], amount: Decimal) -> tuple[Line, ...]:
    """The lines of a payment of which only `amount` is left: the last money spread is the first taken back."""
    kept: list[Line] = []
    for line in lines:
        part = min(line.amount, amount)
        if part > 0:
            kept.append(Line(line.component, part, line.rule))
        amount -= part
    return tuple(kept)
