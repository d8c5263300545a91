"""A promise that was written down wrongly: taken back, or put right."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from dunwell.arrangements import services as arrangements
from dunwell.arrangements.models import Promise
from dunwell.arrangements.rules.promises import Part
from dunwell.casework.models import Case
from dunwell.identity.models import User
from dunwell.kernel import times


class NotHis(Exception):
    """The promise is somebody else's, or of another day: those with `promise.withdraw` take it back."""


def may_revise(*, recorded_by: int | None, made_on: object, user: User, now: datetime) -> bool:
    """Whoever wrote a promise down, on the day he did; on other days, and others', a team leader."""
    his = recorded_by == user.pk and made_on == times.business_date(now) and user.may("case.work")
    return his or user.may("promise.withdraw")


@transaction.atomic
def revise_promise(
    *, case_id: int, promise_id: int, reason: str, user: User, now: datetime, key: str, parts: Sequence[Part] = ()
) -> Promise | None:
    """Take an open promise of the case back and, with `parts`, make it anew as it was meant, from the same call.

    The reason stands in the log. The same key again answers what was made. Raises NotHis; PromiseRefused with what is
    wrong with the parts, or `judged`; then the promise stands as it was. Promise.DoesNotExist when it is not of the case.
    """
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    promise = Promise.objects.get(pk=promise_id, party_id=case.party_id)
    if not may_revise(recorded_by=promise.recorded_by, made_on=promise.made_on, user=user, now=now):
        raise NotHis
    by = user.actor
    arrangements.withdraw(promise_id=promise_id, reason=reason, by=by, now=now)
    if not parts:
        return None
    return arrangements.make_promise(
        party_id=case.party_id, case_id=case.pk, parts=parts, currency=promise.currency, contact_id=promise.contact_id,
        by=by, now=now, key=key,
    )  # fmt: skip
