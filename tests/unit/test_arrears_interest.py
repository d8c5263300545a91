"""Card interest: the printed examples, conventions, and random histories against days counted one by one."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dunwell.arrears.checks.interest import CHECK
from dunwell.arrears.rules.interest import (
    Convention,
    Figure,
    History,
    LateCharge,
    Payment,
    Posting,
    Rate,
    Statement,
    accrue,
    figures,
)
from dunwell.engine import session
from dunwell.kernel.cases import Row, Unanswerable
from tests.interest_by_day import Card, interest_of_each_statement
from tests.sizes import size

RATES = (Rate("purchase", Decimal("0.0005")), Rate("cash", Decimal("0.0005")))


def day(month: int, of_month: int, year: int = 2026) -> date:
    return date(year, month, of_month)


def computed(*histories: History) -> list[list[Figure]]:
    with session.connect(threads=1) as connection:
        accrue(connection, histories)
        found = figures(connection, with_lines=True)
    return [found[h.account_no] for h in histories]


def last(history: History) -> Decimal:
    return computed(history)[0][-1].interest


SPRING = History(
    "A",
    Convention(),
    [Posting("purchase", day(4, 2), Decimal("2000.00"))],
    [Payment(day(4, 25), Decimal("200.00"))],
    [Statement(day(4, 7), None, day(4, 25), Decimal("200.00")), Statement(day(5, 7))],
    RATES,
)
AUTUMN = History(
    "B",
    Convention(),
    [Posting("purchase", day(8, 30), Decimal("1000.00"))],
    [Payment(day(9, 25), Decimal("100.00"))],
    [Statement(day(9, 5), None, day(9, 25), Decimal("100.00")), Statement(day(10, 5))],
    RATES,
)


def under(history: History, **terms: object) -> History:
    return replace(history, convention=replace(history.convention, **terms))


def test_full_balance_interest_of_the_printed_example():
    assert last(SPRING) == Decimal("34.70")


def test_nothing_is_charged_when_the_whole_statement_is_paid_by_the_due_date():
    assert last(replace(SPRING, payments=[Payment(day(4, 25), Decimal("2000.00"))])) == 0


def test_the_copied_page_leaves_the_statement_day_out():
    assert last(AUTUMN) == Decimal("17.95")
    assert last(AUTUMN) != Decimal("17.50")
    assert last(under(AUTUMN, statement_day="excluded")) == Decimal("17.50")


@pytest.mark.parametrize(
    ("terms", "interest"),
    [
        ({"method": "unpaid_part"}, "10.80"),  # 1,800 for the 12 days 26 April to 7 May
        ({"payment_day": "old_balance"}, "34.80"),  # one day more at 2,000
        ({"statement_day": "excluded"}, "33.80"),  # one day less at 1,800
        ({"grace_days": 3}, "34.70"),
        ({"tolerance": Decimal("1800.00")}, "0.00"),
        ({"tolerance": Decimal("1799.99")}, "34.70"),
        ({"rounding": "day"}, "34.70"),
        ({"rounding": "stretch"}, "34.70"),
    ],
)
def test_conventions_of_the_contract(terms, interest):
    assert last(under(SPRING, **terms)) == Decimal(interest)


def test_interest_from_the_transaction_day():
    early = replace(SPRING, postings=[replace(SPRING.postings[0], transaction_date=day(3, 31))])
    assert last(early) == Decimal("34.70")
    assert last(under(early, interest_from="transaction")) == Decimal("36.70")


def test_payment_within_grace_counts_as_in_time():
    late = replace(SPRING, payments=[Payment(day(4, 28), Decimal("2000.00"))])
    assert last(under(late, grace_days=3)) == 0
    assert last(late) == Decimal("26.00")  # 2,000 for the 26 days 2 to 27 April


def test_cash_bears_interest_from_its_day_without_grace():
    cash = replace(SPRING, postings=[Posting("cash", day(4, 2), Decimal("2000.00"))], payments=[])
    assert [f.interest for f in computed(cash)[0]] == [Decimal("6.00"), Decimal("30.00")]


def test_a_cash_advance_leaves_the_grace_of_purchases_alone():
    both = replace(
        SPRING, postings=[Posting("cash", day(4, 1), Decimal("500.00")), *SPRING.postings],
        payments=[Payment(day(4, 25), Decimal("2500.00"))],
    )  # fmt: skip
    assert [f.interest for f in computed(both)[0]] == [Decimal("1.75"), Decimal("4.25")]


def test_fees_bear_no_interest():
    assert last(replace(SPRING, postings=[*SPRING.postings, Posting("fee", day(4, 26), Decimal("500.00"))])) == Decimal(
        "34.70"
    )


@pytest.mark.parametrize(("mode", "interest"), [("at_once", "39.20"), ("own_due", "34.70")])
def test_purchases_after_a_statement_not_paid_in_full(mode, interest):
    later = replace(SPRING, postings=[*SPRING.postings, Posting("purchase", day(4, 28), Decimal("900.00"))])
    assert last(under(later, new_purchases=mode)) == Decimal(interest)


def test_a_rate_that_changes_in_mid_cycle():
    rates = [
        Rate("purchase", Decimal("0.0005"), to_date=day(4, 30)),
        Rate("purchase", Decimal("0.00035"), from_date=day(5, 1)),
    ]
    (found,) = computed(replace(SPRING, rates=rates))
    assert found[-1].interest == Decimal("32.81")  # 23.00 + 1,800 × (6 × 0.05 % + 7 × 0.035 %)
    assert [(line.days, line.balance, line.rate) for line in found[-1].lines] == [
        (23, Decimal("2000.00"), Decimal("0.0005")),
        (6, Decimal("1800.00"), Decimal("0.0005")),
        (7, Decimal("1800.00"), Decimal("0.00035")),
    ]


def test_lines_sum_to_the_figure_and_the_rounding_stands_once():
    (found,) = computed(replace(SPRING, postings=[Posting("purchase", day(4, 2), Decimal("1999.99"))]))
    lines = found[-1].lines
    assert sum(line.amount for line in lines) == found[-1].interest
    assert [line.rule for line in lines].count("half-up, once") == 1
    assert abs(lines[-1].amount) <= Decimal("0.005")


@pytest.mark.parametrize(("year", "interest"), [(2024, "30.00"), (2025, "29.50")])
def test_leap_day_is_a_day(year, interest):
    history = replace(
        SPRING, postings=[Posting("purchase", day(2, 1, year), Decimal("1000.00"))], payments=[],
        statements=[Statement(day(2, 5, year), None, day(2, 25, year)), Statement(day(3, 31, year))],
    )  # fmt: skip
    assert last(history) == Decimal(interest)  # 1,000 for 60 or 59 days


def test_a_payment_and_its_reversal_leave_no_trace():
    never = replace(SPRING, payments=[])
    back = replace(SPRING, payments=[Payment(day(4, 25), Decimal("200.00"), reversed=Decimal("200.00"))])
    assert last(back) == last(never) == Decimal("36.00")


def test_compounding_where_the_contract_says_so():
    three = replace(SPRING, statements=[*SPRING.statements, Statement(day(6, 7))])
    simple, compound = computed(three, under(replace(three, account_no="C"), compounding=True))
    assert [f.interest for f in simple] == [0, Decimal("34.70"), Decimal("27.90")]
    assert [f.interest for f in compound] == [0, Decimal("34.70"), Decimal("28.44")]  # + 34.70 × 0.05 % × 31


def test_interest_on_and_off_the_balance_sheet():
    rates = [
        Rate("purchase", Decimal("0.0005"), to_date=day(4, 30)),
        Rate("purchase", Decimal("0.0005"), from_date=day(5, 1), sheet="off"),
    ]
    (found,) = computed(replace(SPRING, rates=rates))
    assert (found[-1].on_balance, found[-1].off_balance) == (Decimal("28.40"), Decimal("6.30"))
    odd = replace(SPRING, postings=[Posting("purchase", day(4, 2), Decimal("2000.07"))], rates=rates)
    ((_, figure),) = computed(odd)
    for sheet, amount in (("on", figure.on_balance), ("off", figure.off_balance)):
        assert sum(line.amount for line in figure.lines if line.sheet == sheet) == amount
        assert [line.days for line in figure.lines if line.sheet == sheet][-1] == 0  # its own rounding


def test_delay_interest_after_judgment():
    judged = History(
        "J", Convention(),
        [Posting("judgment", day(1, 1), Decimal("50000.00"))], [], [Statement(day(4, 10))],
        [Rate("judgment", Decimal("0.000175"), rule="doubled part", source="2014 interpretation Art 1")],
    )  # fmt: skip
    assert computed(judged)[0][-1].lines[0].days == 100
    assert last(judged) == Decimal("875.00")


def test_ordinary_interest_of_a_judgment_at_a_yearly_rate_beside_the_doubled_part():
    judged = History(
        "J", Convention(),
        [Posting("judgment", day(1, 1), Decimal("50000.00"))], [], [Statement(day(4, 10))],
        [
            Rate("judgment", Decimal("0.000175"), rule="doubled part"),
            Rate("judgment", Decimal("0.0345"), per_days=365, rule="ordinary"),
        ],
    )  # fmt: skip
    assert last(judged) == Decimal("1347.60")  # 875.00 + 50,000 × 3.45 % × 100 / 365 = 472.6027…


@pytest.mark.parametrize(
    ("paid", "rule", "charge"),
    [
        ("0", LateCharge(Decimal("0.05")), "10.00"),
        ("120.00", LateCharge(Decimal("0.05")), "4.00"),
        ("120.00", LateCharge(Decimal("0.05"), least=Decimal("10.00")), "10.00"),
        ("0", LateCharge(Decimal("0.05"), most=Decimal("8.00")), "8.00"),
        ("199.90", LateCharge(Decimal("0.05")), "0.01"),
        ("200.00", LateCharge(Decimal("0.05"), least=Decimal("10.00")), None),
    ],
)
def test_late_charge_is_a_share_of_the_unpaid_minimum(paid, rule, charge):
    payments = [Payment(day(4, 20), Decimal(paid))] if Decimal(paid) else []
    with session.connect(threads=1) as connection:
        accrue(connection, [replace(SPRING, payments=payments, late_charge=rule)])
        found = connection.execute("SELECT amount FROM late_charged").fetchall()
    assert found == ([(Decimal(charge),)] if charge else [])


def random_card(seed: int) -> Card:
    chance = random.Random(seed)
    first = date(2019, 12, 1) + timedelta(days=chance.randrange(1800))
    gap, to_due = chance.choice([28, 30, 31]), chance.choice([18, 20, 25])
    days = [first + timedelta(days=gap * n) for n in range(chance.randint(1, 5))]
    card = Card(
        method=chance.choice(["full_balance", "full_balance", "unpaid_part"]),
        statements=[(d, d + timedelta(days=to_due)) for d in days],
        rates=[(date(1900, 1, 1), Decimal("0.0005"))],
        old_balance_on_payment_day=chance.random() < 0.2,
        statement_day_left_out=chance.random() < 0.2,
        rounding=chance.choice(["statement", "statement", "stretch", "day"]),
        grace_days=chance.choice([0, 0, 3]),
        tolerance=Decimal(chance.choice([0, 0, 10])),
        own_due_only=chance.random() < 0.2,
        compounds=chance.random() < 0.3,
    )
    if chance.random() < 0.3:
        card.per_days = chance.choice([360, 365])
        card.rates = [(date(1900, 1, 1), Decimal("0.1825"))]
    if chance.random() < 0.3:
        card.rates.append(
            (
                first + timedelta(days=chance.randrange(60)),
                Decimal(chance.choice(["0.00035", "0.0004"])) * (365 if card.per_days > 1 else 1),
            )
        )
    span = (days[-1] - first).days + 35

    def some_day() -> date:
        return first + timedelta(days=chance.randrange(-25, span))

    for _ in range(chance.randint(1, 6)):
        kind = chance.choice(["purchase", "purchase", "purchase", "cash", "instalment", "fee"])
        card.postings.append((kind, some_day(), Decimal(chance.randint(1, 500_000)) / 100))
    for _ in range(chance.randint(0, 5)):
        card.payments.append((some_day(), Decimal(chance.randint(1, 400_000)) / 100))
    if chance.random() < 0.4:  # one who pays a statement to the cent, or nearly
        statement, due = chance.choice(card.statements)
        owed = sum((a for _, d, a in card.postings if d <= statement), Decimal(0))
        owed -= sum((a for d, a in card.payments if d <= due), Decimal(0))
        owed -= chance.choice([Decimal(0), Decimal(0), Decimal("0.01"), Decimal("9.99"), Decimal("10.01")])
        if owed > 0:
            card.payments.append((chance.choice([due, due, due + timedelta(days=2)]), owed))
    if chance.random() < 0.3:
        card.transacted = [d - timedelta(days=chance.choice([0, 1, 3])) for _, d, _ in card.postings]
    if chance.random() < 0.4:
        card.taken_back = [chance.choice([Decimal(0), a, (a / 3).quantize(Decimal("0.01"))]) for _, a in card.payments]
    return card


def as_history(number: int, card: Card) -> History:
    begins = [*card.rates[1:], (None, None)]
    return History(
        str(number),
        Convention(
            method=card.method, rounding=card.rounding, grace_days=card.grace_days, tolerance=card.tolerance,
            payment_day="old_balance" if card.old_balance_on_payment_day else "new_balance",
            statement_day="excluded" if card.statement_day_left_out else "included",
            new_purchases="own_due" if card.own_due_only else "at_once", compounding=card.compounds,
            interest_from="transaction" if card.transacted else "posting",
        ),
        [
            Posting(kind, posted, amount, card.transacted[n] if card.transacted else None)
            for n, (kind, posted, amount) in enumerate(card.postings)
        ],
        [
            Payment(paid, amount, card.taken_back[n] if card.taken_back else Decimal(0))
            for n, (paid, amount) in enumerate(card.payments)
        ],
        [Statement(statement, None, due) for statement, due in card.statements],
        [
            Rate(kind, rate, begin, following and following - timedelta(days=1), per_days=card.per_days)
            for kind in ("purchase", "cash", "instalment")
            for (begin, rate), (following, _) in zip(card.rates, begins, strict=True)
        ],
    )  # fmt: skip


def test_random_histories_agree_with_days_counted_one_by_one():
    total, batch = size(1_000, 100_000), 5_000
    with session.connect() as connection:
        for start in range(0, total, batch):
            cards = {n: random_card(n) for n in range(start, min(total, start + batch))}
            accrue(connection, [as_history(n, card) for n, card in cards.items()])
            found = figures(connection)
            for n, card in cards.items():
                assert [f.interest for f in found[str(n)]] == interest_of_each_statement(card), (n, card)


def test_the_order_of_entries_of_one_day_does_not_matter():
    cards = [random_card(n) for n in range(200)]
    turned = [
        replace(c, postings=c.postings[::-1], payments=c.payments[::-1], transacted=c.transacted[::-1],
                taken_back=c.taken_back[::-1])
        for c in cards
    ]  # fmt: skip
    one = computed(*(as_history(n, c) for n, c in enumerate(cards)))
    other = computed(*(as_history(n, c) for n, c in enumerate(turned)))
    assert [[f.interest for f in of] for of in one] == [[f.interest for f in of] for of in other]


def rows(text: str) -> list[Row]:
    columns = ("case_id", "entry", "date", "amount", "daily_rate", "method")
    lines = [line.split() for line in text.strip().splitlines()]
    return [
        Row(dict(zip(columns, ["1", *("" if v == "-" else v for v in line)], strict=False)), n)
        for n, line in enumerate(lines, start=2)
    ]


GOOD = """purchase 2026-04-02 2000.00 0.0005 full_balance
statement 2026-04-07 - - -
due 2026-04-25 200.00 - -
payment 2026-04-25 200.00 - -
statement 2026-05-07 - - -"""


def test_check_answers_the_last_statement_of_each_case_in_order():
    other = GOOD.replace("full_balance", "unpaid_part")
    found = CHECK.answered([rows(GOOD), rows("nonsense 2026-04-02 1 0.0005 full_balance"), rows(other)])
    assert found[0] == [{"interest": Decimal("34.70")}]
    assert isinstance(found[1], Unanswerable)
    assert found[2] == [{"interest": Decimal("10.80")}]


def test_check_does_not_need_the_rows_in_order_nor_the_first_statement():
    first, *rest = GOOD.splitlines()
    assert CHECK.answered([rows("\n".join([first, *rest[::-1]]))])[0] == [{"interest": Decimal("34.70")}]
    assert CHECK.answered([rows("\n".join([first, *rest[1:]]))])[0] == [{"interest": Decimal("34.70")}]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("2000.00", "2O00.00", 'Row 2, amount: found "2O00.00", expected an amount'),
        ("0.0005", "0.05%", 'Row 2, daily_rate: found "0.05%", expected a number'),
        ("0.0005", "0.000512345", 'Row 2, daily_rate: found "0.000512345", expected a rate a day'),
        ("full_balance", "full", 'Row 2, method: found "full", expected full_balance or unpaid_part.'),
        ("due 2026-04-25", "due 2026-04-31", 'Row 4, date: found "2026-04-31", expected a date'),
        ("payment 2026-04-25 200.00", "payment 2026-04-25 -1", 'Row 5, amount: found "-1", expected an amount'),
        ("2000.00", "1000000000000", 'Row 2, amount: found "1000000000000", expected an amount of at most'),
        ("2026-04-02", "0202-04-02", 'Row 2, date: found "0202-04-02", expected a day from 1950-01-01'),
        ("statement 2026-05-07", "statement 2026-04-07", "Row 6, date: found"),
        ("payment 2026-04-25", "due 2026-04-26", "Row 5, date: found"),
    ],
)
def test_check_says_what_is_wrong(old, new, sentence):
    (found,) = CHECK.answered([rows(GOOD.replace(old, new))])
    assert isinstance(found, Unanswerable)
    assert str(found).startswith(sentence), str(found)


def test_check_takes_a_statement_without_its_postings_where_their_days_do_not_matter():
    _, statement, *rest = GOOD.splitlines()
    alone = [statement.replace("- - -", "2000.00 0.0005 unpaid_part"), *rest]
    (left,) = CHECK.answered([rows("\n".join(alone))])
    assert left == [{"interest": Decimal("10.80")}]
    full = "\n".join(alone).replace("unpaid_part", "full_balance")
    (unknown,) = CHECK.answered([rows(full)])
    assert str(unknown).startswith('Row 2, amount: found "2000.00", expected the postings behind it')
    (paid,) = CHECK.answered([rows(full.replace("payment 2026-04-25 200.00", "payment 2026-04-25 2000.00"))])
    assert paid == [{"interest": Decimal("0.00")}]


def test_one_case_beyond_all_bounds_does_not_stop_the_others():
    wide = "\n".join(
        ["cash 1950-01-01 99999999999.99 0.99999999 full_balance", *["cash 1950-01-01 99999999999.99 - -"] * 200]
    )
    found = CHECK.answered([rows(GOOD), rows(wide + "\nstatement 2199-12-31 - - -"), rows(GOOD)])
    assert found[0] == found[2] == [{"interest": Decimal("34.70")}]
    assert isinstance(found[1], Unanswerable)


def test_check_needs_a_statement():
    (found,) = CHECK.answered([rows(GOOD.splitlines()[0])])
    assert str(found) == "Row 2, entry: found no statement in the case, expected at least one."
