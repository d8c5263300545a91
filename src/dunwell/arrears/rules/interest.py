"""Interest of accounts, by the column programs `interest` and `late_charge`: what goes in, and what comes out."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from duckdb import DuckDBPyConnection

from dunwell.engine import passing, programs

GRACED = frozenset({"purchase", "instalment"})
BEARS_NOT = frozenset({"fee", "late_charge"})  # CN-FEE-NOINT
METHODS = ("full_balance", "unpaid_part")


@dataclass(frozen=True, slots=True)
class Convention:
    """How a contract counts. See docs/interest.md for each word; the numbers stand in interest.yaml."""

    method: str = "full_balance"
    new_purchases: str = "at_once"
    interest_from: str = "posting"
    payment_day: str = "new_balance"
    statement_day: str = "included"
    rounding: str = "statement"
    compounding: bool = False
    grace_days: int = 0
    tolerance: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Posting:
    """What was booked: purchase, cash, instalment, fee, interest, judgment."""

    kind: str
    posting_date: date
    amount: Decimal
    transaction_date: date | None = None
    queue: str = ""
    bears_from: date | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """What was paid; `reversed` is what was taken back of it, as if it had never come."""

    posting_date: date
    amount: Decimal
    reversed: Decimal = Decimal(0)
    counts: bool = True
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """`balance` None: what is posted. One that does not `charge` only has a due date."""

    statement_date: date
    balance: Decimal | None = None
    due_date: date | None = None
    minimum_payment: Decimal | None = None
    charges: bool = True


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate of a kind of posting, in force from and to a day (both included); `per_days` is 1, 360 or 365."""

    kind: str
    rate: Decimal
    from_date: date = date(1900, 1, 1)
    to_date: date | None = None
    per_days: int = 1
    rule: str = "contract"
    source: str = "contract"
    sheet: str = "on"


@dataclass(frozen=True, slots=True)
class LateCharge:
    share: Decimal
    least: Decimal = Decimal(0)
    most: Decimal | None = None
    source: str = "contract"


@dataclass(frozen=True, slots=True)
class History:
    account_no: str
    convention: Convention
    postings: Sequence[Posting] = ()
    payments: Sequence[Payment] = ()
    statements: Sequence[Statement] = ()
    rates: Sequence[Rate] = ()
    late_charge: LateCharge | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """So much balance bore a rate for so many days. `amount` is exact where the statement is rounded as a whole."""

    kind: str
    from_day: date
    to_day: date
    days: int
    balance: Decimal
    rate: Decimal
    per_days: int
    amount: Decimal
    rule: str
    source: str
    sheet: str


@dataclass(frozen=True, slots=True)
class Figure:
    """The interest of one statement, and the lines that sum to it: the last one may be the rounding."""

    statement_date: date
    interest: Decimal
    on_balance: Decimal
    off_balance: Decimal
    lines: tuple[Line, ...] = field(default=())


_MONEY = "DECIMAL(15, 2)"
_TABLES = {
    "interest_account": f"account_no VARCHAR, method VARCHAR, new_purchases VARCHAR, payment_shift INTEGER, "
    f"statement_shift INTEGER, rounding VARCHAR, grace_days INTEGER, tolerance {_MONEY}",
    "interest_posting": f"account_no VARCHAR, nr INTEGER, kind VARCHAR, graced BOOLEAN, queue VARCHAR, posting_date DATE, "
    f"bears_from DATE, amount {_MONEY}",
    "interest_payment": f"account_no VARCHAR, nr INTEGER, queue VARCHAR, posting_date DATE, amount {_MONEY}, counts BOOLEAN",
    "interest_reversal": f"account_no VARCHAR, payment_nr INTEGER, amount {_MONEY}",
    "interest_statement": f"account_no VARCHAR, statement_date DATE, charges BOOLEAN, balance {_MONEY}, due_date DATE, "
    f"minimum_payment {_MONEY}",
    "interest_rate": "account_no VARCHAR, kind VARCHAR, rule VARCHAR, source VARCHAR, sheet VARCHAR, from_date DATE, "
    "to_date DATE, rate DECIMAL(9, 8), per_days INTEGER",
    "late_charge_rule": f"account_no VARCHAR, share DECIMAL(9, 8), least {_MONEY}, most {_MONEY}, source VARCHAR",
}


def accrue(connection: DuckDBPyConnection, histories: Sequence[History]) -> None:
    """Run the programs: they leave `interest_line`, `interest_charged` and `late_charged` in the connection.

    Where a contract compounds, the interest of each statement bears interest itself from the day after it: the programs
    run once a statement, oldest first, on the accounts that compound.
    """
    compounding = [h for h in histories if h.convention.compounding]
    grown = {h.account_no: h for h in histories}
    for nr in range(1, max((sum(s.charges for s in h.statements) for h in compounding), default=0)):
        _run(connection, [grown[h.account_no] for h in compounding])
        rows = connection.execute(
            "SELECT account_no, statement_date, interest FROM (SELECT *, row_number() OVER (PARTITION BY account_no "
            "ORDER BY statement_date) AS place FROM interest_charged) WHERE place = ? AND interest > 0",
            [nr],
        ).fetchall()
        for account_no, day, interest in rows:
            posted = Posting("interest", day, interest, bears_from=day + timedelta(days=1))
            grown[account_no] = replace(grown[account_no], postings=(*grown[account_no].postings, posted))
    _run(connection, list(grown.values()))


