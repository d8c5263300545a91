"""What the nights' pages call things."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.utils.translation import pgettext, pgettext_lazy

from dunwell.frame.templatetags.frame import money
from dunwell.intake import sentences as files
from dunwell.nightly.models import Run

STATES = {
    Run.State.RUNNING: pgettext_lazy("night", "running"),
    Run.State.STOPPED: pgettext_lazy("night", "stopped"),
    Run.State.PUBLISHED: pgettext_lazy("night", "published"),
    Run.State.SUPERSEDED: pgettext_lazy("night", "superseded"),
}
STEPS = {
    "freeze": pgettext_lazy("night", "Freeze the inputs"),
    "take_in": pgettext_lazy("night", "Take in"),
    "movements": pgettext_lazy("night", "Payments and reversals"),
    "dues": pgettext_lazy("night", "Dues"),
    "apply_payments": pgettext_lazy("night", "Apply payments"),
    "age": pgettext_lazy("night", "Age"),
    "classify": pgettext_lazy("night", "Classify"),
    "risk": pgettext_lazy("night", "Risk class"),
    "settle_promises": pgettext_lazy("night", "Settle promises"),
    "settle_plans": pgettext_lazy("night", "Settle plans"),
    "accrue": pgettext_lazy("night", "Interest and late charges"),
    "difference": pgettext_lazy("night", "Differences to the host"),
    "roll_up": pgettext_lazy("night", "Roll up to the party"),
    "segment": pgettext_lazy("night", "Segment"),
    "arm": pgettext_lazy("night", "Champion or challenger"),
    "suppress": pgettext_lazy("night", "Suppress"),
    "choose": pgettext_lazy("night", "Choose actions"),
    "queue": pgettext_lazy("night", "Queue"),
    "no_strategy": pgettext_lazy("night", "No strategy in force"),
    "cases": pgettext_lazy("night", "Cases"),
    "allocate": pgettext_lazy("night", "Spread the payments"),
    "book": pgettext_lazy("night", "The whole book"),
    "figures": pgettext_lazy("night", "Managers' figures"),
    "totals": pgettext_lazy("night", "Check totals"),
    "changes": pgettext_lazy("night", "Find what changed"),
    "partition": pgettext_lazy("night", "Cut into partitions"),
    "publish": pgettext_lazy("night", "Publish"),
}


def reason(run: Run) -> str:
    """Why a night stopped, as a sentence; empty for one that did not."""
    told = run.stop_reason
    sentences: dict[str, str] = {
        "file_missing": pgettext(
            "night", "%(kind)s: the file of %(date)s has not come. The lists of the last night stay."
        ),
        "file_refused": pgettext(
            "night", "%(kind)s: the file of %(date)s (%(name)s) was refused. The lists of the last night stay."
        ),
        "totals_off": pgettext(
            "night",
            "A total is off (%(name)s): %(found)s %(currency)s, and should be %(expected)s. The lists of the last night stay.",
        ),
        "programs_changed": pgettext(
            "night", "Other programs were installed while it was under way. The next run of the date began anew."
        ),
    }
    code = str(told.get("code", ""))
    if code not in sentences:
        return code
    named = {"kind": files.kind(str(told.get("kind", "")))} if "kind" in told else {}
    if code == "totals_off":
        named["name"] = str(TOTALS.get(told["name"], told["name"]))
    return sentences[code] % {"currency": "", **told, **named}


MEASURES = {
    "balance": pgettext_lazy("night", "balance"),
    "interest": pgettext_lazy("night", "interest"),
    "moved": pgettext_lazy("night", "payments and reversals"),
    "past_due": pgettext_lazy("night", "past due"),
    "promised": pgettext_lazy("night", "promised, received"),
    "agreed": pgettext_lazy("night", "agreed, received"),
    "received": pgettext_lazy("night", "received, spread"),
}
TOTALS = {
    "accounts": pgettext_lazy("night", "Accounts: position, book"),
    "accounts_by_bucket": pgettext_lazy("night", "Accounts: states and the rest, buckets"),
    "balance": pgettext_lazy("night", "Balance: position, book"),
    "balance_by_bucket": pgettext_lazy("night", "Balance: position, buckets"),
    "principal_retail": pgettext_lazy("night", "Retail principal: position, states and the rest"),
    "principal_cash": pgettext_lazy("night", "Cash principal: position, states and the rest"),
    "principal_instalment_billed": pgettext_lazy("night", "Billed instalments: position, states and the rest"),
    "principal_instalment_unbilled": pgettext_lazy("night", "Unbilled instalments: position, states and the rest"),
    "interest_on_balance": pgettext_lazy("night", "Interest on balance sheet: position, states and the rest"),
    "interest_off_balance": pgettext_lazy("night", "Interest off balance sheet: position, states and the rest"),
    "late_charge": pgettext_lazy("night", "Late charges: position, states and the rest"),
    "other_fees": pgettext_lazy("night", "Other fees: position, states and the rest"),
    "credit_balance": pgettext_lazy("night", "Credit balances: position, states and the rest"),
    "past_due_by_host": pgettext_lazy("night", "Past due where nothing moved: the host's word, ours"),
    "past_due": pgettext_lazy("night", "Past due: states, buckets"),
    "received": pgettext_lazy("night", "Payments received: PostgreSQL, lines and credit and not spread here"),
    "parties": pgettext_lazy("night", "Parties looked at: accounts, states"),
}
COUNTED = frozenset({"accounts", "accounts_by_bucket", "parties"})  # totals that are no money


def unusual(step: str, odd: Mapping[str, str]) -> str:
    """One figure of a step outside its usual range, as a sentence."""
    places = 0 if odd["what"] == "rows" else 2
    told = {
        "step": STEPS.get(step, step), "currency": odd["currency"],
        **{name: money(Decimal(odd[name]), places) for name in ("found", "low", "high")},
    }  # fmt: skip
    if odd["what"] == "rows":
        return pgettext("night", "%(step)s: %(found)s rows; usual are %(low)s to %(high)s.") % told
    return pgettext("night", "%(step)s: %(found)s %(currency)s; usual are %(low)s to %(high)s.") % told
