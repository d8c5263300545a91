"""The only writers of what the gate reads and answers."""

from dunwell.compliance.services.asking import ask, decided_again, decision_of, judge
from dunwell.compliance.services.facts import (
    add_to_list,
    lift_hold,
    place_hold,
    record_consent,
    remove_from_list,
    withdraw_consent,
)
from dunwell.compliance.services.outcomes import OutcomeRefused, give_back, record_outcome
from dunwell.compliance.services.reserving import Reserved, reserve

__all__ = [
    "OutcomeRefused",
    "Reserved",
    "add_to_list",
    "ask",
    "decided_again",
    "decision_of",
    "give_back",
    "judge",
    "lift_hold",
    "place_hold",
    "record_consent",
    "record_outcome",
    "remove_from_list",
    "reserve",
    "withdraw_consent",
]
