"""Tests: what was answered and whether it was enough is a fact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from dunwell.evidence import services as evidence
from dunwell.floor.models import Examination
from dunwell.floor.rules.training import Judged, courses, judge
from dunwell.identity.models import User


@transaction.atomic
def take_test(*, user: User, code: str, answers: Sequence[int | None], now: datetime) -> Judged:
    """Judge a test and write it down. LookupError for a course that is not."""
    course = next((one for one in courses() if one.code == code), None)
    if course is None:
        raise LookupError(code)
    judged = judge(course, answers)
    Examination.objects.create(
        user=user, course=course.code, version=course.version, answers=list(answers), right=judged.right,
        asked=judged.asked, passed=judged.passed, recorded_at=now,
    )  # fmt: skip
    data = {
        "course": course.code,
        "version": course.version,
        "right": judged.right,
        "asked": judged.asked,
        "passed": judged.passed,
    }
    evidence.write(kind="test.taken", now=now, by=user.actor, data=data)
    return judged
