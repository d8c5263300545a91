"""/arrangements: proposals that wait for approval, changes asked for, plans that are late, what the host has not answered."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from dunwell.arrangements import queries, words
from dunwell.arrangements.models import ChangeRequest
from dunwell.compliance.queries import withheld
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date

SHOWN, DAYS = 100, timedelta(days=14)


def _wanted(one: ChangeRequest) -> str:
    return words.wanted(
        monthly=one.monthly, due_day=one.due_day, months=one.months, currency=one.arrangement.currency
    ) or gettext("in his own words")


@requires("arrangement.approve")
@require_GET
def approvals(request: HttpRequest) -> HttpResponse:
    """Four lists, each at most a hundred rows, the oldest first; persons withheld from the user are on none."""
    now, entity_id = timezone.now(), request.user.entity_id
    today = business_date(now)
    which = {
        "entity_id": entity_id, "limit": SHOWN, "hidden": withheld(request.user.pk, now=now, party="party_id"),
    }  # fmt: skip

    def shown(whole: queries.Agreement) -> dict[str, object]:
        one = whole.lead
        return {
            "row": one, "whole": whole, "name": words.PRODUCTS[one.product], "standing": words.STANDINGS[one.standing],
            "tone": words.TONES.get(one.standing, ""), "mine": request.user.role in one.roles,
            "own": one.recorded_by == request.user.pk,
        }  # fmt: skip

    asked = queries.changes_asked(entity_id=entity_id).exclude(
        withheld(request.user.pk, now=now, party="arrangement__party_id")
    )
    days = queries.reconciliation(entity_id=entity_id, since=today - DAYS)
    context = {
        "waiting": [shown(one) for one in queries.waiting_for_approval(**which)],
        "asked": [(one, words.PRODUCTS[one.arrangement.product], _wanted(one)) for one in asked[:SHOWN]],
        "late": [shown(one) for one in queries.late(**which)],
        "days": [(one, words.INSTRUCTIONS[one.kind]) for one in days[:SHOWN]],
        "overdue": queries.overdue(entity_id=entity_id, on=today).count(),
    }
    return render(request, "arrangements/approvals.html", context)
