"""The manager's first page: figures of oversight, files of intake, nights of nightly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import urlencode

from django.db.models import Max, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import pgettext

from dunwell.desk.pages.accounts import folder_of
from dunwell.frame.templatetags.frame import clock, money, percent, signed
from dunwell.identity.pages.guard import requires
from dunwell.intake import sentences
from dunwell.intake.pages.late import late_files
from dunwell.nightly.models import Run
from dunwell.nightly.queries import unusual
from dunwell.oversight import drilldown, queries, rules, words
from dunwell.oversight.pages.reports import vintage_chart
from dunwell.oversight.pages.shown import Figure, heat_table, now, rows_behind

NIGHTS = 6


@dataclass(frozen=True, slots=True)
class Night:
    """One line of the list of nights."""

    day: date
    state: str
    tone: str
    rows: int | None
    started: object
    seconds: float | None
    href: str  # empty unless a step's totals are unusual


@dataclass(frozen=True, slots=True)
class Stopped:
    """The strip about a night that was refused before publishing."""

    title: str
    sentence: str
    files_href: str


def _states() -> dict[str, tuple[str, str]]:
    return {
        Run.State.RUNNING: (pgettext("night", "running"), "warn"),
        Run.State.STOPPED: (pgettext("night", "stopped"), "danger"),
        Run.State.PUBLISHED: (pgettext("night", "published"), "ok"),
        Run.State.SUPERSEDED: (pgettext("night", "superseded"), ""),
    }


def _nights() -> tuple[list[Night], list[Run]]:
    runs = list(Run.objects.order_by("-business_date", "-number").defer("manifest")[:NIGHTS])
    ids = [run.pk for run in runs]
    steps = {
        pk: (rows, took)
        for pk, rows, took in Run.objects.filter(pk__in=ids)
        .values_list("pk")
        .annotate(rows=Max("steps__rows_out", filter=Q(steps__name="book")), took=Sum("steps__seconds"))
    }
    states, odd = _states(), unusual(ids)
    return [
        Night(
            run.business_date,
            *states[run.state],
            steps[run.pk][0],
            run.started_at,
            steps[run.pk][1],
            f"/runs/{run.pk}" if run.pk in odd else "",
        )
        for run in runs
    ], runs


def _stopped(runs: list[Run], published: date, *, may_see_files: bool) -> Stopped | None:
    last = runs[0] if runs else None
    if last is None or last.state != Run.State.STOPPED or last.business_date <= published:
        return None
    reason = last.stop_reason
    names = {"kind": sentences.kind(reason.get("kind", "")), "name": reason.get("name", "")}
    sentence = {
        "file_missing": pgettext("report", "%(kind)s: the file has not come."),
        "file_refused": pgettext("report", "%(name)s was refused: its totals or its form are wrong."),
    }.get(
        reason.get("code", ""), pgettext("report", "What went into the night and what came out of it do not agree.")
    ) % names
    title = pgettext("report", "The night of %(day)s stopped") % {"day": last.business_date}
    return Stopped(title, sentence, f"/intake?day={last.business_date}" if may_see_files else "")


@requires("report.view")
def portfolio(request: HttpRequest) -> HttpResponse:
    moment = now()
    close = queries.last_close()
    if close is None:
        return render(request, "oversight/portfolio.html", {"buckets": None, "files": late_files(request, moment)})
    last, known = close
    currency = request.GET.get("currency") if request.GET.get("currency") in known else known[0]
    book = queries.buckets(last, currency)
    months = queries.roll_months(currency, up_to=last)[:2]
    made = queries.matrices(months, currency)
    scope = queries.Scope(moment.date(), moment, request.user.entity_id, currency)
    today = queries.day(scope)
    nights, runs = _nights()
    size, unit = words.table_unit(currency)
    matrix = made[months[0]] if months else None
    before = made[months[1]] if len(months) > 1 else None
    expected = moment.date() - timedelta(days=1)
    context = {
        "buckets": book,
        "behind": expected if last < expected else None,
        "files": late_files(request, moment),
        "stopped": _stopped(runs, last, may_see_files=request.user.may("intake.view")),
        "currency": currency,
        "other_currencies": [each for each in known if each != currency],
        "unit": unit,
        "rows": [_bucket(row, size) for row in book.rows],
        "late": _bucket(book.late, size),
        "largest": max((row.balance / size for row in book.rows if row.bucket != "M0"), default=Decimal(1))
        or Decimal(1),
        "matrix": heat_table(matrix, before, currency=currency) if matrix else None,
        "matrix_span": f"{rules.month_end_before(matrix.month)} → {matrix.month}" if matrix else "",
        "figures": _figures(book, matrix, before, today, scope, last, _first_payments(runs, last, currency)),
        "chart": vintage_chart(queries.curves(currency, up_to=last)),
        "today": today,
        "funnel": [
            {
                "href": rows_behind(step.name, scope),
                "label": words.STEPS[step.name],
                "parties": step.parties,
                "amount": step.amount,
                "of_before": step.of_before,
            }
            for step in today.funnel
        ],
        "funnel_top": max((step.parties for step in today.funnel), default=0) or 1,
        "funnel_href": rows_behind("funnel", scope),
        "runs": nights,
        "runs_href": "/runs",
        "may_see_nights": request.user.may("night.view"),
        "may_export": request.user.may("report.export"),
    }
    return render(request, "oversight/portfolio.html", context)


def _bucket(row: queries.BucketRow, size: Decimal) -> dict[str, object]:
    change = None if row.change is None else row.change * 100
    return {
        "bucket": row.bucket,
        "days": row.days,
        "accounts": row.accounts,
        "balance": row.balance / size,
        "past_due": row.past_due / size,
        "share": row.share,
        "change": change,
        "worse": row.bucket != "M0" and change is not None and change >= Decimal("2"),
    }


def _first_payments(runs: list[Run], last: date, currency: str) -> tuple[int, int] | None:
    """首逾: unpaid of all first statements that fell due in the last 30 days; None when the run is not kept."""
    run = next((run for run in runs if run.business_date == last and run.state == Run.State.PUBLISHED), None)
    if run is None:
        return None
    found = folder_of(run)
    try:
        return drilldown.first_payment_default(found / "inputs", found / "tables", currency=currency, day=last)
    except drilldown.NotKept:
        return None


def _figures(
    book: queries.Buckets,
    matrix: rules.Matrix | None,
    before: rules.Matrix | None,
    today: queries.Day,
    scope: queries.Scope,
    last: date,
    firsts: tuple[int, int] | None,
) -> list[Figure]:
    currency = scope.currency
    at, closed = clock(today.at), pgettext("report", "close of %(day)s") % {"day": f"{last:%m-%d}"}
    owed, owed_unit, owed_places = words.in_units(book.late.balance, currency)
    got, got_unit, got_places = words.in_units(today.received, currency)
    roll, rolled = matrix.roll("M1") if matrix else None, before.roll("M1") if before else None
    change = None if book.late.change is None else book.late.change * 100
    return [
        Figure(
            pgettext("report", "Late balance"),
            money(owed, owed_places),
            owed_unit,
            words.FORMULAS["late_balance"],
            ""
            if change is None
            else pgettext("report", "%(change)s%% since %(day)s")
            % {"change": signed(change), "day": f"{book.compared_with:%m-%d}"},
            stamp=closed,
            href=f"/portfolio/accounts?late=1&currency={currency}",
        ),
        Figure(
            pgettext("report", "Roll rate M1→M2"),
            "–" if roll is None else money(roll * 100, 1),
            "%",
            words.FORMULAS["roll"],
            ""
            if roll is None or rolled is None
            else pgettext("report", "%(change)s points on the month before")
            % {"change": signed((roll - rolled) * 100)},
            "danger" if roll is not None and rolled is not None and roll > rolled else "ok",
            f"{rules.month_end_before(matrix.month):%m-%d} → {matrix.month:%m-%d}" if matrix else "",
            "/portfolio/accounts?"
            + urlencode({"month": matrix.month.isoformat(), "from": "M1", "to": "M2", "currency": currency})
            if matrix
            else "",
        ),
        Figure(
            pgettext("report", "First-payment default rate"),
            "–" if not firsts or not firsts[1] else money(Decimal(firsts[0]) / firsts[1] * 100, 1),
            "%" if firsts and firsts[1] else "",
            words.FORMULAS["fpd"],
            pgettext("report", "%(late)s of %(all)s first statements") % {"late": firsts[0], "all": firsts[1]}
            if firsts
            else "",
            stamp=closed,
            href=f"/portfolio/accounts?first=1&currency={currency}" if firsts else "",
        ),
        Figure(
            pgettext("report", "Received today"),
            money(got, got_places),
            got_unit,
            words.FORMULAS["received"],
            pgettext("report", "%(n)s repayments") % {"n": today.money.repayments},
            stamp=at,
            href=rows_behind("received", scope),
        ),
        Figure(
            pgettext("report", "Right-party rate"),
            percent(today.right_party_rate).rstrip("%"),
            "%" if today.calls else "",
            words.FORMULAS["rpc"],
            pgettext("report", "%(reached)s of %(calls)s calls") % {"reached": today.reached, "calls": today.calls},
            stamp=at,
            href=rows_behind("calls", scope),
        ),
        Figure(
            pgettext("report", "Promise-kept rate"),
            percent(today.kept_rate).rstrip("%"),
            "%" if today.judged else "",
            words.FORMULAS["kept"],
            pgettext("report", "%(kept)s of %(judged)s parts, last 30 days")
            % {"kept": today.kept, "judged": today.judged},
            stamp=at,
            href=rows_behind("kept", scope),
        ),
        Figure(
            pgettext("report", "Refused by the gate"),
            f"{today.blocked:,}",
            "",
            words.FORMULAS["gate"],
            pgettext("report", "%(n)s more wait for review") % {"n": today.review},
            stamp=at,
            href=rows_behind("gate", scope),
        ),
        Figure(
            pgettext("report", "On the telephone today"),
            f"{today.working:,}",
            "",
            words.FORMULAS["staff"],
            pgettext("report", "%(n)s cases open now") % {"n": today.holding},
            stamp=at,
            href=rows_behind("telephone", scope),
            beside_href=rows_behind("holding", scope),
        ),
    ]
