"""From a proposal to an agreement: approved by the mandate's persons, agreed to by the cardholder, put to the host."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Model

from dunwell.arrangements.models import (
    Arrangement,
    ArrangementAnswer,
    ArrangementConsent,
    ArrangementEnd,
    ArrangementForce,
)
from dunwell.arrangements.queries.plans import PERFORMED
from dunwell.arrangements.rules.offers import OVER
from dunwell.arrangements.services.instructing import ask_for, asked_by
from dunwell.arrangements.services.refusing import NotAllowed
from dunwell.compliance import services as compliance
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio

ORAL = ("contact:",)  # a talk, whose recording carries its number


@transaction.atomic
def answer_proposal(
    *, arrangement_id: int, approved: bool, by: Actor, by_role: str, now: datetime, reason: str = ""
) -> ArrangementAnswer:
    """Approve a proposal or refuse it: somebody of the mandate's roles, never whoever proposed it, each once.

    One refusal ends it. NotAllowed with nobody, own, role, twice, over, or reason (a refusal says why).
    """
    proposal = _of(arrangement_id, now)
    if by.user_id is None:
        raise NotAllowed("nobody")
    if by.user_id == proposal.recorded_by:
        raise NotAllowed("own")
    if by_role not in proposal.roles:
        raise NotAllowed("role")
    given = list(proposal.answers.all())
    mine = next((one for one in given if one.recorded_by == by.user_id), None)
    if mine is not None:
        if mine.approved == approved:
            return mine
        raise NotAllowed("twice")
    if _over(proposal) or any(not one.approved for one in given) or len(given) >= proposal.persons:
        raise NotAllowed("over")
    if not approved and not reason.strip():
        raise NotAllowed("reason")
    answer = ArrangementAnswer.objects.create(
        arrangement=proposal, approved=approved, reason=reason.strip()[:200], recorded_at=now, recorded_by=by.user_id
    )
    _log("approved" if approved else "refused", proposal, by, now, answer, reason=answer.reason, of=proposal.persons)
    return answer


@transaction.atomic
def agree(
    *, arrangement_id: int, form: str, evidence_ref: str, disclosed: bool, by: Actor, now: datetime
) -> ArrangementConsent:
    """The cardholder agrees to an approved proposal; the host is asked for all that it takes. Again, it is the same.

    `evidence_ref` proves it (`contact:` for a recorded talk, `file:` for what he signed or wrote); `disclosed` says that
    the whole cost was laid before him first (I-COST26). NotAllowed with over, unapproved, disclosed; Unproven without proof.
    """
    proposal = _of(arrangement_id, now)
    known = ArrangementConsent.objects.filter(pk=proposal.pk).first()
    if known is not None:
        return known
    if _over(proposal):
        raise NotAllowed("over")
    given = list(proposal.answers.all())
    if any(not one.approved for one in given):
        raise NotAllowed("over")
    if len(given) < proposal.persons:
        raise NotAllowed("unapproved")
    if business_date(now) > proposal.lapses_on:
        raise NotAllowed("over")
    if not disclosed:
        raise NotAllowed("disclosed")
    reference = compliance.proven(evidence_ref, party_id=proposal.party_id)
    if (form == ArrangementConsent.Form.RECORDING) != reference.startswith(ORAL):
        raise NotAllowed("evidence")
    consent = ArrangementConsent.objects.create(
        arrangement=proposal, form=ArrangementConsent.Form(form), evidence=reference, agreed_on=business_date(now),
        recorded_at=now, recorded_by=by.user_id,
    )  # fmt: skip
    _log("agreed", proposal, by, now, consent, form=form, evidence=reference)
    if proposal.replaces is not None and proposal.replaces.standing not in PERFORMED:
        raise NotAllowed("over")
    for kind in asked_by(proposal):
        ask_for(proposal, kind, by=by, now=now)
    return consent


@transaction.atomic
def cancel(*, arrangement_id: int, reason: str, by: Actor, now: datetime) -> ArrangementEnd:
    """End an arrangement before it is performed, or take a proposal back. The second end answers the first.

    What the host has booked of it is asked to be taken back (services.following).
    """
    arrangement = _of(arrangement_id, now)
    if not reason.strip():
        raise NotAllowed("reason")
    if by.user_id is None:
        raise NotAllowed("nobody")
    known = ArrangementEnd.objects.filter(pk=arrangement.pk).first()
    if known is not None:
        return known
    if arrangement.standing in OVER:
        raise NotAllowed("over")
    end = ArrangementEnd.objects.create(
        arrangement=arrangement, reason=reason.strip()[:200], recorded_at=now, recorded_by=by.user_id
    )
    _log("cancelled", arrangement, by, now, end, reason=end.reason)
    return end


def _of(arrangement_id: int, now: datetime) -> Arrangement:
    """An arrangement, its party touched and so locked."""
    party_id = Arrangement.objects.values_list("party_id", flat=True).get(pk=arrangement_id)
    portfolio.touch(party_id=party_id, now=now)
    return Arrangement.objects.select_related("account", "replaces").get(pk=arrangement_id)


def _over(arrangement: Arrangement) -> bool:
    facts = (ArrangementEnd, ArrangementForce)
    return arrangement.standing in OVER or any(fact.objects.filter(pk=arrangement.pk).exists() for fact in facts)


def _log(what: str, arrangement: Arrangement, by: Actor, now: datetime, row: Model, **data: object) -> None:
    evidence.write(
        kind=f"arrangement.{what}", now=now, by=by, entity_id=arrangement.entity_id, party_id=arrangement.party_id,
        account_id=arrangement.account_id, case_id=arrangement.case_id,
        data={"arrangement": arrangement.pk, "product": arrangement.product, **data}, rows=[row],
    )  # fmt: skip
