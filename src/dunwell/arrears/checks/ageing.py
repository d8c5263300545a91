"""`dunwell check ageing`: how late, by the programs of the night (apply_payments, age, classify, restructured, risk).

Only differences of days matter to them, so all cases are moved to one day, asked at once, and moved back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from dunwell.arrears.rules import parameters, risk
from dunwell.arrears.rules.parameters import DayRule
from dunwell.engine import programs, session
from dunwell.kernel.cases import Answer, Check, Row, Unanswerable, day, money

AS_OF = date(2400, 1, 1)  # far from both ends of the calendar; the numbers of a case are its own
POLICIES = ("forgive", "subtract")
STEPS = tuple(
    programs.load("dunwell.arrears", name) for name in ("apply_payments", "age", "classify", "restructured", "risk")
)
SINCE = Decimal("0.01")  # what is past due where only the day is told: something
MONEY = "DECIMAL(18, 2)"
Column = tuple[str, str, list[Any]]


@dataclass(slots=True)
class Question:
    """A case as read; days are those of the file."""

    row: Row
    as_of: date
    since: date | None
    dues: dict[date, Decimal] | None
    paid: Decimal
    rule: DayRule
    pauses: list[tuple[date, date | None]] = field(default_factory=list)


def read(row: Row) -> Question:
    """What a row asks; Unanswerable where it cannot be read."""
    as_of, since = row.day("as_of"), row.day_or_none("oldest_unpaid_due_date")
    told = bool(row["dues"])
    if since is None and not told:
        raise Unanswerable(f"Row {row.number}: found neither oldest_unpaid_due_date nor dues, expected one of them.")
    dues: dict[date, Decimal] = {}
    for due, amount in _flows(row, "dues"):
        if amount < 0:
            raise row.wrong("dues", "amounts not below 0")
        if due <= as_of:
            dues[due] = dues.get(due, Decimal(0)) + amount
    paid = sum((amount for paid_on, amount in _flows(row, "payments") if paid_on <= as_of), Decimal(0))
    return Question(
        row=row,
        as_of=as_of,
        since=since,
        dues=dues if told else None,
        paid=paid,
        rule=DayRule(
            grace_days=row.whole("grace_days", default=0),
            grace_policy=row.choice("grace_policy", POLICIES, default=POLICIES[0]),
            due_on_holiday="as_printed",
            tolerance={},
        ),
        pauses=list(_pauses(row)),
    )


def _flows(row: Row, column: str) -> Iterator[tuple[date, Decimal]]:
    for part in row.parts(column):
        told, sign, amount = part.partition(":")
        when, much = day(told.strip()), money(amount.strip())
        if not sign or when is None or much is None:
            raise Unanswerable(
                f'Row {row.number}, {column}: found "{part}", expected a part such as 2023-10-01:250.00.'
            )
        yield when, much


def _pauses(row: Row) -> Iterator[tuple[date, date | None]]:
    for part in row.parts("pauses"):
        first, sign, after = (text.strip() for text in part.partition(".."))
        begins, goes_on = day(first), day(after) if after else None
        if not sign or begins is None or (after and goes_on is None):
            raise Unanswerable(
                f'Row {row.number}, pauses: found "{part}", expected a part such as 2023-10-06..2023-10-10.'
            )
        if goes_on is not None and goes_on < begins:
            raise Unanswerable(f'Row {row.number}, pauses: found "{part}", expected it to go on after it begins.')
        yield begins, goes_on


def answer_all(cases: Sequence[Sequence[Row]]) -> list[Sequence[Answer] | Unanswerable]:
    """The answers of all rows, by one run of the programs."""
    asked: list[Question | Unanswerable] = []
    for (row,) in cases:
        try:
            asked.append(read(row))
        except Unanswerable as reason:
            asked.append(reason)
    questions = {f"{number:09d}": one for number, one in enumerate(asked) if isinstance(one, Question)}
    states = _states(questions) if questions else {}
    return [
        one if isinstance(one, Unanswerable) else _answer(one, states[f"{number:09d}"])
        for number, one in enumerate(asked)
    ]


def _answer(asked: Question, state: dict[str, Any]) -> list[Answer] | Unanswerable:
    oldest = state["oldest_due_date"]
    oldest = None if oldest is None else asked.as_of - (AS_OF - oldest)
    told = asked.dues is not None
    if told and asked.since is not None and asked.since != oldest:
        expected = f"{oldest} as the dues and payments say" if oldest else "nothing, for the dues are paid"
        return Unanswerable(
            f"Row {asked.row.number}, oldest_unpaid_due_date: found {asked.since}, expected {expected}."
        )
    return [
        {
            "oldest_unpaid_due_date": oldest,
            "past_due_amount": state["past_due"] if told else None,
            "days_past_due": state["days_past_due"],
            "days_delinquent": state["days_delinquent"],
            "periods_past_due": state["periods"] if told else None,
            "bucket": state["bucket"],
            "risk_class": state["card_class"],
        }
    ]


def _states(questions: dict[str, Question]) -> dict[str, dict[str, Any]]:
    """Each account's state by the programs, by its number."""
    rules = {_product(one.rule): one.rule for one in questions.values()}
    in_force = replace(parameters.in_force(parameters.latest()), tolerance={}, products=rules, pausing_holds=("given",))
    with session.connect(threads=1) as connection:
        # a due counts from its own day on: 0 days on it
        in_force.tables(connection, as_of=AS_OF, late_before=AS_OF + timedelta(days=1))
        risk.tables(connection, as_of=AS_OF)
        for name, columns in _tables(questions).items():
            shape = ", ".join(
                f"CAST(unnest($c{place}) AS {kind}) AS {column}" for place, (column, kind, _) in enumerate(columns)
            )
            connection.execute(
                f"CREATE OR REPLACE TABLE {name} AS SELECT {shape}",
                {f"c{place}": values for place, (_, _, values) in enumerate(columns)},
            )
        for step in STEPS:
            step.run(connection)
        found = connection.execute(
            "SELECT s.account_no, s.oldest_due_date, s.past_due, s.days_past_due, s.days_delinquent, s.periods, s.bucket,"
            " r.card_class FROM account_state AS s JOIN account_risk AS r ON r.account_no = s.account_no"
        )
        names = [column[0] for column in found.description]
        return {row[0]: dict(zip(names, row, strict=True)) for row in found.fetchall()}


