"""What follows from where an arrangement stands: reminders, notices, holds, and what the host is asked to take back.

The programs judge; this only acts on what they published, each thing once a standing and due date.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Case, F, Max, Min, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce

from dunwell.arrangements.models import Arrangement, ArrangementStep, Instalment, Instruction
from dunwell.arrangements.queries.agreements import leads, parts_of
from dunwell.arrangements.queries.repaid import repaid_among, repaid_early
from dunwell.arrangements.services.instructing import (
    ask_again,
    ask_for,
    lift_holds,
    named,
    place_hold,
    take_back,
    undone_at,
)
from dunwell.arrangements.services.reminding import remind
from dunwell.arrangements.services.repaying import end_not_repaid, end_repaid
from dunwell.arrangements.services.telling import figures, tell
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio

Standing, Kind = Arrangement.Standing, Instruction.Kind
FOLLOWER = Actor.program("arrangements")
#: Texts that tell of a standing.
TEXTS = {
    Standing.MISSED: ("SMS-PLAN-MISSED",),
    Standing.BREACHED: ("SMS-NOTICE-BREACH",),
    Standing.TERMINATED: ("SMS-NOTICE-BREACH",),
}
OF_NO_EFFECT = (Standing.TERMINATED, Standing.CANCELLED, Standing.DIED, Standing.REJECTED)
FOLLOWED = (Standing.MISSED, Standing.BREACHED, Standing.ENDED, *OF_NO_EFFECT)
LOOKED_BACK = timedelta(days=60)
GONE_ON = (Standing.BREACHED, Standing.ENDED)  # from which it may be in force again
AFTER_END = (Standing.IN_FORCE, Standing.MISSED, Standing.BREACHED, Standing.TERMINATED)  # a payment was taken back


def follow(*, now: datetime, limit: int = 200, by: Actor = FOLLOWER) -> int:
    """Do what follows from the standings of today, and remind of what falls due; answers how many there were."""
    done = end_not_repaid(by=by, now=now, limit=limit) + end_repaid(by=by, now=now, limit=limit)
    for arrangement_id in _waiting(now)[:limit]:
        done += _follow_one(arrangement_id, by=by, now=now)
    return done + remind(by=by, now=now, limit=limit)


def _waiting(now: datetime) -> QuerySet:
    """Agreements whose standing nothing followed from yet, by what speaks for them; in force again only after a breach or an
    end."""
    own = Instalment.objects.filter(arrangement=OuterRef("pk")).values("arrangement")
    whole = _not_repaid(Instalment.objects.filter(arrangement__combined=OuterRef("combined")))
    first = Case(
        When(combined=None, then=Subquery(own.filter(paid_on=None).annotate(first=Min("due_date")).values("first"))),
        default=Subquery(
            whole.filter(paid_on=None).values("arrangement__combined").annotate(first=Min("due_date")).values("first")
        ),
    )
    about = Coalesce(first, Subquery(own.annotate(last=Max("due_date")).values("last")))
    last = ArrangementStep.objects.filter(arrangement=OuterRef("pk")).order_by("-id")
    found = leads(Arrangement.objects.filter(standing_on__gte=business_date(now) - LOOKED_BACK)).annotate(
        about=about, followed=Subquery(last.values("standing")[:1]), followed_due=Subquery(last.values("due_date")[:1])
    )
    anew = Q(followed=None) | ~Q(followed=F("standing")) | ~Q(followed_due=F("about"))
    return (
        found.filter(Q(standing__in=FOLLOWED) & anew | Q(standing=Standing.IN_FORCE, followed__in=GONE_ON))
        .order_by("id")
        .values_list("pk", flat=True)
    )


@transaction.atomic
def _follow_one(arrangement_id: int, *, by: Actor, now: datetime) -> bool:
    party_id = Arrangement.objects.values_list("party_id", flat=True).get(pk=arrangement_id)
    portfolio.touch(party_id=party_id, now=now)  # it locks the party, so that of two workers one waits
    parts = parts_of(Arrangement.objects.select_related("account", "party", "replaces__account").get(pk=arrangement_id))
    lead = parts[0]
    unpaid = _unpaid(parts).aggregate(first=Min("due_date"))["first"]
    about = unpaid or lead.instalments.aggregate(last=Max("due_date"))["last"]
    last = lead.steps.order_by("-id").first()
    standing = Standing(lead.standing)
    revived = standing == Standing.IN_FORCE and last is not None and last.standing in GONE_ON
    if not revived and (
        standing not in FOLLOWED or last is not None and (last.standing, last.due_date) == (standing, about)
    ):
        return False
    again = last if last is not None and last.standing == Standing.ENDED and standing in AFTER_END else None
    message_id = _tell(parts, about, again=again, by=by, now=now)
    repaid = repaid_among(parts)
    for part in parts:
        if part.combined_id is None or part.pk not in repaid:
            _act(part, standing, again=again is not None, by=by, now=now)
    ArrangementStep.objects.create(
        arrangement=lead, standing=standing, due_date=about, message_id=message_id, recorded_at=now
    )
    evidence.write(
        kind="arrangement.followed", now=now, by=by, entity_id=lead.entity_id, party_id=lead.party_id,
        account_id=lead.account_id, case_id=lead.case_id,
        data={
            **named(parts), "standing": standing.value, "due_date": about.isoformat(), "message": message_id,
        },
    )  # fmt: skip
    return True


def _unpaid(parts: Sequence[Arrangement]) -> QuerySet[Instalment]:
    """What is still to be paid of an agreement; of a combined plan nothing of a part that was repaid early."""
    found = Instalment.objects.filter(arrangement__in=parts, paid_on=None)
    return found if len(parts) == 1 else _not_repaid(found)


def _not_repaid(found: QuerySet[Instalment]) -> QuerySet[Instalment]:
    return found.alias(repaid=repaid_early("arrangement")).filter(repaid=False)


def _act(found: Arrangement, standing: Standing, *, again: bool, by: Actor, now: datetime) -> None:
    if again:
        ask_again(found, by=by, now=now)
    if standing == Standing.MISSED and not again:
        return
    if standing in (Standing.IN_FORCE, Standing.MISSED):  # demands stop again
        place_hold(found, by=by, now=now)
        if found.waived:
            ask_for(found, Kind.WAIVER, by=by, now=now)
        return
    lift_holds(found, reason=standing.value, by=by, now=now)
    if found.replacements.filter(force__isnull=False).exists():
        return  # what the host had booked of it went over to the plan that took its place
    take_back(found, undone_at(standing), by=by, now=now)


def _tell(
    parts: Sequence[Arrangement], about: date, *, again: ArrangementStep | None, by: Actor, now: datetime
) -> int | None:
    """One message about the standing of an agreement, with what is overdue by the plan and the cards that it is missing on.

    `again` is the end after which it stands so: then he is told anew of a due date that he was told of before."""
    lead, on = parts[0], business_date(now)
    if lead.standing not in TEXTS:
        return None
    late = _unpaid(parts).filter(due_date__lt=on)
    missing = dict(late.values_list("arrangement").annotate(sum=Sum(F("amount") - F("received"))))
    accounts = [part.account for part in parts if not missing or part.pk in missing]
    amounts = {lead.currency: sum(missing.values(), Decimal(0))}
    return tell(
        lead.party, TEXTS[Standing(lead.standing)], said=figures(accounts, amounts, due_date=about, on=on),
        account_id=accounts[0].pk if len(accounts) == 1 else None, case_id=lead.case_id,
        key=f"arrangement-{lead.pk}-{lead.standing}-{about.isoformat()}" + (f"-{again.pk}" if again else ""),
        by=by, now=now,
    )  # fmt: skip
