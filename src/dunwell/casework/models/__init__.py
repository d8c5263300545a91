"""Cases and what is known, asked and objected about their people."""

from dunwell.casework.models.cases import (
    Absence,
    AbsenceEnd,
    Assist,
    AssistEnd,
    Capability,
    Case,
    Draft,
    Note,
    Notice,
    Ownership,
    PlannedAction,
    Reminder,
)
from dunwell.casework.models.keeping import RetentionLock, RetentionLockRelease
from dunwell.casework.models.knowing import Finding, IdentityCheck, VulnerabilityEnd, VulnerabilityMark

__all__ = [
    "Absence",
    "AbsenceEnd",
    "Assist",
    "AssistEnd",
    "Capability",
    "Case",
    "Draft",
    "Finding",
    "IdentityCheck",
    "Note",
    "Notice",
    "Ownership",
    "PlannedAction",
    "Reminder",
    "RetentionLock",
    "RetentionLockRelease",
    "VulnerabilityEnd",
    "VulnerabilityMark",
]
