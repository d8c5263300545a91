"""One collector as a team leader sees him: which cases he takes, when he is away, who covers him."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.casework import services as casework
from dunwell.casework.models import Capability, Case
from dunwell.casework.queries.attribution import own_result
from dunwell.casework.queries.covers import in_force
from dunwell.floor import words
from dunwell.floor.pages.answers import case_of, day_of, go, key_of, number_of, sentence
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.identity.rules import PERMISSIONS
from dunwell.kernel import times

AHEAD = timedelta(days=366)


def workers_of(user: User) -> list[User]:
    """Everybody of the user's entity who works cases."""
    found = User.objects.filter(entity_id=user.entity_id, is_active=True, role__in=PERMISSIONS["case.work"])
    return list(found.select_related("team").order_by("staff_no"))


def _member(request: HttpRequest, user_id: int) -> User:
    found = User.objects.filter(pk=user_id, entity_id=request.user.entity_id).select_related("team").first()
    if found is None:
        raise Http404(user_id)
    return found


@requires("case.hand_out")
@require_GET
def member(request: HttpRequest, user_id: int) -> HttpResponse:
    """The page: what he owns and takes, his absences, and his result of the month."""
    person, language, now = _member(request, user_id), request.user.language, timezone.now()
    today = times.business_date(now)
    takes = Capability.objects.filter(user=person).order_by("-pk").first()
    away = in_force(today, today + AHEAD).select_related("user", "cover").order_by("starts_on", "pk")
    context = {
        "person": person,
        "name": person.name(language),
        "team": person.team.name(language) if person.team else "",
        "owned": Case.objects.filter(owner=person, closed_on=None).count(),
        "result": own_result(
            user_id=person.pk, entity_id=person.entity_id, first=today.replace(day=1), last=today
        ).items(),
        "takes": takes,
        "stages": [(code, name, takes is not None and code in takes.stages) for code, name in words.STAGES.items()],
        "languages": [
            (code, name, takes is not None and code in takes.languages) for code, name in words.LANGUAGES.items()
        ],
        "skills": [(code, name, takes is None or code in takes.skills) for code, name in words.skills(language)],
        "absences": [_line(one, language) for one in away.filter(user=person)],
        "covering": [_line(one, language) for one in away.filter(cover=person)],
        "others": [(one.pk, one.name(language), one.staff_no) for one in workers_of(request.user) if one != person],
        "reasons": words.ABSENCES.items(),
        "today": today,
        "key": secrets.token_hex(12),
    }
    return render(request, "floor/member.html", context)


def _line(one: object, language: str) -> dict[str, object]:
    return {
        "first": one.starts_on,
        "last": one.last_day,
        "cover": one.cover.name(language),
        "away": one.user.name(language),
        "reason": words.ABSENCES[one.reason],
    }


@requires("case.hand_out")
@require_POST
def takes(request: HttpRequest, user_id: int) -> HttpResponse:
    """Which cases he takes at a hand-out."""
    person, given = _member(request, user_id), request.POST
    room = given.get("capacity", "").strip()
    if room and number_of(room) is None:
        return sentence(_("The number of cases is a whole number; empty: no limit."))
    casework.set_capability(
        user_id=person.pk,
        stages=[code for code in given.getlist("stage") if code in words.STAGES],
        languages=[code for code in given.getlist("language") if code in words.LANGUAGES],
        skills=[code for code in given.getlist("skill") if code in dict(words.skills("en"))],
        capacity=number_of(room) if room else None,
        by=request.user.actor,
        now=timezone.now(),
    )
    return go(f"/team/people/{person.pk}")


@requires("case.hand_out")
@require_POST
def away(request: HttpRequest, user_id: int) -> HttpResponse:
    """He is away from a day to a day; others keep his cases."""
    person, now = _member(request, user_id), timezone.now()
    try:
        first, last = day_of(request.POST.get("starts_on", "")), day_of(request.POST.get("ends_on", ""))
        if last is None:
            raise casework.AbsenceRefused("days")
        casework.set_absence(
            user_id=person.pk,
            covers=[number for text in request.POST.getlist("cover") if (number := number_of(text)) is not None],
            starts_on=first or times.business_date(now),
            ends_on=last,
            reason=request.POST.get("reason", ""),
            by=request.user.actor,
            now=now,
            key=key_of(request),
        )
    except ValueError as refused:
        return sentence(words.REFUSED[getattr(refused, "code", "days")])
    return go(f"/team/people/{person.pk}")


@requires("case.hand_out")
@require_POST
def back(request: HttpRequest, user_id: int) -> HttpResponse:
    """He is back today: yesterday was the last day of his absence."""
    person, now = _member(request, user_id), timezone.now()
    yesterday = times.business_date(now) - timedelta(days=1)
    casework.end_absence(user_id=person.pk, last_day=yesterday, by=request.user.actor, now=now)
    return go(f"/team/people/{person.pk}")


@requires("case.hand_out")
@require_POST
def assist(request: HttpRequest, case_no: str) -> HttpResponse:
    """协催: a second collector on the case, or none any more."""
    case, now, by = case_of(request, case_no), timezone.now(), request.user.actor
    who = number_of(request.POST.get("who", ""))
    if who is None:
        casework.end_assist(case_id=case.pk, by=by, now=now)
        return go(f"/cases/{case_no}")
    try:
        casework.assist(
            case_id=case.pk,
            user_id=who,
            reason=request.POST.get("reason", ""),
            ends_on=day_of(request.POST.get("ends_on", "")),
            by=by,
            now=now,
            key=key_of(request),
        )
    except ValueError as refused:
        return sentence(words.REFUSED[getattr(refused, "code", "days")])
    return go(f"/cases/{case_no}")
