"""Codes in words, for the pages and documents of the legal room."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dunwell.casework.services.forgetting import Obstacle
from dunwell.channels.words import COMPONENTS as COMPONENTS
from dunwell.channels.words import STATES
from dunwell.compliance.words import CHANNELS, OUTCOMES, SOURCES
from dunwell.legal.rules.limitation import kinds, obstacles

PARTY_TYPES = {
    "debtor": _("Debtor"),
    "guarantor": _("Guarantor"),
    "joint_debtor": _("Joint debtor"),
    "spouse_related": _("Spouse"),
    "third_unrelated": _("Third party"),
    "heir": _("Heir"),
    "guardian": _("Guardian"),
    "attorney": _("Representative"),
    "employer": _("Employer"),
    "adviser": _("Adviser"),
}
BREACH = pgettext_lazy("limitation", "Due and not paid")
PARTS = {
    "all": pgettext_lazy("limitation", "All"),
    "expired": pgettext_lazy("limitation", "Too late"),
    "held": pgettext_lazy("limitation", "Stands still"),
}
REFUSED = {
    "kind": _("Choose what happened."),
    "reason": _("A reason is needed."),
    "days": _("The last day is before the first, or this event has no last day."),
    "future": _("It cannot lie in the future."),
    "nobody": _("A person writes it down."),
    "whose": _("This paper belongs to somebody else: the account, the person or the bank."),
    "empty": _("Choose a file; this one is empty."),
    "content": _("The file is no PDF, PNG, JPEG or TIFF."),
    "date": _("Write the days as 2026-11-23."),
    "erased": _("This person was erased: nothing can be read any more."),
    "kept": _("It may not be erased yet:"),
}
CORRECTION_REFUSED = {
    "reason": REFUSED["reason"],
    "source": _("Choose where it comes from."),
    "kind": _("Choose what is put right."),
    "value": _("This is no such name, number or address."),
    "whose": _("That contact point is somebody else's."),
}
POINT_KINDS = {
    "mobile": _("Mobile"),
    "landline": _("Landline"),
    "email": _("E-mail"),
    "address": _("Address"),
}
OBSTACLES = {
    "case_open": _("case %(case_no)s is open"),
    "hold": _("a hold is in force (%(kind)s)"),
    "owes": _("account %(account_no)s has a balance of %(amount)s %(currency)s"),
    "retention": _("records must be kept (%(kind)s, %(rule)s)"),
}


def obstacle(one: Obstacle) -> str:
    """What forbids an erasure, and until when."""
    until = _("until %(day)s") % {"day": one.until} if one.until else ""
    return f"{OBSTACLES[one.code] % one.params} {until}".strip()


def channel(code: str) -> str:
    return str(CHANNELS.get(code, code))


def outcome(code: str) -> str:
    return str(OUTCOMES.get(code, pgettext_lazy("outcome", "open") if code == "pending" else code))


def source(code: str) -> str:
    return str(SOURCES.get(code, code))


def state(code: str) -> str:
    return str(STATES.get(code, OUTCOMES.get(code, code)))


def party_type(code: str) -> str:
    return str(PARTY_TYPES.get(code, code))


def component(code: str) -> str:
    return str(COMPONENTS.get(code, code))


def event(kind: str, language: str) -> str:
    """What interrupts or suspends limitation, and the breach it begins with."""
    if kind == "breach":
        return str(BREACH)
    if kind in kinds():
        return kinds()[kind].name(language)
    return obstacles()[kind][language == "en"]
