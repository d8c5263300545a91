"""Intake's pages: the files of a day, one file, its quarantine, one row to mend."""

from __future__ import annotations

from django.http import HttpRequest

from dunwell.kernel.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    """The user as the one who acts, for the log."""
    return Actor(user_id=request.user.pk, name=request.user.staff_no, entity_id=request.user.entity_id)
