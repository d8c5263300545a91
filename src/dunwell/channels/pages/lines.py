"""/outbox/lines: the bank's lines, how each is, what it cost, and what came in that belongs to nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dunwell.channels import words
from dunwell.channels.lines import LineError
from dunwell.channels.queries import lines_now, unmatched
from dunwell.identity.pages.guard import requires


@requires("message.send")
@require_GET
def shown(request: HttpRequest) -> HttpResponse:
    """Lines with state and cost of the month; receipts and texts that nothing was found for."""
    now = timezone.now()
    error, found = "", []
    try:
        found = lines_now(entity_id=request.user.entity_id, now=now)
    except LineError as wrong:
        error = str(wrong)
    receipts, texts = unmatched(now=now)
    known = {one.line.channel for one in found}
    context = {
        "error": error,
        "rows": [
            {
                "now": one,
                "channel": words.CHANNELS[one.line.channel],
                "adapter": words.ADAPTERS[one.line.adapter],
                "interrupted": one.interrupted(now),
            }
            for one in found
        ],
        "missing": [said for channel, said in words.CHANNELS.items() if channel not in known],
        "receipts": [(receipt, words.RECEIPTS[receipt.state]) for receipt in receipts],
        "texts": [
            (text, words.CHANNELS.get(text.channel, text.channel), words.MEANINGS[text.meaning]) for text in texts
        ],
    }
    return render(request, "channels/lines.html", context)
