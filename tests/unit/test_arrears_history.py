"""When an account entered and left each bucket: by hand, and against every day asked by itself."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dunwell.arrears.rules import history
from tests.sizes import size
from tests.unit.test_arrears_ageing import THREE, Book, reference, run

DAY = timedelta(days=1)
FIRST, LAST = date(2026, 6, 1), date(2026, 9, 30)
Stays = list[tuple[str, date, date | None]]


def stays(books: list[Book], first: date = FIRST, pauses: tuple = ()) -> list[Stays]:
    """The stays of each book's account, from `first` to the day of the books."""
    connection = run(books, pauses=pauses)
    found: dict[str, Stays] = {f"A{number:06d}": [] for number in range(len(books))}
    for account, *stay in history.stays(connection, first=first, last=books[0].as_of):
        found[account].append(tuple(stay))
    return list(found.values())


@pytest.mark.parametrize(
    ("payments", "pauses", "expected"),
    [
        # 25 June is due, 26 to 28 June are days of grace
        ([], (), [("M0", date(2026, 6, 1), date(2026, 6, 28)), ("M1", date(2026, 6, 29), date(2026, 7, 25)),
                  ("M2", date(2026, 7, 26), date(2026, 8, 24)), ("M3", date(2026, 8, 25), date(2026, 9, 23)),
                  ("M4", date(2026, 9, 24), None)]),
        # a payment of 10 August cures June; July's due is then the oldest, 16 days late
        ([(date(2026, 8, 10), "500.00"), (date(2026, 9, 1), "1000.00")], (),
         [("M0", date(2026, 6, 1), date(2026, 6, 28)), ("M1", date(2026, 6, 29), date(2026, 7, 25)),
          ("M2", date(2026, 7, 26), date(2026, 8, 9)), ("M1", date(2026, 8, 10), date(2026, 8, 24)),
          ("M2", date(2026, 8, 25), date(2026, 8, 31)), ("M0", date(2026, 9, 1), None)]),
        # taken back again, it is as if it had not been, from that day on
        ([(date(2026, 8, 10), "500.00"), (date(2026, 8, 20), "-500.00")], (),
         [("M0", date(2026, 6, 1), date(2026, 6, 28)), ("M1", date(2026, 6, 29), date(2026, 7, 25)),
          ("M2", date(2026, 7, 26), date(2026, 8, 9)), ("M1", date(2026, 8, 10), date(2026, 8, 19)),
          ("M2", date(2026, 8, 20), date(2026, 8, 24)), ("M3", date(2026, 8, 25), date(2026, 9, 23)),
          ("M4", date(2026, 9, 24), None)]),
        # ten days stood still: every later bucket comes ten days later
        ([], (("P000000", "disaster", date(2026, 7, 10), date(2026, 7, 20)),),
         [("M0", date(2026, 6, 1), date(2026, 6, 28)), ("M1", date(2026, 6, 29), date(2026, 8, 4)),
          ("M2", date(2026, 8, 5), date(2026, 9, 3)), ("M3", date(2026, 9, 4), None)]),
    ],
)  # fmt: skip
def test_an_account_moves_through_the_buckets(payments, pauses, expected):
    book = Book(LAST, THREE, [(day, Decimal(amount)) for day, amount in payments])
    assert stays([book], pauses=pauses) == [expected]


def test_a_payment_posted_for_an_earlier_day_changes_the_history_from_that_day_on():
    before, after = stays([Book(LAST, THREE), Book(LAST, THREE, [(date(2026, 7, 26), Decimal("1000.00"))])])
    assert before[:2] == after[:2] and after[2] == ("M0", date(2026, 7, 26), date(2026, 8, 28))


def test_what_was_past_due_before_the_statements_that_are_known_counts_from_the_hosts_day():
    host = {"past_due_amount": Decimal("900.00"), "overdue_since": date(2026, 8, 1), "periods_past_due": 1}
    [found] = stays([Book(LAST, host=host)])
    assert found == [
        ("M0", FIRST, date(2026, 8, 4)),
        ("M1", date(2026, 8, 5), date(2026, 8, 31)),
        ("M2", date(2026, 9, 1), None),
    ]


@pytest.mark.parametrize(
    ("past_due", "since", "last"),
    [
        # the host counts everything as paid and no booking tells: paid after its newest statement, of 5 August
        ("0.00", None, ("M0", date(2026, 8, 6))),
        # of the three dues only the newest is unpaid by its word: nothing from 6 August, late from 29 August with grace
        ("500.00", date(2026, 8, 25), ("M2", date(2026, 9, 25))),
        # its own shortfall stands, though it is within the tolerance
        ("8.00", date(2026, 8, 25), ("M2", date(2026, 9, 25))),
    ],
)
def test_the_history_ends_in_the_bucket_of_the_state(past_due, since, last):
    host = {"past_due_amount": Decimal(past_due), "overdue_since": since}
    book = Book(LAST, THREE, host=host)
    [found] = stays([book])
    assert found[:2] == [("M0", FIRST, date(2026, 6, 28)), ("M1", date(2026, 6, 29), date(2026, 7, 25))]
    assert found[-1] == (*last, None)
    assert found[-1][0] == run([book]).execute("SELECT bucket FROM account_state").fetchone()[0]


def by_days(book: Book, first: date) -> Stays:
    """Each day asked by itself, as if it were today."""
    found: list[list] = []
    day = first
    while day <= book.as_of:
        known = [line for line in book.statements if line[0] <= day]
        _, oldest = reference(Book(day, known, [money for money in book.payments if money[0] <= day]))
        days = (day - oldest).days if oldest else 0
        days = 0 if days <= 3 else days
        bucket = "M0" if not days else f"M{min(7, (days - 1) // 30 + 1)}" + ("+" if days > 180 else "")
        if not found or found[-1][0] != bucket:
            if found:
                found[-1][2] = day - DAY
            found.append([bucket, day, None])
        day += DAY
    return [tuple(stay) for stay in found]


def test_random_histories_agree_with_every_day_asked_by_itself():
    chance = random.Random(20261125)
    first = LAST - DAY * 199
    books = []
    for _ in range(size(40, 2_000)):
        cycle, unpaid = chance.randint(1, 28), Decimal(0)
        statements, payments = [], []
        for month in range(4, 10):
            made = date(2026, month, cycle)
            minimum = unpaid + Decimal(chance.randint(0, 90_000)) / 100
            statements.append((made, made + DAY * 20, minimum))
            paid = Decimal(0)
            for _part in range(chance.choice([0, 0, 1, 1, 2])):
                part = chance.choice([minimum, minimum / 2, minimum * 2, Decimal("5.00")]).quantize(Decimal("0.01"))
                if part > 0:
                    payments.append((made + DAY * chance.randint(1, 27), part))
                    paid += part
            unpaid = max(Decimal(0), minimum - paid)
        books.append(Book(LAST, statements, [money for money in payments if money[0] <= LAST]))
    for book, found in zip(books, stays(books, first), strict=True):
        assert found == by_days(book, first), book
