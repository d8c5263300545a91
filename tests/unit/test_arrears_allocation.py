"""CN-ALLOC: how a payment is spread, by days past due (docs/arrears.md repeats the table), and against a slow reference."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dunwell.arrears.rules import allocation, parameters
from dunwell.arrears.rules.allocation import Order
from dunwell.engine import programs, session
from dunwell.nightly import sources
from tests.sizes import size
from tests.tables import put_rows

PROGRAM = programs.load("dunwell.arrears", "allocate")
D = date(2026, 11, 22)
OWED = {"principal_retail": "4000.00", "principal_instalment_billed": "1000.00", "interest_on_balance": "300.00",
        "other_fees": "100.00"}  # fmt: skip
COMPONENTS = [rank[0] for rank in allocation.in_parameters()[0].ranks]


@dataclass(frozen=True)
class Receipt:
    """A payment: of these `reversed` was taken back again; `older` ones are in the position already, and what is taken back
    of them was so since; `anew` ones were booked before under the same reference."""

    id: int
    day: date
    amount: Decimal
    counts: bool = True
    reversed: Decimal = Decimal(0)
    answer: str = ""
    older: bool = False
    anew: bool = False


@dataclass
class Book:
    """An account at its last position, what came in since, and the lines of payments that stand there."""

    owed: dict[str, Decimal]
    past_due: Decimal = Decimal(0)
    since: date | None = None
    dues: list[tuple[date, Decimal]] = field(default_factory=list)  # by statement, oldest first
    receipts: list[Receipt] = field(default_factory=list)
    lines: dict[int, list[tuple[str, Decimal, str]]] = field(default_factory=dict)


def lines_of(books: Sequence[Book], orders: Sequence[Order] | None = None, *, table: str = "allocation_line"):
    """The program over all books at once; answers payment -> [(component, amount, rule)]."""
    connection = session.connect(threads=1)
    for name in ("position_before", "owed_before", "due_before", "line_before", "receipt", "taken_back"):
        sources.empty(connection, name, sources.SOURCES[name][1])
    rows: dict[str, list[tuple]] = {}

    def put(name: str, *row: object) -> None:
        rows.setdefault(name, []).append(row)

    for number, book in enumerate(books):
        account = f"A{number}"
        put("position_before", account, f"P{number}", D, book.past_due, book.since)
        for component, owed in book.owed.items():
            put("owed_before", account, component, owed)
        for day, amount in book.dues:
            put("due_before", account, day - timedelta(days=20), day, amount)
        for one in book.receipts:
            posted = one.day
            put("receipt", one.id, account, f"R{one.id}", one.amount, posted, posted, D if one.older else posted, one.counts,
                False, one.answer, one.anew, "CNY")  # fmt: skip
            if one.reversed:
                back = D + timedelta(days=1) if one.older else posted
                put("taken_back", one.id, account, f"V{one.id}", one.reversed, back, back, one.counts)
        for payment, spread in book.lines.items():
            for position, (component, amount, rule) in enumerate(spread):
                put("line_before", account, payment, position, component, amount, rule)
    for name, given in rows.items():
        put_rows(connection, name, given)
    allocation.table(connection, tuple(orders or allocation.in_parameters()))
    PROGRAM.run(connection)
    answer: dict[int, list[tuple[str, Decimal, str]]] = {}
    found = connection.execute(
        f"SELECT payment_id, position, component, amount, rule FROM {table} ORDER BY 1, 2"
    ).fetchall()
    for payment, position, component, amount, rule in found:
        known = answer.setdefault(payment, [])
        if position is not None:
            assert position == len(known)
            known.append((component, amount, rule))
    connection.close()
    return answer


def money(owed: dict[str, str]) -> dict[str, Decimal]:
    return {component: Decimal(amount) for component, amount in owed.items()}


def late(days: int, payment: str, **more) -> Book:
    """One payment, so many days after the oldest unpaid due."""
    day = D + timedelta(days=1)
    return Book(money(OWED), Decimal("500.00"), day - timedelta(days=days),
                receipts=[Receipt(1, day, Decimal(payment), **more)])  # fmt: skip


@pytest.mark.parametrize(
    ("days", "payment", "rule", "interest_and_fees", "principal", "credit"),
    [
        (60, "1000.00", "CN-ALLOC-1", "400.00", "600.00", "0"),
        (90, "1000.00", "CN-ALLOC-1", "400.00", "600.00", "0"),
        (91, "1000.00", "CN-ALLOC-2", "0", "1000.00", "0"),
        (120, "5200.00", "CN-ALLOC-2", "200.00", "5000.00", "0"),
        (10, "6000.00", "CN-ALLOC-1", "400.00", "5000.00", "600.00"),
        (1, "0.01", "CN-ALLOC-1", "0.01", "0", "0"),
    ],
)
def test_order_of_allocation(days, payment, rule, interest_and_fees, principal, credit):
    lines = lines_of([late(days, payment)])[1]
    sums = {"interest_and_fees": Decimal(0), "principal": Decimal(0), "credit": Decimal(0)}
    for component, amount, _ in lines:
        group = "principal" if component.startswith("principal") else "interest_and_fees"
        sums["credit" if component == "credit_balance" else group] += amount
    assert {name: Decimal(x) for name, x in
            [("interest_and_fees", interest_and_fees), ("principal", principal), ("credit", credit)]} == sums  # fmt: skip
    assert {line[2] for line in lines} == {rule}


@pytest.mark.parametrize(
    ("days", "lines"),
    [
        (90, [("late_charge", "50.00"), ("other_fees", "100.00"), ("interest_on_balance", "250.00")]),
        (91, [("principal_retail", "400.00")]),
    ],
)
def test_by_issuers_practice_late_charges_and_fees_come_before_interest(days, lines):
    book = late(days, "400.00")
    book.owed = money({"principal_retail": "4000.00", "interest_on_balance": "300.00", "other_fees": "100.00",
                       "late_charge": "50.00"})  # fmt: skip
    practice = allocation.in_parameters(name="allocation_practice")
    found = lines_of([book], practice)[1]
    assert [(component, str(amount)) for component, amount, _ in found] == lines
    assert {rule for _, _, rule in found} == {"CN-ALLOC-3-FIRST" if days == 90 else "CN-ALLOC-3-LAST"}


def test_the_day_is_that_of_the_oldest_due_still_unpaid_when_the_payment_is_posted():
    """91 days late the first payment goes to principal; it clears the old due, and the second is 30 days late."""
    first = D + timedelta(days=1)
    book = Book(
        money(OWED), Decimal("1000.00"),
        dues=[(first - timedelta(days=91), Decimal(500)), (first - timedelta(days=30), Decimal(500))],
        receipts=[Receipt(2, first + timedelta(days=1), Decimal(200)), Receipt(3, first, Decimal(500))],
    )  # fmt: skip
    lines = lines_of([book])
    assert lines[3] == [("principal_instalment_billed", Decimal("500.00"), "CN-ALLOC-2")]
    assert lines[2] == [("interest_on_balance", Decimal("200.00"), "CN-ALLOC-1")]


def test_a_payment_and_its_reversal_leave_no_trace_in_what_others_paid():
    day = D + timedelta(days=1)
    gone, kept = Receipt(1, day, Decimal(1000), reversed=Decimal(1000)), Receipt(2, day, Decimal(1000))
    alone, beside = late(10, "1"), late(10, "1")
    alone.receipts, beside.receipts = [kept], [gone, kept]
    assert lines_of([beside]) == lines_of([alone])
    assert [c for c, _, _ in lines_of([beside])[2]] == [
        "interest_on_balance",
        "other_fees",
        "principal_instalment_billed",
    ]


def test_what_is_taken_back_of_an_older_payment_is_owed_and_late_again():
    """50.00 of interest and the due of 100 days ago were paid at the position; both come back with the reversal."""
    day = D + timedelta(days=1)
    lines = {1: [("interest_on_balance", Decimal(50), "CN-ALLOC-1")]}
    dues = [(day - timedelta(days=100), Decimal(50)), (day - timedelta(days=30), Decimal(500))]
    owed = {"interest_on_balance": Decimal(250), "principal_retail": Decimal(4000)}
    book = Book(owed, Decimal(500), day - timedelta(days=30), dues, lines=lines, receipts=[
        Receipt(1, D, Decimal(50), reversed=Decimal(50), older=True), Receipt(2, day, Decimal(4300)),
    ])  # fmt: skip
    assert lines_of([book])[2] == [
        ("principal_retail", Decimal("4000.00"), "CN-ALLOC-2"),
        ("interest_on_balance", Decimal("300.00"), "CN-ALLOC-2"),
    ]


def test_what_is_taken_back_is_the_money_spread_last():
    lines = lines_of([late(10, "1000.00", reversed=Decimal("650.00"))])[1]
    assert [(c, str(a)) for c, a, _ in lines] == [("interest_on_balance", "300.00"), ("other_fees", "50.00")]
    assert lines_of([late(10, "1000.00", reversed=Decimal("1000.00"))]) == {}


def test_lines_that_stand_are_kept_cut_or_dropped():
    """Only what differs is written: the lines of an answered announcement go, an older payment is cut, nothing else."""
    line = ("other_fees", Decimal("100.00"), "CN-ALLOC-1")
    book = Book(money(OWED), lines={1: [line], 2: [line], 3: [line]}, receipts=[
        Receipt(1, D, Decimal(100), older=True),
        Receipt(2, D, Decimal(100), reversed=Decimal(40), older=True),
        Receipt(3, D, Decimal(100), answer="dropped", older=True),
    ])  # fmt: skip
    assert lines_of([book], table="allocation_anew") == {2: [("other_fees", Decimal("60.00"), "CN-ALLOC-1")], 3: []}


def test_what_was_booked_anew_is_spread_once_over_the_position_that_stands_then():
    owed = {"other_fees": Decimal("100.00")}
    first, second = (
        Receipt(1, D, Decimal(80), reversed=Decimal(80), older=True),
        Receipt(2, D, Decimal(60), older=True, anew=True),
    )
    book = Book(owed, receipts=[first, second], lines={1: [("other_fees", Decimal(80), "CN-ALLOC-1")]})
    spread = {2: [("other_fees", Decimal("60.00"), "CN-ALLOC-1")]}
    assert lines_of([book]) == spread
    again = Book(owed, receipts=[first, second], lines={2: spread[2]})
    assert lines_of([again]) == spread
    assert lines_of([again], table="allocation_anew") == {}


@pytest.mark.parametrize(
    ("owed", "payment", "expected"),
    [
        (["100.00", "200.00"], "100.00", ["33.33", "66.67"]),
        (["0.10", "0.10", "0.10"], "0.10", ["0.04", "0.03", "0.03"]),
        (["0.01", "9.00", "9.00", "9.00"], "0.02", ["0.00", "0.01", "0.00", "0.01"]),  # one by one it would be 0.03
        (["10.00", "0.00"], "20.00", ["10.00", "0.00"]),
        (["3000000000.00", "3000000000.00"], "3000000000.01", ["1500000000.00", "1500000000.01"]),
    ],
)
def test_components_of_one_rank_share_in_proportion(owed, payment, expected):
    names = tuple(f"c{n}" for n in range(len(owed)))
    order = Order("X", 0, parameters.FOR_EVER, date(2000, 1, 1), allocation.LAST_DAY, (names,))
    book = Book(dict(zip(names, map(Decimal, owed), strict=True)),
                receipts=[Receipt(1, D + timedelta(days=1), Decimal(payment))])  # fmt: skip
    found = {component: amount for component, amount, _ in lines_of([book], [order])[1]}
    assert [str(found.get(name, Decimal("0.00"))) for name in names] == expected
    assert sum(found.values()) == Decimal(payment)


def test_every_component_of_the_parameters_is_read_from_the_position():
    query = sources.SOURCES["owed_before"][0]
    for order in allocation.in_parameters():
        assert not [c for rank in order.ranks for c in rank if f"('{c}', s.{c})" not in query]
        assert sorted(c for rank in order.ranks for c in rank) == sorted(COMPONENTS)


def reference(book: Book) -> dict[int, list[tuple[str, Decimal, str]]]:
    """Payment after payment, due after due, as Art 57 is read. What was taken back never came: only what is left of a
    payment is spread, and what was taken back of one that the position held is owed and due again."""
    owed = dict(book.owed)
    again = Decimal(0)
    answer: dict[int, list[tuple[str, Decimal, str]]] = {}
    for one in book.receipts:
        if not one.older or one.answer:
            continue
        kept, gone = [], one.reversed
        for component, amount, rule in reversed(book.lines.get(one.id, [])):
            back = min(gone, amount)
            gone -= back
            if component != "credit_balance" and back:
                owed[component] = owed.get(component, Decimal(0)) + back
            if amount > back:
                kept.insert(0, (component, amount - back, rule))
        if kept:
            answer[one.id] = kept
        again += one.reversed if one.counts else 0
    late_ones = [list(due) for due in book.dues if due[0] < D and due[1] > 0]
    unpaid: list[list] = []
    left = book.past_due + again
    for day, amount in reversed(late_ones):
        if left > 0:
            unpaid.insert(0, [day, min(amount, left)])
            left -= min(amount, left)
    if book.past_due + again > 0 and book.since is not None:
        if not late_ones:
            unpaid = [[book.since, book.past_due + again]]
        elif unpaid and not again:
            unpaid[0][0] = min(unpaid[0][0], book.since)
    for one in sorted(book.receipts, key=lambda r: (r.day, r.id)):
        came = one.amount - one.reversed
        if one.older or one.answer or came == 0:
            continue
        days = max(0, (one.day - unpaid[0][0]).days) if unpaid else 0
        interest = [c for c in COMPONENTS if not c.startswith("principal")]
        principal = [c for c in COMPONENTS if c.startswith("principal")]
        rule, order = ("CN-ALLOC-1", interest + principal) if days <= 90 else ("CN-ALLOC-2", principal + interest)
        lines, money_left = [], came
        for component in order:
            part = min(money_left, owed.get(component, Decimal(0)))
            if part > 0:
                lines.append((component, part, rule))
                owed[component] -= part
                money_left -= part
        if money_left > 0:
            lines.append(("credit_balance", money_left, rule))
        paid = came if one.counts else Decimal(0)
        while paid > 0 and unpaid:
            part = min(paid, unpaid[0][1])
            unpaid[0][1] -= part
            paid -= part
            if unpaid[0][1] == 0:
                unpaid.pop(0)
        answer[one.id] = lines
    return answer


def a_book(rng: random.Random, number: int) -> Book:
    cents = lambda top: Decimal(rng.randint(1, top)) / 100  # noqa: E731
    owed = {c: cents(200_000) for c in COMPONENTS if rng.random() < 0.6}
    dues = [(D - timedelta(days=back), cents(60_000) if rng.random() < 0.9 else Decimal(0))
            for back in sorted(rng.sample(range(-10, 130, 10), rng.randint(0, 5)), reverse=True)]  # fmt: skip
    late_sum = sum((amount for day, amount in dues if day < D), Decimal(0))
    past_due = rng.choice([Decimal(0), late_sum, cents(100_000)])
    receipts = []
    for n in range(rng.randint(0, 6)):
        amount = cents(rng.choice([5_000, 90_000, 400_000]))
        back = rng.choice([Decimal(0), Decimal(0), amount, (amount / 2).quantize(Decimal("0.01"))])
        receipts.append(Receipt(number * 10 + n, D + timedelta(days=rng.randint(1, 5)), amount, rng.random() < 0.85, back,
                                rng.choice(["", "", "", "posted"])))  # fmt: skip
    since = D - timedelta(days=rng.randint(1, 120)) if rng.random() < 0.6 and past_due > 0 else None
    lines: dict[int, list[tuple[str, Decimal, str]]] = {}
    if rng.random() < 0.3:
        parts = [(c, cents(20_000), "CN-ALLOC-1") for c in rng.sample([*COMPONENTS, "credit_balance"], 3)]
        whole = sum((amount for _, amount, _ in parts), Decimal(0))
        back = rng.choice([Decimal(0), whole, (whole / 3).quantize(Decimal("0.01"))])
        receipts.append(Receipt(number * 10 + 9, D, whole, rng.random() < 0.85, back, older=True))
        lines[number * 10 + 9] = parts
    return Book(owed, past_due, since, dues, receipts, lines)


def test_random_histories_agree_with_the_reference():
    rng = random.Random(20261122)
    books = [a_book(rng, number) for number in range(size(1_000, 100_000))]
    expected: dict[int, list[tuple[str, Decimal, str]]] = {}
    for book in books:
        expected |= reference(book)
    found = lines_of(books)
    assert {key: found.get(key) for key in expected} == expected
    assert set(found) == set(expected)
    told = [line for lines in expected.values() for line in lines]
    crossing = [
        book for book in books if len({line[2] for one in book.receipts for line in expected.get(one.id, [])}) > 1
    ]
    assert len(crossing) > 20 and [line for line in told if line[0] == "credit_balance"]


def test_a_day_before_the_first_dated_number_is_refused():
    with pytest.raises(ValueError, match="grace_days has no value in force on 2001-01-01"):
        parameters.in_force(date(2001, 1, 1))
