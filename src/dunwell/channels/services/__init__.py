"""The only writers of messages."""

from dunwell.channels.services.queueing import Plan, Planned, cancel_messages, plan_messages, queue_message
from dunwell.channels.services.sending import Sent, send_due
from dunwell.channels.services.texts import Shown, load_templates, preview

__all__ = [
    "Plan",
    "Planned",
    "Sent",
    "Shown",
    "cancel_messages",
    "load_templates",
    "plan_messages",
    "preview",
    "queue_message",
    "send_due",
]
