"""/outbox: what is to leave and what became of it, in words."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET

from dunwell.channels import words
from dunwell.channels.lines import connected
from dunwell.channels.models import Message
from dunwell.channels.queries import outbox
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
    context = {
        "chips": [(code, said, found.counts.get(code, 0)) for code, said in words.STATES.items()],
        "state": state,
        "all": sum(found.counts.values()),
        "rows": [_row(message) for message in found.messages],
        "before": found.before,
        "lines": [(said, connected(code)) for code, said in words.CHANNELS.items()],
    }
    return render(request, "channels/outbox.html", context)


def _row(message: Message) -> dict[str, object]:
    refusal = None
    if message.decision and message.decision.verdict != "ALLOW":
        refusal = compliance.decision_of(message.decision).primary
    return {
        "message": message,
        "channel": words.CHANNELS.get(message.channel, message.channel),
        "state": words.STATES[message.state],
        "tone": words.TONES.get(message.state, ""),
        "refusal": refusal and refusal.text(get_language() or "zh-hans"),
        "letter": message.channel == "letter" and message.state in WITH_LETTER,
        "waits": message.not_before if message.state == "planned" else None,
    }
