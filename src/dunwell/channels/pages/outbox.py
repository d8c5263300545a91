"""/outbox: what is to leave and what became of it, in words; one message with all that is known of it."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages as notices
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.channels import services, words
from dunwell.channels.lines import connected
from dunwell.channels.models import Message
from dunwell.channels.queries import outbox, story, titles
from dunwell.compliance import services as compliance
from dunwell.identity.pages.guard import requires

WITH_LETTER = ("sent", "delivered", "undelivered")  # of letters: their document can be opened


@requires("message.send")
@require_GET
def messages(request: HttpRequest) -> HttpResponse:
    """The user's entity's messages, masked; the text is seen at the case."""
    state = request.GET.get("state", "")
    before = request.GET.get("before", "")
    found = outbox(
        entity_id=request.user.entity_id,
        state=state if state in words.STATES else "",
        before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None,
    )
    called = titles(found.messages, language=get_language() or "zh-hans")
    context = {
        "chips": [(code, said, found.counts.get(code, 0)) for code, said in words.STATES.items()],
        "state": state,
        "all": sum(found.counts.values()),
        "rows": [_row(message, called) for message in found.messages],
        "before": found.before,
        "lines": [(said, connected(code)) for code, said in words.CHANNELS.items()],
    }
    return render(request, "channels/outbox.html", context)


def _row(message: Message, called: Mapping[int, str]) -> dict[str, object]:
    refusal = None
    if message.decision and message.decision.verdict != "ALLOW":
        refusal = compliance.decision_of(message.decision).primary
    return {
        "message": message,
        "title": called[message.pk],
        "channel": words.CHANNELS.get(message.channel, message.channel),
        "state": words.STATES[message.state],
        "tone": words.TONES.get(message.state, ""),
        "refusal": refusal and refusal.text(get_language() or "zh-hans"),
        "letter": message.channel == "letter" and message.state in WITH_LETTER,
        "waits": message.not_before if message.state == "planned" else None,
    }


@requires("message.send")
@require_GET
def message(request: HttpRequest, message_id: int) -> HttpResponse:
    """A message of the user's entity: its states, the parts the provider took, the receipts, the cost."""
    found = story(message_id, entity_id=request.user.entity_id)
    if found is None:
        raise Http404
    row = _row(found.message, titles([found.message], language=get_language() or "zh-hans"))
    refused = {found.message.refusal_rule: row["refusal"]} if row["refusal"] else {}
    context = {
        "row": row,
        "message": found.message,
        "events": [
            (event, words.STATES.get(event.state, event.state), refused.get(event.detail) or words.detail(event.detail))
            for event in found.events
        ],
        "parts": found.parts,
        "receipts": [
            (match.receipt, words.RECEIPTS[match.receipt.state], words.FOUND_BY.get(match.found_by, match.found_by))
            for match in found.receipts
        ],
        "may_resolve": found.message.state == "in_doubt" and request.user.may("message.resolve"),
    }
    return render(request, "channels/message.html", context)


@requires("message.resolve")
@require_POST
def resolve(request: HttpRequest, message_id: int) -> HttpResponse:
    """Say whether a message in doubt left, by the provider's record."""
    if not Message.objects.filter(pk=message_id, entity_id=request.user.entity_id).exists():
        raise Http404
    by = request.user.actor
    try:
        services.resolve(
            message_id=message_id,
            verdict=request.POST.get("verdict", ""),
            reason=request.POST.get("reason", "")[:160],
            by=by,
            now=timezone.now(),
        )
    except services.ResolveRefused:
        notices.error(request, _("Not written down: it is no longer in doubt, or the record is missing."))
    else:
        notices.success(request, _("Written down. It is not sent again."))
    return redirect("channels:message", message_id=message_id)
