"""An arrangement as the cardholder sees it on his page: what was offered or agreed, and what he can do now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from dunwell.arrangements.rules import agreements
from dunwell.arrangements.rules.agreements import Row

ZERO = Decimal("0.00")
#: What he is told of a standing: `approved` becomes `booking` as soon as he has agreed, before the programs say so.
STATES: Mapping[str, str] = {
    "proposed": "looked_at", "approved": "offer", "agreed": "booking", "in_force": "running", "missed": "late",
    "breached": "broken", "ended": "done", "rejected": "rejected",
}  # fmt: skip
PAYABLE = frozenset({"running", "late", "broken"})


class Asked(Protocol):
    """A change of it that he asked for, and nobody proposed."""

    recorded_at: datetime


class Made(Protocol):
    """The arrangement's own row."""

    pk: int
    account_id: int
    replaces_id: int | None
    product: str
    standing: str
    currency: str
    amount: Decimal
    waived: Mapping[str, str]
    cost: Decimal
    lapses_on: date


@dataclass(frozen=True, slots=True)
class Agreed:
    """`to_pay` is what is due next: all that is overdue, else the next instalment; `due_on` its day.

    `to_end` is what ends it when paid today: all that is still to be paid of it, or of the account where that is less;
    `to_come` is interest in it of instalments that are not due yet. `changing`: another plan is to take its place
    (`proposed`), he asked for one (`asked`), or was told that it stays as it is (`declined`), for the reason in `answer`.
    `parts` are those of a combined plan, an account each: he agrees to all at once, and pays into each account its own.
    """

    arrangement_id: int
    account_id: int
    product: str
    state: str
    currency: str
    amount: Decimal
    waived: Mapping[str, Decimal]
    cost: Decimal
    dues: Sequence[Row]
    to_pay: Decimal
    due_on: date | None
    lapses_on: date
    to_end: Decimal = ZERO
    to_come: Decimal = ZERO
    replaces: int | None = None
    changing: str = ""
    answer: str = ""
    repaid: bool = False  # nothing was owed on its account any more before all instalments were due
    parts: tuple[Agreed, ...] = ()

    @property
    def by_account(self) -> tuple[Agreed, ...]:
        return self.parts or (self,)

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
    def may_end(self) -> bool:
        """Whether it can be ended early: more is left of it than what is due next."""
        return self.may_pay and self.to_end > self.to_pay

    @property
    def may_change(self) -> bool:
        """Whether he can ask for another plan in its place: it runs, and none is proposed for it."""
        return self.state in PAYABLE and self.changing != "proposed"

    @property
    def settles(self) -> bool:
        """Whether performing it settles the whole account for less than is owed."""
        return self.product == "settlement"


def agreed(
    made: Made,
    dues: Iterable[Row],
    *,
    consented: bool,
    today: date,
    replaced: bool = False,
    asked: Asked | None = None,
    owed: Decimal | None = None,
    repaid: bool = False,
) -> Agreed | None:
    """How an arrangement stands for him; None of one that is nothing to him any more. `replaced`: another is to take its
    place; `asked` is the change that he asked for last; `owed` all that is owed on its account, where that is known."""
    state = STATES.get(made.standing)
    if state in ("looked_at", "offer") and consented:
        state = "booking"
    if state is None or (state == "offer" and today > made.lapses_on):
        return None
    rows = sorted(dues, key=lambda one: one.position)
    left = [] if repaid else [one for one in rows if one.received < one.amount]
    to_pay, due_on = _next(left, today)
    rest = sum((one.amount - one.received for one in left), ZERO)
    to_come = sum((min(one.interest, one.amount - one.received) for one in left if one.due_date > today), ZERO)
    said = getattr(asked, "answer", None)
    return Agreed(
        arrangement_id=made.pk, account_id=made.account_id, product=made.product, state=state, currency=made.currency,
        amount=made.amount, waived={part: Decimal(given) for part, given in made.waived.items()}, cost=made.cost,
        dues=rows, to_pay=to_pay, due_on=due_on, lapses_on=made.lapses_on,
        to_end=rest if owed is None else min(rest, owed),
        to_come=ZERO if owed is not None and owed < rest else to_come,
        replaces=made.replaces_id,
        changing="proposed" if replaced else "" if asked is None else "declined" if said else "asked",
        answer=said.reason if said and not replaced else "", repaid=repaid,
    )  # fmt: skip


def together(parts: Sequence[Agreed], *, today: date) -> Agreed:
    """A combined plan as one, known by its first part; an arrangement by itself is that."""
    if len(parts) == 1:
        return parts[0]
    to_pay, due_on = _next(agreements.lines(part.dues for part in parts if not part.repaid), today)
    return replace(
        parts[0], amount=sum((part.amount for part in parts), ZERO), cost=sum((part.cost for part in parts), ZERO),
        waived=agreements.waived(part.waived for part in parts), dues=agreements.lines(part.dues for part in parts),
        to_pay=to_pay, due_on=due_on, to_end=sum((part.to_end for part in parts), ZERO),
        to_come=sum((part.to_come for part in parts), ZERO), parts=tuple(parts),
    )  # fmt: skip


def _next(rows: Iterable[Row], today: date) -> tuple[Decimal, date | None]:
    """What is to be paid next, and by when: all that is overdue, else the next instalment."""
    left = [one for one in rows if one.received < one.amount]
    overdue = [one for one in left if one.due_date < today] or left[:1]
    return sum((one.amount - one.received for one in overdue), ZERO), overdue[-1].due_date if overdue else None
