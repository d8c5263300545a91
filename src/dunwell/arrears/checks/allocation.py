"""`dunwell check allocation`: what a payment pays, by the program of the night (allocate).

Each order of components is in force on a day of its own; a case's payment is posted on the day of its order, so many days
past due as the case says. An instalment's components are components of their own, in the order in which it is its turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from dunwell.arrears.rules import allocation
from dunwell.arrears.rules.parameters import FOR_EVER
from dunwell.engine import programs, session
from dunwell.kernel.cases import Answer, Check, Row, Unanswerable, day, money

COMPONENTS = ("penalty", "fee", "interest", "principal")
OURS = {
    "penalty": "late_charge",
    "fee": "other_fees",
    "interest": "interest_on_balance",
    "principal": "principal_retail",
}
DEFAULT = "CN-ALLOC-DEFAULT"
FUTURE_RULES = ("next", "last")
STEP = programs.load("dunwell.arrears", "allocate")
POSITION = date(2400, 1, 1)
MONEY = "DECIMAL(18, 2)"
Ranks = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A case as read. `turns` are the instalments' places in the file in the order in which they are paid."""

    order: str
    days: int
    payment: Decimal
    owed: tuple[dict[str, Decimal], ...]
    turns: tuple[int, ...]
    told: bool


def read(row: Row) -> Question:
    """What a row asks; Unanswerable where it cannot be read."""
    payment = row.money("payment")
    amounts = {name: row.money(name, default=Decimal(0)) for name in COMPONENTS}
    order = row["order"].replace(" ", "")
    if order == DEFAULT:
        order = _default()
    if order:
        ranks(row, order)
    if row["instalments"]:
        if any(amounts.values()):
            raise Unanswerable(f"Row {row.number}: found amounts and instalments, expected one of them.")
        dated = _instalments(row)
        paid_on = row.day("payment_date")
        future = row.choice("future_rule", FUTURE_RULES, default="next")
        late = [place for place, (due, _) in enumerate(dated) if due <= paid_on]
        later = [place for place, (due, _) in enumerate(dated) if due > paid_on]
        late.sort(key=lambda place: dated[place][0])
        later.sort(key=lambda place: dated[place][0])
        turns = (*late, *(reversed(later) if future == "last" else later))
        since = next((dated[place][0] for place in late if any(dated[place][1].values())), paid_on)
        days = row.whole("days_delinquent", default=(paid_on - since).days)
        return Question(order, days, payment, tuple(owed for _, owed in dated), turns, True)
    if not order and not row["days_delinquent"]:
        raise Unanswerable(f"Row {row.number}: found neither order nor days_delinquent, expected one of them.")
    return Question(order, row.whole("days_delinquent", default=0), payment, (amounts,), (0,), False)


def _default() -> str:
    """The order of the law where nothing is agreed, in the words of `order`."""
    names = {ours: name for name, ours in OURS.items()}
    (default,) = allocation.in_parameters(name="allocation_default")
    return ">".join(names[component] for rank in default.ranks for component in rank if component in names)


def ranks(row: Row, order: str) -> Ranks:
    """`penalty>fee&interest>principal` as ranks; Unanswerable names what is wrong."""
    found = tuple(tuple(rank.split("&")) for rank in order.split(">"))
    named = [name for rank in found for name in rank]
    if sorted(named) != sorted(set(named)) or not set(named) <= set(COMPONENTS):
        raise row.wrong(
            "order", "penalty, fee, interest and principal, each once, such as penalty>fee>interest>principal"
        )
    return found


def _instalments(row: Row) -> list[tuple[date, dict[str, Decimal]]]:
    found = []
    for part in row.parts("instalments"):
        told, _, amounts = part.partition(":")
        due, owed = day(told.strip()), [money(amount.strip()) for amount in amounts.split("/")]
        if due is None or len(owed) != len(COMPONENTS) or any(amount is None or amount < 0 for amount in owed):
            raise Unanswerable(
                f'Row {row.number}, instalments: found "{part}", expected a part such as'
                " 2023-01-16:0.00/0.00/0.00/125.00 (penalty/fee/interest/principal)."
            )
        found.append((due, dict(zip(COMPONENTS, owed, strict=True))))
    return found


def answer_all(cases: Sequence[Sequence[Row]]) -> list[Sequence[Answer] | Unanswerable]:
    """The answers of all rows, by one run of the program."""
    asked: list[Question | Unanswerable] = []
    for (row,) in cases:
        try:
            asked.append(read(row))
        except Unanswerable as reason:
            asked.append(reason)
    questions = {number: one for number, one in enumerate(asked) if isinstance(one, Question)}
    paid = _paid(questions) if questions else {}
    return [
        one if isinstance(one, Unanswerable) else _answer(one, paid.get(number, {})) for number, one in enumerate(asked)
    ]


def _answer(asked: Question, paid: dict[str, Decimal]) -> list[Answer]:
    """`paid` is by turn and component."""
    by_turn = [
        {name: paid.get(_named(turn, name), Decimal("0.00")) for name in COMPONENTS} for turn in range(len(asked.turns))
    ]
    totals = {name: sum((turn[name] for turn in by_turn), Decimal("0.00")) for name in COMPONENTS}
    per_instalment = [Decimal("0.00")] * len(asked.turns)
    for place, turn in zip(asked.turns, by_turn, strict=True):
        per_instalment[place] = sum(turn.values(), Decimal("0.00"))
    return [
        {
            **{f"paid_{name}": totals[name] for name in COMPONENTS},
            "left_over": asked.payment - sum(totals.values(), Decimal("0.00")),
            "paid_per_instalment": per_instalment if asked.told else None,
        }
    ]


