"""The rows behind a day's figure, on a page and as a file; what they add up to is the figure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import pgettext

from dunwell.compliance.queries import closed_numbers, in_force
from dunwell.evidence import services as evidence
from dunwell.frame.templatetags.frame import count, joined, moment, money, percent, unit
from dunwell.frame.templatetags.frame import day as day_of
from dunwell.identity.pages.guard import requires
from dunwell.oversight import export, queries, words
from dunwell.oversight.pages.shown import SHOWN, Cell, Column, now, rows_behind, rule_cell, table
from dunwell.oversight.queries import Behind, Scope

PEOPLE = ("party_no", "name_masked", "case_no", "account_no", "host_ref")
LIVE = ("stages", "holding")  # as they stand now, whatever day is asked for
MASK = "****"


def scope_of(request: HttpRequest, *, currencies: list[str] | None = None) -> Scope:
    """Day (today by default), currency (that of most accounts) and collector that an address asks for; 404 when unread."""
    at = now()
    if currencies is None:
        close = queries.last_close()
        currencies = close[1] if close else []
    asked, collector = request.GET.get("currency", ""), request.GET.get("collector", "")
    try:
        on = date.fromisoformat(request.GET["day"]) if request.GET.get("day") else at.date()
        by = int(collector) if collector else None
    except ValueError as error:
        raise Http404(str(error)) from error
    if on > at.date():
        raise Http404(f"{on} lies ahead")
    currency = asked if asked in currencies or (asked.isalpha() and len(asked) == 3) else (*currencies, "CNY")[0]
    return Scope(on, at, request.user.entity_id, currency.upper(), by)


def _masked(request: HttpRequest, found: Behind, rows: list[tuple], *, at: datetime) -> list[tuple]:
    """The rows, those about persons whose cases the user may not open without their numbers: the sums stay."""
    if "party_no" not in found.columns:
        return rows
    place = found.columns.index("party_no")
    closed = closed_numbers(request.user.pk, [row[place] for row in rows], now=at)
    may_name = request.user.may("case.view")

    def shown(row: tuple) -> tuple:
        hidden = row[place] in closed
        return tuple(
            MASK if name in PEOPLE and hidden and value else "" if name == "name_masked" and not may_name else value
            for name, value in zip(found.columns, row, strict=True)
        )

    return [shown(row) for row in rows]


def _cell(name: str, value: object, *, may_open: bool) -> Cell:
    if name in words.VALUES:
        return Cell(str(words.VALUES[name].get(str(value), value or "–")))
    if name == "share_of_before":
        return Cell(percent(value), True)
    if isinstance(value, Decimal):
        return Cell(money(value), True)
    if isinstance(value, bool | int):
        return Cell(count(value), True)
    if isinstance(value, datetime):
        return Cell(moment(value))
    if isinstance(value, date):
        return Cell(day_of(value))
    href = f"/cases/{value}" if name == "case_no" and value and value != MASK and may_open else ""
    return Cell(value if value else "–", href=href)


def _found(figure: str, scope: Scope) -> Behind:
    try:
        return queries.behind(figure, scope)
    except KeyError as error:
        raise Http404(figure) from error


@requires("report.view")
def behind(request: HttpRequest, figure: str) -> HttpResponse:
    """The rows that a figure counts, the sums under them."""
    scope = scope_of(request)
    found = _found(figure, scope)
    rows = _masked(request, found, list(found.rows[:SHOWN]), at=scope.now)
    may_open = request.user.may("case.view")
    sums = [_cell("", found.total(name), may_open=False) if name in found.adds else Cell("") for name in found.columns]
    if sums and found.columns[0] not in found.adds and found.adds:
        sums[0] = Cell(pgettext("report", "All"))
    first = found.rows[0] if found.rows else ()
    numbers = {name for name, value in zip(found.columns, first, strict=False) if isinstance(value, Decimal | int)}
    live = figure in LIVE
    pack = in_force(scope.day) if "rule" in found.columns else None

    def cell(name: str, value: object) -> Cell:
        return rule_cell(str(value), pack) if name == "rule" and pack else _cell(name, value, may_open=may_open)

    return table(
        request,
        heading=str(words.FIGURES[figure]),
        stamp=joined((moment(scope.now), unit(scope.currency))),
        columns=[Column(words.COLUMNS[name], name in found.adds or name in numbers) for name in found.columns],
        rows=[[cell(name, value) for name, value in zip(found.columns, row, strict=True)] for row in rows],
        sums=sums if found.adds else None,
        formula=words.FORMULAS[figure],
        nothing=words.NOTHING.get(figure, pgettext("of the day's funnel", "Nobody yet today.")),
        cut=pgettext("report", "%(shown)s of %(all)s are shown.") % {"shown": SHOWN, "all": count(len(found.rows))}
        if len(found.rows) > SHOWN
        else "",
        back=f"/reports/day?day={scope.day}&currency={scope.currency}",
        downloads=[
            (form.upper(), rows_behind(figure, scope, collector=scope.collector, form=form)) for form in ("xlsx", "csv")
        ],
        day=scope.day,
        currency=scope.currency,
        asks_day=not live,
        **({} if live else neighbours(f"/reports/behind/{figure}", scope)),
    )


def neighbours(path: str, scope: Scope) -> dict[str, str]:
    """The addresses of the day before and, unless it lies ahead, of the day after."""
    collector = f"&collector={scope.collector}" if scope.collector is not None else ""

    def on(day: date) -> str:
        return f"{path}?day={day}&currency={scope.currency}{collector}"

    later = scope.day + timedelta(days=1)
    return {
        "earlier_href": on(scope.day - timedelta(days=1)),
        "later_href": on(later) if later <= scope.now.date() else "",
    }


@requires("report.export")
def download(request: HttpRequest, figure: str, form: str) -> HttpResponse:
    """All rows behind a figure as a file. Logged."""
    scope = scope_of(request)
    if form not in export.FORMATS:
        raise Http404(form)
    found = _found(figure, scope)
    rows = _masked(request, found, list(found.rows), at=scope.now)
    return exported(
        request,
        export.Table(figure, found.columns, rows),
        form,
        name=f"{figure}_{scope.day}_{scope.currency}",
        at=scope.now,
    )


def exported(request: HttpRequest, table: export.Table, form: str, *, name: str, at: datetime) -> HttpResponse:
    """A table as a file that bears who took it; the same stands in the log."""
    write, content_type = export.FORMATS[form]
    by = request.user.actor
    mark = evidence.mark_export(kind="report.exported", name=name, form=form, rows=len(table.rows), by=by, now=at)
    response = HttpResponse(write(table, str(mark)), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response
