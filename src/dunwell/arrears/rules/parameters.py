"""The numbers of `parameters.yaml` in force on a day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import yaml
from duckdb import DuckDBPyConnection

from dunwell.portfolio import reference

#: The last day of the last bucket and stage: no debt is older.
FOR_EVER = 99999
NEXT_WORKING_DAY = "next_working_day"  # the other policy is as_printed
#: Pauses: from `first_day`, the first day that is not counted, to `goes_on`, on which counting goes on (none: not yet);
#: of one account, or of all accounts of the party.
PAUSE = "pause (party_no VARCHAR, account_no VARCHAR, kind VARCHAR, first_day DATE, goes_on DATE)"


@dataclass(frozen=True, slots=True)
class DayRule:
    """How days are counted for a product: days of grace and how they are taken, and due dates on days off.

    `tolerance` is by currency; a currency that is not named has none of its own.
    """

    grace_days: int
    grace_policy: str
    due_on_holiday: str
    tolerance: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is in force on `on` for an issuer. Days are calendar days; tolerance is by currency, absent means nothing.

    `products` holds what differs by product; `pausing_holds` are the kinds of hold during which days are not counted.
    """

    on: date
    grace_days: int
    grace_policy: str
    due_on_holiday: str
    tolerance: dict[str, Decimal]
    products: dict[str, DayRule]
    pausing_holds: tuple[str, ...]
    buckets: dict[str, int]
    stages: dict[str, int]

    def tables(self, connection: DuckDBPyConnection, *, as_of: date, late_before: date | None = None) -> None:
        """Give the column programs `parameter`, `product_rule`, `tolerance`, `day_off`, `pausing_hold` and the edges of
        bucket and stage; and an empty `pause` where there is none.

        Dues of days before `late_before` are late: those before `as_of`, when nothing else is said.
        """
        connection.execute(
            "CREATE OR REPLACE TABLE parameter AS SELECT CAST(? AS DATE) AS as_of, CAST(? AS DATE) AS late_before, "
            "CAST(? AS INTEGER) AS grace_days, CAST(? AS VARCHAR) AS grace_policy, CAST(? AS VARCHAR) AS due_on_holiday",
            [as_of, late_before or as_of, self.grace_days, self.grace_policy, self.due_on_holiday],
        )
        tolerance: list[list[object]] = [["", *of] for of in self.tolerance.items()]
        rules: list[list[object]] = []
        for product, rule in self.products.items():
            rules.append([product, rule.grace_days, rule.grace_policy, rule.due_on_holiday])
            tolerance += [[product, *of] for of in rule.tolerance.items()]
        _fill(connection, "tolerance (product VARCHAR, currency VARCHAR, amount DECIMAL(18, 2))", tolerance)
        _fill(
            connection,
            "product_rule (product VARCHAR, grace_days INTEGER, grace_policy VARCHAR, due_on_holiday VARCHAR)",
            rules,
        )
        _fill(connection, "day_off (day DATE, pays_on DATE)", self._days_off(as_of))
        _fill(connection, "pausing_hold (kind VARCHAR)", [[kind] for kind in self.pausing_holds])
        connection.execute(f"CREATE TABLE IF NOT EXISTS {PAUSE}")
        for table, name, edges in (("bucket_edge", "bucket", self.buckets), ("stage_edge", "stage", self.stages)):
            ends = [first - 1 for first in [*edges.values()][1:]] + [FOR_EVER]
            rows = [[label, first, last] for (label, first), last in zip(edges.items(), ends, strict=True)]
            _fill(connection, f"{table} ({name} VARCHAR, from_day INTEGER, to_day INTEGER)", rows)

    def _days_off(self, as_of: date) -> list[list[object]]:
        """Days off of ten years with the working day after each, where any product moves its due dates."""
        if NEXT_WORKING_DAY not in {self.due_on_holiday, *(rule.due_on_holiday for rule in self.products.values())}:
            return []
        calendar = reference.calendar()
        days = (as_of + timedelta(days=step) for step in range(-3653, 120))
        return [[day, calendar.next_working_day(day)] for day in days if not calendar.is_working_day(day)]


