"""From a figure of the book down to its accounts: those of a night from its tables, stages as they stand now."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import pgettext, pgettext_lazy

from dunwell.casework.models import Case
from dunwell.compliance.queries import withheld
from dunwell.evidence import services as evidence
from dunwell.frame.templatetags.frame import day
from dunwell.frame.templatetags.frame import moment as moment_of
from dunwell.identity.pages.guard import requires
from dunwell.nightly.models import Run
from dunwell.oversight import drilldown, export, queries, rules, words
from dunwell.oversight.pages.behind import exported as export_table
from dunwell.oversight.pages.shown import now
from dunwell.portfolio.models import Account

#: How many rows a file holds: a workbook is made in memory, lines of CSV leave one by one.
FORMS = {"xlsx": 200_000, "csv": 5_000_000}
BUCKET_WORDS = {rules.LEFT: pgettext_lazy("the book", "Left")}


def folder(business_date: date) -> Path | None:
    """Where the published run of a date keeps its files; None when there is none."""
    run = Run.objects.filter(business_date=business_date, state=Run.State.PUBLISHED).order_by("-number").first()
    return folder_of(run) if run else None


def folder_of(run: Run) -> Path:
    return Path(settings.LAKE) / f"date={run.business_date}" / f"run={run.number}"


def published_up_to(business_date: date) -> date:
    """The last business date up to a date whose run is published."""
    found = Run.objects.filter(business_date__lte=business_date, state=Run.State.PUBLISHED)
    last = found.order_by("-business_date").values_list("business_date", flat=True).first()
    if last is None:
        raise drilldown.NotKept(business_date.isoformat())
    return last


@requires("report.view")
def accounts(request: HttpRequest) -> HttpResponse:
    """The accounts behind a bucket, a stage, a cell of the roll rates or a cohort; `?format=csv` gives all of them."""
    last = queries.last_day()
    if last is None:
        raise Http404("nothing published")
    form = request.GET.get("format", "")
    exported = form in FORMS
    if exported and not request.user.may("report.export"):
        raise Http404("format")
    asked = {key: value for key, value in request.GET.items() if key not in ("after", "format")}
    after = "" if exported else request.GET.get("after", "")
    try:
        found, context = _asked(request, last, after=after, limit=FORMS.get(form, drilldown.PAGE))
    except drilldown.NotKept:
        return render(
            request,
            "oversight/accounts.html",
            {"gone": True, "heading": pgettext("report", "Accounts"), "back": "/portfolio"},
        )
    except (KeyError, ValueError) as error:
        raise Http404(str(error)) from error
    found = replace(found, rows=_withheld(request, found.rows, all_of_them=exported))
    if form == "csv":
        return _csv(request, found)
    if exported:
        names = drilldown.AccountRow.__slots__
        lines = [tuple(getattr(row, name) for name in names) for row in found.rows]
        return export_table(request, export.Table("accounts", names, lines), form, name="accounts", at=now())
    may_open = request.user.may("case.view")
    cases = dict(
        Case.objects.filter(
            party__party_no__in={row.party_no for row in found.rows if row.party_no}, closed_on=None
        ).values_list("party__party_no", "case_no")
    )
    rows = [
        {
            "account_no": row.account_no,
            "from_bucket": row.from_bucket,
            "bucket": context.get("bucket_words", BUCKET_WORDS).get(row.bucket, row.bucket),
            "balance": row.balance,
            "past_due": row.past_due,
            "oldest_due_date": row.oldest_due_date,
            "days_delinquent": row.days_delinquent,
            "case_no": cases.get(row.party_no, ""),
            "case_href": f"/cases/{cases[row.party_no]}" if may_open and row.party_no in cases else "",
        }
        for row in found.rows
    ]
    more = f"/portfolio/accounts?{urlencode({**asked, 'after': found.more_after})}" if found.more_after else ""
    return render(
        request,
        "oversight/accounts.html",
        {
            **context,
            "found": found,
            "rows": rows,
            "more_href": more,
            "downloads": [
                (form.upper(), f"/portfolio/accounts?{urlencode({**asked, 'format': form})}")
                for form, most in FORMS.items()
                if found.accounts <= most
            ],
            "may_export": request.user.may("report.export"),
        },
    )


def _withheld(
    request: HttpRequest, rows: Sequence[drilldown.AccountRow], *, all_of_them: bool
) -> list[drilldown.AccountRow]:
    """The rows, those of persons whose cases the user may not open without their numbers: the sums stay what they are."""
    closed = Account.objects.filter(withheld(request.user.pk, now=now()))
    if not all_of_them:
        closed = closed.filter(account_no__in=[row.account_no for row in rows])
    numbers = set(closed.values_list("account_no", flat=True))
    return [replace(row, account_no="****", party_no="") if row.account_no in numbers else row for row in rows]


def _asked(request: HttpRequest, last: date, *, after: str, limit: int) -> tuple[drilldown.Accounts, dict[str, object]]:
    currency = request.GET.get("currency") or queries.currencies(last)[0]
    labels = {
        "bucket_label": pgettext("report", "Bucket"),
        "balance_label": pgettext("report", "Balance"),
        "past_due_label": pgettext("report", "Past due"),
        "back": "/portfolio",
    }
    stamp = pgettext("report", "close of %(day)s") % {"day": day(last)}
    if "live" in request.GET:
        if request.GET.get("stage", "") not in ("", *rules.STAGES):
            raise KeyError(request.GET["stage"])
        stage, moment = request.GET.get("stage", ""), now()
        found = queries.live_accounts(
            entity_id=request.user.entity_id, currency=currency, stage=stage, after=after, limit=limit
        )
        heading = str(words.STAGES[stage]) if stage else pgettext("report", "Stages")
        return found, {**labels, "heading": heading, "stamp": moment_of(moment), "back": "/reports/stages"}
    if "rate" in request.GET:
        month, rate = date.fromisoformat(request.GET["month"]), request.GET["rate"]
        found = drilldown.rated(
            _tables(month),
            _tables(rules.month_end_before(month)),
            currency=currency,
            rate=rate,
            after=after,
            limit=limit,
        )
        return found, {
            **labels,
            "heading": pgettext("report", "Entry rate") if rate == "entry" else pgettext("report", "Cure rate"),
            "stamp": f"{rules.month_end_before(month)} → {month}",
            "two": True,
            "from_label": pgettext("report", "From"),
            "bucket_label": pgettext("report", "To"),
            "balance_label": pgettext("report", "Balance at the month's start"),
            "counted_label": pgettext("report", "Entered") if rate == "entry" else pgettext("report", "Cured"),
            "back": "/reports/roll-rates",
        }
    if "month" in request.GET:
        month = date.fromisoformat(request.GET["month"])
        source, to = request.GET["from"], request.GET["to"]
        found = drilldown.moved(
            _tables(month),
            _tables(rules.month_end_before(month)),
            currency=currency,
            from_bucket=source,
            to_bucket=to,
            after=after,
            limit=limit,
        )
        context = {
            **labels,
            "heading": f"{source} → {to}",
            "stamp": f"{rules.month_end_before(month)} → {month}",
            "two": True,
            "from_label": pgettext("report", "From"),
            "bucket_label": pgettext("report", "To"),
            "balance_label": pgettext("report", "Balance at the month's start"),
        }
        return found, context
    if "first" in request.GET:
        run = folder(last)
        if run is None:
            raise drilldown.NotKept(last.isoformat())
        found = drilldown.first_payments(
            run / "inputs", run / "tables", currency=currency, day=last, after=after, limit=limit
        )
        context = {
            **labels,
            "heading": pgettext("report", "First statements"),
            "stamp": stamp,
            "two": True,
            "from_label": pgettext("report", "Due on"),
            "bucket_label": pgettext("report", "Payment"),
            "bucket_words": {
                drilldown.UNPAID: pgettext("first statement", "unpaid"),
                drilldown.PAID: pgettext("first statement", "paid"),
            },
        }
        return found, context
    if "cohort" in request.GET:
        cohort = date.fromisoformat(request.GET["cohort"])
        at = published_up_to(date.fromisoformat(request.GET["at"])) if "at" in request.GET else last
        found = drilldown.entered(_tables(at), currency=currency, cohort=cohort, after=after, limit=limit)
        context = {
            **labels,
            "heading": pgettext("report", "Entered in %(month)s") % {"month": f"{cohort:%Y-%m}"},
            "stamp": pgettext("report", "close of %(day)s") % {"day": day(at)},
            "two": True,
            "episode": True,
            "from_label": pgettext("report", "Entered on"),
            "bucket_label": pgettext("report", "Cured on"),
            "balance_label": pgettext("report", "Balance at entry"),
            "past_due_label": pgettext("report", "Recovered"),
            "back": "/reports/vintages",
        }
        return found, context
    bucket, stage, late = request.GET.get("bucket", ""), request.GET.get("stage", ""), "late" in request.GET
    if bucket not in ("", *rules.BUCKETS) or stage not in ("", *rules.STAGES):
        raise KeyError(bucket or stage)
    found = drilldown.in_bucket(
        _tables(last), currency=currency, bucket=bucket, stage=stage, late=late, after=after, limit=limit
    )
    heading = bucket or (
        str(words.STAGES[stage]) if stage else "M1–M7+" if late else pgettext("report", "All accounts")
    )
    return found, {**labels, "heading": heading, "stamp": stamp}


def _tables(business_date: date) -> Path:
    found = folder(business_date)
    if found is None:
        raise drilldown.NotKept(business_date.isoformat())
    return found / "tables"


class _Line:
    """What csv writes to: it hands the line straight back."""

    def write(self, text: str) -> str:
        return text


def _csv(request: HttpRequest, found: drilldown.Accounts) -> StreamingHttpResponse:
    user = request.user
    by = user.actor
    mark = evidence.mark_export(
        kind="report.exported", name="accounts", form="csv", rows=len(found.rows), by=by, now=now()
    )

    def lines() -> Iterator[str]:
        writer = csv.writer(_Line(), lineterminator="\n")
        yield writer.writerow([f"# {mark}"])
        yield writer.writerow(drilldown.AccountRow.__slots__)
        for row in found.rows:
            yield writer.writerow(
                ["" if (value := getattr(row, name)) is None else value for name in drilldown.AccountRow.__slots__]
            )

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="accounts.csv"'
    return response
