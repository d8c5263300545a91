"""/cases/…/identity: the questions of the identity check beside a call, and what may be said by it."""

from __future__ import annotations

import secrets

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language

from dunwell.casework import words
from dunwell.casework.models import Case
from dunwell.casework.pages.finding import case_of
from dunwell.casework.services import identity
from dunwell.compliance.models import Contact
from dunwell.identity.pages.guard import requires


@requires("case.work")
def check(request: HttpRequest, case_no: str, contact_id: int) -> HttpResponse:
    """GET shows what to ask and what may be said; POST compares what he said with what is on file."""
    case, now = case_of(request, case_no), timezone.now()
    contact = Contact.objects.select_related("contact_point").filter(pk=contact_id, party_id=case.party_id).first()
    if contact is None or contact.by_id != request.user.pk:
        raise Http404(f"contact {contact_id}")
    failed, refused = False, ""
    if request.method == "POST":
        answers = {
            name.removeprefix("answer-"): str(value) for name, value in request.POST.items() if name.startswith("answer-")
        }  # fmt: skip
        try:
            done = identity.check(
                case_id=case.pk, contact_id=contact.pk, answers=answers, by=request.user.actor, now=now,
                key=request.POST.get("check", "")[:80] or secrets.token_hex(12),
            )  # fmt: skip
            failed = not done.passed
        except identity.CheckRefused as why:
            refused = why.code
    return _panel(request, case, contact, failed=failed, refused=refused)


def _panel(request: HttpRequest, case: Case, contact: Contact, *, failed: bool, refused: str) -> HttpResponse:
    language = get_language() or ""
    stands = identity.standing(contact=contact, now=timezone.now())
    return render(
        request,
        "casework/identity.html",
        {
            "case": case,
            "contact_id": contact.pk,
            "stands": stands,
            "questions": [(one.code, one.name(language), one.length) for one in stands.questions],
            "level": words.IDENTITY_LEVELS.get(stands.level, ""),
            "failed": failed,
            "refused": words.IDENTITY_REFUSALS.get(refused, "") if refused != stands.refusal else "",
            "why_none": words.IDENTITY_REFUSALS.get(stands.refusal, ""),
            "bank": request.user.entity.name(language),
            "new_check": f"check-{contact.pk}-{stands.failures}-{secrets.token_hex(6)}",
        },
    )
