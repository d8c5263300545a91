"""Reports: the list, each with its formula and its table, and the same rows for download."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import pgettext, pgettext_lazy

from dunwell.arrears.words import CLASSES
from dunwell.frame.templatetags.frame import count, joined, moment, money, percent, unit
from dunwell.identity.pages.guard import requires
from dunwell.oversight import charts, export, queries, rules, words
from dunwell.oversight.pages.behind import exported, neighbours, scope_of
from dunwell.oversight.pages.shown import Cell, Column, Figure, heat_table, now, rows_behind, table

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
        "/reports/differences",
        "differences",
        pgettext_lazy("report", "Differences to the host"),
        pgettext_lazy("report", "where the host's position is other than we expect, with the cause; to be explained"),
    ),
    (
        "/reports/risk-classes",
        "risk-classes",
        pgettext_lazy("report", "Risk classes"),
        pgettext_lazy("report", "accounts in work and their balance by five-tier class"),
    ),
    (
        "/reports/day",
        "collectors",
        pgettext_lazy("report", "The day and each collector's day"),
        pgettext_lazy("report", "contact rates, funnel, money, cases a head"),
    ),
)
AUDIT = (
    (
        "/reports/inspection",
        "",
        pgettext_lazy("report", "Inspection"),
        pgettext_lazy(
            "report", "contacts by chance, breaches, third parties, releases, who looked, lists; of a period"
        ),
    ),
    (
        "/reports/looks",
        "",
        pgettext_lazy("inspection", "Personal data seen in clear"),
        pgettext_lazy("report", "by person of staff and day, and where it was too much"),
    ),
)


def _currency(request: HttpRequest, day: date) -> str:
    known = queries.currencies(day)
    asked = request.GET.get("currency", "")
    return asked if asked in known else known[0]


def _may_export(request: HttpRequest) -> bool:
    return request.user.may("report.export")


@requires("report.view")
def reports(request: HttpRequest) -> HttpResponse:
    listed = (*LISTED, *AUDIT) if request.user.may("audit.view") else LISTED
    shown = [{"href": href, "name": name, "label": label, "meaning": meaning} for href, name, label, meaning in listed]
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
        found = export.report(
            name, day, currency=request.GET.get("currency") or None, entity_id=request.user.entity_id, now=now()
        )
        export.FORMATS[form]
    except (ValueError, KeyError, export.NoFigures) as error:
        raise Http404(str(error)) from error
    return exported(request, found, form, name=f"{name}_{day}", at=now())


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
                    "rate_href": f"/portfolio/accounts?month={month}&currency={currency}&rate=",
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
                *(
                    Cell(percent(points[age]), True, f"{href}&at={rules.month_of_age(each.cohort, age)}")
                    if age in points
                    else Cell("", True)
                    for age in ages
                ),
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
        downloads=[
            (form.upper(), f"/reports/vintages.{form}?day={day}&currency={currency}") for form in ("xlsx", "csv") if day
        ],
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
    """A day's figures and each collector's day, today's or that of any day before."""
    close = queries.last_close()
    known = close[1] if close else []
    scope = scope_of(request, currencies=known)
    today = queries.day(scope)
    rows = queries.collectors(scope, today.money)
    heads = queries.productivity(rows)
    english = request.user.language == "en"

    def behind(figure: str, row: queries.CollectorDay | None = None) -> str:
        return rows_behind(figure, scope, collector=row.user_id if row else None)

    return table(
        request,
        heading=pgettext("report", "The day and each collector's day"),
        stamp=joined((moment(scope.now), unit(scope.currency))),
        figures=_day_figures(scope, today, heads),
        few=True,
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
                Cell(count(row.contacts), True, behind("contacts", row)),
                Cell(count(row.reached), True, behind("contacts", row)),
                Cell(percent(row.right_party_rate), True, behind("contacts", row)),
                Cell(count(row.promises), True, behind("promises", row)),
                Cell(money(row.promised), True, behind("promises", row)),
                Cell(money(row.received), True, behind("received", row)),
                Cell(count(row.cases), True, behind("owned", row)),
            ]
            for row in rows
        ],
        sums=[
            Cell(pgettext("report", "All")),
            Cell(""),
            Cell(count(sum(r.contacts for r in rows)), True, behind("contacts")),
            Cell(count(sum(r.reached for r in rows)), True, behind("contacts")),
            Cell(""),
            Cell(count(sum(r.promises for r in rows)), True, behind("promises")),
            Cell(money(sum((r.promised for r in rows), Decimal(0))), True, behind("promises")),
            Cell(money(heads.received), True, behind("productivity")),
            Cell(count(heads.cases), True, behind("owned")),
        ],
        formula=pgettext(
            "report",
            "Received: repayments of the day less what was taken back, put to the collector who last reached the party in the "
            "seven days before. Own cases: open on the day, by their owner of that day.",
        ),
        nothing=pgettext("report", "There is no collector."),
        downloads=[
            (form.upper(), f"/reports/collectors.{form}?day={scope.day}&currency={scope.currency}")
            for form in ("xlsx", "csv")
        ],
        other_currencies=[
            (code, f"/reports/day?day={scope.day}&currency={code}") for code in known if code != scope.currency
        ],
        day=scope.day,
        currency=scope.currency,
        asks_day=True,
        **neighbours("/reports/day", scope),
    )


