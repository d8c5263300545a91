"""失联修复: the lawful steps of one case, and what each source is worth."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from dunwell.casework.queries import tracing as queries
from dunwell.casework.rules.tracing import TraceRefused, steps
from dunwell.casework.services import tracing
from dunwell.compliance.words import SOURCES
from dunwell.floor import words
from dunwell.floor.pages.answers import case_of, day_of, go, key_of, sentence
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import ContactPoint

DAYS = timedelta(days=90)


def _language(request: HttpRequest) -> str:
    return "en" if request.user.language.startswith("en") else "zh-hans"


@requires("case.view")
@require_GET
def trace(request: HttpRequest, case_no: str) -> HttpResponse:
    """The steps with their legal basis, what was tried, dead numbers and returned mail, and what he owns."""
    case, language = case_of(request, case_no), _language(request)
    traces, assets = queries.of_case(case)
    tried = {}
    for one, _ in reversed(traces):
        tried[one.step] = one
    dead = ContactPoint.objects.filter(party_id=case.party_id).exclude(status="valid").order_by("-status_on", "pk")
    context = {
        "case_no": case_no,
        "steps": [
            (step.code, step.names[language], step.basis[language], step.rule, step.confidence,
             SOURCES.get(step.source, ""), step.gate, words.TRACED.get(tried[step.code].result) if step.code in tried else "")
            for step in steps().values()
        ],
        "traces": [(one, steps()[one.step].names[language], words.TRACED[one.result], said) for one, said in traces],
        "assets": [(one, words.ASSETS[one.kind], steps()[one.step].names[language], said) for one, said in assets],
        "dead": [(one.masked, one.status_reason, one.status_on) for one in dead[:50]],
        "results": words.TRACED.items(),
        "kinds": [(kind, name) for kind, name in words.POINTS.items()],
        "asset_kinds": words.ASSETS.items(),
        "today": business_date(timezone.now()),
        "key": secrets.token_hex(12),
        "may_work": request.user.may("case.work"),
    }  # fmt: skip
    return render(request, "floor/trace.html", context)


@requires("case.work")
@require_POST
def tried(request: HttpRequest, case_no: str) -> HttpResponse:
    """A step and what came of it."""
    case, given = case_of(request, case_no), request.POST
    try:
        tracing.record_trace(
            case_id=case.pk, step=given.get("step", ""), result=given.get("result", ""), kind=given.get("kind", ""),
            value=given.get("value", ""), reference=given.get("reference", ""), words=given.get("words", ""),
            by=request.user.actor, now=timezone.now(), key=key_of(request),
        )  # fmt: skip
    except TraceRefused as refused:
        return sentence(words.TRACE_REFUSED[refused.code])
    return go(f"/cases/{case_no}/trace")


@requires("case.work")
@require_POST
def owns(request: HttpRequest, case_no: str) -> HttpResponse:
    """Something that he owns."""
    case, given = case_of(request, case_no), request.POST
    try:
        found_on = day_of(given.get("found_on", "")) or business_date(timezone.now())
        tracing.record_asset(
            case_id=case.pk, kind=given.get("kind", ""), step=given.get("step", ""), words=given.get("words", ""),
            reference=given.get("reference", ""), found_on=found_on, by=request.user.actor,
            now=timezone.now(), key=key_of(request),
        )  # fmt: skip
    except TraceRefused as refused:
        return sentence(words.TRACE_REFUSED[refused.code])
    except ValueError:
        return sentence(words.REFUSED["days"])
    return go(f"/cases/{case_no}/trace")


@requires("case.hand_out")
@require_GET
def sources(request: HttpRequest) -> HttpResponse:
    """What each source was worth in ninety days."""
    today, language = business_date(timezone.now()), _language(request)
    found = queries.worth(entity_id=request.user.entity_id, first=today - DAYS, last=today)
    rows = [
        (steps()[one.step].names[language], one.tried, one.found, one.reached, one.found / one.tried)
        for one in found
        if one.step in steps()
    ]
    return render(request, "floor/sources.html", {"rows": rows, "first": today - DAYS, "last": today})
