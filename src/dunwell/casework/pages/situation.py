"""/cases/…/situation: what is known of a person beside his debt, and who may write it down."""

from __future__ import annotations

import secrets
from datetime import date, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from dunwell.casework import words
from dunwell.casework.models import Case, Path, VulnerabilityMark
from dunwell.casework.pages.finding import case_of, go, key_of, sentence
from dunwell.casework.queries import knowing, objecting
from dunwell.casework.rules import findings, vulnerability
from dunwell.casework.rules import objections as rules
from dunwell.casework.services import findings as services
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date


@requires("case.view")
@require_GET
def situation(request: HttpRequest, case_no: str) -> HttpResponse:
    """Findings over time, and the care he needs."""
    case, now, language = case_of(request, case_no), timezone.now(), get_language() or ""
    known = knowing.known(case.party_id, now=now)
    context = {
        "case": case,
        "may_work": request.user.may("case.work"),
        "key": secrets.token_hex(12),
        "today": business_date(now),
        "kinds": [
            (kind.code, kind.name(language), [(one.code, one.name(language)) for one in kind.codes.values()],
             known.current.get(kind.code))
            for kind in findings.kinds().values()
        ],
        "paths": [_path(one, language) for one in objecting.paths_of(case.party_id)],
        "path_kinds": [(one.code, one.name(language)) for one in rules.paths().values()],
        "may_open": request.user.may("objection.open"),
        "findings": [_finding(one, language) for one in known.findings],
        "care": _care(request, case, known, now, language),
        "care_kinds": [
            (one.code, one.name(language), vulnerability.last_day(one, business_date(now)))
            for one in vulnerability.kinds().values()
        ],
    }  # fmt: skip
    return render(request, "casework/situation.html", context)


def _path(one: Path, language: str) -> dict[str, object]:
    kind, have, ended = rules.paths()[one.kind], objecting.documents(one), objecting.ended(one)
    return {
        "row": one, "name": kind.name(language), "tone": kind.tone["en" if language.startswith("en") else "zh-hans"],
        "estate": kind.estate, "ended": ended,
        "documents": [(code, each.name(language), code in have) for code, each in kind.documents.items()],
    }  # fmt: skip


def _finding(one: knowing.Found, language: str) -> dict[str, object]:
    kind = findings.kinds()[one.kind]
    return {"at": one.at, "kind": kind.name(language), "name": kind.codes[one.code].name(language), "heard": one.heard,
            "who": one.who(language)}  # fmt: skip


def _care(request: HttpRequest, case: Case, known: knowing.Known, now: datetime, language: str) -> list[dict]:
    """Which care it is, for those who may know; the words that were written with it, for still fewer."""
    mine = case.held_by_id == request.user.pk and case.held_until is not None and case.held_until > now
    rows = []
    for mark, detail in known.care:
        kind = vulnerability.kinds()[mark.kind]
        wide = request.user.may("vulnerability.view")
        shown = wide or mine or not kind.limited
        rows.append({
            "id": mark.pk,
            "name": kind.name(language) if shown else "",
            "guidance": kind.advice(language),
            "detail": detail if wide or mark.recorded_by == request.user.pk else "",
            "ends_on": mark.ends_on,
        })  # fmt: skip
    return rows


@requires("case.work")
@require_POST
def find(request: HttpRequest, case_no: str) -> HttpResponse:
    """Write down findings."""
    case = case_of(request, case_no)
    try:
        services.record_findings(
            case_id=case.pk, found={kind: request.POST.get(kind, "") for kind in findings.kinds()},
            heard=request.POST.get("heard", ""), by=request.user.actor, now=timezone.now(), key=key_of(request),
        )  # fmt: skip
    except services.NotWritten as refused:
        return sentence(words.NOT_WRITTEN[str(refused)])
    return go(f"/cases/{case_no}/situation")


@requires("case.work")
@require_POST
def care(request: HttpRequest, case_no: str) -> HttpResponse:
    """Mark that he needs care."""
    case = case_of(request, case_no)
    try:
        services.mark_vulnerable(
            case_id=case.pk, kind=request.POST.get("kind", ""), ends_on=date.fromisoformat(request.POST.get("until", "")),
            detail=request.POST.get("detail", ""), by=request.user.actor, now=timezone.now(), key=key_of(request),
        )  # fmt: skip
    except services.NotWritten as refused:
        return sentence(words.NOT_WRITTEN[str(refused)])
    except ValueError:
        return sentence(words.NOT_WRITTEN["day"])
    return go(f"/cases/{case_no}/situation")


@requires("case.work")
@require_POST
def end_care(request: HttpRequest, case_no: str, mark_id: int) -> HttpResponse:
    """End it before its day, with the reason."""
    case = case_of(request, case_no)
    mark = get_object_or_404(VulnerabilityMark, pk=mark_id, party_id=case.party_id)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        return sentence(words.NOT_WRITTEN["reason"])
    services.end_vulnerability(mark_id=mark.pk, reason=reason[:200], by=request.user.actor, now=timezone.now())
    return go(f"/cases/{case_no}/situation")