def _day_figures(scope: queries.Scope, today: queries.Day, heads: queries.Productivity) -> list[Figure]:
    at = moment(scope.now)
    return [
        Figure(
            pgettext("report", "Contact rate"), percent(today.contact_rate), "", words.FORMULAS["contact"],
            f"{today.connected} / {today.calls}", stamp=at, href=rows_behind("calls", scope),
        ),
        Figure(
            pgettext("report", "Right-party rate"), percent(today.right_party_rate), "", words.FORMULAS["rpc"],
            f"{today.reached} / {today.calls}", stamp=at, href=rows_behind("calls", scope),
        ),
        Figure(
            pgettext("figure", "Money received"), money(today.received), unit(scope.currency), words.FORMULAS["received"],
            pgettext("report", "%(n)s repayments") % {"n": today.money.repayments}, stamp=at,
            href=rows_behind("received", scope),
        ),
        Figure(
            pgettext("report", "Received a collector"), money(heads.per_collector), unit(scope.currency),
            words.FORMULAS["productivity"],
            f"{money(heads.received)} / {heads.working}", stamp=at, href=rows_behind("productivity", scope),
        ),
        Figure(
            pgettext("report", "Cases a collector"), money(heads.cases_per_collector, 1), "", words.FORMULAS["owners"],
            f"{heads.cases} / {heads.owners}", stamp=at, href=rows_behind("owners", scope),
        ),
        Figure(
            pgettext("report", "Promise-kept rate"), percent(today.kept_rate), "", words.FORMULAS["kept"],
            f"{today.kept} / {today.judged}", stamp=at, href=rows_behind("kept", scope),
        ),
        Figure(
            pgettext("report", "Refused by the gate"), count(today.blocked), "", words.FORMULAS["gate"],
            pgettext("report", "%(n)s more wait for review") % {"n": today.review}, stamp=at,
            href=rows_behind("gate", scope),
        ),
        Figure(
            pgettext("figure", "Funnel of the day"), count(today.funnel[0].parties), "", words.FORMULAS["funnel"],
            f"→ {count(today.funnel[-1].parties)}", stamp=at, href=rows_behind("funnel", scope),
        ),
    ]  # fmt: skip


@requires("report.view")
def risk_classes(request: HttpRequest) -> HttpResponse:
    """五级分类: accounts in work by class, every currency by itself."""
    found = queries.risk_classes(entity_id=request.user.entity_id)
    return table(
        request,
        heading=pgettext("report", "Risk classes"),
        stamp=moment(now()),
        columns=[
            Column(pgettext("report", "Class")),
            Column(pgettext("report", "Currency")),
            Column(pgettext("report", "Accounts"), True),
            Column(pgettext("report", "Balance"), True),
        ],
        rows=[
            [
                Cell(str(CLASSES[row.risk_class])),
                Cell(row.currency),
                Cell(count(row.accounts), True),
                Cell(money(row.balance), True),
            ]
            for row in found
        ],
        formula=pgettext(
            "report",
            "The worst of the card table, the table of all assets, a restructuring and a judgement by hand; accounts in work.",
        ),
        nothing=pgettext("report", "No account is in work."),
        name="risk-classes",
        day=queries.last_day(),
    )


@requires("report.view")
def stages(request: HttpRequest) -> HttpResponse:
    """Accounts past due by stage as they stand now; below each the accounts as they stand now."""
    close = queries.last_close()
    known = close[1] if close else []
    scope = scope_of(request, currencies=known)
    rows = queries.stages(scope.currency, entity_id=scope.entity_id)

    def accounts(stage: str = "") -> str:
        return f"/portfolio/accounts?live=1&stage={stage}&currency={scope.currency}"

    return table(
        request,
        heading=pgettext("report", "Stages"),
        stamp=joined((moment(scope.now), unit(scope.currency))),
        columns=[
            Column(pgettext("report", "Stage")),
            Column(pgettext("report", "Accounts"), True),
            Column(pgettext("report", "Balance"), True),
            Column(pgettext("report", "Past due"), True),
        ],
        rows=[
            [
                Cell(words.STAGES[row.stage], href=accounts(row.stage)),
                Cell(count(row.accounts), True, accounts(row.stage)),
                Cell(money(row.balance), True, accounts(row.stage)),
                Cell(money(row.past_due), True, accounts(row.stage)),
            ]
            for row in rows
        ],
        sums=[
            Cell(pgettext("report", "All"), href=accounts()),
            Cell(count(sum(r.accounts for r in rows)), True, accounts()),
            Cell(money(sum((r.balance for r in rows), Decimal(0))), True, accounts()),
            Cell(money(sum((r.past_due for r in rows), Decimal(0))), True, accounts()),
        ],
        formula=words.FORMULAS["stages"],
        nothing=words.NOTHING["stages"],
        downloads=[(form.upper(), rows_behind("stages", scope, form=form)) for form in ("xlsx", "csv")],
        other_currencies=[(code, f"/reports/stages?currency={code}") for code in known if code != scope.currency],
    )
