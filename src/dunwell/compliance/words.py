"""Codes of the gate in words: holds, channels, sources of a number or address, and what came of a contact (rules, 2.1)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

HOLDS = {
    "dispute": pgettext_lazy("hold", "Dispute"),
    "fraud": pgettext_lazy("hold", "Fraudulent transaction"),
    "art70": pgettext_lazy("hold", "Personalised plan"),
    "plan": pgettext_lazy("hold", "Plan being performed"),
    "hardship": pgettext_lazy("hold", "Hardship"),
    "illness": pgettext_lazy("hold", "Illness"),
    "bereavement": pgettext_lazy("hold", "Bereavement"),
    "disaster": pgettext_lazy("hold", "Disaster"),
    "death": pgettext_lazy("hold", "Death"),
    "minor": pgettext_lazy("hold", "Minor"),
    "incapacity": pgettext_lazy("hold", "Incapacity"),
    "bankruptcy": pgettext_lazy("hold", "Bankruptcy"),
    "adviser": pgettext_lazy("hold", "Debt adviser"),
    "representative": pgettext_lazy("hold", "Represented"),
    "complaint": pgettext_lazy("hold", "Complaint"),
    "legal": pgettext_lazy("hold", "Court stage"),
    "court": pgettext_lazy("hold", "Court stage"),
    "sold": pgettext_lazy("hold", "Claim sold"),
    "recalled": pgettext_lazy("hold", "Recalled"),
    "risk": pgettext_lazy("hold", "Risk of suicide or violence"),
    "other": pgettext_lazy("hold", "Other"),
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
SOURCES = {
    "contract": _("from the contract"),
    "left_by_debtor": _("left by the person"),
    "authorised": _("authorised"),
    "public": _("public"),
    "declared_contact": _("declared contact"),
    "authorised_query": _("authorised query"),
}
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
CIRCUMSTANCES = {
    "joint_debt": pgettext_lazy("circumstance", "Joint debt of the spouse"),
    "supplementary_liable": pgettext_lazy("circumstance", "Supplementary cardholder is liable"),
    "heir": pgettext_lazy("circumstance", "Heir"),
    "estate_value": pgettext_lazy("circumstance", "Limited to the value of the estate"),
    "employer": pgettext_lazy("circumstance", "Employer"),
    "adviser": pgettext_lazy("circumstance", "Debt adviser"),
    "agency_notice": pgettext_lazy("circumstance", "Told of the placement"),
}
