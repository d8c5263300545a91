"""The numbers and conventions of `interest.yaml` in force on a day, for a product and an issuer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import yaml

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
