"""The chips of the timeline and the kinds of its entries, by name."""

from __future__ import annotations

from django.utils.translation import pgettext

from dunwell.casework import told

CHIPS = {
    "call": lambda: pgettext("timeline", "Calls"),
    "message": lambda: pgettext("timeline", "Messages"),
    "letter": lambda: pgettext("timeline", "Letters"),
    "visit": lambda: pgettext("timeline", "Visits"),
    "payment": lambda: pgettext("timeline", "Payments"),
    "promise": lambda: pgettext("timeline", "Promises"),
    "hold": lambda: pgettext("timeline", "Holds"),
    "person": lambda: told.chip("person"),
    "objection": lambda: told.chip("objection"),
    "note": lambda: pgettext("timeline", "Notes"),
    "system": lambda: pgettext("timeline", "System"),
}
KINDS = {
    "call": lambda: pgettext("timeline", "Call"),
    "message": lambda: pgettext("timeline", "Message"),
    "letter": lambda: pgettext("timeline", "Letter"),
    "visit": lambda: pgettext("timeline", "Visit"),
    "payment": lambda: pgettext("timeline", "Payment"),
    "promise": lambda: pgettext("timeline", "Promise"),
    "hold": lambda: pgettext("timeline", "Hold"),
    "person": lambda: told.name("person"),
    "objection": lambda: told.name("objection"),
    "note": lambda: pgettext("timeline", "Note"),
    "gate.decided": lambda: pgettext("timeline", "Decision"),
    "case": lambda: pgettext("timeline", "Case"),
    "action": lambda: pgettext("timeline", "Strategy"),
    "party": lambda: pgettext("timeline", "Person"),
    "list": lambda: pgettext("timeline", "List"),
    "arrangement": lambda: pgettext("timeline", "Arrangement"),
    "certificate": lambda: pgettext("timeline", "Certificate"),
    "debit": lambda: pgettext("timeline", "Auto-debit"),
    "deduction": lambda: pgettext("timeline", "Deduction"),
    "instruction": lambda: pgettext("timeline", "Host"),
    "help": lambda: pgettext("timeline", "Help"),
    "abuse": lambda: pgettext("timeline", "Abuse"),
    "trace": lambda: pgettext("timeline", "Tracing"),
    "asset": lambda: pgettext("timeline", "Asset"),
    "system": lambda: pgettext("timeline", "System"),
}
