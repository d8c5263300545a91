"""What was offered or agreed, with its cost and what follows; agreeing to it, changing it, and the papers of it."""

from __future__ import annotations

import base64

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dunwell.arrangements.rules.promises import in_force
from dunwell.kernel import times
from dunwell.portfolio.models import Party
from dunwell.selfservice import rules, words
from dunwell.selfservice.agreed import Agreed
from dunwell.selfservice.pages.inside import answer_key, inside, leave_request, new_secret, whole
from dunwell.selfservice.queries import accounts_of, agreed_of

MONTHS = (3, 6, 12, 18, 24, 36, 48, 60)  # within which he may ask to have paid all of it


def one_of(party: Party, arrangement_id: int) -> Agreed:
    found = next((one for one in agreed_of(party, now=timezone.now()) if one.arrangement_id == arrangement_id), None)
    if found is None:
        raise Http404(str(arrangement_id))
    return found


@require_GET
@inside
def arrangement(request: HttpRequest, party: Party, number: int) -> HttpResponse:
    """One arrangement: what it is about, what is waived, what is paid by when, its cost, and what follows a breach."""
    found = one_of(party, number)
    tails = {one.account_id: one.last4 for one in accounts_of(party)}
    parts = [(part, tails.get(part.account_id, "")) for part in found.by_account]
    context = {
        "one": found, "last4": ", ".join(tail for _, tail in parts if tail), "waived": words.waived(found),
        "parts": parts if found.parts else [], "key": new_secret()[:32],
    }  # fmt: skip
    return render(request, "selfservice/agreed.html", context)


@require_POST
@inside
def agree(request: HttpRequest, party: Party, number: int) -> HttpResponse:
    """He agrees to what was approved for him."""
    if not one_of(party, number).may_agree:
        return HttpResponseRedirect(f"/agreed/{number}")
    asked = leave_request(request, "agree", {"arrangement": number}, key=f"agree-{number}")
    return HttpResponseRedirect(f"/asked/{asked}" if asked else "/often")


@require_http_methods(["GET", "HEAD", "POST"])
@inside
def change(request: HttpRequest, party: Party, number: int) -> HttpResponse:
    """Ask for another plan in place of one that runs: less a month, another day, sooner, or in his own words."""
    found = one_of(party, number)
    if not found.may_change:
        return HttpResponseRedirect(f"/agreed/{number}")
    may = in_force("due_day", times.business_date(timezone.now()))
    context: dict[str, object] = {
        "one": found, "days": range(may["first"], may["last"] + 1), "terms": MONTHS, "key": new_secret()[:32],
    }  # fmt: skip
    if request.method != "POST":
        return render(request, "selfservice/change.html", context)
    if request.POST.get("instead_of"):
        fields: dict[str, object] = {"instead_of": whole(request.POST.get("instead_of"))}
    else:
        typed = {name: request.POST.get(name, "").strip() for name in ("monthly", "due_day", "months", "text")}
        due_day, months = whole(typed["due_day"]), whole(typed["months"])
        try:
            monthly = str(rules.amount_of(typed["monthly"], owed=rules.LARGEST)) if typed["monthly"] else ""
            if not any(typed.values()) or due_day not in (0, *context["days"]) or months not in (0, *MONTHS):
                raise rules.Wrong("change")
        except rules.Wrong as wrong:
            again = {"error": words.wrong(wrong.code), "typed": typed, "key": request.POST.get("key", "")}
            return render(request, "selfservice/change.html", {**context, **again}, status=422)
        text = typed["text"][: rules.TEXT_MOST]
        fields = {"arrangement": number, "monthly": monthly, "due_day": due_day, "months": months, "text": text}
    asked = leave_request(request, "change", fields)
    return HttpResponseRedirect(f"/asked/{asked}" if asked else "/often")


@require_POST
@inside
def certificate(request: HttpRequest, party: Party) -> HttpResponse:
    """Ask for a certificate that an account is settled."""
    asked = leave_request(request, "certificate", {"account": whole(request.POST.get("account"))})
    return HttpResponseRedirect(f"/asked/{asked}" if asked else "/often")


@require_POST
@inside
def paper(request: HttpRequest, party: Party) -> HttpResponse:
    """Ask for a certificate that was issued, or for the agreement; it can be opened by this session alone."""
    wanted = {name: whole(request.POST.get(name)) for name in ("certificate", "agreement")}
    language = "en" if (get_language() or "").startswith("en") else "zh-hans"
    key = base64.b64encode(answer_key(request, "copy")).decode()
    asked = leave_request(request, "fetch", {**wanted, "language": language, "key": key})
    return HttpResponseRedirect(f"/asked/{asked}" if asked else "/often")
