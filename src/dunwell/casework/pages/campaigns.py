"""/campaigns: cases given out to a dialler or a robot, how each list stands, and call records handed in as a file."""

from __future__ import annotations

import csv
import io
import secrets
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.casework import words
from dunwell.casework.models import Case
from dunwell.casework.queries.lists import QUEUES, Filter
from dunwell.casework.services import campaigns as casework
from dunwell.channels.lines import LineError, diallers
from dunwell.channels.models import Campaign
from dunwell.channels.services import campaigns
from dunwell.channels.services.campaigns import files, standing
from dunwell.channels.services.campaigns.giving import ended
from dunwell.compliance.queries import in_force
from dunwell.compliance.words import OUTCOMES, rule
from dunwell.evidence import services as evidence
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date
from dunwell.strategy.queries import segment_name

HOURS, MOST_HOURS = 12, 240
PAGE = 500


@requires("case.hand_out")
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """Every campaign with its counts, records of nothing we know, and the form for a new one."""
    return render(request, "casework/campaigns.html", _context(request))


def _context(request: HttpRequest, error: str = "") -> dict[str, object]:
    entity_id, now = request.user.entity_id, timezone.now()
    try:
        found = diallers()
    except LineError as wrong:
        found, error = (), error or str(wrong)
    open_cases = Case.objects.filter(entity_id=entity_id, closed_on=None).order_by()
    return {
        "error": error,
        "typed": request.POST,
        "rows": [(one, ended(one.campaign, now)) for one in standing.campaigns_of(entity_id=entity_id)],
        "problems": _problems(standing.problems_of(entity_id=entity_id)),
        "lines": [(line.code, words.CHANNELS_OUT[line.channel]) for line in found],
        "buckets": sorted(open_cases.values_list("bucket", flat=True).distinct()),
        "segments": [
            (code, segment_name(code, get_language() or "zh-hans"))
            for code in sorted(filter(None, open_cases.values_list("segment", flat=True).distinct()))
        ],
        "queues": [(queue, words.QUEUES[queue]) for queue in QUEUES],
        "hours": HOURS,
        "key": secrets.token_hex(12),
    }


def _problems(found: object) -> list[tuple]:
    return [(one, words.RECORD_PROBLEMS.get(one.problem, one.problem)) for one in found]  # type: ignore[attr-defined]


@requires("case.hand_out")
@require_POST
def give_out(request: HttpRequest) -> HttpResponse:
    """Gives the chosen cases out. What cannot be is said, and what was typed stays."""
    typed, now = request.POST, timezone.now()
    line = next((line for line in diallers() if line.code == typed.get("line")), None)
    hours = typed.get("hours", "")
    error = ""
    if line is None:
        error = _("Choose a dialler.")
    elif not typed.get("title", "").strip():
        error = _("Give the campaign a title.")
    elif not hours.isdecimal() or not 1 <= int(hours) <= MOST_HOURS:
        error = _("Write the hours as a whole number, 1 to %(most)s.") % {"most": MOST_HOURS}
    if error or line is None:
        return render(request, "casework/campaigns.html", _context(request, error), status=422)
    asked = Filter(
        bucket=typed.get("bucket", ""), segment=typed.get("segment", ""),
        queue=typed.get("queue", "") if typed.get("queue", "") in QUEUES else "",
    )  # fmt: skip
    made = casework.give_out(
        line=line, asked=asked, title=typed["title"].strip(), flow=typed.get("flow", "").strip(),
        ends_at=now + timedelta(hours=int(hours)), user=request.user, now=now,
        key=f"page-{request.user.pk}-{typed.get('key', '')[:40] or secrets.token_hex(12)}",
    )  # fmt: skip
    return HttpResponseRedirect(f"/campaigns/{made.pk}")


def _found(request: HttpRequest, campaign_id: int) -> Campaign:
    found = Campaign.objects.select_related("end").filter(pk=campaign_id, entity_id=request.user.entity_id).first()
    if found is None:
        raise Http404(campaign_id)
    return found


