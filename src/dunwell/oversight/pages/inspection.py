"""/reports/inspection: what an inspector asks for of a period, on a page and as a file."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from dunwell.compliance.queries import closed_numbers, in_force
from dunwell.compliance.rules.pack import Pack
from dunwell.compliance.words import LOST
from dunwell.frame.templatetags.frame import count, moment
from dunwell.frame.templatetags.frame import day as day_of
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date
from dunwell.oversight import export, words
from dunwell.oversight.pages.behind import MASK, exported
from dunwell.oversight.pages.shown import SHOWN, Cell, Column, now, rule_cell, table
from dunwell.oversight.queries import inspection as read
from dunwell.oversight.queries import looks as looked

SPAN = timedelta(days=366)


def _period(request: HttpRequest, at: datetime) -> tuple[date, date, str]:
    """The days asked for, by default the month so far, and the seed; 404 when they cannot be read."""
    today = business_date(at)
    try:
        first = date.fromisoformat(request.GET.get("from") or str(today.replace(day=1)))
        last = date.fromisoformat(request.GET.get("to") or str(today))
    except ValueError as error:
        raise Http404(str(error)) from error
    if not first <= last <= first + SPAN:
        raise Http404("the days are turned round, or more than a year apart")
    return first, last, request.GET.get("seed", "")[:40]


def _table(request: HttpRequest, first: date, last: date, seed: str, at: datetime) -> export.Table:
    """The report, without the numbers of persons whose cases the user may not open."""
    found = export.inspection_table(first, last, entity_id=request.user.entity_id, seed=seed)
    place = found.columns.index("party_no")
    closed = closed_numbers(request.user.pk, [row[place] for row in found.rows if row[place]], now=at)
    rows = [
        tuple(MASK if column == place and value in closed else value for column, value in enumerate(row))
        for row in found.rows
    ]
    return export.Table(found.name, found.columns, rows)


@requires("audit.view")
@require_GET
def inspection(request: HttpRequest) -> HttpResponse:
    """Each section with its rows, the first of them when there are many; all are in the file."""
    at = now()
    first, last, seed = _period(request, at)
    found = _table(request, first, last, seed, at)
    pack, sections = in_force(last), []
    for name in read.SECTIONS:
        rows = [row for row in found.rows if row[0] == name and row[1] is not None]
        shown = [column for column in found.columns[1:] if any(row[found.columns.index(column)] for row in rows)]
        sections.append(
            {
                "name": words.SECTIONS[name],
                "count": len(rows),
                "more": len(rows) > SHOWN,
                "columns": [words.INSPECTION[column] for column in shown],
                "rows": [
                    [_cell(name, column, row[found.columns.index(column)], pack) for column in shown]
                    for row in rows[:SHOWN]
                ],
            }
        )
    asked = urlencode({"from": first, "to": last, "seed": seed})
    context = {
        "first": first, "last": last, "seed": seed, "sections": sections, "may_export": request.user.may("report.export"),
        "downloads": [(form.upper(), f"/reports/inspection.{form}?{asked}") for form in ("xlsx", "csv")],
    }  # fmt: skip
    return render(request, "oversight/inspection.html", context)


def _cell(section: str, column: str, value: object, pack: Pack) -> Cell:
    if column == "at":
        return Cell(moment(value))
    if column == "rule":
        return rule_cell(str(value), pack, others=words.NO_RULES)
    if (section, column) == ("third_parties", "detail"):
        return Cell(str(LOST.get(str(value), "–")))
    if column in words.VALUES:
        return Cell(str(words.VALUES[column].get(str(value), value or "–")))
    return Cell(value or "–")


@requires("audit.view")
@require_GET
def looks(request: HttpRequest) -> HttpResponse:
    """Who saw how many records in clear, by day; where the number of CN-CRIM-PI was reached."""
    at = now()
    today = business_date(at)
    found = looked.with_alarms(today=today, entity_id=request.user.entity_id)
    pack = in_force(today)
    return table(
        request,
        heading=pgettext("inspection", "Personal data seen in clear"),
        stamp=moment(at),
        columns=[
            Column(pgettext("report", "Day")),
            Column(pgettext("column", "Staff number")),
            Column(pgettext("inspection", "Records"), True),
            Column(pgettext("inspection", "Alarm")),
        ],
        rows=[
            [
                Cell(day_of(one.day)), Cell(one.staff_no),
                Cell(count(one.records), True, f"/reports/inspection?from={one.day}&to={one.day}"),
                rule_cell(looked.RULE, pack) if one.alarmed else Cell("–"),
            ]
            for one in found
        ],
        formula=pgettext(
            "inspection",
            "Numbers, names and papers that a person of staff saw in clear on a day, each once. Compliance is told at "
            "%(most)s.",
        )
        % {"most": pack.number(looked.RULE, "alarm")},
        nothing=pgettext("inspection", "Nobody has seen anything in clear in the last 30 days."),
    )  # fmt: skip


@requires("report.export")
@require_GET
def download(request: HttpRequest, form: str) -> HttpResponse:
    """The whole report as a file. Logged."""
    at = now()
    if form not in export.FORMATS or not request.user.may("audit.view"):
        raise Http404(form)
    first, last, seed = _period(request, at)
    return exported(request, _table(request, first, last, seed, at), form, name=f"inspection_{first}_{last}", at=at)
