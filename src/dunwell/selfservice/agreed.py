"""An arrangement as the cardholder sees it on his page: what was offered or agreed, and what he can do now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

ZERO = Decimal("0.00")
#: What he is told of a standing: `approved` becomes `booking` as soon as he has agreed, before the programs say so.
STATES: Mapping[str, str] = {
    "proposed": "looked_at", "approved": "offer", "agreed": "booking", "in_force": "running", "missed": "late",
    "breached": "broken", "ended": "done", "rejected": "rejected",
}  # fmt: skip
PAYABLE = frozenset({"running", "late", "broken"})


class Due(Protocol):
    """An instalment: `received` is what the programs count to it."""

    position: int
    due_date: date
    amount: Decimal
    received: Decimal


class Made(Protocol):
    """The arrangement's own row."""

    pk: int
    account_id: int
    product: str
    standing: str
    currency: str
    amount: Decimal
    waived: Mapping[str, str]
    cost: Decimal
    lapses_on: date


@dataclass(frozen=True, slots=True)
class Agreed:
    """`to_pay` is what is due next: all that is overdue, else the next instalment; `due_on` its day."""

    arrangement_id: int
    account_id: int
    product: str
    state: str
    currency: str
    amount: Decimal
    waived: Mapping[str, Decimal]
    cost: Decimal
    dues: Sequence[Due]
    to_pay: Decimal
    due_on: date | None
    lapses_on: date

    @property
    def waived_in_all(self) -> Decimal:
        return sum(self.waived.values(), ZERO)

    @property
    def in_all(self) -> Decimal:
        return sum((one.amount for one in self.dues), ZERO)

    @property
    def may_agree(self) -> bool:
        return self.state == "offer"

    @property
    def may_pay(self) -> bool:
        return self.state in PAYABLE and self.to_pay > 0

    @property
    def settles(self) -> bool:
        """Whether performing it settles the whole account for less than is owed."""
        return self.product == "settlement"


def agreed(made: Made, dues: Iterable[Due], *, consented: bool, today: date) -> Agreed | None:
    """How an arrangement stands for him; None of one that is nothing to him any more."""
    state = STATES.get(made.standing)
    if state in ("looked_at", "offer") and consented:
        state = "booking"
    if state is None or (state == "offer" and today > made.lapses_on):
        return None
    rows = sorted(dues, key=lambda one: one.position)
    left = [one for one in rows if one.received < one.amount]
    overdue = [one for one in left if one.due_date < today] or left[:1]
    return Agreed(
        arrangement_id=made.pk, account_id=made.account_id, product=made.product, state=state, currency=made.currency,
        amount=made.amount, waived={part: Decimal(given) for part, given in made.waived.items()}, cost=made.cost,
        dues=rows, to_pay=sum((one.amount - one.received for one in overdue), ZERO),
        due_on=overdue[-1].due_date if overdue else None, lapses_on=made.lapses_on,
    )  # fmt: skip
