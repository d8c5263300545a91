"""Plans that he takes by himself: what may be offered to him, and one of it agreed to, at once where the mandate needs nobody.

A running plan is changed by the same offers, rules and mandates; what they do not give is asked of the bank.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from dunwell.arrangements import services as arrangements
from dunwell.arrangements.models import Arrangement
from dunwell.arrangements.queries.plans import running, situation_of, situation_together
from dunwell.arrangements.rules.agreements import lines
from dunwell.arrangements.rules.offers import Offer, Situation, Wish, beside
from dunwell.arrears.models import AccountState
from dunwell.casework.models import Case
from dunwell.casework.services import set_task
from dunwell.compliance.models import Contact
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import reference
from dunwell.portfolio.models import Account
from dunwell.selfservice.models import Answer, Request
from dunwell.selfservice.queries import tails_of
from dunwell.selfservice.services.agreed import agree_here
from dunwell.selfservice.services.replies import Reply, opened_body, refused
from dunwell.selfservice.services.telling import keep_words

ROLE = "cardholder"
KNOWN = frozenset({"willing"})  # he asks for it himself
OFFERED = ("offers", "change")  # kinds of requests whose answer lays offers before him


def offers(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """For each account that is late two or three offers, reckoned as at the desk, with the whole cost of each; before them those
    that are about several of them at once."""
    made = _offers(asked.party_id, Decimal(body["monthly"]), now)
    if not made:
        return refused("no_offer")
    return Reply(data={"offers": made, "monthly": body["monthly"]})


def _offers(party_id: int, monthly: Decimal, now: datetime) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    several: dict[tuple[int, str], list[Account]] = defaultdict(list)
    late = AccountState.objects.filter(account__party_id=party_id, past_due__gt=0).select_related("account")
    for state in late.order_by("oldest_due_date", "account_id"):
        found = _beside(situation_of(state.account, left=monthly, known=KNOWN), now)
        made += [_shown(one, [state.account]) for one in found]
        if any(one.product.several for one in found):
            several[state.account.entity_id, state.account.currency].append(state.account)
    whole = [
        _shown(one, accounts)
        for accounts in several.values()
        if len(accounts) > 1
        for one in _beside(situation_together(accounts, left=monthly, known=KNOWN), now)
    ]
    return whole + made


def _beside(situation: Situation | None, now: datetime) -> list[Offer]:
    if situation is None:
        return []
    found, _ = beside(
        situation, by_role=ROLE, on=business_date(now), calendar=reference.calendar(), issuer=settings.BANK_ENTITY
    )
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """What he wants of a running plan; each None where he said nothing of it."""

    monthly: Decimal | None = None
    due_day: int | None = None
    months: int | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Wanted:
        """As the page sends it, and an answer keeps it."""
        monthly = body.get("monthly") or ""
        return cls(Decimal(monthly) if monthly else None, body.get("due_day") or None, body.get("months") or None)

    def told(self) -> dict[str, Any]:
        return {
            "monthly": "" if self.monthly is None else str(self.monthly), "due_day": self.due_day, "months": self.months
        }  # fmt: skip

    def left(self, plan: Sequence[Arrangement]) -> Decimal | None:
        """What he can pay a month: as he said, else as now, unless he wants to have paid sooner."""
        if self.monthly is not None or self.months is not None:
            return self.monthly
        return max(
            (row.amount for row in lines(part.instalments.filter(position__gt=0) for part in plan)), default=None
        )


def change(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """Another plan in place of one that runs: offers that may be his at once, or else, and where he takes none of them
    (`instead_of` their answer), a request to the bank with all that he said."""
    earlier = Request.objects.filter(
        pk=body.get("instead_of") or 0, party_id=asked.party_id, kind="change", answer__done=True
    ).first()
    said = opened_body(earlier.kind, earlier.body) if earlier else body
    number = said.get("arrangement") or 0
    plan = running(party_id=asked.party_id, arrangement_id=number)
    if not plan:
        return refused("no_plan")
    wanted = Wanted.of(said)
    offered, forbidden = _changes(plan, wanted, now)
    if offered and earlier is None and wanted != Wanted():
        return Reply(data={"offers": offered, "changes": number, **wanted.told()})
    text = str(said.get("text", "")).strip()
    words = keep_words(asked, "plan_change", text, by=by, now=now) if text else None
    try:
        made = arrangements.ask_change(
            arrangement_id=number, monthly=wanted.monthly, due_day=wanted.due_day, months=wanted.months, words=words,
            refused=() if offered else forbidden, case_id=case.pk if case else None, by=by, now=now, key=f"page/{asked.pk}",
        )  # fmt: skip
    except arrangements.NotAllowed as problem:
        return refused(problem.code)
    if case is not None:
        set_task(case_id=case.pk, reason="plan_change", by=by, now=now, key=f"change-{made.pk}")
    return Reply(data={"what": "ask_plan", "request": made.pk})


def _changes(plan: Sequence[Arrangement], wanted: Wanted, now: datetime) -> tuple[list[dict[str, Any]], list[str]]:
    """What may be his in place of what runs on of a plan, and the rules that forbid the rest, each once."""
    accounts = [part.account for part in plan]
    situation = situation_together(accounts, left=wanted.left(plan), known=KNOWN, changes=plan)
    if situation is None:
        return [], []
    found, others = beside(
        situation, by_role=ROLE, on=business_date(now), calendar=reference.calendar(), issuer=settings.BANK_ENTITY,
        due_day=wanted.due_day, months=wanted.months,
    )  # fmt: skip
    rules = dict.fromkeys(reason.rule for one in others for reason in one.reasons if ROLE in one.product.offered_by)
    return [_shown(one, accounts) for one in found], list(rules)


def _shown(one: Offer, accounts: Sequence[Account]) -> dict[str, Any]:
    tails = tails_of([account.account_no for account in accounts])
    last4 = [tails.get(account.account_no, account.account_no[-4:]) for account in accounts]
    return {
        "account": accounts[0].pk, "others": [account.pk for account in accounts[1:]], "last4": ", ".join(last4),
        "currency": accounts[0].currency,
        "parts": [
            {"last4": tail, "monthly": str(monthly)} for tail, monthly in zip(last4, one.monthly_by_account, strict=False)
        ],
        "product": one.product.code, "term": one.wish.term, "due_day": one.wish.due_day,
        "first_payment": f"{one.wish.first_payment:.2f}",
        "waived": {part: str(given) for part, given in one.wish.waived.items()}, "waived_in_all": str(one.wish.waived_in_all),
        "times": len(one.rows), "monthly": str(one.monthly), "first_due": one.first_due.isoformat(),
        "last_due": one.last_due.isoformat(), "cost": str(one.cost), "paid_in_all": str(one.paid_in_all),
        "rate": f"{one.financing.annual_rate_percent:.2f}" if one.financing else "",
    }  # fmt: skip


def take(
    asked: Request, body: dict[str, Any], *, case: Case | None, contact: Contact | None, by: Actor, now: datetime
) -> Reply:
    """One of the offers that he saw, if the same may still be made, to the cent.

    Where the mandate needs nobody he has agreed with that, and the host is asked at once; of several cards it is one agreement,
    of the sum of what is owed on them.
    """
    before = Answer.objects.filter(
        pk=body["offers"], request__party_id=asked.party_id, request__kind__in=OFFERED
    ).first()
    shown = before.data.get("offers", []) if before else []
    if not 0 <= body["nr"] < len(shown):
        return refused("no_offer")
    chosen, wanted = shown[body["nr"]], Wanted.of(before.data)
    changes = before.data.get("changes")
    plan = running(party_id=asked.party_id, arrangement_id=changes) if changes else []
    if changes and not plan:
        return refused("no_plan")
    left = wanted.left(plan) if plan else wanted.monthly
    if chosen not in (_changes(plan, wanted, now)[0] if plan else _offers(asked.party_id, left, now)):
        return refused("changed")
    waived = {part: Decimal(given) for part, given in chosen["waived"].items()}
    wish = Wish(chosen["product"], chosen["term"], Decimal(chosen["first_payment"]), waived, chosen["due_day"])
    try:
        made = arrangements.propose(
            account_id=chosen["account"], wish=wish, left=left, known=KNOWN, by_role=ROLE, by=by,
            heard=f"asked for on his own page, request {asked.pk}", now=now, key=f"page/{asked.pk}",
            case_id=case.pk if case else None, case_no=case.case_no if case else "", changes=changes,
            others=chosen["others"],
        )  # fmt: skip
    except (arrangements.NotOffered, LookupError):
        return refused("no_offer")
    if not made.persons:
        agree_here(asked, made, chosen, case=case, by=by, now=now)
    return Reply(data={"arrangement": made.pk, "persons": made.persons, "changes": made.replaces_id})
