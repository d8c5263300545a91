"""Who has passed which course, and what somebody still lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings

from dunwell.floor.models import Examination
from dunwell.floor.rules.training import Course, needed
from dunwell.identity.models import User
from dunwell.kernel.times import business_date


@dataclass(frozen=True, slots=True)
class Standing:
    """A course of somebody's role and until when his last pass counts; None: never passed."""

    course: Course
    until: date | None

    def valid(self, today: date) -> bool:
        return self.until is not None and self.until >= today


def standings(user: User) -> list[Standing]:
    """Each course that his role needs. One query."""
    return standings_of([user])[user]


def standings_of(users: Sequence[User]) -> dict[User, list[Standing]]:
    """Each of these with the courses that his role needs. One query."""
    passed = (
        Examination.objects.filter(user__in=users, passed=True)
        .order_by("user", "course", "-recorded_at")
        .distinct("user", "course")
        .values_list("user", "course", "recorded_at")
    )
    days = {(user, course): business_date(at) for user, course, at in passed}
    return {
        user: [
            Standing(course, course.until(days[user.pk, course.code]) if (user.pk, course.code) in days else None)
            for course in needed(user.role)
        ]
        for user in users
    }


def missing(user: User, now: datetime) -> list[Course]:
    """What he has not passed or has to renew, where the bank asks for it (DUNWELL_TRAINING=required); else nothing."""
    if not settings.TRAINING_REQUIRED:
        return []
    return [one.course for one in standings(user) if not one.valid(business_date(now))]
