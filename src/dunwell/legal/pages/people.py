"""/people/NUMBER: what is held about a person and why; a copy for him, correction, restriction, erasure."""

from __future__ import annotations

from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from dunwell.casework.services import forgetting
from dunwell.compliance.queries import may_open
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date
from dunwell.legal import words
from dunwell.legal.queries import personal
from dunwell.legal.services import personal as services
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import ContactPoint, Party


def _party(request: HttpRequest, party_no: str) -> Party:
    party = get_object_or_404(Party, entity_id=request.user.entity_id, party_no=party_no)
    if not may_open(party.pk, user_id=request.user.pk, now=timezone.now()):
        raise PermissionDenied("a listed person")
    return party


@requires("bundle.make")
@require_GET
def person(request: HttpRequest, party_no: str) -> HttpResponse:
    """What is held, by category."""
    return _page(request, _party(request, party_no))


def _page(request: HttpRequest, party: Party, *, error: str = "", obstacles: list[str] | None = None) -> HttpResponse:
    now, language = timezone.now(), get_language() or "zh-hans"
    context = {
        "party": party,
        "held": personal.held(party, language=language, on=business_date(now)),
        "points": ContactPoint.objects.filter(party=party).order_by("kind", "pk"),
        "corrections": party.corrections.select_related("contact_point", "replaces").order_by("-pk"),
        "restrictions": personal.restrictions(party, now=now),
        "kinds": words.POINT_KINDS.items(),
        "sources": [(code, words.source(code)) for code in portfolio.SOURCES],
        "erased": hasattr(party, "tombstone"),
        "key": uuid4().hex,
        "error": error,
        "obstacles": obstacles or [],
    }
    return render(request, "legal/person.html", context, status=422 if error else 200)


@requires("bundle.make")
@require_POST
def copy(request: HttpRequest, party_no: str) -> HttpResponse:
    """The copy for him, as JSON or PDF; who made it and why is logged."""
    party, form = _party(request, party_no), request.POST.get("form", "")
    if form not in services.FORMS:
        raise Http404(form)
    try:
        data = services.copy_for_person(
            party_id=party.pk, form=form, language=get_language() or "zh-hans", reason=request.POST.get("reason", ""),
            by=request.user.actor, now=timezone.now(),
        )  # fmt: skip
    except portfolio.ReasonMissing:
        return _page(request, party, error=str(words.REFUSED["reason"]))
    except portfolio.Erased:
        return _page(request, party, error=str(words.REFUSED["erased"]))
    response = HttpResponse(data, content_type=services.FORMS[form])
    response["Content-Disposition"] = f'attachment; filename="{party.party_no}.{form}"'
    return response


@requires("bundle.make")
@require_POST
def correct(request: HttpRequest, party_no: str) -> HttpResponse:
    """Put his name, or a number or address, right."""
    party, typed = _party(request, party_no), request.POST
    told = {
        "party_id": party.pk, "source": typed.get("source", ""), "reason": typed.get("reason", ""), "by": request.user.actor,
        "now": timezone.now(), "key": f"correction-{typed.get('key') or uuid4().hex}"[:80],
    }  # fmt: skip
    replaces, kind = typed.get("replaces", ""), typed.get("kind", "")
    try:
        if kind == "name":
            portfolio.correct_name(name=typed.get("value", ""), **told)
        else:
            portfolio.correct_point(
                kind=kind,
                value=typed.get("value", ""),
                replaces_id=int(replaces) if replaces.isdecimal() else None,
                **told,
            )
    except portfolio.CorrectionRefused as refused:
        return _page(request, party, error=str(words.CORRECTION_REFUSED[refused.code]))
    except portfolio.Erased:
        return _page(request, party, error=str(words.REFUSED["erased"]))
    return redirect("legal:person", party_no)


@requires("bundle.make")
@require_POST
def restrict(request: HttpRequest, party_no: str) -> HttpResponse:
    """Stop processing but for storage."""
    party = _party(request, party_no)
    try:
        services.restrict(
            party_id=party.pk, reason=request.POST.get("reason", ""), by=request.user.actor, now=timezone.now()
        )
    except portfolio.ReasonMissing:
        return _page(request, party, error=str(words.REFUSED["reason"]))
    return redirect("legal:person", party_no)


@requires("bundle.make")
@require_POST
def erase(request: HttpRequest, party_no: str) -> HttpResponse:
    """Forget him, or say what forbids it."""
    party = _party(request, party_no)
    try:
        forgetting.forget(
            party_id=party.pk, by=request.user.actor, reason=request.POST.get("reason", ""), now=timezone.now()
        )
    except portfolio.ReasonMissing:
        return _page(request, party, error=str(words.REFUSED["reason"]))
    except forgetting.MayNotErase as refused:
        return _page(
            request,
            party,
            error=str(words.REFUSED["kept"]),
            obstacles=[words.obstacle(one) for one in refused.obstacles],
        )
    return redirect("legal:person", party_no)
