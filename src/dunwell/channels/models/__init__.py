"""Texts, the outbox, calls and campaigns: what is to leave, and what became of it."""

from dunwell.channels.models.calls import Call, CallerNumber, CallerNumberMark, CallEvent, Recording, RecordingMatch
from dunwell.channels.models.campaigns import (
    Campaign,
    CampaignDial,
    CampaignEnd,
    CampaignEntry,
    CampaignPull,
    DialRecord,
)
from dunwell.channels.models.messages import (
    Inbound,
    Letter,
    LineState,
    Message,
    MessageEvent,
    MessagePart,
    Receipt,
    ReceiptMatch,
)
from dunwell.channels.models.texts import Template, TextApproval, TextDraft, TextWithdrawal

__all__ = [
    "Call",
    "CallEvent",
    "CallerNumber",
    "CallerNumberMark",
    "Campaign",
    "CampaignDial",
    "CampaignEnd",
    "CampaignEntry",
    "CampaignPull",
    "DialRecord",
    "Inbound",
    "Letter",
    "LineState",
    "Message",
    "MessageEvent",
    "MessagePart",
    "Receipt",
    "ReceiptMatch",
    "Recording",
    "RecordingMatch",
    "Template",
    "TextApproval",
    "TextDraft",
    "TextWithdrawal",
]
