"""Plans that he takes by himself: what may be offered to him, and one of it agreed to, at once where the mandate needs nobody."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from dunwell.arrangements import services as arrangements
from dunwell.arrangements.queries.plans import situation_of
from dunwell.arrangements.rules.offers import Offer, Wish, beside
from dunwell.arrears.models import AccountState
from dunwell.casework.models import Case
from dunwell.compliance.models import Contact
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import reference
from dunwell.portfolio.models import Account, Card
from dunwell.selfservice.models import Answer, Request
from dunwell.selfservice.services.agreed import agree_here
from dunwell.selfservice.services.replies import Reply, refused

ROLE = "cardholder"
KNOWN = frozenset({"willing"})  # he asks for it himself
OFFERS = "offers"


def offers(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """For each account that is late two or three offers, reckoned as at the desk, with the whole cost of each."""
    made = _offers(asked.party_id, Decimal(body["monthly"]), now)
    if not made:
        return refused("no_offer")
    return Reply(data={"offers": made, "monthly": body["monthly"]})


def _offers(party_id: int, monthly: Decimal, now: datetime) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    late = AccountState.objects.filter(account__party_id=party_id, past_due__gt=0).select_related("account")
    for state in late.order_by("oldest_due_date", "account_id"):
        situation = situation_of(state.account, left=monthly, known=KNOWN)
        if situation is None:
            continue
        found, _ = beside(
            situation, by_role=ROLE, on=business_date(now), calendar=reference.calendar(), issuer=settings.BANK_ENTITY
        )
        made += [_shown(one, state.account) for one in found]
    return made


def _shown(one: Offer, account: Account) -> dict[str, Any]:
    card = (
        Card.objects.filter(account_no=account.account_no, entity_id=account.entity_id).order_by("kind", "-id").first()
    )
    return {
        "account": account.pk, "last4": card.last4 if card else account.account_no[-4:], "currency": account.currency,
        "product": one.product.code, "term": one.wish.term, "first_payment": f"{one.wish.first_payment:.2f}",
        "waived": {part: str(given) for part, given in one.wish.waived.items()}, "waived_in_all": str(one.wish.waived_in_all),
        "times": len(one.rows), "monthly": str(one.monthly), "first_due": one.first_due.isoformat(),
        "last_due": one.last_due.isoformat(), "cost": str(one.cost), "paid_in_all": str(one.paid_in_all),
        "rate": f"{one.financing.annual_rate_percent:.2f}" if one.financing else "",
    }  # fmt: skip


def take(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """One of the offers that he saw, if the same may still be made, to the cent.

    Where the mandate needs nobody he has agreed with that, and the host is asked at once.
    """
    before = Answer.objects.filter(pk=body["offers"], request__party_id=asked.party_id, request__kind=OFFERS).first()
    shown = before.data.get("offers", []) if before else []
    if not 0 <= body["nr"] < len(shown):
        return refused("no_offer")
    chosen = shown[body["nr"]]
    if chosen not in _offers(asked.party_id, Decimal(before.data["monthly"]), now):
        return refused("changed")
    waived = {part: Decimal(given) for part, given in chosen["waived"].items()}
    wish = Wish(chosen["product"], chosen["term"], Decimal(chosen["first_payment"]), waived)
    try:
        made = arrangements.propose(
            account_id=chosen["account"], wish=wish, left=Decimal(before.data["monthly"]), known=KNOWN, by_role=ROLE, by=by,
            heard=f"asked for on his own page, request {asked.pk}", now=now, key=f"page/{asked.pk}",
            case_id=case.pk if case else None, case_no=case.case_no if case else "",
        )  # fmt: skip
    except (arrangements.NotOffered, LookupError):
        return refused("no_offer")
    if not made.persons:
        agree_here(asked, made, chosen, case=case, by=by, now=now)
    return Reply(data={"arrangement": made.pk, "persons": made.persons})
