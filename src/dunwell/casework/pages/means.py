"""/cases/…/means: papers beside income and outgoings, and what is left a month."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from dunwell.arrangements.means import picturing, queries, rules, services
from dunwell.arrangements.means.models import Proof, ProofCheck
from dunwell.casework import words
from dunwell.casework.models import Case
from dunwell.casework.pages.finding import case_of, go, key_of, sentence
from dunwell.evidence import services as evidence
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date

READABLE = ("usable", "expired", "forged")


def _named(group: str, language: str) -> list[tuple[str, str]]:
    place = "en" if language.startswith("en") else "zh-hans"
    return [(code, one.get("name", one)[place]) for code, one in rules.document()[group].items()]


@requires("case.view")
@require_GET
def means(request: HttpRequest, case_no: str) -> HttpResponse:
    """The papers, one of them open page by page, and the form beside it."""
    case, language, today = case_of(request, case_no), get_language() or "", business_date(timezone.now())
    found = queries.proofs(case.party_id, today)
    chosen = request.GET.get("proof", "")
    shown = next(((row, state) for row, state in found if str(row.pk) == chosen), found[0] if found else None)
    stated = queries.stated(case.party_id)
    kinds = dict(_named("proofs", language))
    minimum = stated.left.minimum if stated else rules.minimum_living(case.party.province, today)
    context = {
        "case": case,
        "proofs": [(row, kinds.get(row.kind, row.kind), words.PROOF_STATES[state], state) for row, state in found],
        "shown": shown and shown[0],
        "shown_state": shown and shown[1],
        "readable": bool(shown) and shown[1] in READABLE,
        "pages": range(1, min(shown[0].pages, rules.document()["pages"]) + 1) if shown else (),
        "checks": [
            (one, words.PROOF_CHECKS.get(one.verdict, one.verdict), words.SCAN_DETAILS.get(one.detail, one.detail))
            for one in _checks(shown and shown[0])
        ],
        "kinds": list(kinds.items()),
        "income": [(code, name, stated.items.get(code, "") if stated else "") for code, name in _named("income", language)],
        "outgoings": [(code, name, stated.items.get(code, "") if stated else "") for code, name in _named("outgoings", language)],
        "stated": stated,
        "minimum": minimum,
        "may_work": request.user.may("case.work"),
        "may_check": request.user.may("proof.check"),
        "key": secrets.token_hex(12),
    }  # fmt: skip
    return render(request, "casework/means.html", context)


def _checks(proof: Proof | None) -> list[ProofCheck]:
    return sorted(proof.checks.all(), key=lambda one: one.pk) if proof else []


def _written(act: Callable[[], object], case: Case, proof: int | None = None) -> HttpResponse:
    try:
        act()
    except services.MeansRefused as refused:
        return sentence(words.MEANS_REFUSALS[str(refused)])
    except InvalidOperation:
        return sentence(words.MEANS_REFUSALS["amount"])
    except ValueError:
        return sentence(words.NOT_WRITTEN["day"])
    return go(f"/cases/{case.case_no}/means{f'?proof={proof}' if proof else ''}")


@requires("case.work")
@require_POST
def proof(request: HttpRequest, case_no: str) -> HttpResponse:
    """Keep a paper."""
    case, upload = case_of(request, case_no), request.FILES.get("file")
    if upload is None or upload.size > rules.document()["largest"]:
        return sentence(words.MEANS_REFUSALS["file"])
    return _written(
        lambda: services.keep_proof(
            party_id=case.party_id, case_id=case.pk, kind=request.POST.get("kind", ""), content=upload.read(),
            issued_on=date.fromisoformat(request.POST.get("issued_on", "")), name=upload.name or "", by=request.user.actor,
            now=timezone.now(), key=key_of(request),
        ),
        case,
    )  # fmt: skip


@requires("case.view")
@require_POST
def check(request: HttpRequest, case_no: str, proof_id: int) -> HttpResponse:
    """Ask the issuer (whoever works on the case); release, or write down what the issuer said (`proof.check`)."""
    case = case_of(request, case_no)
    row = get_object_or_404(Proof, pk=proof_id, party_id=case.party_id)
    kind, _, verdict = request.POST.get("verdict", "").partition(":")
    if not request.user.may("case.work" if kind == "asked" else "proof.check"):
        return HttpResponse(status=403)
    return _written(
        lambda: services.check_proof(
            proof_id=row.pk, kind=kind, verdict=verdict, detail=request.POST.get("detail", ""), by=request.user.actor,
            now=timezone.now(), key=key_of(request),
        ),
        case, row.pk,
    )  # fmt: skip


@requires("case.view")
@require_GET
def page(request: HttpRequest, case_no: str, proof_id: int, number: int) -> HttpResponse:
    """One page of a paper as a picture; who looked is logged with the first page. Not while it is in quarantine."""
    case, now = case_of(request, case_no), timezone.now()
    row = get_object_or_404(Proof.objects.select_related("file"), pk=proof_id, party_id=case.party_id)
    if queries.standing(row, business_date(now)) not in READABLE:
        raise Http404("in quarantine")
    content = evidence.read_file(row.file)
    if number == 1:
        evidence.write(
            kind="party.revealed", now=now, by=request.user.actor, entity_id=case.entity_id, party_id=case.party_id,
            case_id=case.pk, data={"what": "proof", "proof": row.pk, "reason": "means"},
        )  # fmt: skip
    if row.media != "application/pdf":
        return HttpResponse(content, content_type=row.media)
    try:
        return HttpResponse(picturing.page_as_png(content, number - 1), content_type="image/png")
    except picturing.NotPictured as missing:
        raise Http404(str(missing)) from missing


@requires("case.work")
@require_POST
def statement(request: HttpRequest, case_no: str) -> HttpResponse:
    """Write down income and outgoings."""
    case, typed, known = case_of(request, case_no), request.POST, rules.document()
    household = typed.get("household", "")

    def act() -> None:
        items = {
            code: Decimal(typed[code].strip().replace(",", ""))
            for code in (*known["income"], *known["outgoings"]) if typed.get(code, "").strip()
        }  # fmt: skip
        if any(not amount.is_finite() for amount in items.values()):
            raise services.MeansRefused("amount")
        services.state_means(
            party_id=case.party_id, case_id=case.pk, items=items, household=int(household) if household.isdigit() else 0,
            proofs=[int(one) for one in typed.getlist("proof") if one.isdigit()], by=request.user.actor,
            now=timezone.now(), key=key_of(request),
        )  # fmt: skip

    return _written(act, case)