@requires("case.hand_out")
@require_GET
def shown(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """One campaign: progress, what came of its calls, what was taken back, records that nothing could be made of."""
    return _shown(request, _found(request, campaign_id))


def _shown(request: HttpRequest, campaign: Campaign, wrong: tuple[str, ...] = ()) -> HttpResponse:
    (progress,) = standing.campaigns_of(entity_id=campaign.entity_id, only=campaign.pk)
    pack = in_force(business_date(timezone.now()))
    context = {
        "campaign": campaign,
        "progress": progress,
        "channel": words.CHANNELS_OUT[campaign.channel],
        "ended": ended(campaign, timezone.now()),
        "chosen": [_chosen(name, str(value)) for name, value in campaign.chosen.items()],
        "outcomes": [
            (OUTCOMES.get(outcome, outcome), number) for outcome, number in standing.outcomes_of(campaign).items()
        ],
        "pulled": [(one, rule(one.rule, pack)) for one in standing.pulled_of(campaign)],
        "problems": _problems(standing.problems_of(entity_id=campaign.entity_id, campaign=campaign)),
        "wrong": wrong,
        "may_export": request.user.may("report.export"),
    }
    return render(request, "casework/campaign.html", context, status=422 if wrong else 200)


def _chosen(name: str, value: str) -> str:
    """What the cases were chosen by, in words."""
    if name == "segment":
        return segment_name(value, get_language() or "zh-hans")
    return str(words.QUEUES.get(value, value)) if name == "queue" else value


@requires("case.hand_out")
@require_POST
def end(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Nothing of it is dialled from now on."""
    found = _found(request, campaign_id)
    campaigns.end_campaign(campaign_id=found.pk, by=request.user.actor, now=timezone.now())
    return HttpResponseRedirect(f"/campaigns/{found.pk}")


@requires("report.export")
@require_GET
def entries(request: HttpRequest, campaign_id: int) -> StreamingHttpResponse:
    """The list as a file: references and masked numbers. Who took it stands in the log."""
    campaign, now = _found(request, campaign_id), timezone.now()
    line = next((line for line in diallers() if line.code == campaign.line), None)
    if line is None or line.options["asks"] == "list":
        raise Http404(campaign.line)  # a list with numbers and reserved dials leaves by the API alone
    evidence.write(
        kind="campaign.exported", now=now, by=request.user.actor, entity_id=campaign.entity_id,
        data={"campaign": campaign.pk},
    )  # fmt: skip

    def lines() -> Iterator[str]:
        yield ",".join(files.COLUMNS) + "\r\n"
        after: int | None = 0
        while after is not None:
            found, after = campaigns.given(campaign=campaign, line=line, after=after, limit=PAGE, now=now)
            for row in files.rows_of(found):
                out = io.StringIO()
                csv.writer(out).writerow(row)
                yield out.getvalue()

    return StreamingHttpResponse(
        lines(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="campaign-{campaign.pk}.csv"'},
    )


@requires("case.hand_out")
@require_POST
def results(request: HttpRequest, campaign_id: int) -> HttpResponse:
    """Takes call records from a file, which is kept; rows that are wrong are said, the others are taken."""
    campaign, now = _found(request, campaign_id), timezone.now()
    line = next((line for line in diallers() if line.code == campaign.line), None)
    upload = request.FILES.get("file")
    if upload is None or line is None:
        return _shown(request, campaign, (_("Choose a file of call records."),))
    name = Path(upload.name or "records.csv").name
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.csv"
        with path.open("wb") as out:
            for chunk in upload.chunks():
                out.write(chunk)
        kept = evidence.keep_file(path=path, now=now, name=name)
        told, wrong = files.read_records(path, name)
    took = campaigns.take_records(line=line, told=told, now=now)
    evidence.write(
        kind="campaign.records", now=now, by=request.user.actor, entity_id=campaign.entity_id,
        data={"campaign": campaign.pk, "sha256": kept.sha256, "taken": took.new, "problems": took.problems,
              "wrong": len(wrong)},
    )  # fmt: skip
    messages.success(request, ngettext("%(n)s record was new.", "%(n)s records were new.", took.new) % {"n": took.new})
    return _shown(request, campaign, tuple(wrong)) if wrong else HttpResponseRedirect(f"/campaigns/{campaign.pk}")
