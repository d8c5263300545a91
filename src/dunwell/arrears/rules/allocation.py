"""The orders in which payments are spread (CN-ALLOC), as the table that sql/allocate.sql reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from duckdb import DuckDBPyConnection

from dunwell.arrears.rules import parameters

LAST_DAY = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Order:
    """An order of allocation: for payments posted in these days, so many days past due, the components in turn.

    Components of one rank share in proportion to what is owed on them.
    """

    rule: str
    from_day: int
    to_day: int
    valid_from: date
    valid_to: date
    ranks: tuple[tuple[str, ...], ...]


def in_parameters(issuer: str = "", *, name: str = "allocation") -> tuple[Order, ...]:
    """An issuer's orders of `parameters.yaml`, those of the past among them: a payment is spread by the one of its day.

    `allocation_default` is the law's where nothing is agreed (CN-ALLOC-DEFAULT), `allocation_practice` issuers' (CN-ALLOC-3).
    """
    dated = parameters.history(name, issuer)
    ends = [first - timedelta(days=1) for first, _ in dated[1:]] + [LAST_DAY]
    orders: list[Order] = []
    for (first, value), last in zip(dated, ends, strict=True):
        told = sorted(value, key=lambda one: one["from_day"])
        until = [one["from_day"] - 1 for one in told[1:]] + [parameters.FOR_EVER]
        for one, to_day in zip(told, until, strict=True):
            ranks = tuple((component,) for component in one["order"])
            orders.append(Order(one["rule"], one["from_day"], to_day, first, last, ranks))
    return tuple(orders)


def table(connection: DuckDBPyConnection, orders: tuple[Order, ...]) -> None:
    """Give the column program `allocation_order`: one row a component, its rank, and its place among all of the order."""
    connection.execute(
        "CREATE OR REPLACE TABLE allocation_order (rule VARCHAR, from_day INTEGER, to_day INTEGER, valid_from DATE,"
        " valid_to DATE, rank BIGINT, place BIGINT, component VARCHAR)"
    )
    rows: list[tuple[object, ...]] = []
    for order in orders:
        named = [(rank, component) for rank, components in enumerate(order.ranks) for component in components]
        rows += [
            (order.rule, order.from_day, order.to_day, order.valid_from, order.valid_to, rank, place, component)
            for place, (rank, component) in enumerate(named)
        ]
    connection.executemany("INSERT INTO allocation_order VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
