"""Help: a collector asks, a team leader answers or takes the case over."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from dunwell.casework import services as casework
from dunwell.casework.models import Case
from dunwell.evidence import services as evidence
from dunwell.floor.models import HelpAnswer, HelpRequest
from dunwell.identity.models import User


@transaction.atomic
def ask_help(*, case_id: int, user: User, words: str, now: datetime, key: str) -> HelpRequest:
    """Ask for help with a case. An unanswered request of his on the case, and the same key, are answered again."""
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id, entity_id=user.entity_id)
    known = HelpRequest.objects.filter(key=key).first()
    known = known or HelpRequest.objects.filter(case=case, user=user, answer=None).first()
    if known is not None:
        return known
    made = HelpRequest.objects.create(case=case, user=user, words=words.strip()[:200], recorded_at=now, key=key)
    _told("help.asked", case, user, now, {"request": made.pk})
    return made


@transaction.atomic
def answer_help(*, request_id: int, answer: str, user: User, words: str, now: datetime) -> HelpAnswer:
    """Answer a request; `took_over` takes the case as well. The first answer stands and is answered again."""
    request = HelpRequest.objects.select_related("case").get(pk=request_id, case__entity_id=user.entity_id)
    Case.objects.select_for_update(no_key=True).get(pk=request.case_id)
    known = HelpAnswer.objects.filter(request=request).first()
    if known is not None:
        return known
    if answer == HelpAnswer.Answer.TOOK_OVER:
        casework.take_over(case_id=request.case_id, user=user, now=now)
    made = HelpAnswer.objects.create(
        request=request, answer=answer, words=words.strip()[:200], recorded_at=now, recorded_by=user.pk
    )
    _told("help.answered", request.case, user, now, {"request": request.pk, "answer": answer})
    return made


def _told(kind: str, case: Case, user: User, now: datetime, data: dict[str, object]) -> None:
    evidence.write(
        kind=kind, now=now, by=user.actor, entity_id=case.entity_id, party_id=case.party_id,
        case_id=case.pk, data=data,
    )  # fmt: skip
