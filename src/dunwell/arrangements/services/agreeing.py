"""From a proposal to an agreement: approved by the mandate's persons, agreed to by the cardholder, put to the host."""

from __future__ import annotations

from collections.abc import Sequence
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
from dunwell.arrangements.queries.agreements import parts_of
from dunwell.arrangements.queries.plans import PERFORMED
from dunwell.arrangements.queries.repaid import repaid_among
from dunwell.arrangements.rules.offers import OVER
from dunwell.arrangements.services.instructing import ask_for, asked_by, named
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

    Of a combined plan all parts are answered, whichever of them is named. One refusal ends it. NotAllowed with nobody, own,
    role, twice, over, or reason (a refusal says why).
    """
    parts = _of(arrangement_id, now)
    proposal = parts[0]
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
    answers = ArrangementAnswer.objects.bulk_create(
        ArrangementAnswer(
            arrangement=part, approved=approved, reason=reason.strip()[:200], recorded_at=now, recorded_by=by.user_id
        )
        for part in parts
    )
    what, answer = "approved" if approved else "refused", answers[0]
    _log(what, parts, by, now, answers, reason=answer.reason, of=proposal.persons)
    return answer


@transaction.atomic
def agree(
    *, arrangement_id: int, form: str, evidence_ref: str, disclosed: bool, by: Actor, now: datetime
) -> ArrangementConsent:
    """The cardholder agrees to an approved proposal; the host is asked for all that it takes. Again, it is the same.

    To a combined plan he agrees once, and the host is asked for each part by instructions of its own.
    `evidence_ref` proves it (`contact:` for a recorded talk, `file:` for what he signed or wrote); `disclosed` says that
    the whole cost was laid before him first (I-COST26). NotAllowed with over, unapproved, disclosed; Unproven without proof.
    """
    parts = _of(arrangement_id, now)
    proposal = parts[0]
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
    consents = ArrangementConsent.objects.bulk_create(
        ArrangementConsent(
            arrangement=part, form=ArrangementConsent.Form(form), evidence=reference, agreed_on=business_date(now),
            recorded_at=now, recorded_by=by.user_id,
        )
        for part in parts
    )  # fmt: skip
    _log("agreed", parts, by, now, consents, form=form, evidence=reference)
    replaced = [part.replaces for part in parts if part.replaces is not None]
    if any(one.standing not in PERFORMED for one in replaced) or repaid_among(replaced):
        raise NotAllowed("over")
    for part in parts:
        for kind in asked_by(part):
            ask_for(part, kind, by=by, now=now)
    return consents[0]


@transaction.atomic
def cancel(*, arrangement_id: int, reason: str, by: Actor, now: datetime) -> ArrangementEnd:
    """End an arrangement before it is performed, or take a proposal back. The second end answers the first.

    A combined plan ends as a whole.
    What the host has booked of it is asked to be taken back (services.following).
    """
    parts = _of(arrangement_id, now)
    arrangement = parts[0]
    if not reason.strip():
        raise NotAllowed("reason")
    if by.user_id is None:
        raise NotAllowed("nobody")
    known = ArrangementEnd.objects.filter(arrangement__in=parts).order_by("pk").first()
    if known is not None:
        return known
    repaid = repaid_among(parts)
    going_on = [part for part in parts if part.pk not in repaid]
    if not going_on or arrangement.standing in OVER:
        raise NotAllowed("over")
    ends = ArrangementEnd.objects.bulk_create(
        ArrangementEnd(arrangement=part, reason=reason.strip()[:200], recorded_at=now, recorded_by=by.user_id)
        for part in going_on
    )
    _log("cancelled", parts, by, now, ends, reason=ends[0].reason)
    return ends[0]


def _of(arrangement_id: int, now: datetime) -> list[Arrangement]:
    """An arrangement, or all parts of its combined plan; its party touched and so locked."""
    party_id = Arrangement.objects.values_list("party_id", flat=True).get(pk=arrangement_id)
    portfolio.touch(party_id=party_id, now=now)
    return parts_of(Arrangement.objects.select_related("account", "replaces").get(pk=arrangement_id))


def _over(arrangement: Arrangement) -> bool:
    facts = (ArrangementEnd, ArrangementForce)
    return arrangement.standing in OVER or any(fact.objects.filter(pk=arrangement.pk).exists() for fact in facts)


def _log(
    what: str, parts: Sequence[Arrangement], by: Actor, now: datetime, rows: Sequence[Model], **data: object
) -> None:
    lead = parts[0]
    evidence.write(
        kind=f"arrangement.{what}", now=now, by=by, entity_id=lead.entity_id, party_id=lead.party_id,
        account_id=lead.account_id, case_id=lead.case_id, data={**named(parts), **data}, rows=rows,
    )  # fmt: skip
