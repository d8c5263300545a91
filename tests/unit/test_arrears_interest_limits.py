"""Caps, late charges, the balance sheet, the end of interest and judgments on random histories, day by day."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from dunwell.arrears.rules import interest_terms
from dunwell.arrears.rules.interest import Figure, History, LateCharge, Payment, Rate, accrue, figures
from dunwell.arrears.rules.judgment import after_judgment
from dunwell.engine import session
from tests.interest_by_day import Card, interest_of_each_statement, late_charges, on_and_off_of_each_statement
from tests.sizes import size
from tests.unit.test_arrears_interest import as_history, random_card

BATCH = 5_000


def batches() -> list[range]:
    total = size(1_000, 100_000)
    return [range(start, min(total, start + BATCH)) for start in range(0, total, BATCH)]


def figures_of(histories: list[History]) -> dict[str, list[Figure]]:
    with session.connect() as connection:
        accrue(connection, histories)
        return figures(connection)


def bounded(seed: int) -> tuple[Card, History]:
    """A card at a rate above the old cap, in the years around its end; off the balance sheet, or ended, from some day on."""
    chance = random.Random(f"bounded {seed}")
    card = random_card(seed)
    first = min(day for day, _ in card.statements)
    moved = date(2020, 9, 1) + timedelta(days=chance.randrange(150)) - first
    card = replace(
        card, per_days=1, postings=[(kind, day + moved, amount) for kind, day, amount in card.postings],
        payments=[(day + moved, amount) for day, amount in card.payments],
        statements=[(day + moved, due and due + moved) for day, due in card.statements],
        transacted=[day + moved for day in card.transacted],
        rates=[(date(1900, 1, 1), Decimal("0.0006")), (date(2013, 1, 1), Decimal("0.0005")),
               (date(2021, 1, 1), Decimal("0.0006"))],
    )  # fmt: skip
    some_day = first + moved + timedelta(days=chance.randrange(120))
    if chance.random() < 0.5:
        card.off_since = some_day
    elif chance.random() < 0.5:
        card.ends_on = some_day
    kinds = ["purchase", "cash", "instalment", *(["interest"] if card.compounds else [])]
    rates = [part for kind in kinds for part in interest_terms.capped(Rate(kind, Decimal("0.0006")))]
    if card.off_since:
        rates = interest_terms.off_balance(tuple(rates), card.off_since)
    if card.ends_on:
        rates = interest_terms.ended(tuple(rates), card.ends_on)
    return card, replace(as_history(seed, card), rates=rates)


def test_caps_the_balance_sheet_and_the_end_of_interest_agree_with_days_counted_one_by_one():
    off = 0
    for batch in batches():
        given = {str(nr): bounded(nr) for nr in batch}
        found = figures_of([history for _, history in given.values()])
        for number, (card, _) in given.items():
            told = [(figure.interest, figure.on_balance) for figure in found[number]]
            assert told == on_and_off_of_each_statement(card), card
            off += any(interest != on for interest, on in told)
    assert off > 50


def test_late_charges_agree_with_the_missing_part_of_each_minimum():
    charged = 0
    for batch in batches():
        cards, histories, expected = {}, [], {}
        for nr in batch:
            chance = random.Random(f"late {nr}")
            cards[nr] = card = random_card(nr)
            minimums = [Decimal(chance.randint(0, 300_000)) / 100 for _ in card.statements]
            share = chance.choice([Decimal("0.05"), Decimal("0.05"), Decimal("0.01"), Decimal("0.0333")])
            least, most = chance.choice([(0, None), (10, None), (1, 500), (0, 20)])
            rule = LateCharge(share, Decimal(least), None if most is None else Decimal(most))
            history = as_history(nr, card)
            statements = [replace(s, minimum_payment=m) for s, m in zip(history.statements, minimums, strict=True)]
            histories.append(replace(history, statements=statements, late_charge=rule))
            charges = late_charges(card, minimums, share=Fraction(share), least=rule.least, most=rule.most)
            expected |= {(str(nr), place): charge for place, charge in charges.items()}
        with session.connect() as connection:
            accrue(connection, histories)
            rows = connection.execute("SELECT account_no, statement_nr, amount FROM late_charged").fetchall()
        assert {(account, nr): amount for account, nr, amount in rows} == expected
        charged += len(expected)
    assert charged > 500


def test_both_interests_of_a_judgment_agree_with_days_counted_one_by_one():
    """The doubled part a day and the ordinary interest a year run side by side on what is unpaid, and are rounded once."""
    for batch in batches():
        expected, histories = {}, []
        for nr in batch:
            chance = random.Random(f"judged {nr}")
            last_day = date(2019, 1, 1) + timedelta(days=chance.randrange(2_500))
            until = last_day + timedelta(days=chance.randint(1, 150))
            debt = Decimal(chance.randint(1, 10_000_000)) / 100
            percent = chance.choice([Decimal(0), Decimal("3.45"), Decimal("13.8"), Decimal("24")])
            paid = [
                (last_day + timedelta(days=chance.randint(1, 160)), Decimal(chance.randint(1, 3_000_000)) / 100)
                for _ in range(chance.randint(0, 3))
            ]
            histories.append(
                after_judgment(
                    account_no=str(nr), debt=debt, last_day_to_pay=last_day, until=until, doubled_rate=Decimal("0.000175"),
                    payments=[Payment(day, amount) for day, amount in paid], ordinary_percent_a_year=percent,
                )
            )  # fmt: skip
            both = [(date(1900, 1, 1), Decimal("0.000175") * 365 + percent / 100)]
            card = Card("full_balance", [("judgment", last_day + timedelta(days=1), debt)], paid, [(until, None)], both,
                        per_days=365)  # fmt: skip
            expected[str(nr)] = interest_of_each_statement(card)
        found = figures_of(histories)
        assert {nr: [figure.interest for figure in of] for nr, of in found.items()} == expected
