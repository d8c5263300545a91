"""/cases/…/objections: what the person objects to, who acts for him, what other departments are asked."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from dunwell.casework import words
from dunwell.casework.models import Case, Path, Representative
from dunwell.casework.pages.finding import case_of, go, key_of, sentence
from dunwell.casework.queries import objecting
from dunwell.casework.rules import objections as rules
from dunwell.casework.services import complaints, disputes, paths, requests
from dunwell.compliance.services.proofs import keep_proof
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.identity.rules import PERMISSIONS
from dunwell.kernel.times import business_date

LARGEST = 10_000_000  # bytes of a file that is handed in
REFUSED = (disputes.DisputeRefused, complaints.ComplaintRefused, requests.RequestRefused, paths.PathRefused)


def choices(group: str, language: str) -> list[tuple[str, str]]:
    """A list of objections.yaml to choose from."""
    return [(one.code, one.name(language)) for one in rules.named(group).values()]


def amount_of(text: str) -> Decimal | None:
    """An amount in cents, None when none is given. InvalidOperation when it is none."""
    plain = text.strip().replace(",", "")
    if not plain:
        return None
    amount = Decimal(plain)
    if not amount.is_finite() or amount != amount.quantize(Decimal("0.01")):
        raise InvalidOperation
    return amount


def day_of(text: str) -> date | None:
    """A day, None when none is given. ValueError when it is none."""
    return date.fromisoformat(text.strip()) if text.strip() else None


def written(act: Callable[[], object], then: str) -> HttpResponse:
    """Do it and go on, or say in the form why not."""
    try:
        act()
    except REFUSED as refused:
        found = "; ".join(
            f"{one.text_en if (get_language() or '').startswith('en') else one.text_zh} …{one.excerpt}… ({one.rule})"
            for one in getattr(refused, "found", ())
        )
        return sentence(f"{words.OBJECTION_REFUSALS[str(refused)]} {found}".strip())
    except InvalidOperation:
        return sentence(words.OBJECTION_REFUSALS["amount"])
    except ValueError:
        return sentence(words.NOT_WRITTEN["day"])
    return go(then)


def file_of(request: HttpRequest, case: Case):
    """The file that was handed in, kept; None without one. PathRefused `file` when it is too large."""
    upload = request.FILES.get("file")
    if upload is None:
        return None
    if upload.size > LARGEST:
        raise paths.PathRefused("file")
    return keep_proof(upload=upload, by=request.user.actor, now=timezone.now(), party_id=case.party_id)


@requires("case.view")
@require_GET
def objections(request: HttpRequest, case_no: str) -> HttpResponse:
    """All of it on one page."""
    case, language, today = case_of(request, case_no), get_language() or "", business_date(timezone.now())
    found = objecting.of_party(case.party_id)
    days = complaints.days_of(today)
    context = {
        "case": case,
        "key": secrets.token_hex(12),
        "today": today,
        "may_open": request.user.may("objection.open"),
        "may_register": request.user.may("complaint.view"),
        "disputes": [_dispute(one, found, language, today) for one in found.disputes],
        "complaints": [
            (one, rules.named("categories")[one.category].name(language), complaint_standing(one, days, today),
             one.against.name(language) if one.against else "")
            for one in found.complaints
        ],
        "requests": [
            (one, rules.departments()[one.department].name(language), rules.named("asked_for")[one.what].name(language),
             found.texts.get(("request", one.pk), ""), found.texts.get(("answer", one.pk), ""),
             one.needed_by < today and not hasattr(one, "answer"))
            for one in found.requests
        ],
        "representatives": [
            (one, found.texts.get(("representative", one.pk), ""), _checks(one),
             rules.may_be_told([(c.kind, c.good, c.until) for c in one.checks.all()], today))
            for one in found.representatives
        ],
        "dispute_kinds": [(one.code, one.name(language)) for one in rules.disputes().values()],
        "accounts": list(case.party.accounts.order_by("account_no")),
        "sources": choices("sources", language),
        "categories": choices("categories", language),
        "severities": choices("severities", language),
        "collectors": [
            (one.pk, f"{one.name(language)} {one.staff_no}")
            for one in User.objects.filter(entity_id=case.entity_id, role__in=PERMISSIONS["case.work"]).order_by("staff_no")[:500]
        ],
        "departments": [(one.code, one.name(language)) for one in rules.departments().values()],
        "asked_for": choices("asked_for", language),
    }  # fmt: skip
    return render(request, "casework/objections.html", context)


def complaint_standing(row, days: rules.Days, today: date) -> rules.Standing:
    """Where a complaint stands today."""
    return rules.complaint_standing(
        received_on=row.received_on, reply_by=row.reply_by, severity=row.severity,
        steps=[step.kind for step in sorted(row.steps.all(), key=lambda step: step.pk)], days=days, today=today,
    )  # fmt: skip


def _dispute(one, found: objecting.Objections, language: str, today: date) -> dict[str, object]:
    outcome = rules.decision(step.kind for step in sorted(one.steps.all(), key=lambda step: step.pk))
    return {
        "row": one, "kind": rules.disputes()[one.kind].name(language), "route": rules.departments()[one.route].name(language),
        "state": words.DISPUTE_STATES[outcome], "overdue": not outcome and one.due_on < today,
        "words": found.texts.get(("dispute", one.pk), ""),
        "answered": any(step.kind == "answered" for step in one.steps.all()),
    }  # fmt: skip


def _checks(one: Representative) -> dict[str, object]:
    return {check.kind: check for check in sorted(one.checks.all(), key=lambda check: check.pk)}


@requires("objection.open")
@require_POST
def dispute(request: HttpRequest, case_no: str) -> HttpResponse:
    """Open a dispute: the amount is held from then on."""
    case, typed = case_of(request, case_no), request.POST
    account = typed.get("account", "")
    return written(
        lambda: disputes.open_dispute(
            case_id=case.pk, account_id=int(account) if account.isdigit() else 0, kind=typed.get("kind", ""),
            amount=amount_of(typed.get("amount", "")), text=typed.get("words", ""), by=request.user.actor,
            received_on=day_of(typed.get("received_on", "")), now=timezone.now(), key=key_of(request),
        ),
        f"/cases/{case_no}/objections",
    )  # fmt: skip


@requires("objection.open")
@require_POST
def complaint(request: HttpRequest, case_no: str) -> HttpResponse:
    """Take a complaint down."""
    case, typed = case_of(request, case_no), request.POST
    against = typed.get("against", "")
    return written(
        lambda: complaints.open_complaint(
            case_id=case.pk, source=typed.get("source", ""), category=typed.get("category", ""),
            severity=typed.get("severity", ""), text=typed.get("words", ""),
            against_id=int(against) if against.isdigit() else None, external_no=typed.get("external_no", ""),
            received_on=day_of(typed.get("received_on", "")), reply_by=day_of(typed.get("reply_by", "")),
            new_facts=typed.get("new_facts") == "on", by=request.user.actor, now=timezone.now(), key=key_of(request),
        ),
        f"/cases/{case_no}/objections",
    )  # fmt: skip


@requires("objection.open")
@require_POST
def ask(request: HttpRequest, case_no: str) -> HttpResponse:
    """Ask another department."""
    case, typed = case_of(request, case_no), request.POST
    return written(
        lambda: requests.ask(
            case_id=case.pk, department=typed.get("department", ""), what=typed.get("what", ""),
            text=typed.get("words", ""), needed_by=date.fromisoformat(typed.get("needed_by", "")),
            by=request.user.actor, now=timezone.now(), key=key_of(request),
        ),
        f"/cases/{case_no}/objections",
    )  # fmt: skip


@requires("objection.open")
@require_POST
def representative(request: HttpRequest, case_no: str) -> HttpResponse:
    """Write down who says that he acts for the person."""
    case, typed = case_of(request, case_no), request.POST
    return written(
        lambda: paths.name_representative(
            case_id=case.pk, name=typed.get("name", ""), telephone=typed.get("telephone", ""), by=request.user.actor,
            now=timezone.now(), key=key_of(request),
        ),
        f"/cases/{case_no}/objections",
    )  # fmt: skip


@requires("objection.open")
@require_POST
def check(request: HttpRequest, case_no: str, representative_id: int) -> HttpResponse:
    """Write down what was looked at, with the paper."""
    case, typed = case_of(request, case_no), request.POST
    row = get_object_or_404(Representative, pk=representative_id, party_id=case.party_id)

    def act() -> None:
        kept = file_of(request, case)
        paths.check_representative(
            representative_id=row.pk, kind=typed.get("kind", ""), good=typed.get("good") == "yes",
            evidence_ref=f"file:{kept.sha256}" if kept else "", until=day_of(typed.get("until", "")),
            by=request.user.actor, now=timezone.now(), key=key_of(request),
        )  # fmt: skip

    return written(act, f"/cases/{case_no}/objections")


@requires("objection.open")
@require_POST
def path(request: HttpRequest, case_no: str) -> HttpResponse:
    """Take the case onto a path of its own."""
    case = case_of(request, case_no)
    return written(
        lambda: paths.open_path(
            case_id=case.pk, kind=request.POST.get("path", ""), text=request.POST.get("words", ""),
            by=request.user.actor, now=timezone.now(), key=key_of(request),
        ),
        f"/cases/{case_no}/situation",
    )  # fmt: skip


@requires("objection.open")
@require_POST
def path_step(request: HttpRequest, case_no: str, path_id: int) -> HttpResponse:
    """Keep a document of a path, or end the path."""
    case, typed = case_of(request, case_no), request.POST
    row = get_object_or_404(Path, pk=path_id, party_id=case.party_id)

    def act() -> None:
        given = {"path_id": row.pk, "by": request.user.actor, "now": timezone.now(), "key": key_of(request)}
        if typed.get("document"):
            kept = file_of(request, case)
            if kept is None:
                raise paths.PathRefused("file")
            paths.keep_document(document=typed["document"], file=kept, **given)
        else:
            paths.end_path(reason=typed.get("reason", ""), **given)

    return written(act, f"/cases/{case_no}/situation")
