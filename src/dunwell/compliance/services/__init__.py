"""The only writers of what the gate reads and answers."""

from dunwell.compliance.services.allotting import Allotted, allot
from dunwell.compliance.services.asking import ask, decided_again, decision_of, judge
from dunwell.compliance.services.batching import Outcome, record_many
from dunwell.compliance.services.circumstances import (
    list_agency,
    record_circumstance,
    register_domain,
    withdraw_circumstance,
)
from dunwell.compliance.services.dialling import decide_at_dial
from dunwell.compliance.services.facts import (
    MORE_THAN_THE_LAW,
    add_to_list,
    approve_entry,
    lift_hold,
    name_officer,
    place_hold,
    record_consent,
    remove_from_list,
    withdraw_consent,
)
from dunwell.compliance.services.incoming import take_call
from dunwell.compliance.services.outcomes import OutcomeRefused, Proof, give_back, record_outcome, take_turns
from dunwell.compliance.services.proofs import Unproven, keep_proof, proven
from dunwell.compliance.services.releasing import ReleaseRefused, release
from dunwell.compliance.services.reserving import Reserved, Slot, reserve, reserve_many
from dunwell.compliance.services.sharing import reserve_shared
from dunwell.compliance.services.unasked import note_breach, record_unasked

__all__ = [
    "note_breach",
    "record_unasked",
    "withdraw_circumstance",
    "register_domain",
    "record_circumstance",
    "proven",
    "list_agency",
    "Unproven",
    "Allotted",
    "MORE_THAN_THE_LAW",
    "Outcome",
    "OutcomeRefused",
    "Proof",
    "ReleaseRefused",
    "Reserved",
    "Slot",
    "add_to_list",
    "allot",
    "approve_entry",
    "ask",
    "decide_at_dial",
    "decided_again",
    "decision_of",
    "give_back",
    "judge",
    "keep_proof",
    "lift_hold",
    "name_officer",
    "place_hold",
    "record_consent",
    "record_many",
    "record_outcome",
    "release",
    "remove_from_list",
    "reserve",
    "reserve_many",
    "reserve_shared",
    "take_call",
    "take_turns",
    "withdraw_consent",
]