def _fill(connection: DuckDBPyConnection, shape: str, rows: list[list[object]]) -> None:
    connection.execute(f"CREATE OR REPLACE TABLE {shape}")
    if rows:
        places = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {shape.partition(' ')[0]} VALUES ({places})", rows)


@cache
def _document() -> tuple[dict[str, Any], str]:
    text = resources.files("dunwell.arrears").joinpath("parameters.yaml").read_bytes()
    return yaml.safe_load(text), hashlib.sha256(text).hexdigest()


def sha256() -> str:
    """The hash of the file, kept with each run."""
    return _document()[1]


def history(name: str, issuer: str = "", document: dict[str, Any] | None = None) -> list[tuple[date, Any]]:
    """All values of a parameter that were ever in force for an issuer, each with its first day, oldest first.

    From the first day of a line that names the issuer the lines that name none hold for it no more.
    """
    told = document or _document()[0]
    refuse_products("parameters.yaml", told, (name,))
    general = {line["from"]: line["value"] for line in told[name]["values"] if "issuer" not in line}
    own = {line["from"]: line["value"] for line in told[name]["values"] if line.get("issuer") == issuer}
    begins = min(own, default=None)
    kept = {first: value for first, value in general.items() if begins is None or first < begins}
    return sorted((kept | own).items(), key=lambda dated: dated[0])


def refuse_products(file: str, document: dict[str, Any], names: Iterable[str], *, issuers: bool = True) -> None:
    """ValueError where a line names a product, or with `issuers` false an issuer, and the rule has one value for all:
    such a line would be passed over in silence."""
    for name in names:
        for place, line in enumerate(document[name]["values"], start=1):
            for scope in ("product", "issuer"):
                if scope in line and not (scope == "issuer" and issuers):
                    raise ValueError(
                        f"{file}: {name}, line {place} (from {line['from']}): found {scope} {line[scope]},"
                        f" expected none: {name} is the same for every {scope}"
                    )


@cache
def in_force(on: date, issuer: str = "") -> Parameters:
    """The parameters of a day; a day before the first dated value raises ValueError naming the parameter.

    A line that names a product wins over one that does not, then one that names the issuer, then the later one.
    """
    document, _ = _document()
    return read(document, on, issuer)


def read(document: dict[str, Any], on: date, issuer: str = "") -> Parameters:
    """The parameters in force in a document of the shape of `parameters.yaml`."""

    orders = ("allocation", "allocation_default", "allocation_practice")
    refuse_products("parameters.yaml", document, ("buckets", "stages", "pausing_holds", *orders))

    def value(name: str, product: str = "") -> Any:
        known = [
            dated
            for dated in document[name]["values"]
            if dated["from"] <= on
            and dated.get("issuer", issuer) == issuer
            and dated.get("product", product) == product
        ]
        if not known:
            raise ValueError(f"parameters.yaml: {name} has no value in force on {on}")
        return max(known, key=lambda dated: ("product" in dated, "issuer" in dated, dated["from"]))["value"]

    def money(product: str = "") -> dict[str, Decimal]:
        return {currency: Decimal(amount) for currency, amount in value("tolerance", product).items()}

    by_product = ("grace_days", "grace_policy", "due_on_holiday", "tolerance")
    named = sorted(
        {dated["product"] for name in by_product for dated in document[name]["values"] if "product" in dated}
    )
    return Parameters(
        on=on,
        grace_days=value("grace_days"),
        grace_policy=value("grace_policy"),
        due_on_holiday=value("due_on_holiday"),
        tolerance=money(),
        products={
            product: DayRule(
                grace_days=value("grace_days", product),
                grace_policy=value("grace_policy", product),
                due_on_holiday=value("due_on_holiday", product),
                tolerance=money(product),
            )
            for product in named
        },
        pausing_holds=tuple(value("pausing_holds")),
        buckets=dict(value("buckets")),
        stages=dict(value("stages")),
    )


def latest() -> date:
    """The first day on which every dated value of the file is in force, or a later one has taken its place."""
    document, _ = _document()
    return max(dated["from"] for parameter in document.values() for dated in parameter["values"])
