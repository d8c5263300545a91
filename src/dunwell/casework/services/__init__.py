"""The only writers of cases: who holds one, what was said and agreed, what comes back when, who owns what."""

from dunwell.casework.services.absences import (
    AbsenceRefused,
    assist,
    end_absence,
    end_assist,
    set_absence,
    set_capability,
)
from dunwell.casework.services.contacts import Problem, Saved, answer_call, save_contact
from dunwell.casework.services.drafts import drop_draft, open_draft, save_draft
from dunwell.casework.services.handing import (
    HandOut,
    HandOutRefused,
    end_ownerships,
    hand_out,
    plan_hand_out,
    take_back,
)
from dunwell.casework.services.looking import NotShown, reveal_point
from dunwell.casework.services.notes import call_back, set_task, snooze, write_note
from dunwell.casework.services.promises import NotHis, may_revise, revise_promise
from dunwell.casework.services.queue import HOLD, Held, hold, put_off, release, renew, take_next, take_over

__all__ = [
    "AbsenceRefused",
    "HOLD",
    "HandOut",
    "HandOutRefused",
    "Held",
    "NotHis",
    "NotShown",
    "Problem",
    "Saved",
    "assist",
    "answer_call",
    "call_back",
    "drop_draft",
    "end_absence",
    "end_assist",
    "end_ownerships",
    "hand_out",
    "hold",
    "open_draft",
    "may_revise",
    "plan_hand_out",
    "put_off",
    "release",
    "renew",
    "reveal_point",
    "revise_promise",
    "save_contact",
    "save_draft",
    "set_absence",
    "set_capability",
    "set_task",
    "snooze",
    "take_back",
    "take_next",
    "take_over",
    "write_note",
]
