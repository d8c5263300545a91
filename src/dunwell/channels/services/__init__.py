"""The only writers of messages."""

from dunwell.channels.services.calling import ask_call, seat_of
from dunwell.channels.services.drafting import TextRefused, approve_text, draft_text, scan_texts, withdraw_text
from dunwell.channels.services.inbound import Came, take_inbound
from dunwell.channels.services.letters import Returned, send_letters, take_return_file
from dunwell.channels.services.queueing import Plan, Planned, cancel_messages, plan_messages, queue_message
from dunwell.channels.services.receipts import Told, take_receipts
from dunwell.channels.services.recordings import Taken, listen, take_batch
from dunwell.channels.services.resolving import ResolveRefused, resolve
from dunwell.channels.services.sending import send_due
from dunwell.channels.services.settling import Sent
from dunwell.channels.services.texts import Shown, load_templates, preview

__all__ = [
    "Came",
    "Plan",
    "Planned",
    "ResolveRefused",
    "Returned",
    "Sent",
    "Shown",
    "Taken",
    "TextRefused",
    "Told",
    "approve_text",
    "ask_call",
    "cancel_messages",
    "draft_text",
    "listen",
    "load_templates",
    "plan_messages",
    "preview",
    "queue_message",
    "resolve",
    "scan_texts",
    "seat_of",
    "send_due",
    "send_letters",
    "take_batch",
    "take_inbound",
    "take_receipts",
    "withdraw_text",
    "take_return_file",
]
