"""What casework says: why a case is next, and what keeps a contact from being saved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dunwell.arrangements.means import scanning
from dunwell.kernel.times import BANK_ZONE

#: Sentences of save_contact, by code.
PROBLEMS: Mapping[str, object] = {
    "unknown_action": _("This action is not known."),
    "no_code": _("Choose what came of the call."),
    "does_not_fit": _("This result does not fit the action."),
    "identity_first": _("The person has to be identified before this result can be saved."),
    "identity_contradicts": _(
        "This result says that the person was not identified; the identity check says that he was."
    ),
    "not_disclosed": _("This has to be said, and ticked, before the result can be saved."),
    "no_parts": _("A promise needs an amount and a date."),
    "parts_without_promise": _("Amounts and dates belong to the result “promise to pay”."),
    "no_moment": _("Choose the moment of the call-back."),
    "moment_past": _("This moment has passed."),
    "no_note": _("A few words are needed here."),
    "no_contact": _("There is no call to which this result belongs. Dial first."),
    "other_case": _("This call belongs to another case."),
    "other_collector": _("This call was made by another collector."),
    "recorded": _(
        "A result was saved for this call already, from another page. Nothing was changed; "
        "what you typed is kept as a draft."
    ),
    "closed": _("The case was closed meanwhile: the result of the call can be saved, a promise cannot."),
    "too_many_parts": _("At most %(limit)s parts."),
    "date_past": _("%(date)s has passed."),
    "date_late": _("%(date)s is too late: the last day is %(last)s."),
    "not_working_day": _("%(date)s is not a working day."),
    "date_order": _("%(date)s does not come after the date before it."),
    "payer": _("Only who answers for an account of his may promise a part beside him."),
    "not_cents": _("%(amount)s is not an amount to the cent."),
    "not_positive": _("An amount is more than nothing."),
    "below_least": _("%(amount)s is below the least amount, %(least)s."),
    "above_past_due": _("Together %(total)s: more than is past due, %(past_due)s."),
    "no_such_finding": _("This finding is not known."),
    "judged": _("Payments have judged this promise: it cannot be taken back."),
    "promise_open": _("All that is past due is promised already, or too many promises are open. Withdraw one first."),
}
#: Why a case is next, by code of next_reason.
REASONS: Mapping[str, object] = {
    "call_back_due": _("Call-back due at %(at)s"),
    "joint_payer": _("A joint payer was not reminded of his part: speak with him"),
    "plan_change": _("He asks on his own page for another plan"),
    "promise_broken": _("Promise broken"),
    "promise_partly_kept": _("Promise kept only in part"),
    "first_payment_default": _("First-payment default, day %(days)s"),
    "high_balance": _("High balance, day %(days)s in %(bucket)s"),
    "day_in_bucket": _("Day %(days)s in %(bucket)s"),
    "never_contacted": _("Never reached, day %(days)s in %(bucket)s"),
    "visit": _("For a visit, day %(days)s"),
    "agency": _("For an agency, day %(days)s"),
    "law_firm": _("For a law firm, day %(days)s"),
    "held": _("You were working on it"),
    "on_hold": _("On hold: no demand"),
    "promise_open": _("Promise open until %(due)s"),
    "listed": _("On an internal list: no contact"),
    "paid": _("Nothing is past due"),
    "reminder": _("Reminder only, day %(days)s past due"),
    "contacted": _("Spoken to lately"),
    "nothing": pgettext_lazy("why a case is next", "Nothing planned"),
}


CHANNELS_OUT = {
    "call": pgettext_lazy("what a line dials for", "dialler"),
    "ai_call": pgettext_lazy("what a line dials for", "robot"),
}
QUEUES = {
    "call": pgettext_lazy("queue", "calls"),
    "visit": pgettext_lazy("queue", "visits"),
    "agency": pgettext_lazy("queue", "agency"),
    "law_firm": pgettext_lazy("queue", "law firm"),
}
RECORD_PROBLEMS = {
    "reference_unknown": _("The reference is of no list of ours."),
    "outcome_unknown": _("Somebody answered, and its code is not in the map: the call goes on counting."),
    "contact_not_of_entry": _("It names a dial of another entry."),
    "call_of_another_entry": _("The call was told of another entry before."),
    "no_times": _("It has no moments."),
    "no_offset": _("A moment lacks its offset from UTC."),
    "no_call_id": _("It has no call id."),
    "times_not_in_order": _("Its moments are not in order."),
    "in_the_future": _("It ends in the future."),
}
UNFIT = {
    "withdrawn": pgettext_lazy("caller number", "given up"),
    "marked": pgettext_lazy("caller number", "marked"),
    "rests": pgettext_lazy("caller number", "rests"),
    "complaints": pgettext_lazy("caller number", "too many complaints"),
    "used_up": pgettext_lazy("caller number", "used up today"),
}


def _written(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:,.2f}" if value.is_finite() and value == value.quantize(Decimal("0.01")) else str(value)
    if isinstance(value, datetime):
        return value.astimezone(BANK_ZONE).strftime("%H:%M")
    return value.isoformat() if isinstance(value, date) else str(value)


def problem(code: str, params: Mapping[str, object] | None = None) -> str:
    """The sentence of a problem in the reader's language."""
    return str(PROBLEMS[code]) % {name: _written(value) for name, value in (params or {}).items()}


