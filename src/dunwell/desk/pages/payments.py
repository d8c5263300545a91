"""Announced payments (已还待入账): which wait for the host, until when, and dropping one that will not come."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from dunwell.casework.models import Case
from dunwell.compliance.queries import withheld
from dunwell.desk import words
from dunwell.identity.models import User
from dunwell.identity.pages.guard import requires
from dunwell.payments import services
from dunwell.payments.models import Payment, PaymentAnswer
from dunwell.payments.rules.announced import last_day
from dunwell.portfolio import reference

SHOWN = 200


def _of(request: HttpRequest):
    """The announced payments of the user's entity, without those of persons whose cases he may not open."""
    hidden = withheld(request.user.pk, now=timezone.now(), party="account__party_id")
    return Payment.objects.filter(provisional=True, account__entity_id=request.user.entity_id).exclude(hidden)


@requires("payment.enter")
@require_GET
def payments(request: HttpRequest) -> HttpResponse:
    """What waits, the oldest first, and what the last ones came to; of one case with `?case=`."""
    found, case_no = _of(request).select_related("account__party", "answer"), request.GET.get("case", "")
    if case_no:
        found = found.filter(account__party__cases__case_no=case_no)
    waiting = list(found.filter(answer=None).order_by("business_date", "id")[:SHOWN])
    ended = list(found.filter(answer__isnull=False).order_by("-answer__recorded_at", "-pk")[:50])
    every = [*waiting, *ended]
    cases = dict(
        Case.objects.filter(party__in={one.account.party_id for one in every}, entity_id=request.user.entity_id)
        .order_by("id")
        .values_list("party_id", "case_no")
    )
    people = User.objects.in_bulk({one.recorded_by for one in every if one.recorded_by})
    calendar = reference.calendar()

    def shown(one: Payment) -> dict[str, object]:
        by = people.get(one.recorded_by)
        return {
            "payment": one,
            "case_no": cases.get(one.account.party_id, ""),
            "by": by.name(request.user.language) if by else words.PAYMENT_SOURCES.get(one.source, one.source),
            "last_day": last_day(one.business_date, calendar=calendar),
        }

    return render(
        request,
        "desk/payments.html",
        {
            "waiting": [shown(one) for one in waiting],
            "ended": [{**shown(one), "answer": words.PAYMENT_ANSWERS[one.answer.answer]} for one in ended],
            "case_no": case_no,
        },
    )


@requires("payment.enter")
@require_POST
def drop(request: HttpRequest, payment_id: int) -> HttpResponse:
    """The host has not booked it and will not: what it had stopped goes on. Its first answer stands."""
    found = get_object_or_404(_of(request), pk=payment_id)
    said = services.answer(
        payment_id=found.pk, answer=PaymentAnswer.Answer.DROPPED, by=request.user.actor, now=timezone.now()
    )
    if said.answer == PaymentAnswer.Answer.DROPPED:
        messages.success(request, _("Dropped. What is past due follows within a minute, and demands go on."))
    else:
        messages.info(
            request, _("It was answered meanwhile: %(answer)s.") % {"answer": words.PAYMENT_ANSWERS[said.answer]}
        )
    return HttpResponseRedirect("/payments")
