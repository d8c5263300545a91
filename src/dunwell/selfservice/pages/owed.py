"""What is owed and why, to the cent; and how each figure is computed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from dunwell.arrangements.queries import promises_of
from dunwell.compliance.models import Consent
from dunwell.kernel import times
from dunwell.portfolio.models import Party
from dunwell.selfservice import words
from dunwell.selfservice.models import Answer
from dunwell.selfservice.owed import totals
from dunwell.selfservice.pages.inside import inside, leave_request
from dunwell.selfservice.queries import accounts_of, agreed_of, announced, settled_of
from dunwell.selfservice.wishes import wished


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
        "late": [(currency, amount) for currency, amount in totals(accounts, "past_due").items() if amount > 0],
        "owing": any(account.balance > 0 for account in accounts),
        "as_of": max((account.as_of for account in accounts), default=None),
        "announced": announced(party),
        "promises": promises,
        "agreed": (made := agreed_of(party, now=now)),
        "settled": settled_of(party, made, {one.account_id for one in accounts if one.balance <= 0}),
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
    answer = Answer.objects.filter(pk=number).first() if number else None
    if number is None or (answer is not None and not answer.done):
        return render(request, "selfservice/wrong.html", {"what": "failed"}, status=503)
    if answer is None:  # what is asked for here is seen by the worker when this page has ended, not before
        return HttpResponseRedirect(f"/asked/{number}")
    language = "en" if (get_language() or "").startswith("en") else "zh-hans"
    tails = {account.account_id: account for account in accounts_of(party)}
    receipts = [{**one, "owed": tails.get(one["account"])} for one in answer.data["receipts"][language]]
    return render(request, "selfservice/why.html", {"receipts": receipts})
