"""/rules/packs: the life of a pack. One drafts it, it is tried on last month, another approves it from a day."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.compliance import queries
from dunwell.compliance.models import PackConfirmation, PackDraft
from dunwell.compliance.queries.packs import Life
from dunwell.compliance.rules.reading import PackError
from dunwell.compliance.services import packs as services
from dunwell.compliance.shipped import pack_on
from dunwell.compliance.words import VERDICTS
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date

LARGEST = 1_000_000
STATES = {
    "draft": pgettext_lazy("rule pack", "Draft"),
    "tried": pgettext_lazy("rule pack", "Tried"),
    "approved": pgettext_lazy("rule pack", "Approved"),
    "in_force": pgettext_lazy("rule pack", "In force"),
    "superseded": pgettext_lazy("rule pack", "Superseded"),
    "withdrawn": pgettext_lazy("rule pack", "Withdrawn"),
}
REFUSED = {
    "date": _("Write the day as 2026-11-23."),
    "withdrawn": _("The draft was withdrawn."),
    "approved": _("The draft is approved already."),
    "untried": _("Try it on last month's contacts first."),
    "own": _("Somebody else has to approve it."),
    "past": _("A pack comes into force on a coming day."),
    "not_in_force": _("The text says that it is not in force on that day."),
    "version": _("This version stands with another text. Give the changed one another version."),
    "running": _("It is in force: say from which day it is not any more."),
    "reason": _("Say the reason in a few words."),
}


@requires("rules.view")
@require_GET
def packs(request: HttpRequest) -> HttpResponse:
    """Every draft with its state, its trial and who did what."""
    return _page(request)


def _page(request: HttpRequest, *, error: str = "", text: str = "") -> HttpResponse:
    today = business_date(timezone.now())
    lives = queries.lives(today)
    pack = pack_on(today)
    confirmation = PackConfirmation.objects.filter(text__sha256=pack.sha256).first()
    people = (
        {confirmation.recorded_by if confirmation else None}
        | {life.draft.drafted_by for life in lives}
        | {life.approved_by for life in lives}
    )
    names = {user.pk: user.name(get_language() or "zh-hans") for user in User.objects.filter(pk__in=people - {None})}
    context = {
        "lives": [_shown(life, names, request.user.pk, _how_many(request, life)) for life in lives],
        "current": queries.in_force(today),
        "shipped": pack,
        "confirmation": confirmation,
        "confirmed_by": names.get(confirmation.recorded_by, "–") if confirmation else "",
        "may_draft": request.user.may("pack.draft"),
        "may_approve": request.user.may("pack.approve"),
        "error": error,
        "text": text,
    }
    return render(request, "compliance/packs.html", context, status=422 if error else 200)


def _how_many(request: HttpRequest, life: Life) -> int:
    """Of a draft's differences: the first page, or as many as were asked for."""
    wanted = request.GET.get(f"differences-{life.draft.pk}", "")
    return min(int(wanted), 2000) if wanted.isascii() and wanted.isdigit() else 20


def _shown(life: Life, names: dict[int, str], viewer: int, shown: int) -> dict[str, object]:
    trial = life.trial or {}
    english = (get_language() or "zh-hans").startswith("en")
    return {
        "draft": life.draft,
        "code": life.state,
        "state": STATES[life.state],
        "from_day": life.from_day,
        "to_day": life.to_day,
        "drafted_by": names.get(life.draft.drafted_by, "–"),
        "approved_by": names.get(life.approved_by, "–"),
        "approved_at": life.approved_at,
        "trial": trial,
        "changes": [
            (" → ".join(str(VERDICTS[verdict]) for verdict in change.split(" → ")), times)
            for change, times in sorted(trial.get("changes", {}).items())
        ],
        "differences": [
            {**one, "why": one["why_en"] if english else one["why_zh"]} for one in trial.get("differences", [])[:shown]
        ],
        "more": len(trial.get("differences", [])) > shown,
        "own": life.draft.drafted_by == viewer,
    }


@requires("pack.approve")
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Take the shipped pack of today into use, as a named person of the bank."""
    now = timezone.now()
    services.confirm(day=business_date(now), by=request.user.actor, now=now)
    return redirect("compliance:packs")


@requires("pack.draft")
@require_POST
def draft(request: HttpRequest) -> HttpResponse:
    """Keep a draft; what was typed comes back with file, line and what is wrong."""
    text = request.POST.get("text", "").replace("\r\n", "\n")
    try:
        services.draft(text=text, parts=_parts(request), by=request.user.actor, now=timezone.now())
    except PackError as wrong:
        return _page(request, error=str(wrong), text=text)
    except services.PackRefused as refused:
        return _page(request, error=str(REFUSED[refused.code]), text=text)
    return redirect("compliance:packs")


def _parts(request: HttpRequest) -> dict[str, str]:
    found = {}
    for file in request.FILES.getlist("parts"):
        if (file.size or 0) > LARGEST:
            raise PackError(f"{file.name}: a part of at most {LARGEST} bytes is expected.")
        try:
            found[file.name or "part.yaml"] = file.read().decode("utf-8")
        except UnicodeDecodeError:
            raise PackError(f"{file.name}, line 1: text in UTF-8 is expected.") from None
    return found


@requires("pack.draft")
@require_POST
def try_on(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Decide last month again under the draft."""
    return _step(request, draft_id, lambda row, by, now: services.try_on(draft_id=row.pk, by=by, now=now))


@requires("pack.approve")
@require_POST
def approve(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Bring it into force from a coming day."""
    try:
        day = date.fromisoformat(request.POST.get("from_day", "").strip())
    except ValueError:
        return _page(request, error=str(REFUSED["date"]))
    return _step(
        request, draft_id, lambda row, by, now: services.approve(draft_id=row.pk, from_day=day, by=by, now=now)
    )


@requires("rules.view")
@require_POST
def withdraw(request: HttpRequest, draft_id: int) -> HttpResponse:
    """Take a draft back before it is in force, or end one that is in force from a day on."""
    reason, typed = request.POST.get("reason", "").strip(), request.POST.get("from_day", "").strip()
    if not request.user.may("pack.approve" if typed else "pack.draft"):
        raise PermissionDenied("pack.approve" if typed else "pack.draft")
    try:
        day = date.fromisoformat(typed) if typed else None
    except ValueError:
        return _page(request, error=str(REFUSED["date"]))
    return _step(
        request, draft_id,
        lambda row, by, now: services.withdraw(draft_id=row.pk, reason=reason, from_day=day, by=by, now=now),
    )  # fmt: skip


def _step(request: HttpRequest, draft_id: int, take) -> HttpResponse:  # noqa: ANN001  (a service of this room)
    row = get_object_or_404(PackDraft, pk=draft_id)
    try:
        take(row, request.user.actor, timezone.now())
    except PackError as wrong:
        return _page(request, error=str(wrong))
    except services.PackRefused as refused:
        return _page(request, error=str(REFUSED[refused.code]))
    return redirect("compliance:packs")