def _named(turn: int, component: str) -> str:
    return f"{turn}.{component}"


def _orders(order: str, turns: int, on: date) -> list[allocation.Order]:
    """An order over so many instalments, in force on one day; the parameters' own one is two, by days past due."""
    if order:
        told: list[tuple[int, int, Ranks]] = [(0, FOR_EVER, tuple(tuple(rank.split("&")) for rank in order.split(">")))]
    else:
        names = {ours: name for name, ours in OURS.items()}
        told = [
            (one.from_day, one.to_day, tuple((names[c],) for rank in one.ranks for c in rank if c in names))
            for one in allocation.in_parameters()
            if one.valid_to == allocation.LAST_DAY
        ]
    return [
        allocation.Order(
            f"{on} {from_day}",
            from_day,
            to_day,
            on,
            on,
            tuple(tuple(_named(turn, name) for name in rank) for turn in range(turns) for rank in of),
        )
        for from_day, to_day, of in told
    ]


def _paid(questions: dict[int, Question]) -> dict[int, dict[str, Decimal]]:
    """What each case's payment paid, by its number."""
    kinds = dict.fromkeys((one.order, len(one.turns)) for one in questions.values())
    posted = {kind: POSITION + timedelta(days=nr) for nr, kind in enumerate(kinds, 1)}
    orders = [order for kind, on in posted.items() for order in _orders(*kind, on)]
    with session.connect(threads=1) as connection:
        allocation.table(connection, tuple(orders))
        for name, columns in _tables(questions, posted).items():
            shape = ", ".join(
                f"CAST(unnest($c{place}) AS {kind}) AS {column}" for place, (column, kind, _) in enumerate(columns)
            )
            connection.execute(
                f"CREATE TABLE {name} AS SELECT {shape}",
                {f"c{place}": values for place, (_, _, values) in enumerate(columns)},
            )
        STEP.run(connection)
        paid: dict[int, dict[str, Decimal]] = {}
        for number, component, amount in connection.execute(
            "SELECT payment_id, component, amount FROM allocation_line"
        ).fetchall():
            paid.setdefault(number, {})[component] = amount
        return paid


def _tables(
    questions: dict[int, Question], posted: dict[tuple[str, int], date]
) -> dict[str, list[tuple[str, str, list[Any]]]]:
    """The program's inputs: a position and what is owed on it, and one payment each; no lines, no reversals."""
    accounts = [str(number) for number in questions]
    days = [posted[one.order, len(one.turns)] for one in questions.values()]
    since = [on - timedelta(days=one.days) for on, one in zip(days, questions.values(), strict=True)]
    owed = [
        (str(number), _named(turn, name), amount)
        for number, one in questions.items()
        for turn, place in enumerate(one.turns)
        for name, amount in one.owed[place].items()
        if amount > 0
    ]
    every = len(accounts)
    none: list[Any] = []
    return {
        "position_before": [
            ("account_no", "VARCHAR", accounts), ("party_no", "VARCHAR", accounts),
            ("business_date", "DATE", [POSITION] * every), ("past_due_at_close", MONEY, [Decimal("0.01")] * every),
            ("overdue_since", "DATE", since),
        ],
        "owed_before": [
            ("account_no", "VARCHAR", [row[0] for row in owed]), ("component", "VARCHAR", [row[1] for row in owed]),
            ("owed", MONEY, [row[2] for row in owed]),
        ],
        "due_before": [
            ("account_no", "VARCHAR", none), ("statement_date", "DATE", none), ("due_date", "DATE", none),
            ("amount", MONEY, none),
        ],
        "line_before": [
            ("account_no", "VARCHAR", none), ("payment_id", "BIGINT", none), ("position", "INTEGER", none),
            ("component", "VARCHAR", none), ("amount", MONEY, none), ("rule", "VARCHAR", none),
        ],
        "receipt": [
            ("payment_id", "BIGINT", list(questions)), ("account_no", "VARCHAR", accounts),
            ("host_ref", "VARCHAR", accounts), ("amount", MONEY, [one.payment for one in questions.values()]),
            ("posting_date", "DATE", days), ("transaction_date", "DATE", days), ("business_date", "DATE", days),
            ("counts", "BOOLEAN", [True] * every), ("provisional", "BOOLEAN", [False] * every),
            ("answer", "VARCHAR", [""] * every), ("anew", "BOOLEAN", [False] * every),
        ],
        "taken_back": [
            ("payment_id", "BIGINT", none), ("account_no", "VARCHAR", none), ("host_ref", "VARCHAR", none),
            ("amount", MONEY, none), ("posting_date", "DATE", none), ("business_date", "DATE", none),
            ("counts", "BOOLEAN", none),
        ],
    }  # fmt: skip


CHECK = Check(
    reads=("case_id", "payment"),
    may_read=(*COMPONENTS, "order", "days_delinquent", "instalments", "payment_date", "future_rule"),
    answers=(*(f"paid_{name}" for name in COMPONENTS), "left_over", "paid_per_instalment"),
    answer_all=answer_all,
)
