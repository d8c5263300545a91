"""What a step is told by: its rows, and one kind of money by currency, as they came in and as they went out.

Each step has its own measure: what goes into it is counted where it comes from, what comes out where it is made.
Currencies are never added.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from duckdb import DuckDBPyConnection

from dunwell.engine.programs import Program, reads

Money = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Size:
    """Rows, and money by currency; no money where a step moves none."""

    rows: int
    money: Money


@dataclass(frozen=True, slots=True)
class Measure:
    """`name` is the kind of money; `came` and `went` are tables or queries with a currency and an amount in each row."""

    name: str
    came: str
    went: str


def _of(table: str, column: str) -> str:
    return f"SELECT currency, {column} AS amount FROM {table}"


def _of_account(table: str, column: str, accounts: str = "account_state") -> str:
    return (
        f"SELECT c.currency, t.{column} AS amount FROM {table} AS t JOIN {accounts} AS c ON c.account_no = t.account_no"
    )


def _of_candidate(table: str, column: str) -> str:
    return _of_account(table, column, "candidate")


#: Money on the accounts looked at, as PostgreSQL and as the host's files tell it: what both tell comes in twice.
_MOVED = """
    SELECT c.currency, t.amount FROM (
        SELECT account_no, amount FROM receipt WHERE answer = ''
        UNION ALL SELECT account_no, -amount FROM taken_back
        UNION ALL SELECT account_no, CASE WHEN type = 'reversal' THEN -amount ELSE amount END FROM booking
    ) AS t JOIN candidate AS c ON c.account_no = t.account_no
"""
#: What was received on the accounts whose payments are spread, less what was taken back of it.
_TO_SPREAD = """
    SELECT r.currency, r.amount - coalesce(t.amount, 0) AS amount
    FROM receipt AS r JOIN position_before AS b ON b.account_no = r.account_no
    LEFT JOIN (SELECT payment_id, sum(amount) AS amount FROM taken_back GROUP BY payment_id) AS t USING (payment_id)
    WHERE r.answer = ''
"""
_SPREAD = "SELECT r.currency, l.amount FROM allocation_line AS l JOIN receipt AS r ON r.payment_id = l.payment_id"
_PUBLISHED = (
    "SELECT c.currency, c.past_due AS amount FROM case_now AS c JOIN publish_party AS p ON p.party_no = c.party_no"
)

_INSTALMENTS = """
    SELECT r.currency, i.amount FROM instalment AS i JOIN arrangement AS r ON r.arrangement_id = i.arrangement_id
"""
#: Interest line by line, before it is rounded; the host's positions as we expect them, and as they are.
_COUNTED = """
    SELECT c.currency, CAST(l.in_all / 26280 AS DECIMAL(18, 2)) AS amount
    FROM interest_line AS l JOIN interest_given AS c ON c.id = l.account_no
"""
_INTEREST = """
    SELECT c.currency, f.interest AS amount FROM interest_charged AS f JOIN interest_given AS c ON c.id = f.account_no
"""
_EXPECTED = """
    SELECT c.currency, e.principal + e.interest + e.late_charge + e.fees - e.credit AS amount
    FROM difference_expected AS e JOIN account_state AS c ON c.account_no = e.account_no
"""
_FOUND = """
    SELECT c.currency, c.closing_balance AS amount
    FROM difference_expected AS e JOIN account_state AS c ON c.account_no = e.account_no
"""

MEASURES = {
    "take_in": Measure("balance", _of("position", "balance"), _of("candidate", "closing_balance")),
    "movements": Measure("moved", _MOVED, _of_candidate("movement", "amount")),
    "dues": Measure("past_due", _of("candidate", "past_due_amount"), _of_candidate("closing", "past_due_at_close")),
    "apply_payments": Measure(
        "past_due", _of_candidate("closing", "past_due_at_close"), _of_candidate("account_now", "past_due_exact")
    ),
    "age": Measure("past_due", _of_candidate("account_now", "past_due_exact"), _of_candidate("aged", "past_due")),
    "classify": Measure("past_due", _of_candidate("aged", "past_due"), _of("account_state", "past_due")),
    "risk": Measure("past_due", _of_candidate("aged", "past_due"), _of_account("account_risk", "past_due")),
    "accrue": Measure("interest", _COUNTED, _INTEREST),
    "difference": Measure("balance", _EXPECTED, _FOUND),
    "settle_promises": Measure("promised", _of("promise_part", "amount"), _of("promise_settled", "received")),
    "settle_plans": Measure("agreed", _INSTALMENTS, _of("instalment_settled", "received")),
    "roll_up": Measure("past_due", _of("account_state", "past_due"), _of("party_state", "past_due")),
    "cases": Measure("past_due", _of("party_state", "past_due"), _of("case_now", "past_due")),
    "allocate": Measure("received", _TO_SPREAD, _SPREAD),
    "book": Measure("balance", _of("position", "balance"), _of("book", "balance")),
    "figures": Measure("balance", _of("book", "balance"), _of("bucket_day", "balance")),
    "partition": Measure("past_due", _of("case_now", "past_due"), _PUBLISHED),
}


def read_by(step: Program) -> frozenset[str]:
    """The tables that a step's measure reads."""
    told = MEASURES.get(step.name)
    return reads(f"{told.came} {told.went}") if told else frozenset({"party_state", step.outputs[-1]})


def measure(connection: DuckDBPyConnection, step: Program, counted: dict[str, Size] | None = None) -> tuple[Size, Size]:
    """What came into a step that has run, and what went out of it; rows alone where it moves no money of its own.

    `counted` is what earlier steps counted in these tables, which nothing changes: what went out of one comes into another.
    """
    told = MEASURES.get(step.name)
    if told is None:  # a step of the strategy, over the parties
        came = connection.execute("SELECT count(*) FROM party_state").fetchone()[0]
        return Size(came, {}), Size(connection.execute(f"SELECT count(*) FROM {step.outputs[-1]}").fetchone()[0], {})
    counted = {} if counted is None else counted
    for query in (told.came, told.went):
        if query not in counted:
            counted[query] = _size(connection, query)
    return counted[told.came], counted[told.went]


def _size(connection: DuckDBPyConnection, query: str) -> Size:
    found = connection.execute(
        f"SELECT currency, count(*), coalesce(sum(amount), 0) FROM ({query}) GROUP BY currency ORDER BY currency"
    ).fetchall()
    return Size(sum(rows for _, rows, _ in found), {currency: Decimal(amount) for currency, _, amount in found})
