"""Of which statements what is past due is made. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal


def unpaid_parts(
    past_due: Decimal, dues: Iterable[tuple[date, date, Decimal]], *, as_of: date
) -> tuple[list[tuple[date, date, Decimal]], Decimal]:
    """The unpaid part of each due, the newest first, and what is older than the known ones.

    Payments go to the oldest due first, so what is past due is made of the newest. `dues` are (due date, statement date,
    amount); one that is not due before `as_of` counts for nothing.
    """
    left, parts = past_due, []
    for due, statement, amount in sorted(dues, reverse=True):
        if left <= 0:
            break
        if due < as_of and amount:
            part = min(left, amount)
            left -= part
            parts.append((due, statement, part))
    return parts, max(left, Decimal(0))
