"""Making a set of proof: the claim by the host's figures beside the variant that the night's programs compute of it."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from dunwell.arrears.rules.judgment import CourtCut
from dunwell.identity.pages.guard import requires
from dunwell.legal import services, words
from dunwell.legal.pages.claims import account_of, claim_page, typed_days
from dunwell.nightly import computed
from dunwell.portfolio.models import Account


@requires("bundle.make")
@require_POST
def bundle(request: HttpRequest, account_no: str) -> HttpResponse:
    """Make a set of proof of the account's holder."""
    account = account_of(request, account_no)
    typed = request.POST
    period, cut_off = (
        typed_days(typed.get("first", ""), typed.get("last", "")),
        typed_days(typed.get("cut_off", ""), ""),
    )
    if period is None or period[1] is None or cut_off is None:
        return claim_page(request, account, error=str(words.REFUSED["date"]))
    try:
        services.make_bundle(
            party_id=account.party_id, first=period[0], last=period[1], cut_off=cut_off[0], reason=typed.get("reason", ""),
            language=get_language() or "zh-hans", cuts=court_cuts(account.party_id, cut_off[0]),
            by=request.user.actor, now=timezone.now(), key=f"bundle-{typed.get('key') or uuid4().hex}"[:80],
        )  # fmt: skip
    except services.NotMade as refused:
        return claim_page(request, account, error=str(words.REFUSED[refused.code]))
    return redirect("legal:claim", account_no)


def court_cuts(party_id: int, cut_off: date) -> dict[int, CourtCut]:
    """By account, what courts commonly leave standing at the close of a day: the figure of that night's receipt.

    An account without a night of that very day, or without interest lines in it, is not in the answer.
    """
    found = {}
    for account in Account.objects.filter(party_id=party_id).order_by("pk"):
        try:
            made = computed.compute(account_no=account.account_no, business_date=cut_off)
        except computed.NotKnown:
            continue
        if made.as_of == cut_off and made.court is not None:
            found[account.pk] = made.court
    return found
