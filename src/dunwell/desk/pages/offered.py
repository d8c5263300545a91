"""What was offered or agreed, sent to the cardholder: a link to his own page by a text message, an e-mail or a letter."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dunwell.arrangements.models import Arrangement
from dunwell.channels.lines import connected
from dunwell.channels.rules import TextError
from dunwell.channels.services.queueing import POINT_KINDS, WrongPoint
from dunwell.compliance import services as compliance
from dunwell.desk.pages.case import find
from dunwell.desk.reaching import told
from dunwell.identity.pages.guard import requires
from dunwell.portfolio.models import ContactPoint
from dunwell.selfservice import services
from dunwell.selfservice.agreed import STATES

CHANNEL_OF = {kind: channel for channel, kinds in POINT_KINDS.items() for kind in kinds if channel != "im"}


def points_of(party_id: int) -> list[ContactPoint]:
    """Where a link to his page can go: his valid points whose line is connected. One query; none without the page."""
    kinds = [kind for kind, channel in CHANNEL_OF.items() if connected(channel)] if settings.CARDHOLDER_URL else []
    if not kinds:
        return []
    found = ContactPoint.objects.filter(party_id=party_id, kind__in=kinds, status=ContactPoint.Status.VALID)
    return list(found.order_by("kind", "id"))


def may_be_sent(standing: str) -> bool:
    """Whether there is something of it for him to see."""
    return standing in STATES and standing != Arrangement.Standing.PROPOSED


@requires("message.send")
@require_POST
def send(request: HttpRequest, case_no: str, arrangement_id: int) -> HttpResponse:
    """Put the link's message into the outbox, where the gate decides."""
    case = find(request, case_no)
    made = Arrangement.objects.filter(pk=arrangement_id, party_id=case.party_id).first()
    point = next((one for one in points_of(case.party_id) if str(one.pk) == request.POST.get("point")), None)
    if made is None or not may_be_sent(made.standing):
        raise Http404(str(arrangement_id))
    if point is None:
        messages.error(request, _("Choose a contact point."))
    else:
        _sent(request, made, point)
    return HttpResponseRedirect(f"/cases/{case_no}/arrangement")


def _sent(request: HttpRequest, made: Arrangement, point: ContactPoint) -> None:
    key = f"offer-{made.pk}-{request.POST.get('key') or secrets.token_hex(8)}"[:80]
    try:
        queued = services.send_offer(
            arrangement_id=made.pk,
            contact_point_id=point.pk,
            by=request.user.actor,
            now=timezone.now(),
            key=key,
        )
    except (TextError, WrongPoint):
        messages.error(request, _("There is no approved text for this now."))
        return
    if queued.state == queued.State.REFUSED:
        messages.error(
            request, _("Refused by the gate: %(why)s") % {"why": told(compliance.decision_of(queued.decision))}
        )
    else:
        messages.success(request, _("In the outbox. The gate decides again when it leaves."))
