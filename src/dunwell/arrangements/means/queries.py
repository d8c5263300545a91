"""Papers and statements of a person, and what is left to him a month."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dunwell.arrangements.means import rules
from dunwell.arrangements.means.models import MeansStatement, Proof
from dunwell.portfolio import services as portfolio


@dataclass(frozen=True, slots=True)
class Stated:
    """The last statement of a person with what follows from it."""

    statement: MeansStatement
    items: dict[str, Decimal]
    left: rules.Left


def stated(party_id: int) -> Stated | None:
    """What is left by the last statement, at the minimum of the day on which it was told; None when there is none."""
    row = MeansStatement.objects.filter(party_id=party_id).order_by("-pk").first()
    if row is None:
        return None
    try:
        text = portfolio.open_text(party_id=party_id, sealed=bytes(row.items_sealed))
    except portfolio.Erased:
        return None
    items = {code: Decimal(amount) for code, amount in json.loads(text).items()}
    return Stated(row, items, rules.left_a_month(items, household=row.household, province=row.province, on=row.told_on))


def left_a_month(party_id: int) -> Decimal | None:
    """What is left to a person a month, in yuan; None when nobody asked him."""
    found = stated(party_id)
    return found.left.amount if found else None


def proofs(party_id: int, today: date) -> list[tuple[Proof, str]]:
    """His papers, newest first, each with where it stands."""
    rows = (
        Proof.objects.filter(party_id=party_id).select_related("file").prefetch_related("checks").order_by("-pk")[:100]
    )
    return [(row, standing(row, today)) for row in rows]


def standing(proof: Proof, today: date) -> str:
    """Where a paper stands on a day."""
    checks = [(one.kind, one.verdict) for one in sorted(proof.checks.all(), key=lambda one: one.pk)]
    return rules.standing(checks, expires_on=proof.expires_on, today=today)
