"""Names of figures on screens, and the formula that stands behind each."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import get_language, pgettext, pgettext_lazy

from dunwell.compliance.words import CHANNELS as CHANNELS

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
STEP_MEANINGS = {
    "planned": pgettext_lazy("report", "parties for whom the strategy planned an action due today"),
    "attempted": pgettext_lazy(
        "report", "parties whom at least one outward contact tried to reach today; what never left is not counted"
    ),
    "reached": pgettext_lazy("report", "parties reached in person today (outcome connected_rpc)"),
    "promised": pgettext_lazy("report", "parties who made a promise to pay today; the amount is the sum of its parts"),
    "paid": pgettext_lazy(
        "report", "parties of whom a repayment was recorded for today; announced ones count until the host answers"
    ),
}
FORMULAS = {
    "late_balance": pgettext_lazy("report", "balance of the accounts in M1 to M7+ at the close of the business date"),
    "roll": pgettext_lazy(
        "report",
        "balance (at the month's start) of the accounts that went from M1 to M2 / "
        "balance of all accounts in M1 at the month's start",
    ),
    "received": pgettext_lazy(
        "report", "repayments recorded for today less reversals; announced ones count until the host answers"
    ),
    "rpc": pgettext_lazy("report", "calls in which the person himself was reached / calls made today"),
    "contact": pgettext_lazy("report", "calls that somebody answered / calls made today"),
    "kept": pgettext_lazy("report", "parts of promises kept / parts judged, due in the last 30 days"),
    "gate": pgettext_lazy("report", "contacts that the gate refused today"),
    "staff": pgettext_lazy("report", "collectors who made at least one call today"),
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
    "per_collector": pgettext_lazy(
        "report", "repayments of parties reached in the seven days before / collectors who made a contact today"
    ),
    "cases_per_collector": pgettext_lazy("report", "open cases that have an owner / owners"),
    "recovery": pgettext_lazy(
        "report", "repayments less reversals since entry, until the account is cured / balance at entry"
    ),
}


def in_units(amount: Decimal | None) -> tuple[Decimal | None, str, int]:
    """An amount for a headline: in 亿元 or 万元 in Chinese, in millions or thousands in English; with its places."""
    if amount is None:
        return None, "", 2
    english = (get_language() or "").startswith("en")
    steps = (
        ((Decimal(1_000_000), pgettext("unit of money", "m"), 2), (Decimal(1_000), pgettext("unit of money", "k"), 1))
        if english
        else (
            (Decimal(100_000_000), pgettext("unit of money", "CNY 100m"), 2),
            (Decimal(10_000), pgettext("unit of money", "CNY 10k"), 1),
        )
    )
    for size, word, places in steps:
        if abs(amount) >= size:
            return amount / size, word, places
    return amount, pgettext("unit of money", "CNY"), 2


def table_unit() -> tuple[Decimal, str]:
    """The unit of a table's amounts: 万元 in Chinese, thousands in English."""
    if (get_language() or "").startswith("en"):
        return Decimal(1_000), pgettext("unit of money", "thousand CNY")
    return Decimal(10_000), pgettext("unit of money", "CNY 10k")
