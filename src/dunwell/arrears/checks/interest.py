"""`dunwell check interest`: the interest of a case's last statement, by the column program of the night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from duckdb import DuckDBPyConnection
from duckdb import Error as DuckDBError

from dunwell.arrears.rules.interest import (
    METHODS,
    Convention,
    History,
    Payment,
    Posting,
    Rate,
    Statement,
    accrue,
    figures,
)
from dunwell.engine import session
from dunwell.kernel.cases import Answer, Check, Row, Unanswerable

ENTRIES = ("purchase", "cash", "payment", "statement", "due")
BATCH = 5_000
#: What the program's columns hold: amounts of the account's currency, and days that a stretch can count.
MOST = Decimal("99999999999.99")
FIRST_DAY, LAST_DAY = date(1950, 1, 1), date(2199, 12, 31)


def history(account_no: str, rows: Sequence[Row]) -> History:
    """A case as the program takes it. Raises Unanswerable."""
    method = rows[0].choice("method", METHODS)
    rate = rows[0].number_of("daily_rate")
    if not 0 <= rate < 1 or rate != rate.quantize(Decimal("1e-8")):
        raise rows[0].wrong("daily_rate", "a rate a day as a fraction such as 0.0005, with at most eight decimals")
    postings, payments, statements, dues = [], [], [], []
    for row in rows:
        entry, day = row.choice("entry", ENTRIES), row.day("date")
        if not FIRST_DAY <= day <= LAST_DAY:
            raise row.wrong("date", f"a day from {FIRST_DAY} to {LAST_DAY}")
        if row["amount"] and abs(row.money("amount", negative=True)) > MOST:
            raise row.wrong("amount", f"an amount of at most {MOST}")
        if entry == "statement":
            balance = row.money("amount", negative=True) if row["amount"] else None
            if any(s.statement_date == day for s in statements):
                raise row.wrong("date", "one statement a day; there is one already")
            statements.append(Statement(day, balance))
        elif entry == "due":
            dues.append((day, row.money("amount", default=Decimal(0)), row))
        elif entry == "payment":
            payments.append(Payment(day, row.money("amount")))
        else:
            postings.append(Posting(entry, day, row.money("amount")))
    if not statements:
        raise Unanswerable(f"Row {rows[-1].number}, entry: found no statement in the case, expected at least one.")
    statements = _with_dues(sorted(statements, key=lambda s: s.statement_date), dues)
    return History(
        account_no=account_no,
        convention=Convention(method=method),
        postings=[*_brought_forward(rows, method, statements[0], postings, payments), *postings],
        payments=payments,
        statements=statements,
        rates=[Rate(kind, rate) for kind in ("purchase", "cash")],
    )


def _brought_forward(
    rows: Sequence[Row], method: str, first: Statement, postings: list[Posting], payments: list[Payment]
) -> list[Posting]:
    """The balance of the first statement where none of its postings is told: enough for what is left after a due date,
    not for interest from posting days."""
    balance = first.balance or Decimal(0)
    if balance <= 0 or any(p.posting_date <= first.statement_date for p in postings):
        return []
    due = first.due_date or first.statement_date
    paid = sum((p.amount for p in payments if first.statement_date < p.posting_date <= due), Decimal(0))
    if method == "full_balance" and balance > paid:
        row = next(r for r in rows if r["entry"] == "statement" and r["date"] == str(first.statement_date))
        raise row.wrong("amount", "the postings behind it as rows too: interest runs from their days")
    # what was paid before the statement is in its balance already
    before = sum((p.amount for p in payments if p.posting_date <= first.statement_date), Decimal(0))
    return [Posting("purchase", first.statement_date, balance + before)]


def _with_dues(statements: list[Statement], dues: list) -> list[Statement]:
    """Each due belongs to the statement before it; to one that is not in the file where there is none."""
    for day, minimum, row in sorted(dues, key=lambda due: due[0]):
        places = [n for n, s in enumerate(statements) if s.statement_date <= day and s.charges]
        if not places:
            if any(not s.charges for s in statements):
                raise row.wrong("date", "one due date before the first statement; there is one already")
            statements.append(Statement(day, None, day, minimum, charges=False))
            continue
        of = statements[places[-1]]
        if of.due_date is not None:
            raise row.wrong("date", f"one due date after the statement of {of.statement_date}; there is {of.due_date}")
        statements[places[-1]] = replace(of, due_date=day, minimum_payment=minimum)
    return statements


def answer_all(cases: Sequence[Sequence[Row]]) -> list[Sequence[Answer] | Unanswerable]:
    answers: list[Sequence[Answer] | Unanswerable] = []
    with session.connect() as connection:
        for start in range(0, len(cases), BATCH):
            answers += _answered(connection, cases[start : start + BATCH])
    return answers


def _answered(connection: DuckDBPyConnection, cases: Sequence[Sequence[Row]]) -> list[Sequence[Answer] | Unanswerable]:
    """All cases in one run of the program; one by one when a case among them is beyond its bounds."""
    taken: list[History | Unanswerable] = []
    for number, rows in enumerate(cases):
        try:
            taken.append(history(str(number), rows))
        except Unanswerable as reason:
            taken.append(reason)
    try:
        accrue(connection, [found for found in taken if isinstance(found, History)])
    except DuckDBError as error:
        if len(cases) > 1:
            return [answer for rows in cases for answer in _answered(connection, [rows])]
        return [
            Unanswerable(f"Row {cases[0][0].number}: these values cannot be computed with ({type(error).__name__}).")
        ]
    known = figures(connection)
    return [
        found if isinstance(found, Unanswerable) else [{"interest": known[found.account_no][-1].interest}]
        for found in taken
    ]


CHECK = Check(
    reads=("case_id", "entry", "date", "amount", "daily_rate", "method"),
    answers=("interest",),
    beside=False,
    answer_all=answer_all,
)
