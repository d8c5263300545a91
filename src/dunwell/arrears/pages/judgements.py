"""/judgements: classes judged by hand. One proposes, another approves, and each ends on a day."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.arrears import queries, services
from dunwell.arrears.models import RiskJudgement
from dunwell.arrears.rules import risk
from dunwell.arrears.words import CLASSES
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import Account

REFUSED = {
    "class": _("Choose a class that is worse than pass."),
    "reason": _("A judgement needs a reason."),
    "days": _("The last day is before the first."),
    "too_long": _("A judgement may last a year at most."),
    "nobody": _("A judgement is made by a person."),
    "own": _("Somebody else has to approve it."),
    "answered": _("It has been answered already."),
    "waiting": _("It has not been approved yet."),
    "account": _("There is no account with this number."),
    "date": _("Write the days as 2026-11-23."),
}


@requires("class.judge")
@require_GET
def judgements(request: HttpRequest) -> HttpResponse:
    """What waits for approval, what is in force, and the form for a new one."""
    return _page(request)


def _page(request: HttpRequest, *, error: str = "", typed: dict[str, str] | None = None) -> HttpResponse:
    today = business_date(timezone.now())
    entity_id = request.user.entity_id

    def shown(judgement: RiskJudgement) -> dict[str, object]:
        return {
            "row": judgement,
            "name": CLASSES[judgement.risk_class],
            "now": _class_now(judgement.account),
            "own": judgement.recorded_by == request.user.pk,
        }

    context = {
        "waiting": [shown(row) for row in queries.waiting(entity_id=entity_id)[: queries.MOST]],
        "in_force": [shown(row) for row in queries.in_force(entity_id=entity_id, on=today)[: queries.MOST]],
        "classes": [(code, CLASSES[code]) for code in risk.CLASSES[1:]],
        "may_approve": request.user.may("class.approve"),
        "error": error,
        "typed": typed or {"starts_on": today.isoformat(), "key": uuid4().hex},
    }
    return render(request, "arrears/judgements.html", context, status=422 if error else 200)


def _class_now(account: Account) -> object:
    """The class as it is published; nothing of an account that is not in work."""
    state = getattr(account, "state", None)
    return CLASSES.get(state.risk_class, "") if state is not None else ""


@requires("class.judge")
@require_POST
def judge(request: HttpRequest) -> HttpResponse:
    """Propose one; what was typed comes back with the sentence that says what is wrong."""
    typed = {
        name: request.POST.get(name, "").strip()
        for name in ("account_no", "risk_class", "reason", "starts_on", "ends_on", "key")
    }
    account = Account.objects.filter(entity_id=request.user.entity_id, account_no=typed["account_no"]).first()
    if account is None:
        return _page(request, error=str(REFUSED["account"]), typed=typed)
    try:
        starts_on, ends_on = date.fromisoformat(typed["starts_on"]), date.fromisoformat(typed["ends_on"])
    except ValueError:
        return _page(request, error=str(REFUSED["date"]), typed=typed)
    try:
        services.judge_class(
            account_id=account.pk, risk_class=typed["risk_class"], reason=typed["reason"], starts_on=starts_on,
            ends_on=ends_on, by=request.user.actor, now=timezone.now(), key=f"judgement-{typed['key'] or uuid4().hex}"[:80],
        )  # fmt: skip
    except services.NotAllowed as refused:
        return _page(request, error=str(REFUSED[refused.code]), typed=typed)
    return redirect("arrears:judgements")


@requires("class.approve")
@require_POST
def answer(request: HttpRequest, judgement_id: int) -> HttpResponse:
    """Approve one or refuse it."""
    _own_entity(request, judgement_id)
    try:
        services.answer_judgement(
            judgement_id=judgement_id, approved=request.POST.get("answer") == "approve", by=request.user.actor,
            now=timezone.now(),
        )  # fmt: skip
    except services.NotAllowed as refused:
        return _page(request, error=str(REFUSED[refused.code]))
    return redirect("arrears:judgements")


@requires("class.approve")
@require_POST
def end(request: HttpRequest, judgement_id: int) -> HttpResponse:
    """End one before its time; today is its last day."""
    _own_entity(request, judgement_id)
    try:
        services.end_judgement(
            judgement_id=judgement_id, reason=request.POST.get("reason", ""), by=request.user.actor, now=timezone.now()
        )
    except services.NotAllowed as refused:
        return _page(request, error=str(REFUSED[refused.code]))
    return redirect("arrears:judgements")


def _own_entity(request: HttpRequest, judgement_id: int) -> None:
    judgement = get_object_or_404(RiskJudgement.objects.select_related("account"), pk=judgement_id)
    if judgement.account.entity_id != request.user.entity_id:
        raise PermissionDenied("another entity's account")
