"""Next, for whoever may take cases now: not during a break, and not without the training that the bank asks for."""

from __future__ import annotations

from datetime import datetime

from dunwell.casework import services as casework
from dunwell.casework.models import Case
from dunwell.floor.queries.training import missing
from dunwell.floor.services.wellbeing import current_break
from dunwell.identity.models import User


class NotNow(Exception):
    """Why he gets no case: `code` is break or untrained."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def hindrance(user: User, now: datetime) -> str:
    """Why a user gets no case now: break, untrained, or empty."""
    if current_break(user.pk, now) is not None:
        return "break"
    return "untrained" if missing(user, now) else ""


def take_next(*, user: User, now: datetime) -> Case | None:
    """casework.services.take_next, unless something hinders: then NotNow."""
    code = hindrance(user, now)
    if code:
        raise NotNow(code)
    return casework.take_next(user=user, now=now)


def next_address(*, user: User, now: datetime) -> str:
    """Where a collector goes on: the next case, held for him, or his desk, which says why there is none."""
    try:
        case = take_next(user=user, now=now)
    except NotNow as hindered:
        return f"/desk?why={hindered.code}"
    return f"/cases/{case.case_no}" if case else "/desk?empty=1"
