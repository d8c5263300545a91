"""What the page reads of who came in. Row security shows it his own rows and nobody else's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dunwell.arrangements.models import (
    Arrangement,
    ArrangementConsent,
    CertificateAccount,
    CertificateRequest,
    Instalment,
)
from dunwell.arrangements.queries.agreements import leads
from dunwell.arrangements.queries.changes import last_changes
from dunwell.arrangements.queries.plans import PERFORMED, WAITING
from dunwell.arrangements.queries.repaid import repaid_among
from dunwell.arrears.models import AccountState, Due
from dunwell.kernel.times import business_date
from dunwell.payments.models import Payment
from dunwell.portfolio.models import Account, Card, Party
from dunwell.selfservice.agreed import STATES, Agreed, agreed, together
from dunwell.selfservice.owed import Owed, balance_lines, past_due_lines

SHOWN = 5  # arrangements, the last ones


def accounts_of(party: Party) -> list[Owed]:
    """His accounts in work, the one that is late longest first. Three queries."""
    states = list(
        AccountState.objects.filter(account__party=party)
        .select_related("account")
        .order_by("oldest_due_date", "account_id")
    )
    dues: dict[int, list] = defaultdict(list)
    for due in Due.objects.filter(account_id__in=[state.account_id for state in states]):
        dues[due.account_id].append((due.due_date, due.statement_date, due.amount))
    tails = tails_of([state.account.account_no for state in states])
    return [
        Owed(
            account_id=state.account_id,
            last4=tails.get(state.account.account_no, state.account.account_no[-4:]),
            currency=state.account.currency,
            as_of=state.business_date,
            past_due=state.past_due,
            balance=state.balance,
            past_due_lines=past_due_lines(state.past_due, dues[state.account_id], as_of=state.business_date),
            balance_lines=balance_lines(state),
        )
        for state in states
    ]


def tails_of(numbers: Sequence[str]) -> dict[str, str]:
    """The last digits of the card of each account that has one."""
    tails: dict[str, str] = {}
    for card in Card.objects.filter(account_no__in=numbers).order_by("kind", "-id"):
        if card.status == "active" or card.account_no not in tails:
            tails.setdefault(card.account_no, card.last4)
    return tails


def announced(party: Party) -> list[Payment]:
    """Money that he paid and the bank has not booked yet."""
    waiting = Payment.objects.filter(account__party=party, provisional=True, answer=None)
    return list(waiting.select_related("account").order_by("-id")[:5])


@dataclass(frozen=True, slots=True)
class Settled:
    """An account of which he may have a certificate: asked for, issued (its number), or not yet. One that was revoked counts for
    nothing any more; he may ask for another once the account is settled again."""

    account_id: int
    last4: str
    asked: bool
    certificate: int | None
    number: str
    revoked: bool
    may_ask: bool


def agreed_of(party: Party, *, now: datetime) -> list[Agreed]:
    """His agreements that are something to him, the newest first. Seven queries at most, one where there is none."""
    chosen = list(leads(Arrangement.objects.filter(party=party, standing__in=STATES)).order_by("-id")[:SHOWN])
    if not chosen:
        return []
    combined = [one.combined_id for one in chosen if one.combined_id]
    others = Arrangement.objects.filter(combined__in=combined).exclude(pk__in=[one.pk for one in chosen]).order_by("id")
    made = [*chosen, *(others if combined else [])]
    dues: dict[int, list[Instalment]] = defaultdict(list)
    for due in Instalment.objects.filter(arrangement__in=made):
        dues[due.arrangement_id].append(due)
    consented = set(ArrangementConsent.objects.filter(pk__in=[one.pk for one in made]).values_list("pk", flat=True))
    today = business_date(now)
    running = [one for one in made if one.standing in PERFORMED]
    asked = last_changes([one.pk for one in running]) if running else {}
    states = AccountState.objects.filter(account__in=[one.account_id for one in running]) if running else ()
    owed = {state.account_id: state.balance for state in states}
    replaced = {one.replaces_id for one in made if one.standing in WAITING}
    repaid = repaid_among(made)
    found = []
    for lead in chosen:
        parts = [one for one in made if one is lead or (lead.combined_id and one.combined_id == lead.combined_id)]
        stand = [
            agreed(
                one, dues[one.pk], consented=one.pk in consented, today=today, replaced=one.pk in replaced,
                asked=asked.get(one.pk), owed=owed.get(one.account_id), repaid=one.pk in repaid,
            )
            for one in parts
        ]  # fmt: skip
        if None not in stand:
            found.append(together(stand, today=today))
    return found


def settled_of(party: Party, made: list[Agreed], nothing_owed: set[int]) -> list[Settled]:
    """The accounts that are settled, each with its certificate; `nothing_owed` by the published columns."""
    ended = {part.account_id for one in made if one.state == "done" for part in one.by_account}
    asked = list(
        CertificateRequest.objects.filter(account__party=party, kind=CertificateRequest.Kind.SETTLED)
        .select_related("certificate__revocation")
        .order_by("id")
    )
    others = CertificateAccount.objects.filter(account__party=party).order_by("id")
    others = others.select_related("request__certificate__revocation")
    numbers = ended | nothing_owed | {one.account_id for one in (*asked, *others)}
    if not numbers:
        return []
    last = {one.account_id: one for one in asked}  # the newest of each
    last |= {
        one.account_id: one.request for one in others if one.request_id > getattr(last.get(one.account_id), "pk", 0)
    }
    accounts = Account.objects.filter(pk__in=numbers).order_by("pk")
    tails = tails_of([account.account_no for account in accounts])
    found = []
    for account in accounts:
        request = last.get(account.pk)
        issued = getattr(request, "certificate", None)
        revoked = hasattr(issued, "revocation")
        found.append(
            Settled(
                account.pk, tails.get(account.account_no, account.account_no[-4:]),
                asked=request is not None and not revoked, certificate=issued.pk if issued and not revoked else None,
                number=issued.number if issued else "", revoked=revoked, may_ask=account.pk in ended | nothing_owed,
            )
        )  # fmt: skip
    return found
