"""Paying: how much into which card, to the provider and back, and what the provider says of it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dunwell.portfolio.models import Party
from dunwell.selfservice import rules, words
from dunwell.selfservice.models import CallBack, CallBackOutcome, Order
from dunwell.selfservice.pages.inside import ask, inside, leave_request, new_secret, waited, whole
from dunwell.selfservice.providers import Forged, provider
from dunwell.selfservice.queries import accounts_of, agreed_of

BODY_MOST = 4096


@require_http_methods(["GET", "HEAD", "POST"])
@inside
def pay(request: HttpRequest, party: Party) -> HttpResponse:
    """Choose a card of his and an amount, or what was agreed."""
    accounts = [account for account in accounts_of(party) if account.balance > 0]
    made = agreed_of(party, now=timezone.now())
    payable = [one for each in made for one in each.by_account if one.may_pay]
    agreed = {f"agreed-{one.arrangement_id}": (one, one.to_pay) for one in payable}
    agreed |= {f"all-{one.arrangement_id}": (one, one.to_end) for one in payable if one.may_end}
    tails = {account.account_id: account.last4 for account in accounts}
    several = {one.arrangement_id: tails.get(one.account_id, "") for each in made for one in each.parts}
    found = provider()
    context: dict[str, object] = {
        "accounts": accounts, "codes": agreed, "provider": found, "key": new_secret()[:32],
        "agreed": [(code, plan, several.get(plan[0].arrangement_id, "")) for code, plan in agreed.items()],
        "how": f"all-{whole(request.GET['all'])}" if "all" in request.GET else f"agreed-{whole(request.GET.get('agreed'))}",
    }  # fmt: skip
    if request.method != "POST" or found is None:
        return render(request, "selfservice/pay.html", context)
    how, typed = request.POST.get("how", ""), request.POST.get("amount", "")
    into = agreed[how][0].account_id if how in agreed else whole(request.POST.get("account"))
    chosen = next((one for one in accounts if one.account_id == into), None)
    try:
        if chosen is None:
            raise rules.Wrong("account")
        amount = rules.amount_of(
            {
                "past_due": str(chosen.past_due), "balance": str(chosen.balance),
                **{code: str(amount) for code, (_one, amount) in agreed.items()},
            }.get(how, typed),
            owed=chosen.balance,
        )  # fmt: skip
    except rules.Wrong as wrong:
        return render(
            request, "selfservice/pay.html",
            {**context, "error": words.wrong(wrong.code), "typed": typed, "how": how, "chosen": chosen,
             "key": request.POST.get("key", "")},
            status=422,
        )  # fmt: skip
    number = leave_request(request, "pay", {"account": chosen.account_id, "amount": str(amount)})
    return HttpResponseRedirect(f"/asked/{number}" if number else "/often")


@require_GET
@inside
def back(request: HttpRequest, party: Party, order_no: str) -> HttpResponse:
    """He comes back from the provider. Only what the provider says itself counts, and it may come later."""
    order = Order.objects.filter(order_no=order_no).select_related("account").first()
    if order is None:
        raise Http404(order_no)
    said = CallBack.objects.filter(order=order).order_by("pk")
    outcomes = list(waited(CallBackOutcome.objects.filter(call_back__order=order).all))
    paid = any(one.payment_id for one in outcomes)
    context = {
        "order": order,
        "state": "paid" if paid else "waiting" if len(outcomes) < len(said) or not said else "refused",
        "last4": next((one.last4 for one in accounts_of(party) if one.account_id == order.account_id), ""),
    }
    return render(request, "selfservice/paid.html", context)


@csrf_exempt
@require_POST
def told(request: HttpRequest, code: str) -> HttpResponse:
    """The provider's call-back. Kept once when its signature is right; the worker does what follows."""
    found = provider()
    if found is None or found.code != code:
        return JsonResponse({"code": "UNKNOWN"}, status=404)
    body = request.body if int(request.headers.get("Content-Length") or 0) <= BODY_MOST else b""
    signature = request.headers.get("X-Signature", "")
    try:
        said = found.read(body, signature)
    except Forged:
        return JsonResponse({"code": "SIGNATURE"}, status=401)
    kept = ask("selfservice_told", said.order_no, said.reference, said.state, body.decode(), signature[:200])
    return JsonResponse({"code": "OK"} if kept else {"code": "NO_ORDER"}, status=200 if kept else 404)


def provider_name() -> str:
    """What the provider is called, in the reader's language."""
    found = provider()
    return found.name["en" if (get_language() or "").startswith("en") else "zh-hans"] if found else ""
