"""A case asks another department, with what is needed and by when; the answer comes back to it."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from dunwell.casework.models import Case, DepartmentRequest, RequestAnswer
from dunwell.casework.rules import objections as rules
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Hold
from dunwell.evidence import services as evidence
from dunwell.identity.models import User
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.portfolio import services as portfolio


class RequestRefused(ValueError):
    """Why nothing was written: `department`, `what`, `words`, `day`, `not_theirs` (the user answers for another)."""


@transaction.atomic
def ask(
    *,
    case_id: int,
    department: str,
    what: str,
    text: str,
    needed_by: date,
    by: Actor,
    now: datetime,
    key: str,
    dispute_id: int | None = None,
) -> DepartmentRequest:
    """Ask a department. The same key again is the same request."""
    case = Case.objects.get(pk=case_id)
    known = DepartmentRequest.objects.filter(key=key).first()
    if known is not None:
        return known
    if department not in rules.departments():
        raise RequestRefused("department")
    if what not in rules.named("asked_for"):
        raise RequestRefused("what")
    if not text.strip():
        raise RequestRefused("words")
    if needed_by < business_date(now):
        raise RequestRefused("day")
    row = DepartmentRequest.objects.create(
        party_id=case.party_id, case=case, dispute_id=dispute_id, department=department, what=what,
        text_sealed=portfolio.seal_text(party_id=case.party_id, text=text.strip()), needed_by=needed_by,
        recorded_at=now, recorded_by=by.user_id, key=key,
    )  # fmt: skip
    evidence.write(
        kind="request.asked", now=now, by=by, entity_id=case.entity_id, party_id=case.party_id, case_id=case.pk,
        data={"request": row.pk, "department": department, "what": what, "needed_by": needed_by.isoformat()},
        rows=[row],
    )  # fmt: skip
    return row


@transaction.atomic
def answer(*, request_id: int, user: User, done: bool, text: str, now: datetime) -> RequestAnswer:
    """Answer for one's department. A second answer answers the first.

    When card operations have corrected an amount, the hold that kept it from being demanded ends: the host's next
    figures do not hold it any more.
    """
    asked = DepartmentRequest.objects.select_related("case", "dispute").get(pk=request_id)
    if user.role not in rules.departments()[asked.department].roles:
        raise RequestRefused("not_theirs")
    if not text.strip():
        raise RequestRefused("words")
    by = user.actor
    row, created = RequestAnswer.objects.get_or_create(
        request=asked,
        defaults={
            "done": done, "text_sealed": portfolio.seal_text(party_id=asked.party_id, text=text.strip()),
            "recorded_at": now, "recorded_by": user.pk,
        },
    )  # fmt: skip
    if created:
        if done and asked.what == "correct_amount" and asked.dispute is not None:
            _end_hold(asked, by=by, now=now)
        portfolio.touch(party_id=asked.party_id, now=now)
        evidence.write(
            kind="request.answered", now=now, by=by, entity_id=asked.case.entity_id, party_id=asked.party_id,
            case_id=asked.case_id,
            data={"request": asked.pk, "department": asked.department, "what": asked.what, "done": done},
            rows=[row],
        )  # fmt: skip
    return row


def _end_hold(asked: DepartmentRequest, *, by: Actor, now: datetime) -> None:
    reason = f"{asked.dispute.number} upheld"
    for hold in Hold.objects.filter(party_id=asked.party_id, reason=reason, lift=None):
        compliance.lift_hold(hold_id=hold.pk, reason=f"{asked.dispute.number} corrected", by=by, now=now)
