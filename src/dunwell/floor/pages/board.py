"""The team leader's board: who is on what since when, the queues, the day's funnel, who asks for help."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET

from dunwell.floor import words
from dunwell.floor.pages.streams import event, mark_of
from dunwell.floor.queries.board import board
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date

SECONDS = 3.0  # between two answers; each figure is at most so old, and says when it was read


def _context(request: HttpRequest) -> dict[str, object]:
    now, language = timezone.now(), request.user.language
    found = board(entity_id=request.user.entity_id, day=business_date(now), now=now)
    steps = [(name, int(number)) for name, number in found.funnel.items()]
    most = max([number for _, number in steps[:4]], default=0)
    return {
        "at": found.at,
        "places": [
            {
                "one": one,
                "name": one.name(language),
                "state": words.STATES[one.state],
                "tone": words.TONES.get(one.state, ""),
                "each": one.on_cases // one.cases if one.cases else None,
                "wrap": one.wrap_up // one.wrapped if one.wrapped else None,
            }
            for one in found.places
        ],
        "queues": [(words.BOARD[name], number) for name, number in found.queues.items()],
        "funnel": [(words.BOARD[name], number, most) for name, number in steps[:4]],
        "paid": steps[4][1],
        "help": [
            {**one, "name": one["name_en"] if language.startswith("en") else one["name_zh"]} for one in found.help
        ],
        "may_work": request.user.may("case.work"),
    }


@requires("case.hand_out")
@require_GET
def board_page(request: HttpRequest) -> HttpResponse:
    """The page, with the board as it is now."""
    return render(request, "floor/board.html", _context(request))


@requires("case.hand_out")
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """The board as a server-sent event."""
    html = render_to_string("floor/board_now.html", _context(request), request)
    return event(request, seconds=SECONDS, mark=mark_of(html), show=lambda: html)
