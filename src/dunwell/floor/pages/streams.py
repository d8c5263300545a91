"""Server-sent events, one an answer: no thread is kept, the browser asks again after `retry`."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse


def event(request: HttpRequest, html: str, *, seconds: float) -> HttpResponse:
    """The part of the page as the event `show`; nothing when the browser has this very one already."""
    digest = hashlib.sha256(html.encode()).hexdigest()[:16]
    lines = [f"retry: {int(seconds * 1000)}"]
    if request.headers.get("Last-Event-ID") != digest:
        lines += [f"id: {digest}", "event: show", *(f"data: {line}" for line in html.splitlines())]
    return HttpResponse(
        "\n".join(lines) + "\n\n", content_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )
