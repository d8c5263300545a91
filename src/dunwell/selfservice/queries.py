"""What the page reads of who came in. Row security shows it his own rows and nobody else's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dunwell.arrangements.models import Arrangement, ArrangementConsent, CertificateRequest, Instalment
from dunwell.arrangements.queries.changes import last_changes
from dunwell.arrangements.queries.plans import PERFORMED, WAITING
from dunwell.arrears.models import AccountState, Due
from dunwell.kernel.times import business_date
from dunwell.payments.models import Payment
from dunwell.portfolio.models import Account, Card, Party
from dunwell.selfservice.agreed import STATES, Agreed, agreed
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
    """An account of which he may have a certificate: asked for, issued (its number), or not yet."""

    account_id: int
    last4: str
    asked: bool
    certificate: int | None
    number: str


def agreed_of(party: Party, *, now: datetime) -> list[Agreed]:
    """His arrangements that are something to him, the newest first. Five queries at most, one where there is none."""
    made = list(Arrangement.objects.filter(party=party, standing__in=STATES).order_by("-id")[:SHOWN])
    if not made:
        return []
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
    found = (
        agreed(
            one, dues[one.pk], consented=one.pk in consented, today=today, replaced=one.pk in replaced,
            asked=asked.get(one.pk), owed=owed.get(one.account_id),
        )
        for one in made
    )  # fmt: skip
    return [one for one in found if one is not None]


def settled_of(party: Party, made: list[Agreed], nothing_owed: set[int]) -> list[Settled]:
    """The accounts that are settled, each with its certificate; `nothing_owed` by the published columns."""
    ended = {one.account_id for one in made if one.state == "done"}
    asked = list(
        CertificateRequest.objects.filter(account__party=party, kind=CertificateRequest.Kind.SETTLED)
        .select_related("certificate")
        .order_by("id")
    )
    numbers = ended | nothing_owed | {one.account_id for one in asked}
    if not numbers:
        return []
    last = {one.account_id: one for one in asked}  # the newest of each
    accounts = Account.objects.filter(pk__in=numbers).order_by("pk")
    tails = tails_of([account.account_no for account in accounts])
    found = []
    for account in accounts:
        request = last.get(account.pk)
        issued = getattr(request, "certificate", None)
        found.append(
            Settled(
                account.pk, tails.get(account.account_no, account.account_no[-4:]), request is not None,
                issued.pk if issued else None, issued.number if issued else "",
            )
        )  # fmt: skip
    return found
