"""Codes in words, for the pages and documents of the legal room."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dunwell.casework.queries.keeping import Obstacle
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
    "supplementary": _("Supplementary cardholder"),
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
    "locked": _("a retention lock is in force (%(cause)s %(reference)s)"),
    "retention": _("records must be kept (%(kind)s, %(rule)s)"),
}
KINDS = {
    "recording": pgettext_lazy("retention", "Recordings"),
    "message_log": pgettext_lazy("retention", "Texts of messages"),
    "letter": pgettext_lazy("retention", "Letters"),
    "paper": pgettext_lazy("retention", "Papers of a claim"),
    "court_paper": pgettext_lazy("retention", "Papers of a court"),
    "complaint_paper": pgettext_lazy("retention", "Papers of a complaint"),
    "bundle": pgettext_lazy("retention", "Sets of proof"),
    "delivery": pgettext_lazy("retention", "The bank's files"),
    "case_record": pgettext_lazy("retention", "People"),
    "claim_evidence": pgettext_lazy("retention", "Proof of a claim"),
}
CAUSES = {
    "suit": pgettext_lazy("retention", "Suit"),
    "complaint": pgettext_lazy("retention", "Complaint"),
    "inquiry": pgettext_lazy("retention", "Inquiry of an authority"),
    "audit": pgettext_lazy("retention", "Audit"),
    "other": pgettext_lazy("retention", "Other"),
}
KEPT = {
    "case_open": pgettext_lazy("retention", "a case is open"),
    "hold": pgettext_lazy("retention", "a hold is in force"),
    "owes": pgettext_lazy("retention", "he owes"),
    "locked": pgettext_lazy("retention", "a retention lock"),
    "retention": pgettext_lazy("retention", "the period runs"),
    "shared": pgettext_lazy("retention", "kept elsewhere"),
}
DESTRUCTION = {
    "proposed": pgettext_lazy("destruction", "waits for approval"),
    "approved": pgettext_lazy("destruction", "being carried out"),
    "refused": pgettext_lazy("destruction", "refused"),
    "done": pgettext_lazy("destruction", "carried out"),
}
RETENTION_REFUSED = {
    "kind": _("Choose a kind of record."),
    "cause": _("Choose why it is kept."),
    "reference": _("The number of the suit, complaint or inquiry is needed."),
    "reason": REFUSED["reason"],
    "nobody": REFUSED["nobody"],
    "mandate": _("You have no mandate for this."),
    "nothing": _("Nothing of this kind may be destroyed now."),
    "own": _("Somebody else has to answer your proposal."),
    "answered": _("It was answered otherwise already."),
    "party": _("There is no such customer number."),
}


def kept_because(code: str) -> str:
    """Why a record was kept when its destruction was carried out."""
    return str(KEPT[code])


def obstacle(one: Obstacle) -> str:
    """What forbids an erasure, and until when."""
    until = _("until %(day)s") % {"day": one.until} if one.until else ""
    named = {"kind": KINDS, "cause": CAUSES}
    params = {name: named.get(name, {}).get(value, value) for name, value in one.params.items()}
    return f"{OBSTACLES[one.code] % params} {until}".strip()


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
