"""One step on many cases: first who would be skipped and why, then exactly what was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from dunwell.casework import services as casework
from dunwell.casework.models import Case
from dunwell.channels import services as channels
from dunwell.channels.rules import TextError
from dunwell.compliance.queries import closed_to
from dunwell.floor.rules.steps import Step
from dunwell.identity.models import User
from dunwell.portfolio.models import ContactPoint

MOST = 200


@dataclass(frozen=True, slots=True)
class Many:
    """Cases on which the step would be, or was, done, and those left out with the reason (a rule of the gate, or a code)."""

    done: tuple[Case, ...]
    skipped: Mapping[Case, str] = field(default_factory=dict)


def plan_many(*, step: Step, cases: Sequence[int], user: User, now: datetime) -> Many:
    """What `do_many` would do now. Writes nothing."""
    found = list(
        Case.objects.filter(pk__in=cases, entity_id=user.entity_id)
        .select_related("party", "owner")
        .order_by("rank", "pk")
    )[:MOST]
    shut = closed_to(user.pk, [case.party_id for case in found], now=now)
    skipped = {case: why for case in found if (why := _hindered(step, case, shut, user, now))}
    return Many(tuple(case for case in found if case not in skipped), skipped)


def _hindered(step: Step, case: Case, shut: set[int], user: User, now: datetime) -> str:
    if case.party_id in shut:
        return "named_officers"
    if case.closed_on is not None:
        return "closed"
    if step.do == "snooze" and case.held_by_id not in (None, user.pk) and case.held_until and case.held_until > now:
        return "held"
    if step.do == "message":
        point = mobile_of(case)
        if point is None:
            return "no_mobile"
        try:
            shown = channels.preview(
                party_id=case.party_id, contact_point_id=point.pk, template_code=step.text, now=now, case_id=case.pk,
                case_no=case.case_no,
            )  # fmt: skip
        except TextError:
            return "no_text"
        return "" if shown.decision.allowed else shown.decision.primary.rule
    return ""


def mobile_of(case: Case) -> ContactPoint | None:
    """The person's first valid mobile number."""
    points = ContactPoint.objects.filter(party_id=case.party_id, kind="mobile", status=ContactPoint.Status.VALID)
    return points.order_by("pk").first()


def do_many(*, step: Step, cases: Sequence[int], user: User, now: datetime, key: str, owner: int | None = None) -> Many:
    """Do the step on each case by itself, with a key of its own: the same key again repeats nothing.

    What hinders a case now, though it did not when it was shown, is said in the answer.
    """
    plan = plan_many(step=step, cases=cases, user=user, now=now)
    skipped = dict(plan.skipped)
    if step.do == "assign":
        ids = [case.pk for case in plan.done]
        done = casework.hand_out(cases=ids, owners=[owner or 0], by=user.actor, now=now, key=f"{key}:o")
        given = {one for dealt in done.dealt.values() for one in dealt}
        skipped |= {case: done.skipped.get(case.pk, "closed") for case in plan.done if case.pk not in given}
        return Many(tuple(case for case in plan.done if case.pk in given), skipped)
    finished = []
    for case in plan.done:
        why = do_step(step=step, case=case, user=user, now=now, key=f"{key}:{case.pk}")
        if why:
            skipped[case] = why
        else:
            finished.append(case)
    return Many(tuple(finished), skipped)


@transaction.atomic
def do_step(*, step: Step, case: Case, user: User, now: datetime, key: str) -> str:
    """Do one step on one case; answers what kept it from being done, or nothing."""
    by = user.actor
    if step.do == "note":
        casework.write_note(case_id=case.pk, text=step.text, by=by, now=now, key=key)
    elif step.do == "snooze":
        casework.snooze(case_id=case.pk, until=step.until(now), by=by, now=now, key=key, reason=step.text)
    elif step.do == "message":
        point = mobile_of(case)
        if point is None:
            return "no_mobile"
        queued = channels.queue_message(
            party_id=case.party_id, contact_point_id=point.pk, template_code=step.text, by=by, now=now, key=key,
            case_id=case.pk, case_no=case.case_no,
        )  # fmt: skip
        return queued.refusal_rule if queued.state == queued.State.REFUSED else ""
    return ""
