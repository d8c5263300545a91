"""/outbox/letters/<number>: the letter as it was handed over."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_GET

from dunwell.channels.models import Letter
from dunwell.compliance.queries import may_open
from dunwell.evidence import services as evidence
from dunwell.evidence.pages import handed_out
from dunwell.identity.pages.guard import requires


@requires("case.view")
@require_GET
def letter(request: HttpRequest, message_id: int) -> HttpResponse:
    """The PDF, with name and address in clear; who opened it is logged."""
    user, now = request.user, timezone.now()
    found = get_object_or_404(
        Letter.objects.select_related("message", "file"), pk=message_id, message__entity_id=user.entity_id
    )
    message = found.message
    if not may_open(message.party_id, user_id=user.pk, now=now):
        raise PermissionDenied("a listed person's letter")
    evidence.write(
        kind="letter.read", now=now, by=user.actor,
        party_id=message.party_id, case_id=message.case_id, data={"message": message.pk},
    )  # fmt: skip
    return handed_out(found.file, name=f"letter-{message.pk}.pdf", inline=True)
