"""Training: one's courses, their reading, and the tests; a team leader sees who has passed what."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dunwell.floor.pages.answers import number_of
from dunwell.floor.pages.members import workers_of
from dunwell.floor.queries.articles import answers_in_force
from dunwell.floor.queries.training import standings, standings_of
from dunwell.floor.rules.training import courses
from dunwell.floor.services.training import take_test
from dunwell.identity.pages.guard import requires, signed_in
from dunwell.kernel.times import business_date


def _language(request: HttpRequest) -> str:
    return "en" if request.user.language.startswith("en") else "zh-hans"


@signed_in
@require_GET
def training(request: HttpRequest) -> HttpResponse:
    """The courses of one's role and until when each test counts."""
    today, language = business_date(timezone.now()), _language(request)
    rows = [
        (one.course.code, one.course.name[language], one.until, one.valid(today)) for one in standings(request.user)
    ]
    return render(request, "floor/training.html", {"rows": rows})


@signed_in
def test(request: HttpRequest, code: str) -> HttpResponse:
    """GET: the reading and the questions. POST: judged and written down; what was wrong is shown with its rule."""
    course = next((one for one in courses() if one.code == code), None)
    if course is None:
        raise Http404(code)
    now, language = timezone.now(), _language(request)
    answers = {one.code: one for one in answers_in_force(request.user.entity_id, business_date(now))}
    given = [number_of(request.POST.get(f"q{place}", "")) for place in range(len(course.questions))]
    judged = take_test(user=request.user, code=code, answers=given, now=now) if request.method == "POST" else None
    context = {
        "code": code,
        "name": course.name[language],
        "judged": judged,
        "share": course.pass_share,
        "days": course.valid_days,
        "reading": [
            (answers[one].title[language], answers[one].body[language], answers[one].source[language])
            for one in course.reading
            if one in answers
        ],
        "questions": [
            (place, asked.words[language], [(number, choice[language]) for number, choice in enumerate(asked.choices)],
             given[place], asked.rule, judged is not None and place in judged.wrong)
            for place, asked in enumerate(course.questions)
        ],
    }  # fmt: skip
    return render(request, "floor/test.html", context)


@requires("case.hand_out")
@require_GET
def team(request: HttpRequest) -> HttpResponse:
    """Who of those who work cases has passed what, and until when it counts."""
    today, language = business_date(timezone.now()), _language(request)
    named = [(one.code, one.name[language]) for one in courses()]
    rows = []
    for person, known in standings_of(workers_of(request.user)).items():
        by_code = {each.course.code: each for each in known}
        cells = [
            (
                code in by_code,
                *((by_code[code].until, by_code[code].valid(today)) if code in by_code else (None, False)),
            )
            for code, _name in named
        ]
        rows.append((person.name(language), person.staff_no, cells))
    return render(request, "floor/training_team.html", {"rows": rows, "courses": named})
