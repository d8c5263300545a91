"""Planned actions become messages, and a message's end ends its action."""

from datetime import UTC, date, datetime

import pytest

from dunwell.casework.models import PlannedAction
from dunwell.casework.services.outbox import queue_planned
from dunwell.channels import services
from dunwell.channels.models import Message
from tests import build

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def planned(party, case, *, due=date(2026, 11, 24), step="SMS-03", template="SMS-REMIND-1"):
    return PlannedAction.objects.create(
        entity=party.entity, party=party, case=case, step=step, cycle=date(2026, 10, 19), channel="sms",
        purpose="reminder", template=template, due_on=due, segment="all", rule="r", strategy_sha256="0", run_id=1,
    )  # fmt: skip


def test_what_is_due_is_queued_once_and_what_is_not_waits():
    party, _, case = build.debtor()
    planned(party, case)
    planned(party, case, due=date(2026, 11, 25), step="SMS-07")
    assert [queue_planned(now=NOW, limit=10) for _ in "12"] == [1, 0]


def test_a_cancelled_action_cancels_its_message():
    party, _, case = build.debtor()
    action = planned(party, case)
    queue_planned(now=NOW, limit=10)
    PlannedAction.objects.filter(pk=action.pk).update(state="cancelled")
    queue_planned(now=NOW, limit=10)
    assert Message.objects.get().state == "cancelled"


def test_a_refused_message_ends_its_action_with_the_rule():
    party, _, case = build.debtor()
    action = planned(party, case)
    queue_planned(now=NOW, limit=10)
    build.AccountState.objects.update(past_due=0)
    services.send_due(now=NOW, limit=10)
    queue_planned(now=NOW, limit=10)
    action.refresh_from_db()
    assert (action.state, action.state_reason) == ("cancelled", "G-PAID")


def test_an_action_without_a_number_ends_with_that_reason():
    party = build.party()
    build.account_state(account=build.account(party=party))
    action = planned(party, build.case(party=party))
    queue_planned(now=NOW, limit=10)
    action.refresh_from_db()
    assert (action.state, action.state_reason) == ("cancelled", "no_contact_point")
