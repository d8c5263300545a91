"""Failures of agreed auto-debits (约定还款), out of the published columns into facts."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Coalesce

from dunwell.arrangements.models import FailedDebit
from dunwell.arrangements.rules.promises import policy
from dunwell.arrears.models import AccountState
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio import reference

DEBITED = ("", "ok", "paid", "success")  # results that are no failure, as arrears/sql/roll_up.sql has them
BY = Actor.program("auto-debits")


@transaction.atomic
def note_failed_debits(*, now: datetime, limit: int = 500, by: Actor = BY) -> int:
    """Write down the failures that the last files told and nobody wrote down yet; answers how many."""
    told = FailedDebit.objects.filter(
        account_id=OuterRef("account_id"), due_date=OuterRef("failed_of"), reason=OuterRef("auto_debit_result")
    )
    states = (
        AccountState.objects.filter(auto_debit=True)
        .exclude(auto_debit_result__in=DEBITED)
        .annotate(failed_of=Coalesce(F("due_date"), F("business_date")))
        .filter(~Exists(told))
        .select_related("account")
        .select_for_update(of=("self",), skip_locked=True)  # of two workers each takes others
    )
    made = [
        FailedDebit(
            entity_id=state.account.entity_id, account=state.account, due_date=state.failed_of,
            reason=state.auto_debit_result, business_date=state.business_date, recorded_at=now,
            retry_on=reference.calendar().add_working_days(
                state.business_date, policy(state.business_date).debit_retry_days
            ),
        )
        for state in states.order_by("account_id")[:limit]
    ]  # fmt: skip
    for fact in FailedDebit.objects.bulk_create(made):
        evidence.write(
            kind="debit.failed", now=now, by=by, entity_id=fact.entity_id, party_id=fact.account.party_id,
            account_id=fact.account_id,
            data={
                "due_date": fact.due_date.isoformat(), "reason": fact.reason, "retry_on": fact.retry_on.isoformat(),
            },
            rows=[fact],
        )  # fmt: skip
    return len(made)
