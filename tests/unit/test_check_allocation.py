"""`dunwell check allocation`: printed examples, sentences, and random cases against cents dealt out one rank after the other."""

from __future__ import annotations

import random
from decimal import ROUND_HALF_UP, Decimal

import pytest

from dunwell.arrears.checks.allocation import CHECK, COMPONENTS
from dunwell.kernel.cases import Row, Unanswerable
from tests.sizes import size

CENT = Decimal("0.01")
PAID = tuple(f"paid_{name}" for name in COMPONENTS)


def ask(*rows: dict[str, str]) -> list:
    return CHECK.answered([[Row({"case_id": str(nr), **row}, nr)] for nr, row in enumerate(rows, 2)])


def answer(**row: str) -> tuple[list[str], str, list[str] | None]:
    [found] = ask(row)
    assert not isinstance(found, Unanswerable), found
    per = found[0]["paid_per_instalment"]
    return [str(found[0][name]) for name in PAID], str(found[0]["left_over"]), per and [str(amount) for amount in per]


@pytest.mark.parametrize(
    ("days", "payment", "expected"),
    [
        # CN-ALLOC: principal 5,000.00, interest 300.00, fees 100.00
        (60, "1000.00", ["0.00", "100.00", "300.00", "600.00"]),
        (90, "1000.00", ["0.00", "100.00", "300.00", "600.00"]),
        (91, "1000.00", ["0.00", "0.00", "0.00", "1000.00"]),
        (120, "5200.00", ["0.00", "0.00", "200.00", "5000.00"]),
        (0, "350.00", ["0.00", "50.00", "300.00", "0.00"]),
    ],
)
def test_the_order_of_china_by_days_past_due(days, payment, expected):
    owed = {"fee": "100.00", "interest": "300.00", "principal": "5000.00", "days_delinquent": str(days)}
    assert answer(payment=payment, **owed) == (expected, "0.00", None)


@pytest.mark.parametrize(
    ("order", "payment", "expected", "left"),
    [
        ("penalty>fee>interest>principal", "65.00", ["10.00", "20.00", "30.00", "5.00"], "0.00"),
        ("principal>interest>fee>penalty", "65.00", ["0.00", "0.00", "25.00", "40.00"], "0.00"),
        ("penalty>fee>interest>principal", "165.00", ["10.00", "20.00", "30.00", "40.00"], "65.00"),
        ("penalty & fee > interest & principal", "15.00", ["5.00", "10.00", "0.00", "0.00"], "0.00"),
        ("penalty&fee&interest&principal", "0.03", ["0.00", "0.01", "0.01", "0.01"], "0.00"),
        ("interest>principal", "100.00", ["0.00", "0.00", "30.00", "40.00"], "30.00"),  # the others are not its matter
        ("penalty>fee>interest>principal", "0.00", ["0.00", "0.00", "0.00", "0.00"], "0.00"),
    ],
)
def test_an_order_of_ones_own(order, payment, expected, left):
    owed = {"penalty": "10.00", "fee": "20.00", "interest": "30.00", "principal": "40.00"}
    assert answer(payment=payment, order=order, **owed) == (expected, left, None)


def test_the_civil_law_default_pays_costs_then_interest_then_principal():
    owed = {"penalty": "50.00", "fee": "100.00", "interest": "300.00", "principal": "5000.00"}
    paid, left, _ = answer(**owed, payment="420.00", order="CN-ALLOC-DEFAULT")
    assert (paid, left) == (["20.00", "100.00", "300.00", "0.00"], "0.00")


def test_equal_rank_leaves_the_last_cent_to_the_first_named():
    owed = {"penalty": "10.00", "fee": "10.00", "interest": "10.00"}
    assert answer(payment="10.00", order="fee&penalty&interest", **owed)[0] == ["3.33", "3.34", "3.33", "0.00"]


THREE = ";".join(f"{due}:0.00/0.00/0.00/125.00" for due in ("2023-01-16", "2023-01-31", "2023-02-15"))
TURNED = ";".join(f"{due}:1.00/0.00/4.00/120.00" for due in ("2023-02-15", "2023-01-16", "2023-01-31"))


@pytest.mark.parametrize(
    ("instalments", "payment", "on", "future", "per_instalment", "left"),
    [
        (THREE, "150.00", "2023-01-20", "next", ["125.00", "25.00", "0.00"], "0.00"),
        (THREE, "150.00", "2023-01-20", "last", ["125.00", "0.00", "25.00"], "0.00"),
        (THREE, "300.00", "2023-01-20", "last", ["125.00", "50.00", "125.00"], "0.00"),
        (THREE, "150.00", "2023-01-31", "last", ["125.00", "25.00", "0.00"], "0.00"),  # due on that day is due
        (THREE, "150.00", "2023-01-15", "next", ["125.00", "25.00", "0.00"], "0.00"),
        (THREE, "400.00", "2023-01-20", "", ["125.00", "125.00", "125.00"], "25.00"),
        (
            TURNED,
            "130.00",
            "2023-01-31",
            "next",
            ["0.00", "125.00", "5.00"],
            "0.00",
        ),  # oldest first, answered in the file's order
    ],
)
def test_instalments_that_are_due_come_first_then_the_future(instalments, payment, on, future, per_instalment, left):
    given = {"instalments": instalments, "payment_date": on, "future_rule": future}
    _, left_over, found = answer(payment=payment, order="penalty>fee>interest>principal", **given)
    assert (found, left_over) == (per_instalment, left)


