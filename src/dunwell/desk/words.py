"""What codes are called on screens, after docs/glossary.md."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

ROLES = {
    "collector": pgettext_lazy("role", "Collector"),
    "team_leader": pgettext_lazy("role", "Team leader"),
    "analyst": pgettext_lazy("role", "Analyst"),
    "compliance": pgettext_lazy("role", "Compliance officer"),
    "legal": pgettext_lazy("role", "Legal officer"),
    "manager": pgettext_lazy("role", "Manager"),
    "administrator": pgettext_lazy("role", "Administrator"),
}
STAGES = {
    "reminder": pgettext_lazy("stage", "Reminder"),
    "early": pgettext_lazy("stage", "Early"),
    "mid": pgettext_lazy("stage", "Mid"),
    "late": pgettext_lazy("stage", "Late"),
    "": "–",
}
CONTACT_KINDS = {
    "mobile": pgettext_lazy("contact point", "mobile"),
    "landline": pgettext_lazy("contact point", "landline"),
    "email": pgettext_lazy("contact point", "e-mail"),
    "address": pgettext_lazy("contact point", "address"),
}
CONTACT_LABELS = {
    "own": pgettext_lazy("contact point", "own"),
    "home": pgettext_lazy("contact point", "home"),
    "workplace": pgettext_lazy("contact point", "workplace"),
    "post": pgettext_lazy("contact point", "post"),
}
SOURCES = {
    "contract": _("from the contract"),
    "left_by_debtor": _("left by the person"),
    "authorised": _("authorised"),
    "public": _("public"),
    "declared_contact": _("declared contact"),
    "authorised_query": _("authorised query"),
}
POINT_STATUS = {"valid": _("valid"), "suspended": _("suspended"), "invalid": _("invalid")}
PARTY_ROLES = {
    "primary": _("Cardholder"),
    "supplementary": _("Supplementary cardholder"),
    "guarantor": _("Guarantor"),
    "joint_debtor": _("Joint debtor"),
    "company": _("Company"),
    "declared_contact": _("Declared contact"),
    "guardian": _("Guardian"),
    "representative": _("Representative"),
}
RELATIONS = {
    "mother": _("mother"),
    "father": _("father"),
    "spouse": _("spouse"),
    "colleague": _("colleague"),
    "friend": _("friend"),
    "sibling": _("brother or sister"),
    "child": _("child"),
    "parent": _("parent"),
    "relative": _("relative"),
}
CHANNELS = {
    "call": pgettext_lazy("channel", "Call"),
    "ai_call": pgettext_lazy("channel", "Voice robot"),
    "sms": pgettext_lazy("channel", "SMS"),
    "email": pgettext_lazy("channel", "E-mail"),
    "letter": pgettext_lazy("channel", "Letter"),
    "visit": pgettext_lazy("channel", "Field visit"),
    "agency": pgettext_lazy("channel", "Agency"),
    "law_firm": pgettext_lazy("channel", "Law firm"),
    "im": pgettext_lazy("channel", "Messenger"),
}
PROMISE_STATES = {
    "open": pgettext_lazy("promise", "promise open"),
    "kept": pgettext_lazy("promise", "promise kept"),
    "partly_kept": pgettext_lazy("promise", "promise partly kept"),
    "broken": pgettext_lazy("promise", "promise broken"),
    "withdrawn": pgettext_lazy("promise", "promise withdrawn"),
}
# What a call came to: counting codes of the contact rules, and the result for the work. Keys 1 to 9.
OUTCOMES = {
    "connected_rpc": _("right party spoke"),
    "connected_wpc": _("wrong person"),
    "no_answer": _("no answer"),
    "voicemail": _("voicemail"),
    "not_connected_to_number": _("did not connect"),
    "hung_up": _("hung up"),
    "refused_to_identify": _("would not identify"),
    "rejected": _("rejected"),
    "busy": _("busy"),
    "powered_off": _("switched off"),
    "phone_assistant": _("answered by an assistant"),
    "out_of_service": _("out of service"),
    "empty_number": _("no such number"),
    "nothing_left": _("nothing left the house"),
    "sent": _("sent"),
    "delivered": _("delivered"),
    "bounced": _("bounced"),
}
REVEAL_REASONS = {
    "identity_check": _("to check the identity in a call"),
    "wrong_number": _("to check a number that may be wrong"),
    "request": _("the person asked about his own data"),
    "complaint": _("to answer a complaint"),
    "legal": _("for a legal step"),
}
MESSAGES_ON = {"sms": ("mobile",), "email": ("email",)}
SNOOZES = {
    "30m": _("in half an hour"),
    "2h": _("in two hours"),
    "tomorrow": _("tomorrow at 9:00"),
    "3d": _("in three days at 9:00"),
}
