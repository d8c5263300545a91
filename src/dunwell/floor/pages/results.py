"""业绩归属: the month's payments and whose result each is; a collector sees his own."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dunwell.casework.queries.attribution import Attributed, attributed
from dunwell.casework.rules.attribution import rule_on
from dunwell.evidence import services as evidence
from dunwell.floor import words
from dunwell.floor.pages.answers import number_of
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.kernel import times

ROWS = 200


def _month(text: str, today: date) -> tuple[date, date]:
    """The first and last day of a month written 2026-11; of this one when it is not."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        first = today.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


@requires("case.view")
@require_GET
def results(request: HttpRequest) -> HttpResponse:
    """`?month=2026-11`, of oneself; a team leader, of all or of `?who=`. `?format=csv` for those who may export."""
    user, today = request.user, times.business_date(timezone.now())
    first, last = _month(request.GET.get("month", ""), today)
    everybody = user.may("case.hand_out")
    who = number_of(request.GET.get("who", "")) if everybody else user.pk
    found = attributed(entity_id=user.entity_id, first=first, last=last, whose=who)
    people = User.objects.filter(entity_id=user.entity_id).in_bulk(
        {share.who for one in found for share in one.shares} - {None}
    )
    if request.GET.get("format") == "csv":
        return _csv(request, found, people, f"{first:%Y-%m}")
    sums: dict[tuple[int | None, str], Decimal] = defaultdict(Decimal)
    for one in found:
        for share in one.shares:
            if who is None or share.who == who:
                sums[share.who, one.currency] += share.amount
    name = {pk: person.name(user.language) for pk, person in people.items()}
    rule = rule_on(last)
    context = {
        "month": f"{first:%Y-%m}",
        "before": f"{first - timedelta(days=1):%Y-%m}",
        "after": f"{last + timedelta(days=1):%Y-%m}",
        "sums": sorted((name.get(pk, ""), pk, currency, total) for (pk, currency), total in sums.items()),
        "rows": [
            (one, [(name.get(share.who, ""), share.amount, words.SHARES[share.why]) for share in one.shares])
            for one in reversed(found[-ROWS:])
        ],
        "left_out": max(len(found) - ROWS, 0),
        "everybody": everybody,
        "who": who or "",
        "tail": rule.tail_days,
        "share": rule.assist_share,
        "may_export": user.may("report.export"),
    }
    return render(request, "floor/results.html", context)


def _csv(request: HttpRequest, found: list[Attributed], people: dict[int, User], month: str) -> HttpResponse:
    if not request.user.may("report.export"):
        raise PermissionDenied("report.export")
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(
        ["case_no", "account_no", "host_ref", "paid_on", "posted_on", "currency", "staff_no", "amount", "why"]
    )
    rows = [
        [one.case_no, one.account_no, one.host_ref, one.paid_on, one.posted_on, one.currency,
         people[share.who].staff_no if share.who in people else "", share.amount, share.why]
        for one in found for share in one.shares
    ]  # fmt: skip
    writer.writerows(rows)
    mark = evidence.mark_export(
        kind="results.exported", name=f"results {month}", form="csv", rows=len(rows), by=request.user.actor,
        now=timezone.now(),
    )  # fmt: skip
    return HttpResponse(
        f"\ufeff# {mark}\r\n{out.getvalue()}",
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="results-{month}.csv"'},
    )
