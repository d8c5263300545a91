"""A proposal: the terms reckoned and checked by the rules of the day, with all of its instalments, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from dunwell.arrangements.models import Arrangement, CombinedPlan, Instalment
from dunwell.arrangements.queries.plans import may_be_combined, running, situation_together
from dunwell.arrangements.rules.offers import Offer, Situation, Wish, forbidden, offer
from dunwell.arrangements.rules.products import combined, mandate_for
from dunwell.arrangements.services.instructing import named
from dunwell.arrangements.services.refusing import NotAllowed
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.decision import Reason
from dunwell.kernel.times import business_date
from dunwell.portfolio import reference
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account


class NotOffered(ValueError):
    """Terms that may not be offered; `reasons` are all the rules that forbid them."""

    def __init__(self, reasons: Sequence[Reason]) -> None:
        super().__init__("; ".join(f"{reason.rule}: {reason.text_en}" for reason in reasons))
        self.reasons = tuple(reasons)


@transaction.atomic
def propose(
    *,
    account_id: int,
    wish: Wish,
    left: Decimal | None,
    known: frozenset[str],
    heard: str,
    by_role: str,
    by: Actor,
    now: datetime,
    key: str,
    case_id: int | None = None,
    case_no: str = "",
    changes: int | None = None,
    others: Sequence[int] = (),
) -> Arrangement:
    """Write a proposal of these terms. The same key again answers the same proposal.

    `others` are further accounts of the person that it is about too: then it is a combined plan, a part for each account, and
    the part of `account_id` speaks for it. NotAllowed with `combined` where they are not of his, of one issuer and currency.

    `changes` is the number of a running plan that this one shall take the place of, of a combined one that of any part: NotAllowed
    with `over` where it is performed no more, with `whole` where this one is not about all that runs on of it, and nothing else.

    `left` is what is left to the person a month and `heard` what he told, in a few words. NotOffered with every rule that
    forbids it; LookupError when nothing is published of the account.
    """
    account = Account.objects.select_related("party").get(pk=account_id)
    portfolio.touch(party_id=account.party_id, now=now)  # first: it locks the party, so that a double click is one
    before = Arrangement.objects.filter(key=key).first()
    if before is not None:
        return before
    accounts = [account, *Account.objects.select_related("party").filter(pk__in=others).order_by("pk")]
    if others and (len(accounts) <= len(others) or not may_be_combined(accounts)):
        raise NotAllowed("combined")
    replaced = [] if changes is None else running(party_id=account.party_id, arrangement_id=changes)
    if changes is not None and not replaced:
        raise NotAllowed("over")
    replaces = {part.account_id: part for part in replaced}
    if replaces and set(replaces) != {one.pk for one in accounts}:
        raise NotAllowed("whole")
    situation = situation_together(accounts, left=left, known=known, changes=replaced)
    if situation is None:
        raise LookupError(f"nothing is published of {', '.join(one.account_no for one in accounts)}")
    on, calendar = business_date(now), reference.calendar()
    issuer = settings.BANK_ENTITY
    against = forbidden(situation, wish, by_role=by_role, on=on, calendar=calendar, issuer=issuer)
    if against:
        raise NotOffered(against)
    made = offer(situation, wish, on=on, calendar=calendar, issuer=issuer)
    mandate = mandate_for(
        code=wish.code, amount=made.amount, waived=wish.waived_in_all, months=made.months, on=on, issuer=issuer,
        by_role=by_role,
    )  # fmt: skip
    product = made.product
    whole = _whole(account, made, on=on, now=now) if others else None
    lapses_on = on + timedelta(days=product.lapses_days)
    parts, dues = [], []
    for nr, (one, share, known_of) in enumerate(zip(accounts, made.parts or (made,), situation.accounts, strict=True)):
        part = Arrangement.objects.create(
            entity_id=account.entity_id, party_id=account.party_id, account=one, case_id=case_id, case_no=case_no,
            product=wish.code, currency=account.currency, amount=share.amount,
            waived={name: str(given) for name, given in share.wish.waived.items() if given},
            first_payment=share.wish.first_payment, financed=share.financed, cost=share.cost,
            annual_rate_percent=share.annual_rate_percent, term=wish.term, unit=product.unit,
            terms=_terms(share, known_of, heard), persons=mandate.persons, roles=list(mandate.roles),
            grace_days=product.grace_days, revival_days=product.revival_days, revivals=product.revivals, proposed_on=on,
            lapses_on=lapses_on, recorded_at=now, recorded_by=by.user_id, key=f"{key[:76]}+{nr}" if nr else key,
            replaces=replaces.get(one.pk), combined=whole,
        )  # fmt: skip
        parts.append(part)
        dues += _dues(part, share, at_once=calendar.next_working_day(lapses_on))
    proposal = parts[0]
    Instalment.objects.bulk_create(dues)
    evidence.write(
        kind="arrangement.proposed", now=now, by=by, entity_id=account.entity_id, party_id=account.party_id,
        account_id=account.pk, case_id=case_id,
        data={
            **named(parts), "currency": account.currency, "amount": str(made.amount),
            "waived": {name: str(given) for name, given in wish.waived.items() if given},
            "first_payment": str(wish.first_payment), "instalments": len(made.rows), "monthly": str(made.monthly),
            "cost": str(made.cost), "last_due": made.last_due.isoformat(), "persons": mandate.persons, "replaces": changes,
        },
        rows=[*([whole] if whole else []), *parts, *dues],
    )  # fmt: skip
    return proposal


def _whole(account: Account, made: Offer, *, on: date, now: datetime) -> CombinedPlan:
    rule = combined(on, settings.BANK_ENTITY)
    return CombinedPlan.objects.create(
        entity_id=account.entity_id, party_id=account.party_id, annual_rate_percent=made.annual_rate_percent,
        compounded_percent=made.compounded_percent,
        spread={"rule": rule.rule, "since": rule.since.isoformat(), "first_payment_by": rule.first_payment_by}, recorded_at=now,
    )  # fmt: skip


def _dues(part: Arrangement, share: Offer, *, at_once: date) -> list[Instalment]:
    """What is paid by when: the instalments, and at position 0 what is paid at once."""
    rows = [
        Instalment(
            arrangement=part, position=row.nr, due_date=row.due_date, principal=row.principal,
            interest=row.interest, amount=row.payment,
        )
        for row in share.rows
    ]  # fmt: skip
    paid = share.wish.first_payment
    if paid:
        rows.append(
            Instalment(arrangement=part, position=0, due_date=at_once, principal=paid, interest=Decimal(0), amount=paid)
        )
    return rows


def _terms(made: Offer, situation: Situation, heard: str) -> dict[str, object]:
    """What it was made under, so that it can be read in years what was known and which line was in force."""
    product, owed = made.product, situation.owed
    return {
        "rule": product.rule, "since": product.since.isoformat(), "rate": str(product.annual_rate_percent),
        "method": product.method, "interest": product.interest, "hold": product.hold,
        "instructions": list(product.instructions), "restructures": product.restructures,
        "with_instalments": product.with_instalments,
        "compounded": str(made.compounded_percent),
        "owed": {
            "principal": str(owed.principal), "in_instalments": str(owed.in_instalments),
            "interest": str(owed.interest), "fees": str(owed.fees), "credit": str(owed.credit),
        },
        "past_due": str(situation.past_due), "days_delinquent": max(situation.days_delinquent, situation.days_then),
        "left": None if situation.left is None else str(situation.left), "known": sorted(situation.known),
        "heard": heard.strip()[:200],
        **({"due_day": made.wish.due_day} if made.wish.due_day else {}),
    }  # fmt: skip
