"""A cardholder asks for another plan in place of the one that runs, and the answer where it stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dunwell.arrangements.models import Arrangement, ChangeAnswer, ChangeRequest
from dunwell.arrangements.queries.changes import is_open
from dunwell.arrangements.queries.plans import running
from dunwell.arrangements.services.refusing import NotAllowed
from dunwell.channels.models import Inbound
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio


@transaction.atomic
def ask_change(
    *,
    arrangement_id: int,
    by: Actor,
    now: datetime,
    key: str,
    monthly: Decimal | None = None,
    due_day: int | None = None,
    months: int | None = None,
    words: Inbound | None = None,
    refused: Sequence[str] = (),
    case_id: int | None = None,
) -> ChangeRequest:
    """Write down what he asks for of a running plan. The same key again answers the same request.

    `refused` are the rules that forbade it at once. Of a combined plan it is asked of the part that speaks for all. NotAllowed with
    `over` where the plan is performed no more, with `nothing` where he said nothing.
    """
    found = Arrangement.objects.select_related("account").get(pk=arrangement_id)
    portfolio.touch(party_id=found.party_id, now=now)  # it locks the party, so that a double click is one
    known = ChangeRequest.objects.filter(key=key).first()
    if known is not None:
        return known
    if not running(party_id=found.party_id, arrangement_id=found.pk):
        raise NotAllowed("over")
    if monthly is None and due_day is None and months is None and words is None:
        raise NotAllowed("nothing")
    made = ChangeRequest.objects.create(
        entity_id=found.entity_id, arrangement=found, monthly=monthly, due_day=due_day, months=months, words=words,
        refused=list(refused), recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    evidence.write(
        kind="arrangement.change_asked", now=now, by=by, entity_id=found.entity_id, party_id=found.party_id,
        account_id=found.account_id, case_id=case_id,
        data={
            "arrangement": found.pk, "product": found.product, "request": made.pk, "currency": found.currency,
            "monthly": None if monthly is None else str(monthly), "due_day": due_day, "months": months,
            "refused": made.refused,
        },
        rows=[made],
    )  # fmt: skip
    return made


@transaction.atomic
def answer_change(*, request_id: int, reason: str, by: Actor, now: datetime) -> ChangeAnswer:
    """The plan stays as it is; `reason` is what he reads on his page. The first answer stands.

    NotAllowed with nobody, with reason where none is said, with over where another plan was proposed for it.
    """
    asked = ChangeRequest.objects.select_related("arrangement").get(pk=request_id)
    found = asked.arrangement
    portfolio.touch(party_id=found.party_id, now=now)
    known = ChangeAnswer.objects.filter(pk=asked.pk).first()
    if known is not None:
        return known
    if by.user_id is None:
        raise NotAllowed("nobody")
    if not reason.strip():
        raise NotAllowed("reason")
    if not is_open(asked):
        raise NotAllowed("over")
    answer = ChangeAnswer.objects.create(
        request=asked, reason=reason.strip()[:200], recorded_at=now, recorded_by=by.user_id
    )
    evidence.write(
        kind="arrangement.change_declined", now=now, by=by, entity_id=found.entity_id, party_id=found.party_id,
        account_id=found.account_id,
        data={
            "arrangement": found.pk, "product": found.product, "request": asked.pk, "reason": answer.reason,
        },
        rows=[answer],
    )  # fmt: skip
    return answer
