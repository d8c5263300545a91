"""The criminal-referral test of an account, from its facts: confirmed receipts only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from importlib.resources import files

from django.db import connection

from dunwell.arrears.models import AccountState
from dunwell.compliance.queries import in_force
from dunwell.legal.queries.proof import PRINCIPAL
from dunwell.legal.rules.referral import Collection, Terms, Test, referral
from dunwell.portfolio.models import Account

STATEMENT = (files("dunwell.legal") / "sql" / "confirmed.sql").read_text(encoding="utf-8")


def referral_of(account: Account, *, on: date) -> Test | None:
    """The test by what is known now; None when nothing is past due.

    Principal is the host's, less what was paid since its position: by I-CRIM every repayment counts as principal, so
    it is never more than this.
    """
    state = AccountState.objects.filter(account=account, past_due__gt=0).first()
    if state is None or state.oldest_due_date is None:
        return None
    principal = sum((getattr(state, name) for name in PRINCIPAL), Decimal(0)) - state.paid_since
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, {"account": account.pk})
        told = [Collection(day, evidence) for day, evidence in cursor.fetchall()]
    return referral(
        max(principal, Decimal(0)), told, overdue_since=state.oldest_due_date, terms=Terms.of(in_force(on).duties)
    )
