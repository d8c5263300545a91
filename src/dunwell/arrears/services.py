"""The only writers of arrears: judgements of an account's class, explanations of what differs from the host.

What is computed is written by the night alone.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from dunwell.arrears.models import (
    DifferenceExplanation,
    HostDifference,
    RiskJudgement,
    RiskJudgementAnswer,
    RiskJudgementEnd,
)
from dunwell.arrears.rules import risk
from dunwell.evidence import services as evidence
from dunwell.kernel import times
from dunwell.kernel.actor import Actor
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Account


class NotAllowed(ValueError):
    """The judgement breaks a rule; `code` says which: class, days, too_long, reason, nobody, own, answered, waiting."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@transaction.atomic
def judge_class(
    *, account_id: int, risk_class: str, reason: str, starts_on: date, ends_on: date, by: Actor, now: datetime, key: str
) -> RiskJudgement:
    """Propose that an account's class is at least as bad as `risk_class` for a time. The same key is the same one.

    It counts for nothing until somebody else approves it. NotAllowed when it is no worse class, has no reason or
    person, or lasts longer than risk.yaml allows.
    """
    account = Account.objects.get(pk=account_id)
    portfolio.touch(party_id=account.party_id, now=now)  # first: it locks the party
    known = RiskJudgement.objects.filter(key=key).first()
    if known is not None:
        return known
    if risk_class not in risk.CLASSES[1:]:
        raise NotAllowed("class")
    if not reason.strip():
        raise NotAllowed("reason")
    if by.user_id is None:
        raise NotAllowed("nobody")
    if ends_on < starts_on:
        raise NotAllowed("days")
    if ends_on > risk.longest_judgement(starts_on):
        raise NotAllowed("too_long")
    made = RiskJudgement.objects.create(
        account=account, risk_class=risk_class, reason=reason.strip()[:200], starts_on=starts_on, ends_on=ends_on,
        recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    _log("risk.judged", made, by, now, risk_class=risk_class, starts_on=str(starts_on), ends_on=str(ends_on))
    return made


@transaction.atomic
def answer_judgement(
    *, judgement_id: int, approved: bool, by: Actor, now: datetime, reason: str = ""
) -> RiskJudgementAnswer:
    """Approve a judgement or refuse it: somebody other than the one who proposed it. A second answer is NotAllowed."""
    judgement = _of(judgement_id, now)
    if by.user_id is None:
        raise NotAllowed("nobody")
    if by.user_id == judgement.recorded_by:
        raise NotAllowed("own")
    known = RiskJudgementAnswer.objects.filter(pk=judgement.pk).first()
    if known is not None:
        if (known.approved, known.recorded_by) == (approved, by.user_id):
            return known
        raise NotAllowed("answered")
    answer = RiskJudgementAnswer.objects.create(
        judgement=judgement, approved=approved, reason=reason.strip()[:200], recorded_at=now, recorded_by=by.user_id
    )
    _log("risk.judgement_approved" if approved else "risk.judgement_refused", judgement, by, now)
    return answer


@transaction.atomic
def end_judgement(*, judgement_id: int, reason: str, by: Actor, now: datetime) -> RiskJudgementEnd:
    """End an approved judgement before its time: today is its last day. The second end answers the first."""
    judgement = _of(judgement_id, now)
    if not reason.strip():
        raise NotAllowed("reason")
    if by.user_id is None:
        raise NotAllowed("nobody")
    if not RiskJudgementAnswer.objects.filter(pk=judgement.pk, approved=True).exists():
        raise NotAllowed("waiting")
    last_day = min(times.business_date(now), judgement.ends_on)
    end, created = RiskJudgementEnd.objects.get_or_create(
        judgement=judgement,
        defaults={
            "last_day": last_day, "reason": reason.strip()[:200], "recorded_at": now, "recorded_by": by.user_id,
        },
    )  # fmt: skip
    if created:
        _log("risk.judgement_ended", judgement, by, now, last_day=str(last_day))
    return end


@transaction.atomic
def explain_difference(*, difference_id: int, reason: str, by: Actor, now: datetime) -> DifferenceExplanation:
    """Explain a difference to the host: it blocks nothing any more. The second explanation answers the first.

    NotAllowed without a reason or a person; HostDifference.DoesNotExist when a later run found it no more.
    """
    found = HostDifference.objects.select_related("account").get(pk=difference_id)
    portfolio.touch(party_id=found.account.party_id, now=now)
    if not reason.strip():
        raise NotAllowed("reason")
    if by.user_id is None:
        raise NotAllowed("nobody")
    explanation, created = DifferenceExplanation.objects.get_or_create(
        account=found.account, business_date=found.business_date, component=found.component, expected=found.expected,
        found=found.found, defaults={"reason": reason.strip()[:200], "recorded_at": now, "recorded_by": by.user_id},
    )  # fmt: skip
    if created:
        evidence.write(
            kind="difference.explained", now=now, by=by, entity_id=found.account.entity_id,
            party_id=found.account.party_id, account_id=found.account_id,
            data={
                "business_date": str(found.business_date), "component": found.component, "cause": found.cause,
                "expected": str(found.expected), "found": str(found.found), "reason": explanation.reason,
            },
        )  # fmt: skip
    return explanation


def _of(judgement_id: int, now: datetime) -> RiskJudgement:
    """A judgement, its party touched and so locked."""
    judgement = RiskJudgement.objects.select_related("account").get(pk=judgement_id)
    portfolio.touch(party_id=judgement.account.party_id, now=now)
    return judgement


def _log(kind: str, judgement: RiskJudgement, by: Actor, now: datetime, **data: str) -> None:
    account = judgement.account
    evidence.write(
        kind=kind, now=now, by=by, entity_id=account.entity_id, party_id=account.party_id, account_id=account.pk,
        data={"judgement": judgement.pk, **data},
    )  # fmt: skip
