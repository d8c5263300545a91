"""What is owed and why, to the cent; and how each figure is computed."""

from __future__ import annotations

from collections import defaultdict

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from dunwell.arrangements.queries import promises_of
from dunwell.arrears.models import AccountState, Due
from dunwell.compliance.models import Consent
from dunwell.kernel import times
from dunwell.payments.models import Payment
from dunwell.portfolio.models import Card, Party
from dunwell.selfservice import words
from dunwell.selfservice.models import Answer
from dunwell.selfservice.owed import Owed, balance_lines, past_due_lines, totals
from dunwell.selfservice.pages.inside import inside, leave_request, waited
from dunwell.selfservice.wishes import wished


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
    tails: dict[str, str] = {}
    for card in Card.objects.filter(account_no__in=[state.account.account_no for state in states]).order_by(
        "kind", "-id"
    ):
        if card.status == "active" or card.account_no not in tails:
            tails.setdefault(card.account_no, card.last4)
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


def announced(party: Party) -> list[Payment]:
    """Money that he paid and the bank has not booked yet."""
    waiting = Payment.objects.filter(account__party=party, provisional=True, answer=None)
    return list(waiting.select_related("account").order_by("-id")[:5])


@require_GET
@inside
def owed(request: HttpRequest, party: Party) -> HttpResponse:
    """The first page inside."""
    now = timezone.now()
    accounts = accounts_of(party)
    promises = [
        promise for promise in promises_of(party_id=party.pk, limit=3)
        if not hasattr(promise, "withdrawal") and any(part.state == "open" for part in promise.parts.all())
    ]  # fmt: skip
    wishes = wished(Consent.objects.filter(party=party).order_by("pk"), now=now)
    context = {
        "party": party,
        "accounts": accounts,
        "past_due": totals(accounts, "past_due"),
        "balance": totals(accounts, "balance"),
        "as_of": max((account.as_of for account in accounts), default=None),
        "announced": announced(party),
        "promises": promises,
        "wishes": words.wishes(wishes),
        "shown_at": now,
    }
    return render(request, "selfservice/owed.html", context)


@require_GET
@inside
def why(request: HttpRequest, party: Party) -> HttpResponse:
    """Every figure with the lines that sum to it: the worker runs the night's programs on his accounts and answers."""
    day = times.business_date(timezone.now())
    number = leave_request(request, "why", {}, key=f"why-{day}")
    answer = waited(Answer.objects.filter(pk=number).first) if number else None
    if number is None or (answer is not None and not answer.done):
        return render(request, "selfservice/wrong.html", {"what": "failed"}, status=503)
    language = "en" if (get_language() or "").startswith("en") else "zh-hans"
    tails = {account.account_id: account for account in accounts_of(party)}
    receipts = [
        {**one, "owed": tails.get(one["account"])} for one in (answer.data["receipts"][language] if answer else ())
    ]
    return render(request, "selfservice/why.html", {"waiting": answer is None, "receipts": receipts})
