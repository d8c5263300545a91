"""分案: dealing cases to owners, equal in count, balance and difficulty. Deterministic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Card:
    """A case to be dealt: its number, what is owed, and how hard it is (cases of one difficulty are alike)."""

    case_id: int
    balance: Decimal
    difficulty: str


def deal(
    cards: Iterable[Card], owners: Sequence[int], *, owned: Mapping[int, Decimal] | None = None
) -> dict[int, list[int]]:
    """Owner -> cases. The number of cases differs by one at most, overall and within each difficulty.

    Each difficulty is dealt in rounds, the largest balances first; in a round the owner with the least balance so far
    gets the largest. What is left of a difficulty goes to those with the fewest cases. `owned` is balance that owners
    have already and that counts in. No owner raises ValueError.
    """
    if not owners:
        raise ValueError("there is nobody to deal to")
    order = sorted(set(owners))
    count = dict.fromkeys(order, 0)
    balance = {owner: (owned or {}).get(owner, Decimal(0)) for owner in order}
    dealt: dict[int, list[int]] = {owner: [] for owner in order}
    alike = sorted(cards, key=lambda card: (card.difficulty, -card.balance, card.case_id))
    for _, group in groupby(alike, key=lambda card: card.difficulty):
        waiting = list(group)
        for begin in range(0, len(waiting), len(order)):
            hand = waiting[begin : begin + len(order)]
            few = len(hand) < len(order)
            takers = sorted(order, key=lambda owner: (count[owner] if few else 0, balance[owner], owner))[: len(hand)]
            takers.sort(key=lambda owner: (balance[owner], owner))
            for owner, card in zip(takers, hand, strict=True):
                dealt[owner].append(card.case_id)
                count[owner] += 1
                balance[owner] += card.balance
    return dealt
