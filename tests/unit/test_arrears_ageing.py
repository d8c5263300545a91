"""How late is an account: the column programs against little books by hand and against a slow reference."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import pytest

from dunwell.arrears.rules import parameters
from dunwell.engine import programs, session
from tests.sizes import size

MONEY = "DECIMAL(18, 2)"
POSITION = {
    "account_no": "VARCHAR", "party_no": "VARCHAR", "currency": "VARCHAR", "product": "VARCHAR", "branch": "VARCHAR",
    "cycle_day": "INTEGER", "open_date": "DATE", "credit_limit": MONEY, "block_code": "VARCHAR",
    "principal_retail": MONEY, "principal_cash": MONEY, "principal_instalment_billed": MONEY,
    "principal_instalment_unbilled": MONEY, "interest_on_balance": MONEY, "interest_off_balance": MONEY,
    "late_charge": MONEY, "other_fees": MONEY, "disputed_amount": MONEY, "credit_balance": MONEY, "balance": MONEY,
    "statement_date": "DATE", "due_date": "DATE", "statement_balance": MONEY, "minimum_payment": MONEY,
    "past_due_amount": MONEY, "overdue_since": "DATE", "periods_past_due": "INTEGER", "auto_debit": "BOOLEAN",
    "auto_debit_result": "VARCHAR",
}  # fmt: skip
STATEMENT = {"account_no": "VARCHAR", "statement_date": "DATE", "due_date": "DATE", "minimum_payment": MONEY}
MOVEMENT = {
    "account_no": "VARCHAR", "amount": MONEY, "posting_date": "DATE", "counts": "BOOLEAN", "since_position": "BOOLEAN",
}  # fmt: skip
STEPS = ["take_in", "dues", "apply_payments", "age", "classify"]


@dataclass
class Book:
    """One account's history, as the host's files tell it."""

    as_of: date
    statements: list[tuple[date, date, Decimal]] = field(default_factory=list)
    payments: list[tuple[date, Decimal]] = field(default_factory=list)
    balance: Decimal = Decimal("50000.00")
    host: dict = field(default_factory=dict)
    open_date: date = date(2020, 1, 1)
    not_counted: list[tuple[date, Decimal]] = field(default_factory=list)


def aged(books: list[Book]) -> list[dict]:
    """The state of each book's account, all in one run of the programs; the books share their day."""
    connection = session.connect(threads=1)
    as_of = books[0].as_of
    parameters.in_force(as_of).tables(connection, as_of=as_of)
    tables = {
        "position": POSITION,
        "statement": STATEMENT,
        "movement": MOVEMENT,
        "working_party": {"party_no": "VARCHAR"},
    }
    for name, columns in tables.items():
        connection.execute(f"CREATE TABLE {name} ({', '.join(f'{c} {t}' for c, t in columns.items())})")

    def insert(table: str, **row: object) -> None:
        connection.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values())
        )

    for number, book in enumerate(books):
        account = f"A{number:06d}"
        insert(
            "position",
            account_no=account,
            party_no=f"P{number:06d}",
            currency="CNY",
            product="GOLD",
            cycle_day=5,
            open_date=book.open_date,
            balance=book.balance,
            **book.host,
        )
        insert("working_party", party_no=f"P{number:06d}")
        for statement_date, due_date, minimum in book.statements:
            insert(
                "statement",
                account_no=account,
                statement_date=statement_date,
                due_date=due_date,
                minimum_payment=minimum,
            )
        for counts, movements in ((True, book.payments), (False, book.not_counted)):
            for day, amount in movements:
                insert(
                    "movement",
                    account_no=account,
                    amount=amount,
                    posting_date=day,
                    counts=counts,
                    since_position=day > as_of,
                )
    for step in STEPS:
        programs.load("dunwell.arrears", step).run(connection)
    found = connection.execute("SELECT * FROM account_state ORDER BY account_no")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def state(book: Book) -> dict:
    return aged([book])[0]


JUNE, JULY, AUGUST = (
    (date(2026, month, 5), date(2026, month, 25), Decimal(minimum))
    for month, minimum in ((6, "500.00"), (7, "1000.00"), (8, "1500.00"))
)
THREE = [JUNE, JULY, AUGUST]  # each minimum holds the ones before it: 500 becomes due a month


@pytest.mark.parametrize(
    ("as_of", "payments", "past_due", "oldest", "days", "bucket", "periods"),
    [
        (date(2026, 8, 20), [], "1000.00", date(2026, 6, 25), 56, "M2", 2),
        (date(2026, 8, 26), [], "1500.00", date(2026, 6, 25), 62, "M3", 3),
        (date(2026, 8, 20), [(date(2026, 8, 10), "500.00")], "500.00", date(2026, 7, 25), 26, "M1", 1),
        (date(2026, 8, 20), [(date(2026, 8, 10), "750.00")], "250.00", date(2026, 7, 25), 26, "M1", 1),
        (date(2026, 8, 20), [(date(2026, 8, 10), "1000.00")], "0.00", None, 0, "M0", 0),
        (date(2026, 8, 20), [(date(2026, 8, 10), "990.00")], "0.00", None, 0, "M0", 0),  # tolerance: 10 short
        (date(2026, 8, 20), [(date(2026, 8, 10), "989.99")], "10.01", date(2026, 7, 25), 26, "M1", 1),
        # a payment taken back leaves what was due before it
        (date(2026, 8, 20), [(date(2026, 8, 10), "1000.00"), (date(2026, 8, 12), "-1000.00")], "1000.00",
         date(2026, 6, 25), 56, "M2", 2),
        # on its due date a minimum is not late; the day after it is, and within grace nothing is delinquent
        (date(2026, 6, 25), [], "0.00", None, 0, "M0", 0),
        (date(2026, 6, 26), [], "500.00", date(2026, 6, 25), 0, "M0", 1),
        (date(2026, 6, 28), [], "500.00", date(2026, 6, 25), 0, "M0", 1),
        (date(2026, 6, 29), [], "500.00", date(2026, 6, 25), 4, "M1", 1),
    ],
)  # fmt: skip
def test_minimums_become_dues_without_counting_twice(as_of, payments, past_due, oldest, days, bucket, periods):
    known = [line for line in THREE if line[0] <= as_of]
    # the bank's August minimum holds what was unpaid when it was made
    found = state(Book(as_of, known, [(day, Decimal(amount)) for day, amount in payments]))
    assert (str(found["past_due"]), found["oldest_due_date"]) == (past_due, oldest)
    assert (found["days_delinquent"], found["bucket"], found["periods"]) == (days, bucket, periods)


