"""/reports/differences: how the host's positions differ from what we expect, by component and cause, down to accounts."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from dunwell.arrears import queries, services
from dunwell.arrears.models import HostDifference
from dunwell.frame.templatetags.frame import moment
from dunwell.identity.pages.guard import requires
from dunwell.nightly.computed import words
from dunwell.nightly.models import Run
from dunwell.nightly.services.freezing import folder_of
from dunwell.oversight import drilldown
from dunwell.oversight.pages.shown import SHOWN, now


@requires("report.view")
@require_GET
def differences(request: HttpRequest) -> HttpResponse:
    """A night's differences (the last one's, or of `day`), and those that wait for an explanation."""
    run = _run(request.GET.get("day", ""))
    found: list[drilldown.Difference] = []
    kept = True
    if run is not None:
        try:
            found = drilldown.differences(folder_of(run) / "tables")
        except drilldown.NotKept:
            kept = False
    asked = {name: request.GET.get(name, "") for name in ("currency", "component", "cause")}
    rows = [each for each in found if all(getattr(each, name) == value for name, value in asked.items() if value)]
    waiting = list(queries.unexplained(entity_id=request.user.entity_id)[: SHOWN + 1])
    context = {
        "run": run,
        "kept": kept,
        "stamp": moment(now()),
        "groups": _groups(found, run.business_date if run else None),
        "rows": [_named(each) for each in rows[:SHOWN]] if any(asked.values()) else [],
        "all": len(rows),
        "sum": sum((each.difference for each in rows), Decimal(0)),
        "cut": len(rows) > SHOWN,
        "chosen": any(asked.values()),
        "waiting": [_waiting(each) for each in waiting[:SHOWN]],
        "may_explain": request.user.may("difference.explain"),
    }
    return render(request, "desk/differences.html", context)


@requires("difference.explain")
@require_POST
def explain(request: HttpRequest, difference_id: int) -> HttpResponse:
    """Explain one; its account's letter, settlement and suit are free again."""
    found = get_object_or_404(HostDifference.objects.select_related("account"), pk=difference_id)
    if found.account.entity_id != request.user.entity_id:
        raise PermissionDenied("another entity's account")
    reason = request.POST.get("reason", "").strip()
    if reason:  # the browser asks for one; without it nothing is written
        services.explain_difference(difference_id=found.pk, reason=reason, by=request.user.actor, now=now())
    return redirect("/reports/differences")


def _run(day: str) -> Run | None:
    nights = Run.objects.filter(state=Run.State.PUBLISHED)
    if day:
        try:
            nights = nights.filter(business_date=date.fromisoformat(day))
        except ValueError:
            raise Http404(day) from None
    return nights.order_by("-business_date", "-number").first()


def _groups(found: list[drilldown.Difference], day: date | None) -> list[dict[str, object]]:
    """By currency, component and cause: accounts, sum, and how many lie beyond the tolerance."""
    sums: dict[tuple[str, str, str], list[drilldown.Difference]] = defaultdict(list)
    for each in found:
        sums[each.currency, each.component, each.cause].append(each)
    return [
        {
            "currency": currency,
            "component": words.COMPONENTS[component],
            "cause": words.CAUSES[cause],
            "accounts": len(each),
            "sum": sum((one.difference for one in each), Decimal(0)),
            "beyond": sum(one.beyond for one in each),
            "href": "?" + urlencode({"day": day, "currency": currency, "component": component, "cause": cause}),
        }
        for (currency, component, cause), each in sorted(sums.items())
    ]


def _named(each: drilldown.Difference) -> dict[str, object]:
    return {"row": each, "component": words.COMPONENTS[each.component], "cause": words.CAUSES[each.cause]}


def _waiting(each: HostDifference) -> dict[str, object]:
    return {"row": each, "component": words.COMPONENTS[each.component], "cause": words.CAUSES[each.cause]}
