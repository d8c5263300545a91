"""The start: by role; a collector's day; Next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from dunwell.casework import services as casework
from dunwell.casework.models import Case
from dunwell.casework.queries import queue_left
from dunwell.desk.queries import today_of
from dunwell.floor.services.taking import hindrance, next_address
from dunwell.floor.services.wellbeing import current_break
from dunwell.identity.pages.guard import requires, signed_in
from dunwell.intake.pages.late import late_files


@signed_in
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Each role's own start."""
    for permission, address in (("case.work", "/desk"), ("report.view", "/portfolio"), ("user.manage", "/users")):
        if request.user.may(permission):
            return HttpResponseRedirect(address)
    return HttpResponseRedirect("/profile")


@requires("case.work")
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """Today's figures, call-backs and promises; interrupted work stands first."""
    now = timezone.now()
    context = {"today": today_of(request.user, now), "empty": bool(request.GET.get("empty"))}
    context |= {"hindrance": hindrance(request.user, now), "pause": current_break(request.user.pk, now)}
    context["marked"] = request.GET.get("marked", "")
    context["covers"] = [one.name(request.user.language) for one in context["today"].covers]
    return render(request, "desk/start.html", {**context, "files": late_files(request, now)})


@requires("case.work")
@require_POST
def following(request: HttpRequest) -> HttpResponse:
    """Takes the next case; the one left behind is put back."""
    now = timezone.now()
    left = Case.objects.filter(case_no=request.POST.get("from", ""), held_by=request.user).first()
    if left is not None:
        casework.put_off(case_id=left.pk, until=now + casework.HOLD, reason="put back", by=request.user.actor, now=now)
        casework.release(case_id=left.pk, user=request.user, now=now)
    return HttpResponseRedirect(next_address(user=request.user, now=now))


@requires("case.work")
@require_GET
def left(request: HttpRequest) -> HttpResponse:
    """How many cases wait, for the top bar."""
    number = queue_left(user=request.user, now=timezone.now())
    return HttpResponse("1,000+" if number >= 1000 else str(number), content_type="text/plain")
