"""分案: handing out cases, seen before it is done; the count shown is the count done."""

from __future__ import annotations

import secrets
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.http import require_POST

from dunwell.casework import services as casework
from dunwell.casework.models import Capability, Case, Ownership
from dunwell.casework.pages.finding import case_of as find
from dunwell.casework.pages.finding import go, sentence
from dunwell.casework.queries.covers import in_force
from dunwell.desk import words
from dunwell.desk.pages.lists import BUCKETS
from dunwell.desk.queries import owners_of
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.kernel import times

MOST = 5000  # cases in one hand-out
SKIPPED = {
    "closed": pgettext_lazy("left out of a hand-out", "closed"),
    "other_entity": pgettext_lazy("left out of a hand-out", "of another entity"),
    "named_officers": pgettext_lazy("left out of a hand-out", "for named officers only"),
    "no_skill": pgettext_lazy("left out of a hand-out", "nobody chosen takes such a case"),
    "full": pgettext_lazy("left out of a hand-out", "all who take them are full"),
}


def _chosen(request: HttpRequest) -> tuple[list[int], list[int]]:
    """The cases and the owners that the form names."""
    given = request.POST
    owners = [int(number) for number in given.getlist("owner") if number.isdigit()]
    found = Case.objects.filter(entity_id=request.user.entity_id, closed_on=None)
    today = times.business_date(timezone.now())
    if given.get("which") == "month":
        begun = Ownership.objects.filter(case=OuterRef("pk"), starts_on__gte=today.replace(day=1), starts_on__lte=today)
        found = found.exclude(owner=None).exclude(Exists(begun))
    elif given.get("which") == "moved":
        said = Capability.objects.order_by("user_id", "-pk").distinct("user_id").exclude(stages=[])
        kept = {one.user_id: one.stages for one in Capability.objects.filter(pk__in=said.values("pk")) if one.stages}
        found = found.filter(owner__in=kept)
        for owner, stages in kept.items():
            found = found.exclude(owner=owner, stage__in=stages)
    elif given.get("which") != "all":
        found = found.filter(owner=None)
    if given.get("bucket") in BUCKETS:
        found = found.filter(bucket=given["bucket"])
    if given.get("stage") in words.STAGES and given.get("stage"):
        found = found.filter(stage=given["stage"])
    number = given.get("number", "")
    limit = min(int(number), MOST) if number.isdigit() and int(number) > 0 else MOST
    return list(found.order_by("rank", "id").values_list("pk", flat=True)[:limit]), owners


def refusal(refused: casework.HandOutRefused) -> str:
    """Why a hand-out may not be, in words."""
    return {
        "no_owners": _("Choose at least one collector."),
        "other_entity": _("A collector of another entity cannot get these cases."),
        "may_not_work": _("One of the chosen may not work cases."),
        "days": _("Write the days as 2026-11-23: the first not before today, the last not before the first."),
    }[refused.code]


def days_of(request: HttpRequest) -> tuple[date | None, date | None]:
    """The first and the last day of an ownership, None where nothing is typed. Raises HandOutRefused."""
    typed = [request.POST.get(name, "").strip() for name in ("starts_on", "ends_on")]
    try:
        first, last = (date.fromisoformat(text) if text else None for text in typed)
    except ValueError:
        raise casework.HandOutRefused("days") from None
    if request.POST.get("month_end"):
        month_end = ((first or times.business_date(timezone.now())).replace(day=1) + timedelta(days=32)).replace(day=1)
        last = min(filter(None, (last, month_end - timedelta(days=1))))
    begins = first or times.business_date(timezone.now())
    if begins < times.business_date(timezone.now()) or (last is not None and last < begins):
        raise casework.HandOutRefused("days")
    return first, last


