"""/campaigns/numbers: the numbers that calls show, and what is told of each."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.casework import words
from dunwell.channels.models import CallerNumber
from dunwell.channels.services.caller_numbers import NumberRefused, add_number, mark_number, standings
from dunwell.channels.voice.caller_numbers import per_thousand, policy, unfit
from dunwell.identity.pages.guard import requires

REST = timedelta(days=7)


@requires("case.hand_out")
@require_GET
def numbers(request: HttpRequest) -> HttpResponse:
    """The pool: region, calls, complaints, and why one is not shown."""
    return _page(request)


def _page(request: HttpRequest, error: str = "") -> HttpResponse:
    now, rule = timezone.now(), policy()
    rows = [
        {"one": one, "rate": f"{per_thousand(one):.1f}", "unfit": words.UNFIT.get(unfit(one, now, rule), "")}
        for one in standings(entity_id=request.user.entity_id, now=now)
    ]
    context = {"rows": rows, "policy": rule, "error": error, "rest_days": REST.days}
    return render(request, "casework/numbers.html", context, status=422 if error else 200)


@requires("case.hand_out")
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Takes a number of the bank's own into the pool."""
    number, region = request.POST.get("number", ""), request.POST.get("region", "").strip()
    try:
        add_number(
            entity_id=request.user.entity_id, number=number, region=region, by=request.user.actor, now=timezone.now()
        )
    except NumberRefused:
        return _page(request, _("A number has 3 to 20 digits, a province two (GB/T 2260), such as 11."))
    return HttpResponseRedirect("/campaigns/numbers")


@requires("case.hand_out")
@require_POST
def mark(request: HttpRequest, number_id: int) -> HttpResponse:
    """Writes down that a platform marks it, that it is clear again, that it rests, or that it is given up."""
    kind, now = request.POST.get("kind", ""), timezone.now()
    try:
        mark_number(
            number_id=number_id, kind=kind, until=now + REST if kind == "rests" else None,
            detail=request.POST.get("detail", ""), by=request.user.actor, now=now,
        )  # fmt: skip
    except (NumberRefused, CallerNumber.DoesNotExist):
        return _page(request, _("This cannot be said of the number."))
    return HttpResponseRedirect("/campaigns/numbers")
