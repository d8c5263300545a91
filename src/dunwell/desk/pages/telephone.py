"""/cases/<no>/call/<contact>: how a call by the collector's telephone stands, asked for each second."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dunwell.casework.pages.finding import case_of as find
from dunwell.casework.pages.finding import go
from dunwell.casework.rules.codes import action_of
from dunwell.compliance.models import Contact
from dunwell.desk.pages.case import context_of
from dunwell.desk.telephone import on_telephone, refused_at_dial
from dunwell.identity.pages.guard import requires


@requires("case.work")
@require_GET
def call(request: HttpRequest, case_no: str, contact_id: int) -> HttpResponse:
    """The state of one's own call; when the gate refused it at the dial, the right side of the page with the reason."""
    found = find(request, case_no)
    contact = Contact.objects.filter(pk=contact_id, case_id=found.pk, by_id=request.user.pk).first()
    telephone = (
        on_telephone(contact.pk, action_of(direction=contact.direction, party=contact.party_type)) if contact else None
    )
    if contact is None or telephone is None:
        raise Http404(contact_id)
    refused = refused_at_dial(contact)
    if refused is not None:
        context = context_of(request, found) | {"refused": refused, "oob": True}
        answer = render(request, "desk/case_work.html", context)
        answer["HX-Retarget"], answer["HX-Reswap"] = "#right", "innerHTML"
        return answer
    if contact.outcomes.exists():
        return go(f"/cases/{case_no}")
    return render(request, "desk/case_call.html", {"telephone": telephone, "case_no": case_no})
