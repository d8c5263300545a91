"""Server-sent events, one an answer: no thread is kept, the browser asks again after `retry`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def event(request: HttpRequest, *, seconds: float, mark: str, show: Callable[[], str]) -> HttpResponse:
    """The part of the page as the event `show`; nothing when the browser has what the `mark` stands for already."""
    lines = [f"retry: {int(seconds * 1000)}"]
    if request.headers.get("Last-Event-ID") != mark:
        lines += [f"id: {mark}", "event: show", *(f"data: {line}" for line in show().splitlines())]
    return HttpResponse(
        "\n".join(lines) + "\n\n", content_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


def mark_of(html: str) -> str:
    """The mark of a part of the page that is made anew each time."""
    return hashlib.sha256(html.encode()).hexdigest()[:16]
