"""业绩归属: the payments of some days and whose result each is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dunwell.casework.models import Assist, Ownership
from dunwell.casework.queries.statements import rows
from dunwell.casework.rules.attribution import Share, Span, attribute, rule_on


@dataclass(frozen=True, slots=True)
class Attributed:
    """A repayment, less what of it was taken back, and whose result it is."""

    payment_id: int
    case_no: str
    account_no: str
    host_ref: str
    paid_on: date
    posted_on: date
    currency: str
    amount: Decimal
    shares: tuple[Share, ...]


def attributed(*, entity_id: int, first: date, last: date, whose: int | None = None) -> list[Attributed]:
    """The repayments posted on these days to cases that were open when they were paid, oldest first.

    With `whose` only payments in which that collector may have a share are read, and only those in which he has one
    answered. Announced payments are not counted: the host has not booked them.
    """
    found = rows("attributed", entity=entity_id, first=first, last=last, whose=whose)
    owners, assists = _spans({row["case_id"] for row in found})
    told = [
        Attributed(
            row["id"], row["case_no"], row["account_no"], row["host_ref"], row["transaction_date"], row["posting_date"],
            row["currency"], row["amount"],
            attribute(
                paid_on=row["transaction_date"], amount=row["amount"], owners=owners[row["case_id"]],
                assists=assists[row["case_id"]], rule=rule_on(row["transaction_date"]),
            ),
        )
        for row in found
    ]  # fmt: skip
    return [one for one in told if whose is None or any(share.who == whose for share in one.shares)]


def own_result(*, user_id: int, entity_id: int, first: date, last: date) -> dict[str, Decimal]:
    """A collector's result of some days, by currency."""
    total: dict[str, Decimal] = defaultdict(Decimal)
    for one in attributed(entity_id=entity_id, first=first, last=last, whose=user_id):
        total[one.currency] += sum((share.amount for share in one.shares if share.who == user_id), Decimal(0))
    return dict(total)


def _spans(cases: Iterable[int]) -> tuple[dict[int, list[Span]], dict[int, list[Span]]]:
    owners: dict[int, list[Span]] = defaultdict(list)
    assists: dict[int, list[Span]] = defaultdict(list)
    for fact in Ownership.objects.filter(case__in=cases).order_by("starts_on", "pk"):
        if owners[fact.case_id] and owners[fact.case_id][-1].first == fact.starts_on:
            owners[fact.case_id].pop()  # of two hand-outs that begin on one day the later counts
        owners[fact.case_id].append(Span(fact.owner_id, fact.starts_on, fact.ends_on))
    for fact in Assist.objects.filter(case__in=cases).select_related("end"):
        ends = [fact.ends_on, fact.end.ends_on if hasattr(fact, "end") else None]
        assists[fact.case_id].append(
            Span(fact.user_id, fact.starts_on, min((one for one in ends if one is not None), default=None))
        )
    return owners, assists
