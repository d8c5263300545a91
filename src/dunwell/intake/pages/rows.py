"""One row of quarantine: opened on purpose (logged), mended and sent again, or left out; all rows as a file."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_POST

from dunwell.identity.pages.guard import requires
from dunwell.intake import sentences
from dunwell.intake.models import IntakeFile, QuarantinedRow
from dunwell.intake.refusal import Refused
from dunwell.intake.services import discard, export_rows, mend, open_row, reveal_row

CELL = "cell-"


def _row(request: HttpRequest, row_id: int) -> QuarantinedRow:
    return get_object_or_404(
        QuarantinedRow.objects.select_related("file", "file__entity"), pk=row_id, file__entity=request.user.entity_id
    )


@sensitive_variables("cells")
def _page(
    request: HttpRequest, row: QuarantinedRow, cells: list[tuple[str, str]], *, errors: list[str], status: int = 200
) -> HttpResponse:
    return render(
        request,
        "intake/row.html",
        {
            "row": row,
            "file": row.file,
            "sentence": sentences.of_row(row.file, row),
            "cells": cells,
            "errors": errors,
            "waiting": row.status == QuarantinedRow.Status.OPEN and row.file.status == IntakeFile.Status.TAKEN,
            "may_mend": request.user.may("intake.mend"),
        },
        status=status,
    )


@requires("intake.view")
def row(request: HttpRequest, row_id: int) -> HttpResponse:
    """GET: where the row stands and what is wrong, its values hidden. POST (intake.mend): mended values."""
    found = _row(request, row_id)
    return _mend(request, found) if request.method == "POST" else _page(request, found, [], errors=[])


@requires("intake.mend")
@require_POST
def reveal(request: HttpRequest, row_id: int) -> HttpResponse:
    """The row's values in a form. Logged."""
    found = _row(request, row_id)
    cells = reveal_row(row=found, by=request.user.actor, now=timezone.now())
    return _page(request, found, [(name, value or "") for name, value in cells.items()], errors=[])


@sensitive_post_parameters()
@requires("intake.mend")
def _mend(request: HttpRequest, row: QuarantinedRow) -> HttpResponse:
    known = set(open_row(row=row))
    typed = {
        name.removeprefix(CELL): str(value)
        for name, value in request.POST.items()
        if name.startswith(CELL) and name.removeprefix(CELL) in known
    }
    try:
        mended = mend(file=row.file, rows={row.row_number: typed}, by=request.user.actor, now=timezone.now())
    except Refused as refusal:
        said = sentences.refusal({"code": refusal.code, **refusal.params})
        return _page(request, row, list(typed.items()), errors=[said], status=422)
    if mended.wrong:
        said = [
            f"{sentences.place(row.file.name, each.row, each.column)}: "
            f"{sentences.fault(each.code, each.found, each.expected)}"
            for each in mended.wrong
        ]
        return _page(request, row, list(typed.items()), errors=said, status=422)
    if mended.taken:
        messages.success(request, _("Row %(row)s was mended and taken.") % {"row": row.row_number})
    else:
        messages.info(request, _("Row %(row)s was answered already; nothing changed.") % {"row": row.row_number})
    return HttpResponseRedirect(reverse("intake:file", args=[mended.file.pk]))


@requires("intake.mend")
@require_POST
def leave_out(request: HttpRequest, row_id: int) -> HttpResponse:
    """Leave the row out for good."""
    found = discard(row=_row(request, row_id), by=request.user.actor, now=timezone.now())
    messages.info(request, _("Row %(row)s was left out.") % {"row": found.row_number})
    return HttpResponseRedirect(reverse("intake:file", args=[found.file_id]))


@requires("intake.mend")
@require_POST
def export(request: HttpRequest, file_id: int) -> HttpResponse:
    """The waiting rows as CSV, to be mended elsewhere and sent again. Logged."""
    file = get_object_or_404(IntakeFile, pk=file_id, entity=request.user.entity_id)
    text = export_rows(file=file, by=request.user.actor, now=timezone.now())
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file.kind}_{file.business_date}_mend.csv"'
    return response
