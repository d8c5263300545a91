"""What he told us and what we answered."""

from __future__ import annotations

import base64
import json

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from dunwell.kernel import sealing
from dunwell.portfolio.models import Party
from dunwell.selfservice import words
from dunwell.selfservice.models import Answer
from dunwell.selfservice.pages.inside import answer_key, inside, leave_request, whole
from dunwell.selfservice.services.agreed import answer_place


@require_GET
@inside
def heard(request: HttpRequest, party: Party) -> HttpResponse:
    """Asks the worker, who alone can read it; with `asked` it shows that answer, which only this session can open."""
    number = whole(request.GET.get("asked"))
    if not number:
        key = base64.b64encode(answer_key(request, "copy")).decode()
        asked = leave_request(request, "heard", {"key": key})
        return HttpResponseRedirect(f"/asked/{asked}" if asked else "/often")
    answer = Answer.objects.filter(pk=number, request__kind="heard", done=True).first()
    try:
        if answer is None or answer.sealed is None:
            raise Http404(str(number))
        opened = sealing.unseal(answer_key(request, "copy"), bytes(answer.sealed), answer_place(number))
    except sealing.Unsealable:
        raise Http404("another session asked for it") from None
    entries = [words.entry(one, get_language() or "") for one in json.loads(opened)]
    return render(request, "selfservice/heard.html", {"entries": entries})
