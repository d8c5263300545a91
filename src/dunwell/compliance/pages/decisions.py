"""/rules/reviews: what waits for a second person; /rules/decisions: old decisions decided again, for an auditor."""

from __future__ import annotations

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.compliance import queries, services
from dunwell.compliance.models import GateDecision
from dunwell.compliance.queries.decisions import of_day, reviews
from dunwell.compliance.rules.reading import PackError
from dunwell.compliance.words import VERDICTS
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.kernel.decision import Decision
from dunwell.kernel.times import business_date

WRONG = {
    "reason": _("Say the reason in a few words."),
    "own": _("This cannot be released: it is your own question, or it is blocked."),
}
PAGE = 200


@requires("contact.release")
@require_GET
def waiting(request: HttpRequest) -> HttpResponse:
    """What the gate wants reviewed and nobody has released yet."""
    return _waiting(request)


def _waiting(request: HttpRequest, error: str = "") -> HttpResponse:
    user, language = request.user, get_language() or "zh-hans"
    rows = reviews(now=timezone.now(), entity_id=user.entity_id, user_id=user.pk)
    names = {u.pk: u.name(language) for u in User.objects.filter(pk__in={row.actor_id for row in rows} - {None})}
    context = {
        "rows": [
            {"row": row, "by": names.get(row.actor_id, "–"), "why": _sentences(services.decision_of(row), language)}
            for row in rows
        ],
        "error": error,
    }
    return render(request, "compliance/reviews.html", context, status=422 if error else 200)


@requires("contact.release")
@require_POST
def release(request: HttpRequest, decision_id: int) -> HttpResponse:
    """Release the REVIEW reasons of somebody else's question, with a reason."""
    now, user = timezone.now(), request.user
    row = get_object_or_404(GateDecision, pk=decision_id, entity_id=user.entity_id)
    if not queries.may_open(row.party_id, user_id=user.pk, now=now):
        return _waiting(request, str(WRONG["own"]))
    reason = request.POST.get("reason", "").strip()
    if not reason:
        return _waiting(request, str(WRONG["reason"]))
    try:
        services.release(
            decision_id=row.pk, reason=reason[:200], now=now,
            by=user.actor,
        )  # fmt: skip
    except services.ReleaseRefused:
        return _waiting(request, str(WRONG["own"]))
    return redirect("compliance:reviews")


@requires("audit.view")
@require_GET
def decisions(request: HttpRequest) -> HttpResponse:
    """The decisions of a day, each decided again under the pack of its day on the facts that were kept."""
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = business_date(timezone.now())
    after = request.GET.get("after", "")
    rows = of_day(day, entity_id=request.user.entity_id, after=int(after) if after.isdigit() else 0, limit=PAGE)
    again = [_again(row) for row in rows]
    context = {
        "day": day,
        "rows": again,
        "different": sum(not one["same"] for one in again),
        "next": rows[-1].pk if len(rows) == PAGE else None,
    }
    return render(request, "compliance/decisions.html", context)


def _again(row: GateDecision) -> dict[str, object]:
    language = get_language() or "zh-hans"
    given = services.decision_of(row)
    try:
        found: Decision | None = services.decided_again(row)
        problem = ""
    except PackError as wrong:
        found, problem = None, str(wrong)
    return {
        "row": row,
        "why": _sentences(given, language),
        "now": "" if found is None or found == given else f"{VERDICTS[found.verdict]} {found.primary.text(language)}",
        "problem": problem,
        "same": found == given,
    }


def _sentences(decision: Decision, language: str) -> list[str]:
    return [f"{reason.rule}: {reason.text(language)}" for reason in decision.reasons]
