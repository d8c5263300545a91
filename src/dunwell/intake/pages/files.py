"""The files of a business date with their totals, what is missing, uploading; and one file with its quarantine."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from dunwell.identity.pages.guard import requires
from dunwell.intake import contract as contracts
from dunwell.intake import mapping as mappings
from dunwell.intake import queries, sentences
from dunwell.intake.models import IntakeFile
from dunwell.intake.refusal import Refused
from dunwell.intake.services import Taken, take
from dunwell.intake.services.taking import spool
from dunwell.kernel import times


def _asked_day(request: HttpRequest) -> date:
    text = request.POST.get("day") or request.GET.get("day", "")
    if text:
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise Http404(text) from None
    return times.business_date(timezone.now()) - timedelta(days=1)


def _shown(file: IntakeFile) -> dict[str, object]:
    return {
        "file": file,
        "kind": sentences.kind(file.kind),
        "status": {
            IntakeFile.Status.TAKEN: _("in force"),
            IntakeFile.Status.REFUSED: _("refused"),
            IntakeFile.Status.SUPERSEDED: _("superseded"),
        }[file.status],
        "tone": {IntakeFile.Status.TAKEN: "ok", IntakeFile.Status.REFUSED: "danger"}.get(file.status, ""),
        "refusal": sentences.refusal(file.refusal) if file.refusal else "",
        "totals": sentences.totals(file) if file.status != IntakeFile.Status.REFUSED else "",
        "changes": sentences.changed(file.changes) if file.supersedes_id and file.changes else "",
    }


@requires("intake.view")
def days(request: HttpRequest) -> HttpResponse:
    """GET: the files of a day. POST (intake.mend): take an uploaded file, with a mapping or without."""
    if request.method == "POST":
        return _upload(request)
    return _day_page(request, _asked_day(request))


def _day_page(request: HttpRequest, day: date, *, error: str = "", status: int = 200) -> HttpResponse:
    now, entity_id = timezone.now(), request.user.entity_id
    return render(
        request,
        "intake/days.html",
        {
            "day": day,
            "files": [_shown(file) for file in queries.files_of(day, entity_id=entity_id)],
            "missing": [
                {
                    "sentence": sentences.missing(
                        each.kind, each.due, each.late, daily=each.daily, refused=each.refused is not None
                    ),
                    "late": (each.late and each.daily) or each.refused is not None,
                }
                for each in queries.missing_files(day, now, entity_id=entity_id)
            ],
            "days": queries.days(entity_id=entity_id),
            "kinds": [(kind, sentences.kind(kind)) for kind in contracts.KINDS],
            "may_mend": request.user.may("intake.mend"),
            "error": error,
            "typed": request.POST,
        },
        status=status,
    )


@requires("intake.mend")
def _upload(request: HttpRequest) -> HttpResponse:
    day = _asked_day(request)
    sent = request.FILES.get("file")
    if sent is None:
        return _day_page(request, day, error=_("Choose a file first."), status=422)
    try:
        mapping = _mapping(request.FILES.get("mapping"))
    except Refused as refusal:
        said = {"code": refusal.code, **refusal.params}
        return _day_page(request, day, error=sentences.refusal(said), status=422)
    answer = _take(request, sent, day, mapping)
    if answer.outcome == "already":
        messages.info(request, _("%(file)s was taken already; nothing changed.") % {"file": answer.file.name})
    else:
        messages.add_message(
            request, messages.ERROR if answer.refused else messages.SUCCESS, sentences.of_file(answer.file)
        )
    return HttpResponseRedirect(reverse("intake:file", args=[answer.file.pk]))


def _mapping(sent: UploadedFile | None) -> mappings.Mapping:
    if sent is None:
        return mappings.Mapping()
    try:
        return mappings.read(sent.read().decode("utf-8-sig"), name=sent.name or "")
    except UnicodeDecodeError:
        raise mappings.wrong(sent.name or "", "", "is not UTF-8") from None


def _take(request: HttpRequest, sent: UploadedFile, day: date, mapping: mappings.Mapping) -> Taken:
    name = Path(sent.name or "file").name
    with spool() as folder:
        path = folder / "delivered"
        with path.open("wb") as out:
            for block in sent.chunks():
                out.write(block)
        return take(
            path=path, name=name, business_date=day, entity=request.user.entity, now=timezone.now(),
            by=request.user.actor, mapping=mapping, contract=request.POST.get("kind") or None,
        )  # fmt: skip


@requires("intake.view")
def file(request: HttpRequest, file_id: int) -> HttpResponse:
    """One file: figures, control totals, warnings, what it changed, and its quarantine."""
    found = get_object_or_404(IntakeFile.objects.select_related("entity"), pk=file_id, entity=request.user.entity_id)
    after = request.GET.get("after", "0")
    rows = queries.quarantine(found, after=int(after) if after.isdecimal() else 0)
    last = rows[queries.PAGE - 1].row_number if len(rows) > queries.PAGE else None
    control = found.control or {}
    return render(
        request,
        "intake/file.html",
        {
            **_shown(found),
            "sentence": sentences.of_file(found),
            "rows": [
                {
                    "row": row,
                    "sentence": sentences.fault(row.code, row.found, row.expected),
                    "status": {"open": _("waiting"), "resent": _("mended"), "discarded": _("left out")}[row.status],
                }
                for row in rows[: queries.PAGE]
            ],
            "last": last,
            "waiting": found.quarantine.filter(status="open").count(),
            "warnings": [(sentences.warning(code), count) for code, count in sorted(found.warnings.items())],
            "sums": [(column, *pair) for column, pair in (control.get("sums") or {}).items()],
            "said_rows": control.get("rows"),
            "superseded_by": IntakeFile.objects.filter(supersedes=found).first(),
            "may_mend": request.user.may("intake.mend") and found.status == IntakeFile.Status.TAKEN,
        },
    )
