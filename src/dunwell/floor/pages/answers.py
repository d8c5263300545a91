"""What a form that htmx posted is answered."""

from __future__ import annotations

import secrets
from datetime import date

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from dunwell.casework.models import Case
from dunwell.compliance.queries import may_open


def go(address: str) -> HttpResponse:
    """Sends a form that htmx posted to another page."""
    return HttpResponse(status=204, headers={"HX-Redirect": address})


def sentence(text: object) -> HttpResponse:
    """What is wrong, into the form that asked; what was typed stays in it."""
    return HttpResponse(str(text), status=422, content_type="text/plain; charset=utf-8")


def key_of(request: HttpRequest) -> str:
    """The form's key: the same again is the same act."""
    return request.POST.get("key", "")[:60] or secrets.token_hex(12)


def day_of(text: str) -> date | None:
    """A typed day, None where nothing is typed. ValueError when it cannot be read."""
    return date.fromisoformat(text.strip()) if text.strip() else None


def number_of(text: str) -> int | None:
    """A typed whole number of something, None where there is none."""
    return int(text) if text.isdigit() and len(text) < 19 else None


def case_of(request: HttpRequest, case_no: str) -> Case:
    """The case, if it is of the user's entity (404 else) and he may open it (403 else)."""
    case = Case.objects.filter(case_no=case_no, entity_id=request.user.entity_id).first()
    if case is None:
        raise Http404(case_no)
    if not may_open(case.party_id, user_id=request.user.pk, now=timezone.now()):
        raise PermissionDenied("for named officers only")
    return case