def figures(connection: DuckDBPyConnection, *, with_lines: bool = False) -> dict[str, list[Figure]]:
    """By account, the figure of each statement in order. Lines that are exact are followed by one for the rounding."""
    lines: dict[tuple[str, int], list[Line]] = {}
    if with_lines:
        for row in connection.execute(
            "SELECT account_no, statement_nr, kind, from_day, to_day, days, balance, rate, per_days, amount, rule, source, "
            "sheet FROM interest_line ORDER BY account_no, statement_nr, kind, from_day, rule"
        ).fetchall():
            line = Line(*row[2:])
            if line.amount is None:
                exact = line.balance * line.rate * line.days
                line = replace(line, amount=exact if line.per_days == 1 else exact / line.per_days)
            lines.setdefault((row[0], row[1]), []).append(line)
    answer: dict[str, list[Figure]] = {}
    for account_no, nr, *row in connection.execute(
        "SELECT account_no, statement_nr, statement_date, interest, on_balance, off_balance FROM interest_charged "
        "ORDER BY account_no, statement_nr"
    ).fetchall():
        of = lines.get((account_no, nr), [])
        answer.setdefault(account_no, []).append(Figure(*row, lines=(*of, *_rounding(of, *row[2:]))))
    return answer


def _rounding(lines: Sequence[Line], on_balance: Decimal, off_balance: Decimal) -> Iterator[Line]:
    """What rounding adds, on each sheet by itself: lines on and off the balance sheet sum to the figures on and off it."""
    for sheet, figure in (("on", on_balance), ("off", off_balance)):
        rest = figure - sum((line.amount for line in lines if line.sheet == sheet), Decimal(0))
        if lines and rest:
            day = lines[-1].to_day
            yield Line("", day, day, 0, Decimal(0), Decimal(0), 1, rest, "half-up, once", "", sheet)


def _run(connection: DuckDBPyConnection, histories: Iterable[History]) -> None:
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in _TABLES}
    for history in histories:
        _add(rows, history)
    for name, columns in _TABLES.items():
        connection.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        _load(connection, name, columns, rows[name])
    for step in ("interest", "late_charge"):
        programs.load("dunwell.arrears", step).run(connection)


def _add(rows: dict[str, list[tuple[object, ...]]], history: History) -> None:
    no, how = history.account_no, history.convention
    rows["interest_account"].append(
        (
            *(no, how.method, how.new_purchases, int(how.payment_day == "old_balance")),
            *(int(how.statement_day == "excluded"), how.rounding, how.grace_days, how.tolerance),
        )
    )
    for nr, p in enumerate(history.postings):
        start: date | None = p.bears_from or p.posting_date
        if p.bears_from is None and how.interest_from == "transaction":
            start = p.transaction_date or p.posting_date
        if p.kind in BEARS_NOT or (p.kind == "interest" and not how.compounding):
            start = None
        rows["interest_posting"].append((no, nr, p.kind, p.kind in GRACED, p.queue, p.posting_date, start, p.amount))
    for nr, paid in enumerate(history.payments):
        rows["interest_payment"].append((no, nr, paid.queue, paid.posting_date, paid.amount, paid.counts))
        if paid.reversed:
            rows["interest_reversal"].append((no, nr, paid.reversed))
    for s in history.statements:
        rows["interest_statement"].append((no, s.statement_date, s.charges, s.balance, s.due_date, s.minimum_payment))
    for r in _rates(history):
        rows["interest_rate"].append(
            (no, r.kind, r.rule, r.source, r.sheet, r.from_date, r.to_date, r.rate, r.per_days)
        )
    if late := history.late_charge:
        rows["late_charge_rule"].append((no, late.share, late.least, late.most, late.source))


def _rates(history: History) -> list[Rate]:
    """The rates; interest that compounds bears that of purchases unless it has its own. A posting that would bear
    interest at no rate at all raises ValueError: nothing is charged by silence."""
    rates = list(history.rates)
    kinds = {rate.kind for rate in rates}
    if history.convention.compounding and "interest" not in kinds:
        rates += [replace(rate, kind="interest") for rate in rates if rate.kind == "purchase"]
        kinds.add("interest")
    bearing = {p.kind for p in history.postings} - BEARS_NOT
    if not history.convention.compounding:
        bearing.discard("interest")
    if missing := sorted(bearing - kinds):
        raise ValueError(f"account {history.account_no} has no interest rate for {', '.join(missing)}")
    return rates


def _load(connection: DuckDBPyConnection, table: str, columns: str, rows: list[tuple[object, ...]]) -> None:
    """Thousands of accounts at once: a file is a hundred times faster than rows one by one."""
    if not rows:
        return
    with passing.file(".csv") as path:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(["\\N" if value is None else value for value in row] for row in rows)
        names = [
            part.strip().split(" ", 1) for part in columns.replace(", 2)", "|2)").replace(", 8)", "|8)").split(",")
        ]
        spelled = ", ".join(f"'{name}': '{kind.replace('|', ', ')}'" for name, kind in names)
        connection.execute(
            f"INSERT INTO {table} SELECT * FROM read_csv('{path}', header = false, nullstr = '\\N', auto_detect = false, "
            f"delim = ',', quote = '\"', escape = '\"', columns = {{{spelled}}})"
        )
