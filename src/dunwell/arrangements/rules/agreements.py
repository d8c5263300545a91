"""What the parts of one agreement come to together: its lines by due date, and what is waived. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol

ZERO = Decimal("0.00")
#: So long after it was performed an arrangement is still judged: a payment may be taken back.
STILL_JUDGED = timedelta(days=200)


class Row(Protocol):
    """An instalment of one part; `received` is what the programs count to it."""

    position: int
    due_date: date
    principal: Decimal
    interest: Decimal
    amount: Decimal
    received: Decimal


@dataclass(slots=True)
class Line:
    """One instalment of the whole agreement: the sums of its parts' instalments of that position."""

    position: int
    due_date: date
    principal: Decimal = ZERO
    interest: Decimal = ZERO
    amount: Decimal = ZERO
    received: Decimal = ZERO


def lines(parts: Iterable[Iterable[Row]]) -> list[Line]:
    """The whole's instalments in their order. The parts have the same positions, each with one due date."""
    found: dict[int, Line] = {}
    for rows in parts:
        for row in rows:
            line = found.setdefault(row.position, Line(row.position, row.due_date))
            line.principal += row.principal
            line.interest += row.interest
            line.amount += row.amount
            line.received += row.received
    return [found[position] for position in sorted(found)]


def waived(parts: Iterable[Mapping[str, str | Decimal]]) -> dict[str, Decimal]:
    """What is waived of each part of the debt, over all accounts."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for each in parts:
        for part, given in each.items():
            found[part] += Decimal(given)
    return dict(found)