def reason(said: Mapping[str, object] | None) -> str:
    """Why a case is next, in words: of `{"code": ..., "params": {...}}`; empty when nothing is said."""
    if not said or said.get("code") not in REASONS:
        return ""
    params = said.get("params") or {}
    return str(REASONS[str(said["code"])]) % {name: _written(value) for name, value in dict(params).items()}


#: How sure one has to be of who is speaking (identity.yaml), and why no check can be made.
IDENTITY_LEVELS: Mapping[str, object] = {
    "low": pgettext_lazy("identity check", "his own number"),
    "normal": pgettext_lazy("identity check", "usual risk"),
    "high": pgettext_lazy("identity check", "raised risk"),
}
IDENTITY_REFUSALS: Mapping[str, object] = {
    "locked": _("Too many failed checks: nobody passes, and nothing of the debt may be said,"),
    "too_little": _("Too little is on file that was not just shown: ask him to come to a branch with his document."),
    "outside": _("A third party is not identified, and nothing of the debt is said to him."),
    "recorded": _("This check is over."),
    "changed": _("The questions have changed meanwhile: ask these."),
}
#: Why a finding or a mark was not written down.
NOT_WRITTEN: Mapping[str, object] = {
    "nothing": _("Choose at least one finding."),
    "code": _("Choose one of the list."),
    "end": _("A mark ends on a day to come, and not later than its kind may last."),
    "day": _("Write the day as 2026-11-23."),
    "reason": _("Say the reason in a few words."),
}
#: Why an objection, a request, a path or a representative was not written down.
OBJECTION_REFUSALS: Mapping[str, object] = {
    "kind": _("Choose one of the list."),
    "code": _("Choose one of the list."),
    "what": _("Choose one of the list."),
    "department": _("Choose one of the list."),
    "document": _("Choose one of the list."),
    "account": _("Choose an account of this person."),
    "amount": _("Write the amount as 1,310.00; in part it is less than what is disputed."),
    "words": _("A few words are needed here."),
    "name": _("Write down his name."),
    "day": _("This day does not fit: write it as 2026-11-23."),
    "decided": _("It was decided already; the first decision stands."),
    "own": _("Who opened it does not decide it."),
    "letter": _("No letter can go out: there is no valid postal address, or no approved text."),
    "against": _("Choose somebody of the bank."),
    "handler": _("Only its handler does this; assign one who may handle complaints."),
    "interest": _("He worked on the case, or is of the same team as whom it is against: choose another handler."),
    "approval": _("The extension is approved by another than the handler."),
    "second": _("Another than its handler lets the answer leave."),
    "content": _("The letter may not say this:"),
    "over": _("This complaint is over."),
    "unanswered": _("Answer him first, then close it."),
    "not_theirs": _("Another department was asked."),
    "evidence": _("Hand in the paper that shows it."),
    "file": _("A file of at most 10 MB is expected."),
}
DISPUTE_STATES: Mapping[str, object] = {
    "": pgettext_lazy("dispute", "open"),
    "upheld": pgettext_lazy("dispute", "upheld against the bank"),
    "partly": pgettext_lazy("dispute", "upheld in part"),
    "rejected": pgettext_lazy("dispute", "rejected"),
    "withdrawn": pgettext_lazy("dispute", "withdrawn"),
}
DISPUTE_STEPS: Mapping[str, object] = {
    "asked": pgettext_lazy("dispute", "evidence asked for"),
    "evidence": pgettext_lazy("dispute", "evidence kept"),
    "answered": pgettext_lazy("dispute", "answered in writing"),
    **DISPUTE_STATES,
}
COMPLAINT_STATES: Mapping[str, object] = {
    "open": pgettext_lazy("complaint", "open"),
    "answered": pgettext_lazy("complaint", "answered"),
    "closed": pgettext_lazy("complaint", "closed"),
    "withdrawn": pgettext_lazy("complaint", "withdrawn"),
}
COMPLAINT_STEPS: Mapping[str, object] = {
    "assigned": pgettext_lazy("complaint", "assigned"),
    "complex": pgettext_lazy("complaint", "complex: 30 days"),
    "extended": pgettext_lazy("complaint", "extended by 30 days"),
    "escalated": pgettext_lazy("complaint", "gone up by its clock"),
    "drafted": pgettext_lazy("complaint", "answer written, waits for a second person"),
    "returned": pgettext_lazy("complaint", "answer sent back to its handler"),
    **COMPLAINT_STATES,
}
COMPLAINT_FILTERS: Mapping[str, object] = {
    "source": pgettext_lazy("complaint", "Source"),
    "category": pgettext_lazy("complaint", "Category"),
    "severity": pgettext_lazy("complaint", "Severity"),
}
ESCALATED_TO: Mapping[str, object] = {
    "team_leader": pgettext_lazy("escalated to", "team leader"),
    "compliance": pgettext_lazy("escalated to", "compliance"),
    "manager": pgettext_lazy("escalated to", "manager"),
}
FOUNDED: Mapping[bool, object] = {
    True: pgettext_lazy("complaint", "founded"),
    False: pgettext_lazy("complaint", "not founded"),
}
PROOF_STATES: Mapping[str, object] = {
    "usable": pgettext_lazy("paper", "usable"),
    "expired": pgettext_lazy("paper", "too old"),
    "quarantine": pgettext_lazy("paper", "quarantine, not scanned"),
    "infected": pgettext_lazy("paper", "infected"),
    "forged": pgettext_lazy("paper", "forged"),
}
PROOF_CHECKS: Mapping[str, object] = {
    "clean": pgettext_lazy("paper", "scanned: clean"),
    "infected": pgettext_lazy("paper", "scanned: infected"),
    "not_scanned": pgettext_lazy("paper", "not scanned"),
    "released": pgettext_lazy("paper", "released unscanned"),
    "asked": pgettext_lazy("paper", "issuer asked"),
    "genuine": pgettext_lazy("paper", "issuer: genuine"),
    "forged": pgettext_lazy("paper", "issuer: forged"),
    "no_answer": pgettext_lazy("paper", "issuer: no answer"),
}
#: What a scanner that did not scan is kept with; a scanner's own words stand as they are.
SCAN_DETAILS: Mapping[str, object] = {
    scanning.NOT_CONNECTED: pgettext_lazy("paper", "no scanner is connected"),
    scanning.NO_ANSWER: pgettext_lazy("paper", "the scanner gave no answer"),
}
#: Why a paper or a statement of means was not kept.
MEANS_REFUSALS: Mapping[str, object] = {
    "kind": _("Choose one of the list."),
    "file": _("A file of at most 10 MB is expected."),
    "media": _("By its content this is neither PDF, JPEG nor PNG."),
    "day": _("This day does not fit: write it as 2026-11-23."),
    "amount": _("Write amounts as 3,200.00; none is below nothing."),
    "household": _("How many live in the household: 1 to 20."),
    "words": _("A few words are needed here."),
    "infected": _("An infected file is never released."),
    "own": _("Somebody other than who handed it in releases it."),
}
CLUSTER_OUTCOMES: Mapping[str, object] = {
    "": pgettext_lazy("cluster", "not judged yet"),
    "obstruction": pgettext_lazy("cluster", "organised obstruction"),
    "chance": pgettext_lazy("cluster", "chance"),
    "genuine": pgettext_lazy("cluster", "genuine customer"),
    "doubtful": pgettext_lazy("cluster", "doubtful"),
}
