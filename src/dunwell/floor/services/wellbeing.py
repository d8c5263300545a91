"""Breaks, and what follows when a collector was abused or threatened: the case leaves him and he is offered a break."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from dunwell.casework import services as casework
from dunwell.casework.models import Case
from dunwell.casework.rules.codes import action_of, codes
from dunwell.compliance.models import Contact
from dunwell.evidence import services as evidence
from dunwell.floor.models import Abuse, Break, BreakEnd
from dunwell.identity.models import Role, User
from dunwell.portfolio import services as portfolio

#: How long an offered break lasts. Confidence A: our own default.
PAUSE = timedelta(minutes=10)


def current_break(user_id: int, now: datetime) -> Break | None:
    """The break that a collector has at a moment."""
    return Break.objects.filter(user=user_id, starts_at__lte=now, until__gt=now, end=None).order_by("-pk").first()


@transaction.atomic
def begin_break(*, user: User, reason: str, now: datetime, key: str) -> Break:
    """He takes no case for a while; one that he has is let go. A break that goes on is answered again."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    known = Break.objects.filter(key=key).first() or current_break(user.pk, now)
    if known is not None:
        return known
    for case_id in Case.objects.filter(held_by=user, held_until__gt=now).values_list("pk", flat=True):
        casework.release(case_id=case_id, user=user, now=now)
    made = Break.objects.create(
        user=user, starts_at=now, until=now + PAUSE, reason=reason, recorded_by=user.pk, key=key
    )
    evidence.write(kind="break.begun", now=now, by=user.actor, data={"until": made.until, "reason": reason})
    return made


@transaction.atomic
def end_break(*, user: User, now: datetime) -> bool:
    """He goes on with the work; False when he has no break."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    going_on = current_break(user.pk, now)
    if going_on is None:
        return False
    BreakEnd.objects.create(ended=going_on, ended_at=now)
    return True


@transaction.atomic
def mark_abuse(*, case_id: int, user: User, kind: str, words: str, now: datetime, key: str) -> Abuse:
    """He was abused or threatened: written down, a call under way ends as broken off, and the case leaves him.

    It goes to a leader of his team; where he leads it himself or there is none, to the pool. The same key again answers
    what was written.
    """
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id, entity_id=user.entity_id)
    known = Abuse.objects.filter(key=key).first()
    if known is not None:
        return known
    contact = Contact.objects.filter(party_id=case.party_id, by_id=user.pk, outcomes=None, channel="call").last()
    if contact is not None:
        action = codes().actions[action_of(direction=contact.direction, party=contact.party_type)]
        ended = action.ended("interrupted")
        casework.save_contact(
            case_id=case.pk, contact_id=contact.pk, code=ended.code if ended else "", user=user, now=now,
            key=f"{key}:call",
        )  # fmt: skip
    sealed = portfolio.seal_text(party_id=case.party_id, text=words.strip()) if words.strip() else None
    made = Abuse.objects.create(
        case=case, user=user, kind=kind, text_sealed=sealed, contact_id=contact.pk if contact else None,
        recorded_at=now, key=key,
    )  # fmt: skip
    by = user.actor
    evidence.write(
        kind="abuse.marked", now=now, by=by, entity_id=case.entity_id, party_id=case.party_id, case_id=case.pk,
        data={"kind": kind, "contact": made.contact_id},
    )  # fmt: skip
    casework.release(case_id=case.pk, user=user, now=now)
    leader = (
        User.objects.filter(team_id=user.team_id, entity_id=user.entity_id, role=Role.TEAM_LEADER, is_active=True)
        .exclude(pk=user.pk)
        .order_by("staff_no")
        .first()
        if user.team_id
        else None
    )
    done = (
        casework.hand_out(cases=[case.pk], owners=[leader.pk], by=by, now=now, key=f"{key}:hand")
        if leader is not None and case.closed_on is None
        else None
    )
    if done is None or case.pk in done.skipped:
        casework.take_back(case_id=case.pk, by=by, now=now, key=f"{key}:back")
    return made
