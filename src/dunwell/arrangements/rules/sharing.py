"""An amount spread over several accounts, every cent placed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def shares(amount: Decimal, by: Sequence[Decimal]) -> list[Decimal]:
    """The shares of an amount in proportion to these, in their order; they sum to it to the cent.

    The cents that are left when each has its whole ones go to the largest remainders, of equal ones to the first. By nothing
    at all it is spread evenly. ValueError where something is negative, or not of whole cents.
    """
    whole, weights = _cents(amount), [_cents(one) for one in by]
    in_all = sum(weights)
    if not in_all:
        weights, in_all = [1] * len(weights), len(weights)
    given = [whole * weight // in_all for weight in weights]
    remainders = [whole * weight % in_all for weight in weights]
    first = sorted(range(len(weights)), key=lambda at: -remainders[at])
    for at in first[: whole - sum(given)]:
        given[at] += 1
    return [Decimal(one).scaleb(-2) for one in given]


def _cents(amount: Decimal) -> int:
    cents = amount.scaleb(2)
    if cents < 0 or cents != int(cents):
        raise ValueError(f"{amount} is not an amount of whole cents")
    return int(cents)
