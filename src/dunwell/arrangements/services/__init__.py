"""The only writers of promises, arrangements and instructions. Each writes facts, their log entry, and touches the party."""

from dunwell.arrangements.services.agreeing import agree, answer_proposal, cancel
from dunwell.arrangements.services.answers import keep_answers, take_answers
from dunwell.arrangements.services.certifying import (
    answer_certificate,
    issue_certificates,
    request_certificate,
    revoke_certificates,
)
from dunwell.arrangements.services.changing import answer_change, ask_change
from dunwell.arrangements.services.debiting import note_failed_debits
from dunwell.arrangements.services.deducting import authorise_deduction, deduct, failed_deductions, revoke_deduction
from dunwell.arrangements.services.documents import agreement
from dunwell.arrangements.services.following import follow
from dunwell.arrangements.services.instructing import (
    Contradicted,
    answer_instruction,
    hand_over,
    instruct,
)
from dunwell.arrangements.services.promises import make_promise, withdraw
from dunwell.arrangements.services.proposing import NotOffered, propose
from dunwell.arrangements.services.refusing import NotAllowed

__all__ = [
    "Contradicted",
    "NotAllowed",
    "NotOffered",
    "agree",
    "agreement",
    "answer_certificate",
    "answer_change",
    "answer_instruction",
    "answer_proposal",
    "ask_change",
    "authorise_deduction",
    "cancel",
    "deduct",
    "failed_deductions",
    "follow",
    "hand_over",
    "instruct",
    "issue_certificates",
    "keep_answers",
    "make_promise",
    "note_failed_debits",
    "propose",
    "request_certificate",
    "revoke_certificates",
    "revoke_deduction",
    "take_answers",
    "withdraw",
]
