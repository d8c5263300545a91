"""The numbers of `parameters.yaml` in force on a day."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import yaml
from duckdb import DuckDBPyConnection

#: The last day of the last bucket and stage: no debt is older.
FOR_EVER = 99999


@dataclass(frozen=True, slots=True)
class Parameters:
    """What is in force on `on`. Days are calendar days; tolerance is by currency, absent means nothing."""

    on: date
    grace_days: int
    grace_policy: str
    tolerance: dict[str, Decimal]
    buckets: dict[str, int]
    stages: dict[str, int]

    def tables(self, connection: DuckDBPyConnection, *, as_of: date) -> None:
        """Give the column programs `parameter`, `tolerance`, `bucket_edge` and `stage_edge`."""
        connection.execute(
            "CREATE OR REPLACE TABLE parameter AS SELECT CAST(? AS DATE) AS as_of, CAST(? AS INTEGER) AS grace_days, "
            "CAST(? AS VARCHAR) AS grace_policy",
            [as_of, self.grace_days, self.grace_policy],
        )
        connection.execute("CREATE OR REPLACE TABLE tolerance (currency VARCHAR, amount DECIMAL(18, 2))")
        for currency, amount in self.tolerance.items():
            connection.execute("INSERT INTO tolerance VALUES (?, ?)", [currency, amount])
        for table, name, edges in (("bucket_edge", "bucket", self.buckets), ("stage_edge", "stage", self.stages)):
            connection.execute(f"CREATE OR REPLACE TABLE {table} ({name} VARCHAR, from_day INTEGER, to_day INTEGER)")
            starts = [*edges.values(), FOR_EVER + 1]
            for (label, first), following in zip(edges.items(), starts[1:], strict=True):
                connection.execute(f"INSERT INTO {table} VALUES (?, ?, ?)", [label, first, following - 1])


@cache
def _document() -> tuple[dict[str, Any], str]:
    text = resources.files("dunwell.arrears").joinpath("parameters.yaml").read_bytes()
    return yaml.safe_load(text), hashlib.sha256(text).hexdigest()


def sha256() -> str:
    """The hash of the file, kept with each run."""
    return _document()[1]


def history(name: str) -> list[tuple[date, Any]]:
    """All values of a parameter that were ever in force, each with its first day, oldest first."""
    document, _ = _document()
    return sorted(((dated["from"], dated["value"]) for dated in document[name]["values"]), key=lambda dated: dated[0])


@cache
def in_force(on: date) -> Parameters:
    """The parameters of a day; a day before the first dated value raises ValueError naming the parameter."""
    document, _ = _document()

    def value(name: str) -> Any:
        known = [dated for dated in document[name]["values"] if dated["from"] <= on]
        if not known:
            raise ValueError(f"parameters.yaml: {name} has no value in force on {on}")
        return max(known, key=lambda dated: dated["from"])["value"]

    return Parameters(
        on=on,
        grace_days=value("grace_days"),
        grace_policy=value("grace_policy"),
        tolerance={currency: Decimal(amount) for currency, amount in value("tolerance").items()},
        buckets=dict(value("buckets")),
        stages=dict(value("stages")),
    )
