"""The tables that `sql/risk.sql` reads: classes, edges and floors of `risk.yaml` in force on a day."""

from __future__ import annotations

import hashlib
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Any

import yaml
from duckdb import DuckDBPyConnection

from dunwell.arrears.rules import parameters
from dunwell.arrears.rules.parameters import FOR_EVER

#: From the best to the worst; a class's rank is its place, from 1.
CLASSES = ("pass", "special_mention", "substandard", "doubtful", "loss")
LOOKED_BACK = 800  # days: an observation is a year, or two periods of a plan
TABLES = ("card_class", "asset_class")  # in the order in which they are named when they agree
RULES = "risk_rule (card_rule VARCHAR, card_counts VARCHAR, asset_rule VARCHAR, asset_counts VARCHAR, last_day INTEGER)"
FLOORS = "risk_floor (place INTEGER, rule VARCHAR, rank INTEGER, from_times INTEGER, to_times INTEGER)"
RESTRUCTURED = "restructured (account_no VARCHAR, starts_on DATE, observed_to DATE, times INTEGER)"
RESTRUCTURING = (
    "restructuring (restructuring_id BIGINT, account_no VARCHAR, starts_on DATE, observed_from DATE, periods_to DATE)"
)
OBSERVATION = "risk_observation (observed_from DATE, observed_to DATE)"
JUDGED = "risk_judgement (account_no VARCHAR, risk_class VARCHAR, starts_on DATE, ends_on DATE)"


@dataclass(frozen=True, slots=True)
class Edge:
    """From `from_day` to `to_day`, counted as `counts` says, an account is at least in the class of this rank."""

    place: int
    rule: str
    counts: str
    rank: int
    from_day: int
    to_day: int


@cache
def document() -> tuple[dict[str, Any], str]:
    """The file's content and its hash, which is kept with a run."""
    text = resources.files("dunwell.arrears").joinpath("risk.yaml").read_bytes()
    told = yaml.safe_load(text)
    parameters.refuse_products("risk.yaml", told, told, issuers=False)
    return told, hashlib.sha256(text).hexdigest()


def _in_force(name: str, on: date) -> Any:
    """The value of a day; None before the rule's first day: it said nothing then."""
    known = [dated for dated in document()[0][name]["values"] if dated["from"] <= on]
    return max(known, key=lambda dated: dated["from"])["value"] if known else None


@cache
def edges(on: date) -> tuple[Edge, ...]:
    """The tables of classes in force on a day, one after the other; days before a table's first class are pass.

    A table that was not in force yet gives no edges, and says nothing of any account.
    """
    found: list[Edge] = []
    for place, name in enumerate(TABLES, 1):
        given = _in_force(name, on)
        if given is None:
            continue
        starts = {"pass": 0, **given["first_day"]}
        following = [*list(starts.values())[1:], FOR_EVER + 1]
        rule = document()[0][name]["source"]["rule"]
        for (label, first), after in zip(starts.items(), following, strict=True):
            found.append(Edge(place, rule, given["counts"], CLASSES.index(label) + 1, first, after - 1))
    return tuple(found)


def periods(on: date) -> int:
    """The least number of periods for which a restructured debt is observed; 1 before the rule."""
    given = _in_force("restructured", on)
    return given["periods"] if given else 1


def longest_judgement(starts_on: date) -> date:
    """The last day that a judgement beginning on a day may name."""
    given = _in_force("judgement", starts_on)
    return _months_on(starts_on, given["months"] if given else 0)


def _months_on(start: date, months: int) -> date:
    """The corresponding day so many months on, else the month's last (民法典 Art 202)."""
    month = start.month - 1 + months
    year, month = start.year + month // 12, month % 12 + 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


def tables(connection: DuckDBPyConnection, *, as_of: date) -> None:
    """Give the column program its tables. `restructuring` and `risk_judgement` stay as they are where they exist."""
    connection.execute("CREATE OR REPLACE TABLE risk_class (rank INTEGER, risk_class VARCHAR)")
    connection.executemany("INSERT INTO risk_class VALUES (?, ?)", list(enumerate(CLASSES, 1)))
    known = edges(as_of)
    named = {edge.place: (edge.rule, edge.counts) for edge in known}
    last_day = max((edge.from_day for edge in known), default=0)  # later days are of the same class
    connection.execute(f"CREATE OR REPLACE TABLE {RULES}")
    connection.execute(
        "INSERT INTO risk_rule VALUES (?, ?, ?, ?, ?)", [*named.get(1, ("", "")), *named.get(2, ("", "")), last_day]
    )
    connection.execute("CREATE OR REPLACE TABLE risk_day (place INTEGER, day INTEGER, rank INTEGER)")
    for edge in known:  # each day has its row: a join by equality is far quicker than one by ranges
        connection.execute(
            "INSERT INTO risk_day SELECT ?, CAST(day AS INTEGER), ? FROM range(?, ?) AS days (day)",
            [edge.place, edge.rank, edge.from_day, min(edge.to_day, last_day) + 1],
        )
    connection.execute(f"CREATE OR REPLACE TABLE {FLOORS}")
    connection.execute(f"CREATE OR REPLACE TABLE {OBSERVATION}")
    floor = _in_force("restructured", as_of)
    if floor is not None:
        rule = document()[0]["restructured"]["source"]["rule"]
        connection.executemany(
            "INSERT INTO risk_floor VALUES (3, ?, ?, ?, ?)",
            [
                (rule, CLASSES.index(floor["once"]) + 1, 1, 1),
                (rule, CLASSES.index(floor["again"]) + 1, 2, FOR_EVER),
            ],
        )
        # the corresponding day so many months on, else the month's last; who was late before that is observed no more
        connection.execute(
            "INSERT INTO risk_observation SELECT day, CAST(day + to_months(?) AS DATE) FROM ("
            "SELECT CAST(unnest(range(?::DATE, ?::DATE, INTERVAL 1 DAY)) AS DATE) AS day)",
            [floor["months"], as_of - timedelta(days=LOOKED_BACK), as_of + timedelta(days=LOOKED_BACK)],
        )
    for facts in (RESTRUCTURING, JUDGED):
        connection.execute(f"CREATE TABLE IF NOT EXISTS {facts}")
