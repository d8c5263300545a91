"""/recordings: each morning the answered calls without a recording; one recording, heard in the page."""

from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dunwell.channels import services
from dunwell.channels.models import Recording
from dunwell.channels.services import recordings
from dunwell.compliance.queries import may_open
from dunwell.compliance.words import OUTCOMES
from dunwell.evidence import services as evidence
from dunwell.evidence.pages import handed_out
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.kernel.times import business_date

MOST = 200


@requires("audit.view")
@require_GET
def missing(request: HttpRequest) -> HttpResponse:
    """Answered calls of a day (yesterday, unless another is asked for) that have no recording."""
    yesterday = business_date(timezone.now()) - timedelta(days=1)
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = yesterday
    found = recordings.missing(entity_id=request.user.entity_id, day=day)
    rows = list(found[:MOST])
    staff = dict(User.objects.filter(pk__in={row.by_id for row in rows}).values_list("pk", "staff_no"))
    context = {
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1) if day < yesterday else None,
        "count": found.count(),
        "rows": [(row, staff.get(row.by_id, ""), OUTCOMES.get(row.outcome, row.outcome)) for row in rows],
    }
    return render(request, "channels/recordings_missing.html", context)


@requires("case.view")
@require_GET
def recording(request: HttpRequest, recording_id: int) -> HttpResponse:
    """The sound, whole, so that the page's player can go back and forth in it; who listened is logged."""
    user, now = request.user, timezone.now()
    found = Recording.objects.filter(pk=recording_id).select_related("match__contact", "file").first()
    contact = found.match.contact if found is not None and hasattr(found, "match") else None
    if contact is not None and not may_open(contact.party_id, user_id=user.pk, now=now):
        raise PermissionDenied("a listed person's recording")
    if found is not None and found.entity_id == user.entity_id and found.file.destroyed_under is not None:
        return handed_out(found.file)
    try:
        file = services.listen(
            recording_id=recording_id, entity_id=user.entity_id, now=now,
            by=user.actor,
        )  # fmt: skip
    except Recording.DoesNotExist:
        raise Http404 from None
    return HttpResponse(evidence.read_file(file), content_type=found.media_type)
