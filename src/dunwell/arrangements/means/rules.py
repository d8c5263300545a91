"""What a paper is worth, and what is left to a person a month. Pure but for the file means.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

import yaml

from dunwell.kernel.money import to_cent

ZERO = Decimal("0.00")
MEDIA = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
)


@cache
def document() -> dict[str, Any]:
    """means.yaml."""
    return yaml.safe_load(resources.files("dunwell.arrangements.means").joinpath("means.yaml").read_text("utf-8"))


def media_of(head: bytes) -> str | None:
    """What a file is by its first bytes, whatever its name says; None for what is not taken."""
    return next((media for magic, media in MEDIA if head.startswith(magic)), None)


def expires(kind: str, issued_on: date) -> date:
    """The last day on which a paper of a kind counts. KeyError for an unknown kind."""
    return issued_on + timedelta(days=document()["proofs"][kind]["valid_days"])


def standing(checks: Iterable[tuple[str, str]], *, expires_on: date, today: date) -> str:
    """Where a paper stands by its checks (kind, verdict) in order: forged, infected, quarantine, expired or usable.

    One that was not scanned is in quarantine until somebody releases it; an infected one is never released.
    """
    last = dict(checks)
    if last.get("issuer") == "forged":
        return "forged"
    if last.get("scan") == "infected":
        return "infected"
    if last.get("scan") != "clean" and "release" not in last:
        return "quarantine"
    return "expired" if today > expires_on else "usable"


@dataclass(frozen=True, slots=True)
class Minimum:
    """What living costs a head at least, with whence it is known."""

    amount: Decimal
    province: str  # empty: the country's average
    since: date
    rule: str
    confidence: str


def minimum_living(province: str, on: date) -> Minimum:
    """Of a province (GB/T 2260 code) on a day; the country's average where it has no figure. LookupError before the first."""
    data = document()["minimum_living"]
    for place in (province[:2], "country"):
        known = [row for row in data["per_head"].get(place, ()) if row["from"] <= on]
        if known:
            row = max(known, key=lambda one: one["from"])
            return Minimum(
                Decimal(row["value"]),
                "" if place == "country" else place,
                row["from"],
                data["rule"],
                data["source"]["confidence"],
            )
    raise LookupError(f"means.yaml has no minimum living cost in force on {on}")


@dataclass(frozen=True, slots=True)
class Left:
    """What is left a month, in yuan: `income` less `outgoings` less `living`, which is at least the minimum of his household."""

    income: Decimal
    outgoings: Decimal
    living: Decimal
    minimum: Minimum
    household: int

    @property
    def amount(self) -> Decimal:
        """May be negative: then he lives on less than he needs."""
        return to_cent(self.income - self.outgoings - self.living)

    @property
    def floor_applied(self) -> bool:
        """Whether living was lifted to the minimum."""
        return self.living == self.minimum.amount * self.household


def left_a_month(items: Mapping[str, Decimal], *, household: int, province: str, on: date) -> Left:
    """What is left a month by a statement's items. ValueError for an unknown item, a negative amount or an empty household."""
    known = document()
    unknown = set(items) - set(known["income"]) - set(known["outgoings"])
    if unknown or household < 1 or any(amount < 0 for amount in items.values()):
        raise ValueError(f"not a statement: {sorted(unknown) or household}")
    minimum = minimum_living(province, on)
    income = sum((items.get(code, ZERO) for code in known["income"]), ZERO)
    outgoings = sum((items.get(code, ZERO) for code in known["outgoings"] if code != "living"), ZERO)
    living = max(items.get("living", ZERO), minimum.amount * household)
    return Left(to_cent(income), to_cent(outgoings), to_cent(living), minimum, household)
