"""/rules/registers: the published agencies, and the domains to which a text may link."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.compliance import services
from dunwell.compliance.queries import registers as found
from dunwell.identity.models import Entity
from dunwell.identity.pages.guard import requires
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date

WRONG = {
    "day": _("Write the day as 2026-11-23."),
    "agency": _("An agency is published with its contact, at a place, from a day to a later one."),
    "domain": _("A domain such as bank.example.cn has the number of its registration."),
}


@requires("rules.view")
@require_GET
def registers(request: HttpRequest) -> HttpResponse:
    """Agencies as published, and registered domains."""
    return _page(request)


def _page(request: HttpRequest, error: str = "") -> HttpResponse:
    now, language = timezone.now(), get_language() or "zh-hans"
    context = {
        "agencies": [(row, row.entity.name(language), row.holds) for row in found.agencies(business_date(now))],
        "domains": found.registered(now),
        "entities": [(e.pk, e.name(language)) for e in Entity.objects.filter(kind=Entity.Kind.AGENCY).order_by("code")],
        "may_edit": request.user.may("list.edit"),
        "error": error,
    }
    return render(request, "compliance/registers.html", context, status=422 if error else 200)


@requires("list.edit")
@require_POST
def agency(request: HttpRequest) -> HttpResponse:
    """Write down an agency as it was published, or the last day of its listing."""
    entity = get_object_or_404(Entity, pk=request.POST.get("agency") or 0, kind=Entity.Kind.AGENCY)
    first, last = request.POST.get("from", "").strip(), request.POST.get("to", "").strip()

    def write(by: Actor, now: datetime) -> None:
        services.list_agency(
            agency_id=entity.pk, telephone=request.POST.get("telephone", ""), by=by, now=now,
            published_at=request.POST.get("published_at", ""), starts_on=date.fromisoformat(first),
            ends_on=date.fromisoformat(last) if last else None,
        )  # fmt: skip

    return _written(request, write, "agency")


@requires("list.edit")
@require_POST
def domain(request: HttpRequest) -> HttpResponse:
    """Register a domain, or end its registration."""

    def write(by: Actor, now: datetime) -> None:
        services.register_domain(
            domain=request.POST.get("domain", ""), registration=request.POST.get("registration", ""), by=by, now=now,
            ends_at=now if request.POST.get("end") else None,
        )  # fmt: skip

    return _written(request, write, "domain")


def _written(request: HttpRequest, write: Callable[[Actor, datetime], None], what: str) -> HttpResponse:
    user = request.user
    try:
        write(user.actor, timezone.now())
    except ValueError as wrong:
        return _page(request, str(WRONG["day" if "isoformat" in str(wrong) else what]))
    return redirect("compliance:registers")
