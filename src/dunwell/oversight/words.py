"""Names of figures on screens, and the formula that stands behind each."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import get_language, pgettext, pgettext_lazy

from dunwell.compliance.words import CHANNELS as CHANNELS
from dunwell.compliance.words import LISTS, OUTCOMES
from dunwell.frame.templatetags.frame import unit
from dunwell.legal.words import KINDS as RECORDS
from dunwell.legal.words import PARTY_TYPES

STAGES = {
    "reminder": pgettext_lazy("stage", "Reminder"),
    "early": pgettext_lazy("stage", "Early"),
    "mid": pgettext_lazy("stage", "Mid"),
    "late": pgettext_lazy("stage", "Late"),
}
PART_STATES = {
    "kept": pgettext_lazy("part of a promise", "kept"),
    "partly_kept": pgettext_lazy("part of a promise", "partly kept"),
    "broken": pgettext_lazy("part of a promise", "broken"),
}
VERDICTS = {"BLOCK": pgettext_lazy("gate", "refused"), "REVIEW": pgettext_lazy("gate", "for review")}
STEPS = {
    "planned": pgettext_lazy("funnel", "Planned"),
    "attempted": pgettext_lazy("funnel", "Attempted"),
    "reached": pgettext_lazy("funnel", "Right party reached"),
    "promised": pgettext_lazy("funnel", "Promised"),
    "paid": pgettext_lazy("funnel", "Paid"),
}
FIGURES = {
    "calls": pgettext_lazy("figure", "Calls"),
    "contacts": pgettext_lazy("figure", "Contacts"),
    "received": pgettext_lazy("figure", "Money received"),
    "promises": pgettext_lazy("figure", "Promises made"),
    "kept": pgettext_lazy("report", "Promise-kept rate"),
    "gate": pgettext_lazy("report", "Refused by the gate"),
    "owned": pgettext_lazy("report", "Own cases"),
    "productivity": pgettext_lazy("report", "Received a collector"),
    "owners": pgettext_lazy("report", "Cases a collector"),
    "telephone": pgettext_lazy("figure", "On the telephone"),
    "holding": pgettext_lazy("figure", "Cases open on a desk now"),
    "funnel": pgettext_lazy("figure", "Funnel of the day"),
    "stages": pgettext_lazy("report", "Stages"),
    **STEPS,
}
NOTHING = {
    "kept": pgettext_lazy("report", "No part of a promise was due in the last 30 days."),
    "gate": pgettext_lazy("report", "The gate has refused nothing today."),
    "stages": pgettext_lazy("report", "Nothing is past due."),
}
COLUMNS = {
    "at": pgettext_lazy("report", "Time"),
    "staff_no": pgettext_lazy("column", "Staff number"),
    "name_zh": pgettext_lazy("column", "Name in Chinese"),
    "name_en": pgettext_lazy("column", "Name in English"),
    "party_no": pgettext_lazy("report", "Party"),
    "name_masked": pgettext_lazy("report", "Name"),
    "case_no": pgettext_lazy("report", "Case"),
    "account_no": pgettext_lazy("report", "Account"),
    "host_ref": pgettext_lazy("column", "Reference"),
    "booking": pgettext_lazy("column", "Booking"),
    "channel": pgettext_lazy("report", "Channel"),
    "outcome": pgettext_lazy("column", "Outcome"),
    "verdict": pgettext_lazy("report", "Answer"),
    "rule": pgettext_lazy("report", "Rule"),
    "state": pgettext_lazy("report", "State"),
    "due_date": pgettext_lazy("report", "Due on"),
    "opened_on": pgettext_lazy("column", "Opened on"),
    "owned_since": pgettext_lazy("column", "Owned since"),
    "held_until": pgettext_lazy("column", "Held until"),
    "step": pgettext_lazy("column", "Step"),
    "stage": pgettext_lazy("report", "Stage"),
    "share_of_before": pgettext_lazy("column", "Of the step before"),
    "calls": pgettext_lazy("column", "Calls"),
    "connected": pgettext_lazy("column", "Answered"),
    "reached": pgettext_lazy("report", "Right party"),
    "contacts": pgettext_lazy("report", "Contacts"),
    "amount": pgettext_lazy("report", "Amount"),
    "promises": pgettext_lazy("report", "Promises"),
    "promised": pgettext_lazy("report", "Promised"),
    "received": pgettext_lazy("report", "Received"),
    "judged": pgettext_lazy("column", "Judged"),
    "kept": pgettext_lazy("column", "Kept"),
    "blocked": pgettext_lazy("column", "Refused"),
    "review": pgettext_lazy("column", "For review"),
    "cases": pgettext_lazy("column", "Cases"),
    "owners": pgettext_lazy("column", "Owners"),
    "working": pgettext_lazy("column", "At work"),
    "parties": pgettext_lazy("column", "Parties"),
    "accounts": pgettext_lazy("report", "Accounts"),
    "balance": pgettext_lazy("report", "Balance"),
    "past_due": pgettext_lazy("report", "Past due"),
}
BOOKINGS = {
    "repayment": pgettext_lazy("booking", "repayment"),
    "announced": pgettext_lazy("booking", "announced, not yet posted"),
    "reversal": pgettext_lazy("booking", "reversal"),
    "withdrawn": pgettext_lazy("booking", "withdrawn by the host"),
}
SECTIONS = {
    "sample": pgettext_lazy("inspection", "Contacts drawn by chance"),
    "breaches": pgettext_lazy("inspection", "Hours and caps that were broken"),
    "third_parties": pgettext_lazy("inspection", "Third parties who were contacted, with the proof of lost contact"),
    "releases": pgettext_lazy("inspection", "Releases"),
    "looks": pgettext_lazy("inspection", "Personal data shown, listened to or taken away"),
    "lists": pgettext_lazy("inspection", "Internal lists"),
    "destructions": pgettext_lazy("inspection", "Records past their period: destroyed or proposed"),
}
INSPECTION = {
    "at": pgettext_lazy("report", "Time"),
    "number": pgettext_lazy("inspection", "Number"),
    "party_no": pgettext_lazy("report", "Party"),
    "party_type": pgettext_lazy("inspection", "Who"),
    "channel": pgettext_lazy("report", "Channel"),
    "contact_point": pgettext_lazy("inspection", "Contact point"),
    "by": pgettext_lazy("inspection", "By"),
    "approved_by": pgettext_lazy("inspection", "Approved by"),
    "outcome": pgettext_lazy("column", "Outcome"),
    "rule": pgettext_lazy("report", "Rule"),
    "detail": pgettext_lazy("inspection", "Detail"),
    "recordings": pgettext_lazy("inspection", "Recordings"),
}
DONE = {  # what an entry of the inspection report says was done
    "pending": pgettext_lazy("inspection", "not written down yet"),
    "added": pgettext_lazy("inspection", "entered"),
    "removed": pgettext_lazy("inspection", "taken off"),
    "destruction.approved": pgettext_lazy("inspection", "destruction approved"),
    "destruction.refused": pgettext_lazy("inspection", "destruction refused"),
    "party.revealed": pgettext_lazy("inspection", "shown in clear"),
    "party.copied": pgettext_lazy("inspection", "copy made"),
    "recording.played": pgettext_lazy("inspection", "listened to"),
    "letter.read": pgettext_lazy("inspection", "letter read"),
    "paper.read": pgettext_lazy("inspection", "paper read"),
    "bundle.made": pgettext_lazy("inspection", "set of proof made"),
    "bundle.read": pgettext_lazy("inspection", "set of proof read"),
    "report.exported": pgettext_lazy("inspection", "report exported"),
    "list.exported": pgettext_lazy("inspection", "list exported"),
    "export.alarm": pgettext_lazy("inspection", "alarm of exports"),
}
#: Column -> its codes in words.
VALUES = {
    "channel": CHANNELS,
    "outcome": {**OUTCOMES, **DONE},
    "verdict": VERDICTS,
    "state": PART_STATES,
    "step": STEPS,
    "stage": STAGES,
    "booking": BOOKINGS,
    "party_type": PARTY_TYPES,
}
#: What stands in the inspection's column of rules and is none: internal lists, kinds of record.
NO_RULES = {**LISTS, **RECORDS}
FORMULAS = {
    "planned": pgettext_lazy("report", "parties for whom the strategy planned an action due on the day"),
    "attempted": pgettext_lazy(
        "report", "parties whom at least one outward contact tried to reach on the day; what never left is not counted"
    ),
    "reached": pgettext_lazy("report", "parties reached in person on the day"),
    "promised": pgettext_lazy(
        "report",
        "parties who made a promise to pay on the day, in this currency, that was not withdrawn; the amount is the sum of "
        "its parts",
    ),
    "paid": pgettext_lazy(
        "report",
        "parties of whom more was received on the day than was taken back, in this currency; announced payments count "
        "until the host answers",
    ),
    "funnel": pgettext_lazy("report", "parties at each step, and their share of the step before"),
    "late_balance": pgettext_lazy("report", "balance of the accounts in M1 to M7+ at the close of the business date"),
    "roll": pgettext_lazy(
        "report",
        "balance (at the month's start) of the accounts that went from M1 to M2 / "
        "balance of all accounts in M1 at the month's start",
    ),
    "received": pgettext_lazy(
        "report",
        "repayments recorded for the day less what was taken back on it; announced ones count until the host answers",
    ),
    "rpc": pgettext_lazy("report", "calls in which the person himself was reached / calls made on the day"),
    "contact": pgettext_lazy("report", "calls that somebody answered / calls made on the day"),
    "calls": pgettext_lazy(
        "report",
        "contact rate: calls that somebody answered / calls made; right-party rate: calls in which the person himself was "
        "reached / calls made",
    ),
    "contacts": pgettext_lazy(
        "report", "outward contacts made by a person, through every channel, and those in which the debtor was reached"
    ),
    "promises": pgettext_lazy(
        "report", "promises made on the day that were not withdrawn, put to who wrote them; the sum of their parts"
    ),
    "kept": pgettext_lazy("report", "parts of promises kept / parts judged, due in the last 30 days"),
    "gate": pgettext_lazy("report", "contacts that the gate refused on the day"),
    "staff": pgettext_lazy("report", "people who made at least one call on the day"),
    "telephone": pgettext_lazy("report", "people who made at least one call on the day"),
    "holding": pgettext_lazy("report", "cases that somebody has open now"),
    "entry": pgettext_lazy(
        "report",
        "accounts in M1 to M7+ at the month's end that had nothing past due at its start "
        "/ accounts with nothing past due at its start",
    ),
    "cure": pgettext_lazy(
        "report",
        "accounts with nothing past due at the month's end that were in M1 to M7+ at its "
        "start / accounts in M1 to M7+ at its start",
    ),
    "fpd": pgettext_lazy(
        "report",
        "accounts whose first statement fell due in the last 30 days and is unpaid / all "
        "accounts whose first statement fell due in the last 30 days",
    ),
    "productivity": pgettext_lazy(
        "report",
        "received of parties reached in the seven days before, less what was taken back / collectors who made a contact on "
        "the day",
    ),
    "owned": pgettext_lazy("report", "cases open on the day that had an owner on that day"),
    "owners": pgettext_lazy("report", "cases open on the day that had an owner on that day / owners"),
    "recovery": pgettext_lazy(
        "report", "repayments less reversals since entry, until the account is cured / balance at entry"
    ),
    "stages": pgettext_lazy(
        "report",
        "Accounts with something past due, by days delinquent: reminder to the end of grace, early M1 and M2, mid M3 to M6, "
        "late M7+. Payments of today are taken into account.",
    ),
}


def in_units(amount: Decimal | None, currency: str) -> tuple[Decimal | None, str, int]:
    """An amount for a headline: in 亿元 or 万元 in Chinese, in millions or thousands in English; with its places."""
    if amount is None:
        return None, "", 2
    if (get_language() or "").startswith("en"):
        steps = (
            (Decimal(1_000_000), pgettext("unit of money", "m"), 2),
            (Decimal(1_000), pgettext("unit of money", "k"), 1),
        )
    elif currency == "CNY":
        steps = (
            (Decimal(100_000_000), pgettext("unit of money", "CNY 100m"), 2),
            (Decimal(10_000), pgettext("unit of money", "CNY 10k"), 1),
        )
    else:
        steps = (
            (Decimal(100_000_000), pgettext("unit of money", "100m %(currency)s") % {"currency": currency}, 2),
            (Decimal(10_000), pgettext("unit of money", "10k %(currency)s") % {"currency": currency}, 1),
        )
    for size, word, places in steps:
        if abs(amount) >= size:
            return amount / size, word, places
    return amount, unit(currency), 2


def table_unit(currency: str) -> tuple[Decimal, str]:
    """The unit of a table's amounts: 万元 in Chinese, thousands in English."""
    if (get_language() or "").startswith("en"):
        return Decimal(1_000), pgettext("unit of money", "thousand %(currency)s") % {"currency": currency}
    if currency == "CNY":
        return Decimal(10_000), pgettext("unit of money", "CNY 10k")
    return Decimal(10_000), pgettext("unit of money", "10k %(currency)s") % {"currency": currency}
