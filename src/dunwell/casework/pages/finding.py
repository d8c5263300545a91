"""The case that an address names, for whoever may open it."""

from __future__ import annotations

import secrets

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dunwell.casework.models import Case
from dunwell.casework.queries import whole
from dunwell.compliance.queries import may_open


def case_of(request: HttpRequest, case_no: str) -> Case:
    """The case, if it is of the user's entity; else there is nothing at this address.

    A case of staff or of a sensitive person is for the officers named for them (403 for others).
    """
    case = whole(Case.objects.filter(case_no=case_no, entity_id=request.user.entity_id)).first()
    if case is None:
        raise Http404(case_no)
    if not may_open(case.party_id, user_id=request.user.pk, now=timezone.now()):
        raise PermissionDenied("for named officers only")
    return case


def key_of(request: HttpRequest) -> str:
    """The key that the page made for its form, else a new one."""
    return request.POST.get("key", "")[:70] or secrets.token_hex(12)


def sentence(text: object) -> HttpResponse:
    """What is wrong, into the form that asked; what was typed stays in it."""
    return HttpResponse(str(text), status=422, content_type="text/plain; charset=utf-8")


def go(address: str) -> HttpResponse:
    """Sends a form that htmx posted to another page."""
    return HttpResponse(status=204, headers={"HX-Redirect": address})


def registers(request: HttpRequest) -> list[tuple[str, object]]:
    """The lists of objections that the reader may open: they stand beside each other, one link in the bar leads to them."""
    known = (
        ("/disputes", _("Disputes"), "case.view"),
        ("/complaints", _("Complaints"), "complaint.view"),
        ("/requests", _("Requests"), "request.answer"),
        ("/clusters", _("Clusters"), "cluster.view"),
    )
    return [(address, name) for address, name, permission in known if request.user.may(permission)]
