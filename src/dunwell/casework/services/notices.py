"""Statutory notices: each once in a cycle, by the same channels as every message, with the carrier's proof of delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from dunwell.arrears import queries as arrears
from dunwell.casework.models import Case, Notice
from dunwell.casework.rules.notices import Kind, kinds
from dunwell.channels import services as channels
from dunwell.channels.lines import connected
from dunwell.channels.models import Message
from dunwell.channels.rules import TextError
from dunwell.channels.services.queueing import POINT_KINDS
from dunwell.channels.services.texts import template_for
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import ContactPoint

NOTIFIER = Actor.program("notices")
AFTER = timedelta(seconds=1)  # it waits as a planned message does: refused for the hour, it leaves when they begin
UNREACHED = (Message.State.REFUSED, Message.State.FAILED, Message.State.UNDELIVERED, Message.State.CANCELLED)


@dataclass(frozen=True, slots=True)
class Notified:
    """The last try of a notice: by which message, its state, and when the carrier says it was delivered (the proof)."""

    notice: Notice
    state: str
    delivered_at: datetime | None

    @property
    def proven(self) -> bool:
        return self.delivered_at is not None


@transaction.atomic
def notify(*, case_id: int, kind: str, by: Actor, now: datetime) -> Notice | None:
    """Give a notice of the case's late cycle (its oldest unpaid due date). What was given already is answered again; one
    that did not reach him is tried again, by the next contact point. None when nothing can carry it.

    An unknown kind raises KeyError. The gate decides when the message leaves, as for every message.
    """
    wanted = kinds()[kind]
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    if case.oldest_due_date is None or case.closed_on is not None:
        return None
    given = list(
        Notice.objects.filter(party_id=case.party_id, kind=kind, cycle=case.oldest_due_date)
        .select_related("message")
        .order_by("pk")
    )
    if given and given[-1].message.state not in UNREACHED:
        return given[-1]
    tried = {notice.message.contact_point_id for notice in given}
    found = _carrier(case, wanted, tried, now)
    if found is None:
        return None
    text, point = found
    number = len(given) + 1
    message = channels.queue_message(
        party_id=case.party_id, contact_point_id=point.pk, template_code=text, case_id=case.pk, case_no=case.case_no,
        not_before=now + AFTER, by=by, now=now, key=f"notice-{case.party_id}-{kind}-{case.oldest_due_date:%Y%m%d}-{number}",
    )  # fmt: skip
    notice = Notice.objects.create(
        entity_id=case.entity_id, party_id=case.party_id, case=case, kind=kind, cycle=case.oldest_due_date, nr=number,
        message=message, recorded_at=now, recorded_by=by.user_id,
    )  # fmt: skip
    evidence.write(
        kind="notice.given", now=now, by=by, entity_id=case.entity_id, party_id=case.party_id, case_id=case.pk,
        data={"notice": notice.pk, "kind": kind, "cycle": notice.cycle.isoformat(), "message": message.pk,
              "source": wanted.source, "nr": number},
        rows=[notice],
    )  # fmt: skip
    return notice


def _carrier(case: Case, wanted: Kind, tried: set[int], now: datetime) -> tuple[str, ContactPoint] | None:
    """The first text whose channel is connected and a valid contact point that was not tried yet."""
    for code in wanted.texts:
        try:
            template = template_for(code, case.party.language, business_date(now))
        except TextError:
            continue
        if not connected(template.channel) or (template.channel == "letter" and _in_doubt(case)):
            continue
        point = (
            ContactPoint.objects.filter(
                party_id=case.party_id, kind__in=POINT_KINDS[template.channel], status=ContactPoint.Status.VALID
            )
            .exclude(pk__in=tried)
            .order_by("id")
            .first()
        )
        if point is not None:
            return code, point
    return None


def _in_doubt(case: Case) -> bool:
    """A letter has the account's figures: none is printed while they differ from ours and nobody has explained why."""
    return bool(arrears.parties_in_doubt([case.party_id]))


def notified(*, party_id: int, kind: str, cycle: date) -> Notified | None:
    """Whether a person was told: the notice that was delivered, else the last that was tried; None when none was."""
    found = None
    rows = Notice.objects.filter(party_id=party_id, kind=kind, cycle=cycle).select_related("message").order_by("pk")
    for notice in rows:
        receipt = (
            notice.message.receipts.filter(receipt__state="delivered").select_related("receipt").order_by("pk").first()
        )
        event = notice.message.events.filter(state=Message.State.DELIVERED).order_by("pk").first()
        at = (receipt.receipt.at if receipt else None) or (event.recorded_at if event else None)
        found = Notified(notice, notice.message.state, at)
        if found.proven:
            break
    return found


def give_notices(*, now: datetime, limit: int = 200, by: Actor = NOTIFIER) -> int:
    """Give what is due by itself: once in a late cycle, from the kind's day past due on; how many were given.

    Where no line or contact point carries it nothing is planned.
    """
    made = 0
    for kind in kinds().values():
        if kind.from_day is None or not any(_connected(code, now) for code in kind.texts):
            continue
        same = Notice.objects.filter(party_id=OuterRef("party_id"), kind=kind.code, cycle=OuterRef("oldest_due_date"))
        due = Case.objects.filter(
            ~Exists(same), closed_on=None, days_delinquent__gte=kind.from_day, oldest_due_date__isnull=False
        ).order_by("pk")
        usable = ContactPoint.objects.filter(
            party_id=OuterRef("party_id"), kind__in=_point_kinds(kind, now), status=ContactPoint.Status.VALID
        )
        for case_id in due.filter(Exists(usable)).values_list("pk", flat=True)[:limit]:
            made += notify(case_id=case_id, kind=kind.code, by=by, now=now) is not None
    return made


def _connected(code: str, now: datetime) -> bool:
    try:
        return connected(template_for(code, "zh-hans", business_date(now)).channel)
    except TextError:
        return False


def _point_kinds(kind: Kind, now: datetime) -> tuple[str, ...]:
    found = [
        POINT_KINDS[template_for(code, "zh-hans", business_date(now)).channel]
        for code in kind.texts
        if _connected(code, now)
    ]
    return tuple(one for kinds_of in found for one in kinds_of)
