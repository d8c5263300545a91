"""Lists of cases, and the search. What a list shows stands in its address; what is searched for never does."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dunwell.casework import words as casework_words
from dunwell.casework.models import Case
from dunwell.casework.queries import CHIPS, QUEUES, Filter, case_list, chip_counts, queue_counts
from dunwell.compliance.queries import closed_to
from dunwell.desk import words
from dunwell.evidence import services as evidence
from dunwell.floor.pages.work import views_of
from dunwell.identity.pages.guard import requires
from dunwell.portfolio import services as portfolio
from dunwell.strategy.queries import segment_name

CHIP_WORDS = {
    "mine": lambda: pgettext("list", "Mine"),
    "assisting": lambda: pgettext("list", "Assisting"),
    "unowned": lambda: pgettext("list", "Without owner"),
    "call_back_due": lambda: pgettext("list", "Call-back due"),
    "promise_due": lambda: pgettext("list", "Promise due today"),
    "promise_broken": lambda: pgettext("list", "Promise broken"),
    "never_contacted": lambda: pgettext("list", "Never reached"),
    "number_invalid": lambda: pgettext("list", "No valid number"),
}
QUEUE_WORDS = {
    "call": lambda: pgettext("list", "For calls"),
    "visit": lambda: pgettext("list", "For visits"),
    "agency": lambda: pgettext("list", "For agencies"),
    "law_firm": lambda: pgettext("list", "For law firms"),
}
BUCKETS = ("M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7+")
COLUMNS = {
    "person": lambda: _("Person"),
    "bucket": lambda: _("Bucket"),
    "days": lambda: _("Days"),
    "past_due": lambda: pgettext("by itself", "Past due"),
    "balance": lambda: _("Owed"),
    "promise": lambda: _("Promise"),
    "reason": lambda: _("Why next"),
    "segment": lambda: _("Segment"),
    "owner": lambda: _("Owner"),
}
FIELDS = ("bucket", "stage", "segment", "queue", "owner")
USUAL = ("person", "bucket", "days", "past_due", "balance", "promise", "reason", "owner")
MOST_EXPORTED = 100_000


def asked_of(request: HttpRequest) -> Filter:
    """The filter in the address; what does not exist is left out."""
    get = request.GET.get
    owner = get("owner", "")
    return Filter(
        chips=tuple(dict.fromkeys(chip for chip in request.GET.getlist("chip") if chip in CHIPS)),
        bucket=get("bucket", "") if get("bucket") in BUCKETS else "",
        stage=get("stage", "") if get("stage") in words.STAGES else "",
        segment=get("segment", "")[:40],
        queue=get("queue", "") if get("queue") in QUEUES else "",
        owner=int(owner) if owner.isdigit() and len(owner) < 19 else None,
    )


def state(asked: Filter, columns: tuple[str, ...]) -> list[tuple[str, object]]:
    """Everything that a list's address says, as names and values; a form that changes one of them keeps the others."""
    pairs: list[tuple[str, object]] = [("chip", chip) for chip in asked.chips]
    pairs += [(name, value) for name in FIELDS if (value := getattr(asked, name))]
    return pairs + ([("column", column) for column in columns] if columns != USUAL else [])


def address(asked: Filter, columns: tuple[str, ...], **more: object) -> str:
    """The list's own address: the whole state, so that it can be kept and handed on."""
    pairs = state(asked, columns) + [(name, value) for name, value in more.items() if value]
    return f"/lists?{urlencode(pairs)}" if pairs else "/lists"


def _row(case: Case, language: str) -> dict[str, object]:
    return {
        "case": case,
        "promise": words.PROMISE_STATES.get(case.promise_state, ""),
        "reason": casework_words.reason(case.next_reason),
        "owner": case.owner.name(language) if case.owner else "",
        "held": case.held_by is not None and case.held_until is not None and case.held_until > timezone.now(),
    }


