"""Deductions: only with a stored authorisation, never the minimum to live on, one a day, and not before the retry's day."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from importlib import resources

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dunwell.arrangements import services
from dunwell.arrangements.models import DeductionAuthority, FailedDebit, Instruction
from dunwell.arrangements.services import debiting
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
    [failed] = services.failed_deductions(account_id=account.pk)
    assert (failed.instruction, failed.reason, failed.retry_on) == (asked, "insufficient funds", date(2026, 11, 26))
    with pytest.raises(services.NotAllowed, match="retry"):
        deduct(account, "300.00", days=2)
    assert deduct(account, "300.00", days=3).pk != asked.pk


def test_no_more_is_taken_than_is_past_due():
    account = build.account()
    build.account_state(account=account, past_due="200.00")
    authorised(account)
    with pytest.raises(services.NotAllowed, match="past_due"):
        deduct(account, "200.01")
    assert deduct(account, "200.00").amount == Decimal("200.00")


def test_an_authorisation_with_its_paper_and_a_deduction_that_failed_stand_on_the_page(client):
    party, _, case = build.debtor()
    account = party.accounts.get()
    user = build.user("collector")
    client.force_login(user, backend="dunwell.identity.backends.Backend")
    at = page = f"/cases/{case.case_no}/deductions"
    form = {"account": account.pk, "most": "1,000.00", "leaves": "", "evidence": build.proof(party), "key": "k"}
    said = client.post(f"{at}/authorise", {**form, "evidence": "he said so"}, follow=True).content.decode()
    assert "No such evidence is kept" in said
    client.post(f"{at}/authorise", form)
    client.post(f"{at}/authorise", form)  # a double click
    given = DeductionAuthority.objects.get()
    assert (given.most, given.leaves) == (Decimal("1000.00"), Decimal("1200.00"))
    said = client.post(f"{at}/deduct", {"account": account.pk, "amount": "1,000.01"}, follow=True).content.decode()
    assert "not within what he authorised" in said
    client.post(f"{at}/deduct", {"account": account.pk, "amount": "900.00"})
    asked = Instruction.objects.get(kind="deduction")
    told = Told(asked.pk, False, timezone.localdate(), "insufficient funds")
    services.answer_instruction(told=told, source="api", by=plans.BY, now=timezone.now())
    with CaptureQueriesContext(connection) as queries:
        shown = client.get(page).content.decode()
    assert len(queries) <= 15
    next_try = services.failed_deductions(account_id=account.pk)[0].retry_on
    assert "insufficient funds" in shown and f"next try {next_try}" in shown and "its next day has not come" in shown
    client.post(f"{at}/{given.pk}/revoke", {"reason": "he wrote"})
    assert "not authorised" in client.get(page).content.decode()
    stranger = build.debtor()[2].case_no
    assert client.post(f"/cases/{stranger}/deductions/{given.pk}/revoke", {"reason": "x"}).status_code == 404


def test_a_failed_auto_debit_of_the_host_is_a_fact_once_with_its_reason_and_next_try(client):
    party, _, case = build.debtor()
    build.AccountState.objects.update(auto_debit=True, auto_debit_result="insufficient_funds")
    other = build.account_state(account=build.account(party=party))
    build.AccountState.objects.filter(pk=other.pk).update(auto_debit=True, auto_debit_result="success")
    assert [services.note_failed_debits(now=NOW) for _ in "12"] == [1, 0]
    failed = FailedDebit.objects.get()
    assert (failed.reason, failed.due_date, failed.retry_on) == (
        "insufficient_funds",
        date(2026, 11, 19),
        date(2026, 11, 24),
    )
    user = build.user("collector", language="en")
    client.force_login(user, backend="dunwell.identity.backends.Backend")
    page = client.get(f"/cases/{case.case_no}").content.decode()
    assert "failed: not enough money on his account; next try 2026-11-24" in page  # beside the name
    assert "Auto-debit failed" in page and "due 2026-11-19" in page  # on the timeline
    build.AccountState.objects.update(auto_debit_result="success")  # the host's next file
    assert "next try" not in client.get(f"/cases/{case.case_no}").content.decode().partition("Auto-debit failed")[0]
    assert services.note_failed_debits(now=NOW) == 0


def test_what_is_no_failure_of_an_auto_debit_is_the_same_for_the_programs_and_for_facts():
    text = resources.files("dunwell.arrears").joinpath("sql/roll_up.sql").read_text("utf-8")
    said = text.partition("auto_debit_result NOT IN (")[2].partition(")")[0]
    assert tuple(part.strip().strip("'") for part in said.split(",")) == debiting.DEBITED
