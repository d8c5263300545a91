"""A second person's release of what the gate wants reviewed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from dunwell.compliance.models import GateDecision, Release
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.decision import Verdict

HOURS = 24  # how long a release lasts when nothing else is said (our default)


class ReleaseRefused(ValueError):
    """A release that cannot be given; the sentence says why."""


@transaction.atomic
def release(*, decision_id: int, reason: str, by: Actor, now: datetime, ends_at: datetime | None = None) -> Release:
    """Release a decision's REVIEW reasons for contacts of its case, person, channel and purpose until `ends_at`.

    Only its own reasons: what blocks is not released, a hold placed since is not lifted by it, and everything is
    decided again when it is sent. Whoever asked does not release (ReleaseRefused). A second release answers the first.
    """
    decision = GateDecision.objects.get(pk=decision_id)
    before = Release.objects.filter(decision=decision).first()
    if before is not None:
        return before
    if decision.verdict != Verdict.REVIEW:
        raise ReleaseRefused(f"the decision is {decision.verdict}, and only REVIEW can be released")
    if by.user_id is None or by.user_id == decision.actor_id:
        raise ReleaseRefused("whoever asked does not release it himself")
    if not reason.strip():
        raise ReleaseRefused("a release has a reason")
    end = ends_at or now + timedelta(hours=HOURS)
    if end <= now:
        raise ReleaseRefused("a release ends after it begins")
    rules = sorted({one["rule"] for one in decision.reasons if one["verdict"] == Verdict.REVIEW})
    person = int(decision.facts["attempt"]["person"])
    row = Release.objects.create(
        decision=decision,
        entity_id=decision.entity_id,
        party_id=decision.party_id,
        person_id=person,
        case_id=decision.case_id,
        holds=decision.holds,
        channel=decision.channel,
        purpose=decision.purpose,
        rules=rules,
        reason=reason,
        ends_at=end,
        recorded_at=now,
        recorded_by=by.user_id,
    )
    evidence.write(
        kind="gate.released",
        now=now,
        by=by,
        entity_id=decision.entity_id,
        party_id=decision.party_id,
        case_id=decision.case_id,
        data={"decision": decision.pk, "rules": rules, "channel": decision.channel, "ends_at": end.isoformat()},
    )
    return row
