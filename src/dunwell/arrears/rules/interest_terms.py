"""The numbers and conventions of `interest.yaml` in force on a day, for a product and an issuer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import yaml
from duckdb import DuckDBPyConnection

from dunwell.arrears.rules.interest import METHODS, Convention, LateCharge, Rate

_WORDS = {
    "interest_method": METHODS,
    "new_purchases": ("at_once", "own_due"),
    "interest_from": ("posting", "transaction"),
    "payment_day": ("new_balance", "old_balance"),
    "statement_day": ("included", "excluded"),
    "interest_rounding": ("statement", "stretch", "day"),
    "compounding": ("yes", "no"),
    "after_write_off": ("continue", "stop"),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What is in force: how a contract counts, its rates a day by kind, its late charge, and what comes after."""

    convention: Convention
    rates: tuple[Rate, ...]
    late_charge: LateCharge
    off_balance_from_day: int
    after_write_off: str
    delay_interest: Decimal
    court_ceiling: Decimal


@cache
def document() -> dict[str, Any]:
    return yaml.safe_load(resources.files("dunwell.arrears").joinpath("interest.yaml").read_text("utf-8"))


def in_force(
    on: date, *, product: str = "", issuer: str = "", grace_days: int = 0, tolerance: Decimal = Decimal(0)
) -> Terms:
    """The terms of a day. Grace and tolerance stand in `parameters.yaml` and are told by the caller.

    ValueError names the parameter when none is in force or when it is not one of its words.
    """

    def value(name: str) -> Any:
        found = _value(name, on, product, issuer)
        if name in _WORDS and found not in _WORDS[name]:
            raise ValueError(f"interest.yaml: {name} is {found}, expected {' or '.join(_WORDS[name])}")
        return found

    late = value("late_charge")
    return Terms(
        convention=Convention(
            method=value("interest_method"),
            new_purchases=value("new_purchases"),
            interest_from=value("interest_from"),
            payment_day=value("payment_day"),
            statement_day=value("statement_day"),
            rounding=value("interest_rounding"),
            compounding=value("compounding") == "yes",
            grace_days=grace_days,
            tolerance=tolerance,
        ),
        rates=tuple(
            Rate(kind, Decimal(rate), rule="CN-INT-NEW", source="interest.yaml daily_rate")
            for kind, rate in value("daily_rate").items()
        ),
        late_charge=LateCharge(
            share=Decimal(late["share"]),
            least=Decimal(late["least"]),
            most=None if late["most"] == "none" else Decimal(late["most"]),
            source="interest.yaml late_charge",
        ),
        off_balance_from_day=value("off_balance_from_day"),
        after_write_off=value("after_write_off"),
        delay_interest=Decimal(value("delay_interest")) if _known("delay_interest", on) else Decimal(0),
        court_ceiling=Decimal(value("court_ceiling")) if _known("court_ceiling", on) else Decimal("0.24"),
    )


#: What the host's position is compared by.
COMPONENTS = ("principal", "interest", "late_charge", "fees", "credit")
TABLES = {
    "interest_term": "product VARCHAR, method VARCHAR, new_purchases VARCHAR, payment_shift INTEGER, statement_shift INTEGER,"
    " rounding VARCHAR, compounding BOOLEAN, from_transaction BOOLEAN, off_from_day INTEGER",
    "interest_term_rate": "product VARCHAR, kind VARCHAR, rule VARCHAR, source VARCHAR, from_date DATE, to_date DATE,"
    " rate DECIMAL(9, 8), per_days INTEGER",
    "difference_component": "component VARCHAR",
    "difference_tolerance": "currency VARCHAR, amount DECIMAL(18, 2), rounding DECIMAL(18, 2)",
    "interest_term_late": "product VARCHAR, share DECIMAL(9, 8), least DECIMAL(15, 2), most DECIMAL(15, 2), source VARCHAR",
}