@requires("case.hand_out")
@require_POST
def owner(request: HttpRequest, case_no: str) -> HttpResponse:
    """One case: given to a collector from a day to a day, or taken back."""
    case, now = find(request, case_no), timezone.now()
    by, key = request.user.actor, request.POST.get("key", "")[:50] or secrets.token_hex(12)
    chosen = request.POST.get("owner", "")
    if not chosen:
        casework.take_back(case_id=case.pk, by=by, now=now, key=key)
        return go(f"/cases/{case_no}")
    try:
        first, last = days_of(request)
        owners = [int(chosen)] if chosen.isdigit() else []
        done = casework.hand_out(cases=[case.pk], owners=owners, by=by, now=now, key=key, starts_on=first, ends_on=last)
    except casework.HandOutRefused as refused:
        return sentence(refusal(refused))
    if case.pk in done.skipped:
        return sentence(
            _("The case was closed meanwhile.")
            if done.skipped[case.pk] == "closed"
            else _("This person's case is for named officers only.")
        )
    return go(f"/cases/{case_no}")


@requires("case.hand_out")
def team(request: HttpRequest) -> HttpResponse:
    """GET: who owns what. POST `preview`: what would be dealt to whom. POST `hand_out`: does exactly that."""
    context: dict[str, object] = {
        "typed": request.POST,
        "buckets": BUCKETS,
        "stages": [(c, n) for c, n in words.STAGES.items() if c],
        "limit": MOST,
    }
    if request.method == "POST":
        by, now = request.user.actor, timezone.now()
        try:
            if request.POST.get("do") == "hand_out":
                cases = [int(number) for number in request.POST.get("cases", "").split(",") if number.isdigit()]
                owners = [int(number) for number in request.POST.getlist("owner") if number.isdigit()]
                starts_on, ends_on = days_of(request)
                done = casework.hand_out(
                    cases=cases,
                    owners=owners,
                    starts_on=starts_on,
                    ends_on=ends_on,
                    while_stage=bool(request.POST.get("while_stage")),
                    by=by,
                    now=now,
                    key=request.POST.get("key", "")[:50] or secrets.token_hex(12),
                )
                number = sum(len(ids) for ids in done.dealt.values())
                messages.success(
                    request,
                    ngettext("%(n)s case is handed out.", "%(n)s cases are handed out.", number) % {"n": number},
                )
                return HttpResponseRedirect("/team")
            days_of(request)
            cases, owners = _chosen(request)
            plan = casework.plan_hand_out(cases=cases, owners=owners, by=by, now=now)
            context |= _preview(request, plan, cases)
        except casework.HandOutRefused as refused:
            context["error"] = refusal(refused)
    language = request.user.language
    today = times.business_date(timezone.now())
    away = set(in_force(today, today).values_list("user_id", flat=True))
    context["owners"] = [
        {
            "owner": one,
            "away": one.user.pk in away,
            "name": one.user.name(language),
            "team": one.user.team.name(language) if one.user.team else "",
        }
        for one in owners_of(request.user)
    ]
    context["chosen"] = [int(number) for number in request.POST.getlist("owner") if number.isdigit()]
    return render(request, "desk/team.html", context, status=422 if "error" in context else 200)


def _preview(request: HttpRequest, plan: casework.HandOut, cases: list[int]) -> dict[str, object]:
    facts = {
        pk: (balance, bucket)
        for pk, balance, bucket in Case.objects.filter(pk__in=cases).values_list("pk", "balance", "bucket")
    }
    people = User.objects.in_bulk(list(plan.dealt))
    rows = []
    for owner, ids in plan.dealt.items():
        buckets = {bucket: sum(facts[one][1] == bucket for one in ids) for bucket in BUCKETS}
        total = sum((facts[one][0] for one in ids), Decimal(0))
        rows.append(
            {
                "name": people[owner].name(request.user.language),
                "cases": len(ids),
                "balance": total,
                "points": sum(plan.points.get(one, 0) for one in ids),
                "buckets": list(buckets.values()),
            }
        )
    return {
        "preview": rows,
        "dealt": sum(row["cases"] for row in rows),
        "skipped": [(SKIPPED[code], n) for code, n in sorted(Counter(plan.skipped.values()).items())],
        "key": secrets.token_hex(12),
        "case_ids": ",".join(str(one) for ids in plan.dealt.values() for one in sorted(ids)),
    }