@requires("case.view")
def lists(request: HttpRequest) -> HttpResponse:
    """Open cases by chip, bucket, stage, segment or owner; 200 a page, by key."""
    asked, now, user = asked_of(request), timezone.now(), request.user
    columns = tuple(column for column in COLUMNS if column in request.GET.getlist("column")) or USUAL
    if request.GET.get("format") == "csv":
        return _csv(request, asked)
    after = request.GET.get("after", "").split(".")
    key = (
        (int(after[0]), int(after[1]))
        if len(after) == 2 and all(part.lstrip("-").isdigit() for part in after)
        else None
    )
    page = case_list(asked, user=user, now=now, after=key)
    counts = chip_counts(asked, user=user, now=now)
    chips = [
        {
            "words": CHIP_WORDS[name](),
            "count": counts[name],
            "on": name in asked.chips,
            "href": address(
                replace(
                    asked,
                    chips=tuple(c for c in asked.chips if c != name) if name in asked.chips else (*asked.chips, name),
                ),
                columns,
            ),
        }
        for name in CHIPS
    ]
    waiting = queue_counts(asked, user=user, now=now)
    queues = [
        {
            "words": QUEUE_WORDS[name](),
            "count": waiting[name],
            "on": name == asked.queue,
            "href": address(replace(asked, queue="" if name == asked.queue else name), columns),
        }
        for name in QUEUES
    ]
    whole = state(asked, columns)
    shown = {case.segment for case in page.cases} if "segment" in columns else set()
    segments = {code: segment_name(code, user.language) for code in shown}
    context = {
        "rows": [_row(case, user.language) | {"segment": segments.get(case.segment, "")} for case in page.cases],
        "chips": chips,
        "queues": queues,
        "kept": [pair for pair in whole if pair[0] not in ("bucket", "stage")],
        "kept_beside_columns": [pair for pair in whole if pair[0] != "column"],
        "buckets": BUCKETS,
        "stages": [(code, name) for code, name in words.STAGES.items() if code],
        "asked": asked,
        "columns": columns,
        "all_columns": [(code, name(), code in columns) for code, name in COLUMNS.items()],
        "more": address(asked, columns, after=f"{page.after[0]}.{page.after[1]}") if page.after else "",
        "csv": address(asked, columns, format="csv") if user.may("report.export") else "",
        "without": address(Filter(), columns),
        "whole": address(asked, columns),
        "own_query": address(asked, columns).removeprefix("/lists"),
        "views": views_of(request),
        "may_share": user.may("case.hand_out"),
        "may_many": user.may("case.work"),
    }
    return render(request, "desk/lists.html", context)


class _Line:
    """A file that hands each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def _csv(request: HttpRequest, asked: Filter) -> HttpResponse:
    if not request.user.may("report.export"):
        raise PermissionDenied("report.export")
    now, user = timezone.now(), request.user
    writer = csv.writer(_Line())

    def lines() -> Iterator[str]:
        yield writer.writerow(
            [
                "case_no",
                "party",
                "bucket",
                "days_delinquent",
                "currency",
                "past_due",
                "balance",
                "promise_state",
                "segment",
                "owner",
            ]
        )
        after, written = None, 0
        while written < MOST_EXPORTED:
            page = case_list(asked, user=user, now=now, after=after)
            for case in page.cases:
                owner = case.owner.staff_no if case.owner else ""
                yield writer.writerow(
                    [
                        case.case_no,
                        case.party.name_masked,
                        case.bucket,
                        case.days_delinquent,
                        case.currency,
                        case.past_due,
                        case.balance,
                        case.promise_state,
                        case.segment,
                        owner,
                    ]
                )
            written += len(page.cases)
            after = page.after
            if after is None:
                return

    told = list(lines())
    mark = evidence.mark_export(
        kind="list.exported",
        name=address(asked, USUAL),
        form="csv",
        rows=len(told) - 1,
        by=user.actor,
        now=now,
    )
    return StreamingHttpResponse(
        [f"\ufeff# {mark}\r\n", *told],
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="cases.csv"'},
    )


@requires("case.view")
def search(request: HttpRequest) -> HttpResponse:
    """A name, number, last four digits, account or case number; what was typed is sent by POST and not kept."""
    if request.method != "POST":
        return render(request, "desk/search.html", {"asked": False})
    text, user, now = request.POST.get("q", "").strip(), request.user, timezone.now()
    by_number = Case.objects.filter(case_no=text.upper(), entity_id=user.entity_id).first()
    if by_number is not None:
        evidence.write(
            kind="party.searched",
            now=now,
            by=user.actor,
            party_id=by_number.party_id,
            case_id=by_number.pk,
            data={"by": ["case_no"], "found": 1},
        )
        return HttpResponseRedirect(f"/cases/{by_number.case_no}")
    found = portfolio.search(text=text, entity_id=user.entity_id, by=user.actor, now=now) if text else []
    cases = {
        case.party_id: case
        for case in Case.objects.filter(party_id__in=[one.party_id for one in found]).order_by("opened_on", "id")
    }
    closed = closed_to(user.pk, [one.party_id for one in found], now=now)
    rows = [{"party": one, "case": cases.get(one.party_id), "closed": one.party_id in closed} for one in found]
    return render(request, "desk/search.html", {"asked": True, "found": rows})