def tables(connection: DuckDBPyConnection, *, as_of: date, issuer: str = "") -> None:
    """Give the column program (`sql/accrue.sql`) the terms in force on a day: a row a product that has its own, and one
    under no name for all others; rates with the days in which they were in force, under the caps of their time."""
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in TABLES}
    for product in _products():
        terms = in_force(as_of, product=product, issuer=issuer)
        how, late = terms.convention, terms.late_charge
        rows["interest_term"].append(
            (
                *(product, how.method, how.new_purchases, int(how.payment_day == "old_balance")),
                *(int(how.statement_day == "excluded"), how.rounding, how.compounding),
                *(how.interest_from == "transaction", terms.off_balance_from_day),
            )
        )
        for rate in dated_rates(product=product, issuer=issuer, compounding=how.compounding):
            rows["interest_term_rate"].append(
                (product, rate.kind, rate.rule, rate.source, rate.from_date, rate.to_date, rate.rate, rate.per_days)
            )
        rows["interest_term_late"].append((product, late.share, late.least, late.most, late.source))
    rows["difference_component"] = [(component,) for component in COMPONENTS]
    rows["difference_tolerance"] = [
        (currency, Decimal(given["amount"]), Decimal(given["rounding"]))
        for currency, given in _value("difference_tolerance", as_of, "", issuer).items()
    ]
    for name, columns in TABLES.items():
        connection.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        places = ", ".join("?" * len(rows[name][0]))
        connection.executemany(f"INSERT INTO {name} VALUES ({places})", rows[name])


def _products() -> list[str]:
    named = {line["product"] for parameter in document().values() for line in parameter["values"] if "product" in line}
    return ["", *sorted(named)]


def dated_rates(*, product: str = "", issuer: str = "", compounding: bool = False) -> list[Rate]:
    """The rates a day of every time, each from the day on which it was in force to the day before the next, under the caps
    of its time. Interest that compounds bears the rate of purchases."""
    lines = document()["daily_rate"]["values"]
    mine = [line for line in lines if line.get("product", product) == product and line.get("issuer", issuer) == issuer]
    starts = sorted({line["from"] for line in mine})
    ends = [*(start - timedelta(days=1) for start in starts[1:]), None]
    rates: list[Rate] = []
    for start, end in zip(starts, ends, strict=True):
        kinds = dict(_value("daily_rate", start, product, issuer))
        if compounding:
            kinds.setdefault("interest", kinds["purchase"])
        for kind, rate in kinds.items():
            rates += capped(Rate(kind, Decimal(rate), start, end, rule="CN-INT-NEW", source="interest.yaml daily_rate"))
    return rates


def _known(name: str, on: date) -> bool:
    return any(line["from"] <= on for line in document()[name]["values"])


def _value(name: str, on: date, product: str, issuer: str) -> Any:
    known = [
        line
        for line in document()[name]["values"]
        if line["from"] <= on and line.get("product", product) == product and line.get("issuer", issuer) == issuer
    ]
    if not known:
        raise ValueError(f"interest.yaml: {name} has no value in force on {on}")
    return max(known, key=lambda line: ("product" in line, "issuer" in line, line["from"]))["value"]


def capped(rate: Rate) -> list[Rate]:
    """A rate a day under the caps that were in force: one rate for each time in which another cap stood.

    Where a cap bites, the rule and the source say so. Yearly rates are left as they are.
    """
    if rate.per_days != 1:
        return [rate]
    lines = sorted(document()["daily_rate_cap"]["values"], key=lambda line: line["from"])
    starts = [date(1900, 1, 1), *(line["from"] for line in lines)]
    caps = [None, *(None if line["value"] == "none" else Decimal(line["value"]) for line in lines)]
    ends = [*(start - timedelta(days=1) for start in starts[1:]), date(9999, 12, 30)]
    parts = []
    for start, end, cap in zip(starts, ends, caps, strict=True):
        first, last = max(start, rate.from_date), min(end, rate.to_date or end)
        if first > last:
            continue
        part = replace(rate, from_date=first, to_date=last)
        if cap is not None and rate.rate > cap:
            part = replace(part, rate=cap, rule="CN-INT-OLD", source="interest.yaml daily_rate_cap")
        parts.append(part)
    return parts


def off_balance(rates: tuple[Rate, ...], since: date) -> list[Rate]:
    """The same rates, on the balance sheet before `since` and off it from then on (90 days late, or written off)."""
    before = [replace(r, to_date=min(r.to_date or since, since - timedelta(days=1))) for r in rates]
    after = [replace(r, from_date=max(r.from_date, since), sheet="off") for r in rates]
    return [r for r in (*before, *after) if r.to_date is None or r.from_date <= r.to_date]


def ended(rates: tuple[Rate, ...], last_day: date) -> list[Rate]:
    """The rates as they are when interest ends after `last_day`: by a write-off that stops it, or an agreement."""
    return [replace(r, to_date=min(r.to_date or last_day, last_day)) for r in rates if r.from_date <= last_day]
