"""分案: equal in count, balance and difficulty, and the same every time."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from dunwell.casework.rules.dealing import Card, deal


def cards(number: int, seed: int) -> list[Card]:
    dice = random.Random(seed)
    return [
        Card(n, Decimal(dice.randint(100, 20_000_00)) / 100, dice.choice(["M1", "M2", "M2/broken", "M3"]))
        for n in range(1, number + 1)
    ]


@pytest.mark.parametrize(("number", "owners"), [(1, 3), (10, 3), (97, 7), (1000, 20), (2003, 13)])
@pytest.mark.parametrize("seed", range(5))
def test_count_difficulty_and_balance_are_equal(number: int, owners: int, seed: int) -> None:
    waiting = cards(number, seed)
    dealt = deal(waiting, range(owners))
    by_id = {card.case_id: card for card in waiting}
    assert sorted(case for cases in dealt.values() for case in cases) == sorted(by_id)
    counts = [len(cases) for cases in dealt.values()]
    assert max(counts) - min(counts) <= 1
    for difficulty in {card.difficulty for card in waiting}:
        alike = [sum(by_id[case].difficulty == difficulty for case in cases) for cases in dealt.values()]
        assert max(alike) - min(alike) <= 1
    if number >= owners * 10:
        balances = [sum(by_id[case].balance for case in cases) for cases in dealt.values()]
        assert max(balances) - min(balances) <= max(card.balance for card in waiting)


def test_the_order_of_the_cases_and_owners_does_not_matter() -> None:
    waiting = cards(200, 1)
    shuffled = list(waiting)
    random.Random(2).shuffle(shuffled)
    assert deal(waiting, [3, 1, 2]) == deal(shuffled, [2, 3, 1])


def test_what_an_owner_has_already_counts_in() -> None:
    waiting = [Card(1, Decimal(1000), "M1"), Card(2, Decimal(10), "M1")]
    assert deal(waiting, [1, 2], owned={1: Decimal(5000)}) == {1: [2], 2: [1]}


def test_nobody_to_deal_to() -> None:
    with pytest.raises(ValueError):
        deal(cards(3, 1), [])
