"""The strategy in force, to read: who is in which segment, and what happens on which day."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy

from dunwell.casework.queries.segments import segment_counts
from dunwell.channels.queries import texts_in_force
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date
from dunwell.strategy import queries
from dunwell.strategy.rules import ALWAYS, Step, Strategy
from dunwell.strategy.words import condition

#: The picture of a treatment ends here; later steps reach its edge.
LAST_DAY = 200
ACTIONS = {
    "sms": pgettext_lazy("action", "SMS"),
    "email": pgettext_lazy("action", "E-mail"),
    "call": pgettext_lazy("action", "Call"),
    "letter": pgettext_lazy("action", "Letter"),
    "visit": pgettext_lazy("action", "For a visit"),
    "agency": pgettext_lazy("action", "For an agency"),
    "law_firm": pgettext_lazy("action", "For a law firm"),
}
PURPOSES = {"reminder": pgettext_lazy("purpose", "Reminder"), "demand": pgettext_lazy("purpose", "Demand")}
APPROVED_BY = {"Dunwell, as shipped": pgettext_lazy("strategy", "Dunwell, as shipped")}


def _condition(said: str) -> tuple[str, str] | None:
    """A condition in words, and as written; None of one that always holds."""
    return None if said.strip().upper() == ALWAYS else (condition(said), said)


def _step(step: Step, titles: Mapping[str, str]) -> dict[str, object]:
    last = min(step.last, LAST_DAY)
    return {
        "id": step.id,
        "days": step.days,
        "x": step.first,
        "width": max(last - step.first + 1, 1),
        "action": ACTIONS[step.action],
        "purpose": PURPOSES[step.purpose],
        "template": step.template,
        "title": titles.get(step.template, ""),
        "when": _condition(step.said),
    }


def _segments(strategy: Strategy, entity_id: int, language: str) -> list[dict[str, object]]:
    counts = segment_counts(entity_id)
    most = max((cases for cases, _ in counts.values()), default=0)
    return [
        {
            "name": segment.name(language),
            "when": _condition(segment.said),
            "treatments": [strategy.treatments[name].name(language) for name in segment.treatments],
            "cases": counts.get(segment.id, (0, 0))[0],
            "past_due": counts.get(segment.id, (0, 0))[1],
            "most": most or 1,
        }
        for segment in strategy.segments
    ]


@requires("strategy.view")
def strategy(request: HttpRequest) -> HttpResponse:
    """The version in force today, with the open cases of the reader's entity by segment."""
    language = get_language() or "zh-hans"
    found = queries.current(business_date(timezone.now()))
    if found is None:
        return render(request, "casework/strategy.html", {"version": None})
    version, said = found
    texts = texts_in_force(business_date(timezone.now()), language=language)
    titles = {text.code: text.title for text in texts}
    return render(
        request,
        "casework/strategy.html",
        {
            "version": version,
            "name": said.names["en" if language.startswith("en") else "zh-hans"],
            "segments": _segments(said, request.user.entity_id, language),
            "treatments": [
                {"name": treatment.name(language), "steps": [_step(step, titles) for step in treatment.steps]}
                for treatment in said.treatments.values()
            ],
            "approved_by": APPROVED_BY.get(version.approved_by, version.approved_by),
            "versions": [(one, APPROVED_BY.get(one.approved_by, one.approved_by)) for one in queries.versions()],
            "last_day": LAST_DAY,
        },
    )
