"""Reports: the list, each with its formula and its table, and the same rows for download."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import pgettext, pgettext_lazy

from dunwell.compliance.queries import closed_numbers
from dunwell.frame.templatetags.frame import count, moment, money, percent
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import BANK_ZONE
from dunwell.oversight import charts, export, queries, rules, words
from dunwell.oversight.pages.shown import Cell, Column, Figure, heat_table

SHOWN = 200
LISTED = (
    (
        "/portfolio",
        "buckets",
        pgettext_lazy("report", "Buckets and stages"),
        pgettext_lazy("report", "the book by bucket at the close of a business date"),
    ),
    (
        "/reports/stages",
        "",
        pgettext_lazy("report", "Stages"),
        pgettext_lazy("report", "accounts past due by stage, as they stand now"),
    ),
    (
        "/reports/roll-rates",
        "roll-rates",
        pgettext_lazy("report", "Roll rates"),
        pgettext_lazy("report", "who went from which bucket to which, month end by month end; entry and cure rate"),
    ),
    (
        "/reports/vintages",
        "vintages",
        pgettext_lazy("report", "Recovery by month of entry"),
        pgettext_lazy("report", "how much of the balance at entry came back, by months since"),
    ),
    (
        "/reports/day",
        "collectors",
        pgettext_lazy("report", "The day and each collector's day"),
        pgettext_lazy("report", "contact rates, funnel, money, cases a head"),
    ),
)


def now() -> datetime:
    return timezone.now().astimezone(BANK_ZONE)


def _currency(request: HttpRequest, day: date) -> str:
    known = queries.currencies(day)
    asked = request.GET.get("currency", "")
    return asked if asked in known else known[0]


def _may_export(request: HttpRequest) -> bool:
    return request.user.may("report.export")


@requires("report.view")
def reports(request: HttpRequest) -> HttpResponse:
    shown = [{"href": href, "name": name, "label": label, "meaning": meaning} for href, name, label, meaning in LISTED]
    return render(
        request,
        "oversight/reports.html",
        {"day": queries.last_day(), "reports": shown, "may_export": _may_export(request)},
    )


@requires("report.export")
def download(request: HttpRequest, name: str, form: str) -> HttpResponse:
    """A report as a file. 404 for a report that does not exist or a day without figures."""
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
        table = export.report(name, day)
        write, content_type = export.FORMATS[form]
    except (ValueError, KeyError, export.NoFigures) as error:
        raise Http404(str(error)) from error
    response = HttpResponse(write(table), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}_{day}.{form}"'
    return response


@requires("report.view")
def roll_rates(request: HttpRequest) -> HttpResponse:
    day = queries.last_day()
    shown, currency = [], ""
    if day:
        currency = _currency(request, day)
        months = queries.roll_months(currency)[:13]
        made = queries.matrices(months, currency)
        for month, before in zip(months, [*months[1:], None], strict=True):
            matrix = made[month]
            shown.append(
                {
                    **heat_table(matrix, made.get(before) if before else None, currency=currency),
                    "span": f"{rules.month_end_before(month)} → {month}",
                    "entered": matrix.entered(),
                    "cured": matrix.cured(),
                }
            )
    return render(
        request,
        "oversight/roll_rates.html",
        {
            "day": day,
            "months": shown,
            "currency": currency,
            "formula": _roll_formula(),
            "may_export": _may_export(request),
        },
    )


def _roll_formula() -> str:
    return pgettext(
        "report",
        "Each cell: balance at the month's start of the accounts that went from the row's bucket to the column's / "
        "balance of all accounts of the row's bucket. Entry rate: %(entry)s. Cure rate: %(cure)s.",
    ) % {"entry": words.FORMULAS["entry"], "cure": words.FORMULAS["cure"]}


@requires("report.view")
def stages(request: HttpRequest) -> HttpResponse:
    day = queries.last_day()
    rows = queries.stages(_currency(request, day)) if day else []
    currency = _currency(request, day) if day else ""
    return table(
        request,
        heading=pgettext("report", "Stages"),
        stamp=moment(now()),
        columns=[
            Column(pgettext("report", "Stage")),
            Column(pgettext("report", "Accounts"), True),
            Column(pgettext("report", "Balance"), True),
            Column(pgettext("report", "Past due"), True),
        ],
        rows=[
            [
                Cell(words.STAGES[row.stage], href=f"/portfolio/accounts?stage={row.stage}&currency={currency}"),
                Cell(count(row.accounts), True),
                Cell(money(row.balance), True),
                Cell(money(row.past_due), True),
            ]
            for row in rows
        ],
        sums=[
            Cell(pgettext("report", "All")),
            Cell(count(sum(r.accounts for r in rows)), True),
            Cell(money(sum((r.balance for r in rows), Decimal(0))), True),
            Cell(money(sum((r.past_due for r in rows), Decimal(0))), True),
        ],
        formula=pgettext(
            "report",
            "Accounts with something past due, by days delinquent: reminder to the end of "
            "grace, early M1 and M2, mid M3 to M6, late M7+. Payments of today are taken "
            "into account; the rows behind a stage are those of the last close.",
        ),
        nothing=pgettext("report", "Nothing is past due."),
        day=day,
    )


@requires("report.view")
def vintages(request: HttpRequest) -> HttpResponse:
    day = queries.last_day()
    currency = _currency(request, day) if day else ""
    found = queries.curves(currency) if day else []
    ages = sorted({age for each in found for age, _value in each.points if age})
    rows = []
    for each in reversed(found):
        points = dict(each.points)
        href = f"/portfolio/accounts?cohort={each.cohort}&currency={currency}"
        rows.append(
            [
                Cell(f"{each.cohort:%Y-%m}", href=href),
                Cell(count(each.accounts), True),
                Cell(money(each.entry_balance), True),
                *(Cell(percent(points[age]) if age in points else "", True) for age in ages),
            ]
        )
    return table(
        request,
        heading=pgettext("report", "Recovery by month of entry"),
        stamp=pgettext("report", "close of %(day)s") % {"day": day},
        columns=[
            Column(pgettext("report", "Entered")),
            Column(pgettext("report", "Accounts"), True),
            Column(pgettext("report", "Balance at entry"), True),
            *(Column(pgettext("report", "month %(n)s") % {"n": age}, True) for age in ages),
        ],
        rows=rows,
        formula=pgettext(
            "report", "Recovery: %(formula)s. The month of entry is month 1; the current month is not over."
        )
        % {"formula": words.FORMULAS["recovery"]},
        chart=vintage_chart(found),
        nothing=pgettext("report", "No account has entered collections yet."),
        name="vintages",
        day=day,
    )


def vintage_chart(found: list[rules.Curve]) -> str:
    """The newest cohorts as lines; empty when there are none."""
    chosen = found[-queries.CURVES :]
    if not chosen:
        return ""
    told = ", ".join(f"{each.cohort:%Y-%m} {percent(each.latest)}" for each in chosen)
    return charts.vintage(
        chosen,
        label=pgettext("report", "Recovery by month of entry: %(curves)s") % {"curves": told},
        months=pgettext("report", "months"),
    )


@requires("report.view")
def day(request: HttpRequest) -> HttpResponse:
    moment_now = now()
    on = moment_now.date()
    today = queries.day(on, now=moment_now)
    rows = queries.collectors(on)
    heads = queries.productivity(rows)
    english = request.user.language == "en"
    figures = [
        Figure(
            pgettext("report", "Contact rate"),
            percent(today.contact_rate),
            "",
            words.FORMULAS["contact"],
            f"{today.connected} / {today.calls}",
        ),
        Figure(
            pgettext("report", "Right-party rate"),
            percent(today.right_party_rate),
            "",
            words.FORMULAS["rpc"],
            f"{today.reached} / {today.calls}",
        ),
        Figure(
            pgettext("report", "Received a collector"), money(heads.per_collector), "", words.FORMULAS["per_collector"]
        ),
        Figure(
            pgettext("report", "Cases a collector"),
            money(heads.cases_per_collector, 1),
            "",
            words.FORMULAS["cases_per_collector"],
        ),
        Figure(
            pgettext("report", "Promise-kept rate"),
            percent(today.kept_rate),
            "",
            words.FORMULAS["kept"],
            f"{today.kept} / {today.judged}",
        ),
    ]
    return table(
        request,
        heading=pgettext("report", "The day and each collector's day"),
        stamp=moment(moment_now),
        figures=figures,
        columns=[
            Column(pgettext("report", "Collector")),
            Column(pgettext("report", "Team")),
            Column(pgettext("report", "Contacts"), True),
            Column(pgettext("report", "Right party"), True),
            Column(pgettext("report", "Rate"), True),
            Column(pgettext("report", "Promises"), True),
            Column(pgettext("report", "Promised"), True),
            Column(pgettext("report", "Received"), True),
            Column(pgettext("report", "Own cases"), True),
        ],
        rows=[
            [
                Cell(row.name_en if english else row.name_zh),
                Cell(row.team_en if english else row.team_zh),
                Cell(count(row.contacts), True),
                Cell(count(row.reached), True),
                Cell(percent(row.right_party_rate), True),
                Cell(count(row.promises), True),
                Cell(money(row.promised), True),
                Cell(money(row.received), True),
                Cell(count(row.cases), True),
            ]
            for row in rows
        ],
        sums=[
            Cell(pgettext("report", "All")),
            Cell(""),
            Cell(count(sum(r.contacts for r in rows)), True),
            Cell(count(sum(r.reached for r in rows)), True),
            Cell(""),
            Cell(count(sum(r.promises for r in rows)), True),
            Cell(money(sum((r.promised for r in rows), Decimal(0))), True),
            Cell(money(sum((r.received for r in rows), Decimal(0))), True),
            Cell(count(sum(r.cases for r in rows)), True),
        ],
        formula=pgettext(
            "report",
            "Received: repayments of today put to the collector who last reached the party in the seven days before.",
        ),
        nothing=pgettext("report", "There is no collector."),
        name="collectors",
        day=on,
    )


@requires("report.view")
def funnel_step(request: HttpRequest, step: str) -> HttpResponse:
    if step not in words.STEPS:
        raise Http404(step)
    moment_now = now()
    found = queries.funnel_rows(step, moment_now.date())
    may_open = request.user.may("case.view")
    closed = closed_numbers(request.user.pk, [row.party_no for row in found[:SHOWN]], now=moment_now)
    with_amount = any(row.amount is not None for row in found)
    return table(
        request,
        heading=str(words.STEPS[step]),
        stamp=moment(moment_now),
        columns=[
            Column(pgettext("report", "Party")),
            Column(pgettext("report", "Name")),
            Column(pgettext("report", "Case")),
            *([Column(pgettext("report", "Amount"), True)] if with_amount else []),
        ],
        rows=[
            [
                *(
                    [Cell("****"), Cell("–"), Cell("–")]
                    if row.party_no in closed
                    else [
                        Cell(row.party_no),
                        Cell(row.name_masked if may_open else "–"),
                        Cell(row.case_no or "–", href=f"/cases/{row.case_no}" if may_open and row.case_no else ""),
                    ]
                ),
                *([Cell(money(row.amount), True)] if with_amount else []),
            ]
            for row in found[:SHOWN]
        ],
        sums=[
            Cell(count(len(found))),
            Cell(""),
            Cell(""),
            *([Cell(money(sum((row.amount or Decimal(0) for row in found), Decimal(0))), True)] if with_amount else []),
        ],
        formula=words.STEP_MEANINGS[step],
        nothing=pgettext("of the day's funnel", "Nobody yet today."),
        cut=pgettext("report", "%(shown)s of %(all)s are shown.") % {"shown": SHOWN, "all": len(found)}
        if len(found) > SHOWN
        else "",
        back="/portfolio",
    )


def table(
    request: HttpRequest,
    *,
    rows: list[list[Cell]],
    sums: list[Cell] | None = None,
    back: str = "/reports",
    **context: object,
) -> HttpResponse:
    shown = {**context, "rows": rows, "sums": sums if rows else None, "back": back, "may_export": _may_export(request)}
    return render(request, "oversight/table.html", shown)