def _product(rule: DayRule) -> str:
    return f"{rule.grace_policy} {rule.grace_days}"


def _moved(on: date, asked: Question) -> date:
    return AS_OF - (asked.as_of - on)


def _tables(questions: dict[str, Question]) -> dict[str, list[Column]]:
    """The programs' inputs: the accounts with what their host says, their dues, the money since, the pauses."""
    accounts, asked = list(questions), list(questions.values())
    late = [
        sum(one.dues.values(), Decimal(0)) if one.dues is not None else SINCE if one.since <= one.as_of else Decimal(0)
        for one in asked
    ]
    dues = [
        (number, _moved(due, one), amount, nr)
        for number, one in questions.items()
        for nr, (due, amount) in enumerate(sorted((one.dues or {}).items()))
    ]
    paid = [(number, one.paid) for number, one in questions.items() if one.dues is not None and one.paid]
    pauses = [
        (number, _moved(first, one), goes_on and _moved(goes_on, one))
        for number, one in questions.items()
        for first, goes_on in one.pauses
    ]
    nothing = [None] * len(accounts)
    return {
        "candidate": [
            ("account_no", "VARCHAR", accounts),
            ("party_no", "VARCHAR", accounts),
            ("product", "VARCHAR", [_product(one.rule) for one in asked]),
            ("currency", "VARCHAR", nothing),
            ("open_date", "DATE", nothing),
            ("closing_balance", MONEY, late),
            ("statement_date", "DATE", nothing),
            ("due_date", "DATE", nothing),
            ("overdue_since", "DATE", [
                _moved(one.since, one) if one.dues is None and one.since is not None else None for one in asked
            ]),
            ("periods_past_due", "INTEGER", nothing),
        ],
        "closing": [
            ("account_no", "VARCHAR", accounts),
            ("past_due_at_close", MONEY, late),
            ("derived", "BOOLEAN", [one.dues is not None for one in asked]),
        ],
        "due": [
            ("account_no", "VARCHAR", [row[0] for row in dues]),
            ("statement_date", "DATE", [row[1] for row in dues]),
            ("due_date", "DATE", [row[1] for row in dues]),
            ("amount", MONEY, [row[2] for row in dues]),
            ("nr", "BIGINT", [row[3] for row in dues]),
        ],
        "movement": [
            ("account_no", "VARCHAR", [row[0] for row in paid]),
            ("amount", MONEY, [row[1] for row in paid]),
            ("counts", "BOOLEAN", [True for _ in paid]),
            ("since_position", "BOOLEAN", [True for _ in paid]),
        ],
        "pause": [
            ("party_no", "VARCHAR", [row[0] for row in pauses]),
            ("account_no", "VARCHAR", [None for _ in pauses]),
            ("kind", "VARCHAR", ["given" for _ in pauses]),
            ("first_day", "DATE", [row[1] for row in pauses]),
            ("goes_on", "DATE", [row[2] for row in pauses]),
        ],
    }  # fmt: skip


CHECK = Check(
    reads=("case_id", "as_of"),
    may_read=("oldest_unpaid_due_date", "dues", "payments", "grace_days", "grace_policy", "pauses"),
    answers=(
        "oldest_unpaid_due_date",
        "past_due_amount",
        "days_past_due",
        "days_delinquent",
        "periods_past_due",
        "bucket",
        "risk_class",
    ),
    answer_all=answer_all,
)
