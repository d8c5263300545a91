"""How is this computed: the receipt of every figure of an account, for the collector and, plainer, for the cardholder."""

from __future__ import annotations

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from dunwell.casework.pages.finding import case_of as find
from dunwell.evidence import services as evidence
from dunwell.identity.pages.guard import requires
from dunwell.kernel import times
from dunwell.nightly import computed as nights
from dunwell.nightly.computed import receipt, words
from dunwell.portfolio.models import Account

WHY_NOT = {
    "no_night": _("No night had been published by then."),
    "not_kept": _("The inputs of that night are not kept any more."),
    "no_account": _("The account is not in the book of that day."),
}


@requires("case.view")
@require_GET
def computed(request: HttpRequest, case_no: str) -> HttpResponse:
    """An account of the case (`account`, its number inside) on a `date`; `form=cardholder` for the person who owes."""
    found = find(request, case_no)
    accounts = list(Account.objects.filter(party_id=found.party_id).order_by("id"))
    asked = request.GET.get("account", "")
    account = next((one for one in accounts if str(one.pk) == asked), accounts[0] if accounts and not asked else None)
    if account is None:
        raise Http404(asked)
    try:
        day = date.fromisoformat(request.GET.get("date", "")) if request.GET.get("date") else None
    except ValueError:
        raise Http404("date") from None
    plain = request.GET.get("form") == "cardholder"
    context = {
        "case_no": case_no,
        "account": account,
        "accounts": accounts,
        "plain": plain,
        "day": day or times.business_date(timezone.now()),
    }
    try:
        made = nights.compute(account_no=account.account_no, business_date=context["day"])
    except nights.NotKnown as reason:
        return render(request, "desk/computed.html", context | {"error": WHY_NOT[reason.code]})
    evidence.write(
        kind="party.viewed", now=timezone.now(), by=request.user.actor, party_id=found.party_id,
        case_id=found.pk, account_id=account.pk, data={"case_no": case_no, "figures_of": str(made.as_of), "run": made.run.pk},
    )  # fmt: skip
    figures = words.shown(receipt.receipt(made), cardholder=plain)
    return render(request, "desk/computed.html", context | {"made": made, "figures": figures})