@pytest.mark.parametrize(
    ("since", "past_due", "oldest", "stage"),
    [
        ([], "1000.00", date(2026, 6, 20), "mid"),  # the host's own day wins while nothing moved
        ([(date(2026, 8, 21), "500.00")], "500.00", date(2026, 7, 25), "early"),
        ([(date(2026, 8, 21), "995.00")], "0.00", None, ""),
        ([(date(2026, 8, 21), "500.00"), (date(2026, 8, 21), "-500.00")], "1000.00", date(2026, 6, 20), "mid"),
    ],
)
def test_money_after_the_position_lowers_what_the_host_says(since, past_due, oldest, stage):
    host = {"past_due_amount": Decimal("1000.00"), "overdue_since": date(2026, 6, 20), "periods_past_due": 2}
    found = state(Book(date(2026, 8, 20), THREE, [(day, Decimal(amount)) for day, amount in since], host=host))
    assert (str(found["past_due"]), found["oldest_due_date"], found["stage"]) == (past_due, oldest, stage)


def test_a_merchant_refund_lowers_the_balance_and_cures_nothing():
    found = state(Book(date(2026, 8, 20), THREE, not_counted=[(date(2026, 8, 21), Decimal("3000.00"))],
                       balance=Decimal("2500.00")))  # fmt: skip
    assert (str(found["balance"]), str(found["past_due"])) == ("-500.00", "1000.00")


def test_a_reversal_after_the_close_brings_back_what_was_due_and_no_more():
    paid = [(date(2026, 8, 10), Decimal("5000.00")), (date(2026, 8, 21), Decimal("-5000.00"))]
    found = state(Book(date(2026, 8, 20), THREE, paid))
    assert (str(found["past_due"]), found["oldest_due_date"]) == ("1000.00", date(2026, 6, 25))


@pytest.mark.parametrize(
    ("opened", "first"),
    [(date(2026, 5, 20), True), (date(2026, 6, 5), True), (date(2026, 5, 4), False), (date(2024, 1, 1), False)],
)
def test_first_payment_default_is_the_first_statement_ever_unpaid(opened, first):
    assert state(Book(date(2026, 7, 1), [JUNE], open_date=opened))["first_payment_default"] is first


def reference(book: Book) -> tuple[Decimal, date | None]:
    """Slowly, payment by payment: what is past due and since when. Only for histories told by minimums alone."""
    known = sorted(line for line in book.statements if line[0] <= book.as_of)
    dues: list[list] = []
    for index, (made, due, minimum) in enumerate(known):
        end = known[index + 1][0] if index + 1 < len(known) else book.as_of
        carried = sum((amount for _, amount in dues), Decimal(0))
        dues.append([due, max(Decimal(0), minimum - carried)])
        paid = sum((amount for day, amount in book.payments if made < day <= end), Decimal(0))
        for line in dues:
            part = min(line[1], paid)
            line[1] -= part
            paid -= part
    late = [line for line in dues if line[0] < book.as_of and line[1] > 0]
    total = sum((amount for _, amount in late), Decimal(0))
    return (total, late[0][0]) if total > Decimal("10.00") else (Decimal(0), None)


def test_random_histories_agree_with_the_reference():
    chance = random.Random(20261123)
    as_of = date(2026, 11, 22)
    books = []
    for _ in range(size(300, 20_000)):
        cycle = chance.randint(1, 28)
        months = chance.randint(1, 8)
        statements, payments, unpaid = [], [], Decimal(0)
        for back in range(months, 0, -1):
            month = date(2026, 11, 1)
            for _step in range(back - 1):
                month = (month - timedelta(days=1)).replace(day=1)
            made = month.replace(day=cycle)
            if made > as_of:
                continue
            minimum = unpaid + Decimal(chance.randint(0, 90000)) / 100
            statements.append((made, made + timedelta(days=20), minimum))
            paid = Decimal(0)
            if chance.random() < 0.6:
                paid = chance.choice([minimum, minimum / 2, minimum * 2, Decimal("5.00")]).quantize(Decimal("0.01"))
                day = made + timedelta(days=chance.randint(1, 27))
                if paid > 0 and day <= as_of:
                    payments.append((day, paid))
                    # posted on the next statement's day at the latest, or after it: the reference asks by day
            unpaid = max(Decimal(0), minimum - paid)
        books.append(Book(as_of, statements, payments))
    found = [(row["past_due"], row["oldest_due_date"]) for row in aged(books)]
    assert found == [reference(book) for book in books]
    assert sum(1 for amount, _ in found if amount) > 60, "the histories must be late often enough to tell"
