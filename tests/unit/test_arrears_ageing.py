"""How late is an account: the column programs against little books by hand and against a slow reference."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import pytest
from duckdb import DuckDBPyConnection

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
STATEMENT = {
    "account_no": "VARCHAR", "statement_date": "DATE", "due_date": "DATE", "statement_balance": MONEY,
    "minimum_payment": MONEY,
}  # fmt: skip
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
    product: str = "GOLD"


def aged(books: list[Book], numbers: parameters.Parameters | None = None, pauses: tuple = ()) -> list[dict]:
    """The state of each book's account, all in one run of the programs; the books share their day."""
    found = run(books, numbers, pauses).execute("SELECT * FROM account_state ORDER BY account_no")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def run(books: list[Book], numbers: parameters.Parameters | None = None, pauses: tuple = ()) -> DuckDBPyConnection:
    """The programs' tables after the steps."""
    connection = session.connect(threads=1)
    as_of = books[0].as_of
    (numbers or parameters.in_force(as_of)).tables(connection, as_of=as_of)
    rows: dict[str, list[dict]] = {"position": [], "statement": [], "movement": [], "working_party": []}
    for number, book in enumerate(books):
        account, party = f"A{number:06d}", f"P{number:06d}"
        rows["position"].append({
            "account_no": account, "party_no": party, "currency": "CNY", "product": book.product, "cycle_day": 5,
            "open_date": book.open_date, "balance": book.balance, **book.host,
        })  # fmt: skip
        rows["working_party"].append({"party_no": party})
        rows["statement"] += [
            {"account_no": account, "statement_date": made, "due_date": due, "minimum_payment": minimum}
            for made, due, minimum in book.statements
        ]
        rows["movement"] += [
            {
                "account_no": account,
                "amount": amount,
                "posting_date": day,
                "counts": counts,
                "since_position": day > as_of,
            }
            for counts, movements in ((True, book.payments), (False, book.not_counted))
            for day, amount in movements
        ]
    shapes = {
        "position": POSITION,
        "statement": STATEMENT,
        "movement": MOVEMENT,
        "working_party": {"party_no": "VARCHAR"},
    }
    for name, columns in shapes.items():
        shape = ", ".join(f"CAST(unnest(${column}) AS {kind}) AS {column}" for column, kind in columns.items())
        values = {column: [row.get(column) for row in rows[name]] for column in columns}
        connection.execute(f"CREATE TABLE {name} AS SELECT {shape}", values)
    for party, kind, first_day, goes_on in pauses:
        connection.execute("INSERT INTO pause VALUES (?, NULL, ?, ?, ?)", [party, kind, first_day, goes_on])
    for step in STEPS:
        programs.load("dunwell.arrears", step).run(connection)
    return connection


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


def numbers(**lines: object) -> parameters.Parameters:
    """The shipped parameters with a line more for the product GOLD in each that is named."""
    document = {name: {**one, "values": [*one["values"]]} for name, one in parameters._document()[0].items()}
    for name, value in lines.items():
        document[name]["values"].append({"from": date(2026, 1, 1), "product": "GOLD", "value": value})
    return parameters.read(document, date(2026, 8, 20))


@pytest.mark.parametrize(
    ("lines", "gold", "other"),
    [
        ({"grace_days": 30}, (0, "M0", "reminder"), (26, "M1", "early")),
        ({"grace_days": 20, "grace_policy": "subtract"}, (6, "M1", "early"), (26, "M1", "early")),
        ({"tolerance": {"CNY": "250.00"}}, (0, "M0", ""), (26, "M1", "early")),
    ],
)
def test_a_product_may_count_in_its_own_way(lines, gold, other):
    paid = [(date(2026, 8, 10), Decimal("750.00"))]
    books = [Book(date(2026, 8, 20), THREE, paid, product=product) for product in ("GOLD", "SILVER")]
    found = [(row["days_delinquent"], row["bucket"], row["stage"]) for row in aged(books, numbers(**lines))]
    assert found == [gold, other]


@pytest.mark.parametrize(
    ("as_of", "policy", "past_due", "oldest"),
    [
        # 1 October 2026 is the first of the days off of National Day, which end on the 7th
        (date(2026, 10, 2), "as_printed", "500.00", date(2026, 10, 1)),
        (date(2026, 10, 2), "next_working_day", "0.00", None),
        (date(2026, 10, 8), "next_working_day", "0.00", None),
        (date(2026, 10, 9), "next_working_day", "500.00", date(2026, 10, 8)),
    ],
)
def test_a_due_date_on_a_day_off_moves_by_policy(as_of, policy, past_due, oldest):
    printed = (date(2026, 9, 11), date(2026, 10, 1), Decimal("500.00"))
    book = Book(as_of, [printed], host={"statement_date": printed[0], "due_date": printed[1]})
    [found] = aged([book], numbers(due_on_holiday=policy))
    assert (str(found["past_due"]), found["oldest_due_date"]) == (past_due, oldest)


def test_pauses_move_the_bucket_and_are_told():
    pauses = (("P000000", "disaster", date(2026, 7, 1), date(2026, 8, 1)),
              ("P000000", "complaint", date(2026, 8, 1), date(2026, 8, 20)))  # fmt: skip
    found = aged([Book(date(2026, 8, 20), THREE), Book(date(2026, 8, 20), THREE)], pauses=pauses)
    told = [(row["days_past_due"], row["paused_days"], row["days_delinquent"], row["bucket"]) for row in found]
    assert told == [(56, 31, 25, "M1"), (56, 0, 56, "M2")]


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
    for _ in range(size(1_000, 100_000)):
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
