"""From planned actions to messages: what is due goes into the outbox, and what became of it comes back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from dunwell.casework.models import PlannedAction
from dunwell.channels import services as channels
from dunwell.channels.models import Message
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date

PLANNER = Actor.program("planner")
BY_MESSAGE = ("sms", "email", "im", "letter")
LEFT = (Message.State.SENT, Message.State.DELIVERED, Message.State.UNDELIVERED, Message.State.IN_DOUBT)
STOPPED = (Message.State.REFUSED, Message.State.FAILED)


def queue_planned(*, now: datetime, limit: int, by: Actor = PLANNER) -> int:
    """Queue the messages that are due, at most `limit`; cancel those whose action was cancelled; close the actions
    whose message left or cannot leave. May be run again at any time. Answers how many were queued.
    """
    _cancel(limit, by=by, now=now)
    _close(limit, by=by, now=now)
    return _queue(limit, by=by, now=now)


def _message(**conditions: object) -> Exists:
    return Exists(Message.objects.filter(planned_action_id=OuterRef("pk"), **conditions))


@transaction.atomic
def _cancel(limit: int, *, by: Actor, now: datetime) -> None:
    waiting = list(
        Message.objects.filter(state=Message.State.PLANNED, planned_action_id__isnull=False)
        .filter(Exists(PlannedAction.objects.filter(pk=OuterRef("planned_action_id"), state="cancelled")))
        .values_list("planned_action_id", flat=True)[:limit]
    )
    channels.cancel_messages(action_ids=waiting, reason="action_cancelled", by=by, now=now)


@transaction.atomic
def _close(limit: int, *, by: Actor, now: datetime) -> None:
    settled = (
        PlannedAction.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(_message(state__in=LEFT + STOPPED), state=PlannedAction.State.PLANNED, channel__in=BY_MESSAGE)
        .order_by("pk")[:limit]
    )
    actions = list(settled)
    states = {
        m.planned_action_id: m for m in Message.objects.filter(planned_action_id__in=[action.pk for action in actions])
    }
    for action in actions:
        message = states[action.pk]
        action.state = "done" if message.state in LEFT else "cancelled"
        action.state_reason = message.refusal_rule or message.state
    _end(actions, by=by, now=now)


@transaction.atomic
def _queue(limit: int, *, by: Actor, now: datetime) -> int:
    due = list(
        PlannedAction.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("case")
        .filter(~_message(), state="planned", channel__in=BY_MESSAGE, due_on__lte=business_date(now))
        .order_by("due_on", "pk")[:limit]
    )
    plans = [channels.Plan(a.pk, a.party_id, a.case_id, a.case.case_no, a.template) for a in due]
    planned = channels.plan_messages(plans=plans, by=by, now=now)
    impossible = [action for action in due if action.pk in planned.impossible]
    for action in impossible:
        action.state, action.state_reason = "cancelled", planned.impossible[action.pk]
    _end(impossible, by=by, now=now)
    return len(planned.queued)


def _end(actions: Sequence[PlannedAction], *, by: Actor, now: datetime) -> None:
    """Keep the states that these actions came to, and write them down."""
    PlannedAction.objects.bulk_update(actions, ["state", "state_reason"])
    evidence.write_many(
        [
            evidence.Entry(
                kind=f"action.{action.state}", now=now, by=by, entity_id=action.entity_id, party_id=action.party_id,
                case_id=action.case_id,
                data={
                    "action": action.pk, "step": action.step, "channel": action.channel, "reason": action.state_reason,
                },
            )
            for action in actions
        ]
    )  # fmt: skip