def test_within_an_instalment_the_order_holds():
    given = {"instalments": TURNED, "payment_date": "2023-01-31", "payment": "128.00"}
    assert answer(order="penalty>fee>interest>principal", **given)[0] == ["2.00", "0.00", "6.00", "120.00"]
    assert answer(order="principal>interest>fee>penalty", **given)[0] == ["1.00", "0.00", "4.00", "123.00"]
    assert answer(days_delinquent="91", **given)[0] == ["1.00", "0.00", "4.00", "123.00"]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"order": "principal"}, "Row 2, payment: found nothing, expected an amount such as 250.00, not below 0."),
        ({"payment": "5"}, "Row 2: found neither order nor days_delinquent, expected one of them."),
        ({"payment": "5", "order": "fee>fine"}, 'Row 2, order: found "fee>fine", expected penalty, fee, interest and principal'),
        ({"payment": "5", "order": "fee>fee"}, "each once"),
        ({"payment": "5", "principal": "1", "instalments": THREE}, "Row 2: found amounts and instalments, expected one of them."),
        ({"payment": "5", "instalments": THREE}, "Row 2, payment_date: found nothing"),
        ({"payment": "5", "instalments": "2023-01-16:1/2/3"}, 'Row 2, instalments: found "2023-01-16:1/2/3"'),
        ({"payment": "5", "instalments": THREE, "payment_date": "2023-01-16", "future_rule": "middle"}, "expected next or last."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_in_a_sentence(row, sentence):
    [found] = ask(row)
    assert isinstance(found, Unanswerable)
    assert sentence in str(found)


def dealt(order: str, payment: Decimal, turns: list[dict[str, Decimal]]) -> list[dict[str, Decimal]] | None:
    """One instalment after the other, one rank after the other; None where rounding leaves the first named an odd part."""
    paid = []
    for owed in turns:
        given = dict.fromkeys(COMPONENTS, Decimal(0))
        for rank in order.split(">"):
            named = [name for name in rank.split("&") if owed[name] > 0]
            total = sum(owed[name] for name in named)
            part = min(payment, total)
            for name in named[1:]:
                given[name] = (part * owed[name] / total).quantize(CENT, ROUND_HALF_UP)
            if named:
                given[named[0]] = part - sum(given[name] for name in named[1:])
                if not 0 <= given[named[0]] <= owed[named[0]]:
                    return None
            payment -= part
        paid.append(given)
    return paid


def test_random_cases_agree_with_cents_dealt_out_one_after_the_other():
    chance = random.Random(20261126)

    def some() -> Decimal:
        return Decimal(chance.choice([0, chance.randrange(1, 30), chance.randrange(1, 100_000)])) / 100

    rows, expected = [], []
    for _ in range(size(1_000, 100_000)):
        names = chance.sample(COMPONENTS, 4)
        order = names[0] + "".join(chance.choice(">>&") + name for name in names[1:])
        turns = [{name: some() for name in COMPONENTS} for _ in range(chance.choice([1, 1, 2, 5]))]
        payment = chance.choice(
            [some(), sum(sum(owed.values()) for owed in turns) * chance.randrange(12) / 10]
        ).quantize(CENT)
        instalments = ";".join(
            f"2023-{month:02d}-16:" + "/".join(f"{owed[name]:.2f}" for name in COMPONENTS)
            for month, owed in enumerate(turns, 1)
        )
        rows.append(
            {"payment": f"{payment:.2f}", "order": order, "instalments": instalments, "payment_date": "2023-12-31"}
        )
        expected.append((payment, turns, dealt(order, payment, turns)))
    told = 0
    for row, (payment, turns, paid), found in zip(rows, expected, ask(*rows), strict=True):
        assert not isinstance(found, Unanswerable), found
        line = found[0]
        assert sum(line[name] for name in PAID) + line["left_over"] == payment
        assert sum(line["paid_per_instalment"]) == sum(line[name] for name in PAID)
        assert all(0 <= line[f"paid_{name}"] <= sum(owed[name] for owed in turns) for name in COMPONENTS), row
        if paid is not None:
            told += 1
            assert [line[f"paid_{name}"] for name in COMPONENTS] == [
                sum(one[name] for one in paid) for name in COMPONENTS
            ], row
            assert line["paid_per_instalment"] == [sum(one.values()) for one in paid], row
    assert told > len(rows) * 0.9
