"""Announcements that the host never answered."""

from __future__ import annotations

from datetime import datetime

from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.payments.models import PaymentAnswer
from dunwell.payments.rules.announced import last_day
from dunwell.payments.services.receiving import answer, open_announcements
from dunwell.portfolio import reference

BATCH = 1000


def expire(*, now: datetime) -> int:
    """Answer each announcement whose last day is over as expired: what it had stopped goes on. Answers how many.

    Should the host post it later, that booking counts by itself.
    """
    today, calendar, by = business_date(now), reference.calendar(), Actor.program("worker")
    waiting = open_announcements().filter(business_date__lt=today).order_by("business_date", "id")[:BATCH]
    over = [one.pk for one in waiting if last_day(one.business_date, calendar=calendar) < today]
    for payment_id in over:
        answer(payment_id=payment_id, answer=PaymentAnswer.Answer.EXPIRED, by=by, now=now)
    return len(over)
