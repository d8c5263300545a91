"""Deductions: only with a stored authorisation, never the minimum to live on, one a day, and not before the retry's day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from dunwell.arrangements import services
from dunwell.arrangements.models import Instruction
from dunwell.arrangements.services.instructing import Told
from dunwell.compliance.services import Unproven
from tests import build, plans
from tests.build import NOW, TODAY

pytestmark = pytest.mark.django_db


def authorised(account, **fields: object):
    given = {
        "most": Decimal("500.00"),
        "leaves": Decimal("1500.00"),
        "evidence_ref": build.proof(account.party),
        **fields,
    }
    return services.authorise_deduction(account_id=account.pk, by=plans.COLLECTOR, now=NOW, key="d", **given)


def deduct(account, amount: str, *, days: int = 0) -> Instruction:
    return services.deduct(
        account_id=account.pk, amount=Decimal(amount), by=plans.COLLECTOR, now=NOW + timedelta(days=days)
    )


def test_nothing_is_taken_without_a_proven_authorisation_or_after_it_was_taken_back():
    account = build.account()
    with pytest.raises(services.NotAllowed, match="unauthorised"):
        deduct(account, "100.00")
    with pytest.raises(Unproven):
        authorised(account, evidence_ref="he said so")
    with pytest.raises(services.NotAllowed, match="minimum"):
        authorised(account, leaves=Decimal("1199.99"))
    given = authorised(account)
    with pytest.raises(services.NotAllowed, match="amount"):
        deduct(account, "500.01")
    asked = deduct(account, "500.00")
    assert (asked.kind, asked.payload["leave"]) == ("deduction", "1500.00")
    services.revoke_deduction(authority_id=given.pk, reason="he wrote", by=plans.COLLECTOR, now=NOW)
    with pytest.raises(services.NotAllowed, match="unauthorised"):
        deduct(account, "100.00", days=1)


def test_one_instruction_a_day_and_a_failed_one_is_tried_again_on_its_day():
    account = build.account()
    authorised(account)
    asked = deduct(account, "300.00")
    assert deduct(account, "300.00") == asked
    with pytest.raises(services.NotAllowed, match="today"):
        deduct(account, "200.00")
    told = Told(asked.pk, False, TODAY, "insufficient funds")
    services.answer_instruction(told=told, source="api", by=plans.BY, now=NOW)
    [(failed, reason, retry_on)] = services.failed_deductions(account_id=account.pk)
    assert (failed, reason, retry_on) == (asked, "insufficient funds", date(2026, 11, 26))
    with pytest.raises(services.NotAllowed, match="retry"):
        deduct(account, "300.00", days=2)
    assert deduct(account, "300.00", days=3).pk != asked.pk
