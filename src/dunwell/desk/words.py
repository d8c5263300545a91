"""What codes are called on screens, after docs/glossary.md."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dunwell.compliance.words import CHANNELS as CHANNELS
from dunwell.compliance.words import OUTCOMES as OUTCOMES
from dunwell.compliance.words import POINT_STATUS as POINT_STATUS
from dunwell.compliance.words import SOURCES as SOURCES

ROLES = {
    "collector": pgettext_lazy("role", "Collector"),
    "team_leader": pgettext_lazy("role", "Team leader"),
    "analyst": pgettext_lazy("role", "Analyst"),
    "compliance": pgettext_lazy("role", "Compliance officer"),
    "legal": pgettext_lazy("role", "Legal officer"),
    "manager": pgettext_lazy("role", "Manager"),
    "administrator": pgettext_lazy("role", "Administrator"),
}
CALL_EVENTS = {
    "waiting": _("Your telephone is asked to dial."),
    "refused": _("Not dialled"),
    "dialled": _("Dialling."),
    "ringing": _("It rings."),
    "answered": _("Answered."),
    "ended": _("The call has ended."),
    "lost": _("The connection to your telephone was lost: only you know what came of this call. It counts."),
}
NOTICES = {
    "adverse_record": _("Notice before reporting to the credit database"),
    "placement": _("Notice of placement with an agency"),
    "limitation_demand": _("Demand that interrupts limitation"),
    "breach": _("Notice of breach"),
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
    "im": pgettext_lazy("contact point", "app or WeChat"),
}
CONTACT_LABELS = {
    "own": pgettext_lazy("contact point", "own"),
    "home": pgettext_lazy("contact point", "home"),
    "workplace": pgettext_lazy("contact point", "workplace"),
    "post": pgettext_lazy("contact point", "post"),
}
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
# What somebody is to the debt, as the gate knows it.
PARTY_TYPES = {
    "debtor": _("the person himself"),
    "guarantor": _("Guarantor"),
    "joint_debtor": _("Joint debtor"),
    "supplementary": _("Supplementary cardholder"),
    "guardian": _("Guardian"),
    "attorney": _("Representative"),
    "third_unrelated": _("third party"),
    "spouse_related": _("spouse"),
    "heir": _("heir"),
    "employer": _("employer"),
}
PURPOSES = {
    "demand": pgettext_lazy("purpose of a call", "Demand"),
    "locate": pgettext_lazy("purpose of a call", "Locate"),
    "relay": pgettext_lazy("purpose of a call", "Relay"),
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
PROMISE_STATES = {
    "open": pgettext_lazy("promise", "promise open"),
    "kept": pgettext_lazy("promise", "promise kept"),
    "partly_kept": pgettext_lazy("promise", "promise partly kept"),
    "broken": pgettext_lazy("promise", "promise broken"),
    "withdrawn": pgettext_lazy("promise", "promise withdrawn"),
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
PAYMENT_SOURCES = {
    "file": _("from the host's file"),
    "typed": _("typed in"),
    "api": _("announced by another system"),
    "page": _("paid on his own page"),
}
OWN_PAGE = {  # what happened on the cardholder's own page: the log's kind, and the tone
    "link_made": (_("Link made"), ""),
    "opened": (_("Link opened"), ""),
    "passed": (_("Came in"), "ok"),
    "failed": (_("Did not know the answer"), "warn"),
    "locked": (_("Locked after wrong answers"), "danger"),
    "code": (_("Asked for a code"), ""),
    "again": (_("Asked for a new link"), ""),
    "why": (_("Looked how it is computed"), ""),
    "pay": (_("Went to pay"), ""),
    "promise": (_("Promised to pay"), ""),
    "plan": (_("Asks for a plan"), ""),
    "offers": (_("Looked what may be offered"), ""),
    "take": (_("Took an offer"), "ok"),
    "change": (_("Asks for another plan"), ""),
    "agreed": (_("Agreed to a plan, its cost shown"), "ok"),
    "wishes": (_("Chose how to be contacted"), ""),
    "tell": (_("Told us something"), ""),
    "agree": (_("Agreed to what was arranged"), "ok"),
    "certificate": (_("Asked for a certificate"), ""),
    "fetch": (_("Fetched a paper"), ""),
    "heard": (_("Looked at our answers"), ""),
    "copy": (_("Asked for a copy of his data"), ""),
    "call_back_refused": (_("The payment provider's word does not fit"), "danger"),
}
CONSENTS = {  # the log's kind of what he agreed to, wishes, or what is proven
    "consent.recorded": _("Consent or wish written down"),
    "consent.withdrawn": _("Consent or wish taken back"),
    "circumstance.recorded": _("Proven and written down"),
    "circumstance.withdrawn": _("No longer taken as proven"),
}
PROGRAMS = {  # who wrote an entry of the log, where it was no person
    "cardholder": _("The cardholder"),
    "payment provider": _("Payment provider"),
    "nightly": _("Night run"),
    "demo": _("Night run"),
    "gate": _("Gate"),
    "worker": _("Worker"),
    "reassess": _("Worker"),
    "sender": _("Worker"),
    "intake": _("Intake"),
    "host": _("Host"),
    "carrier": _("Carrier"),
    "telephone": _("Telephone"),
    "recorder": _("Recorder"),
    "robot": _("Robot"),
    "planner": _("Strategy"),
    "campaigns": _("Campaign"),
    "notices": _("Notices"),
    "printer": _("Print shop"),
    "arrangements": _("Arrangements"),
    "certificates": _("Certificates"),
    "instructions": _("Instructions"),
    "limitation": _("Limitation"),
    "auto-debits": pgettext_lazy("timeline", "Auto-debit"),
}
TOLD = {  # what he says that it is about
    "not_mine": _("not his spending"),
    "wrong_amount": _("amount wrong"),
    "paid_already": _("paid already"),
    "hardship": _("in difficulty"),
    "complaint": _("complaint"),
    "ask_plan": _("asks for a plan"),
    "plan_change": _("asks for another plan"),
    "other": _("something else"),
}
PAYMENT_ANSWERS = {
    "posted": _("Posted by the host"),
    "dropped": _("Dropped"),
    "expired": _("Expired: the host has not posted it"),
}
