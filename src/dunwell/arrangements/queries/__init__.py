"""Reads of promises, arrangements and instructions to the host."""

from dunwell.arrangements.queries.agreements import Agreement, agreements_of, parts_of
from dunwell.arrangements.queries.changes import changes_asked, last_changes
from dunwell.arrangements.queries.deductions import deductions_of
from dunwell.arrangements.queries.instructions import open_instructions, overdue, reconciliation
from dunwell.arrangements.queries.plans import (
    certificates_of,
    late,
    may_be_combined,
    owed_on,
    running,
    situation_of,
    situation_together,
    waiting_for_approval,
)
from dunwell.arrangements.queries.promises import open_promises, past_due, payers, problems_with, promises_of, terms
from dunwell.arrangements.queries.reminders import not_reminded

__all__ = [
    "Agreement",
    "agreements_of",
    "certificates_of",
    "changes_asked",
    "deductions_of",
    "last_changes",
    "late",
    "may_be_combined",
    "not_reminded",
    "open_instructions",
    "open_promises",
    "overdue",
    "owed_on",
    "parts_of",
    "past_due",
    "payers",
    "problems_with",
    "promises_of",
    "reconciliation",
    "running",
    "situation_of",
    "situation_together",
    "terms",
    "waiting_for_approval",
]
