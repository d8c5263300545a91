"""Words of arrangements that several pages use."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

PRODUCTS = {
    "instalment_plan": pgettext_lazy("product", "Instalment plan"),
    "personalised_plan": pgettext_lazy("product", "Personalised plan (Art 70)"),
    "deferral": pgettext_lazy("product", "Deferral"),
    "settlement": pgettext_lazy("product", "Settlement"),
    "waiver": pgettext_lazy("product", "Waiver"),
    "disaster_pause": pgettext_lazy("product", "Pause for a disaster"),
}
STANDINGS = {
    "proposed": pgettext_lazy("standing of a plan", "Proposed"),
    "refused": pgettext_lazy("standing of a plan", "Refused"),
    "approved": pgettext_lazy("standing of a plan", "Approved"),
    "lapsed": pgettext_lazy("standing of a plan", "Lapsed"),
    "agreed": pgettext_lazy("standing of a plan", "Agreed, with the host"),
    "rejected": pgettext_lazy("standing of a plan", "Rejected by the host"),
    "in_force": pgettext_lazy("standing of a plan", "In force"),
    "missed": pgettext_lazy("standing of a plan", "Instalment missed"),
    "breached": pgettext_lazy("standing of a plan", "Breached"),
    "terminated": pgettext_lazy("standing of a plan", "Terminated"),
    "ended": pgettext_lazy("standing of a plan", "Performed"),
    "cancelled": pgettext_lazy("standing of a plan", "Cancelled"),
    "replaced": pgettext_lazy("standing of a plan", "Changed: another took its place"),
    "died": pgettext_lazy("standing of a plan", "Ended by death"),
}
TONES = {
    "in_force": "ok", "ended": "ok", "approved": "ok", "missed": "warn", "breached": "danger", "terminated": "danger",
    "rejected": "danger", "refused": "danger",
}  # fmt: skip
STATES = {
    "open": pgettext_lazy("instalment", "open"),
    "paid": pgettext_lazy("instalment", "paid"),
    "paid_late": pgettext_lazy("instalment", "paid late"),
    "partly_paid": pgettext_lazy("instalment", "paid in part"),
    "missed": pgettext_lazy("instalment", "missed"),
}
STATE_TONES = {"paid": "ok", "paid_late": "warn", "partly_paid": "warn", "missed": "danger"}
INTEREST = {
    "stops": _("stops while it is performed"),
    "agreed": _("the plan's own, in the instalments"),
    "runs_on": _("runs on by the contract"),
}
SPREAD = {  # how what is paid at once is spread over the accounts of a combined plan
    "amount": _("What is paid at once is spread by the accounts' amounts, so that all of them end on one day."),
    "past_due": _("What is paid at once is spread by what is past due on the accounts."),
}
INSTRUCTIONS = {
    "waiver": pgettext_lazy("instruction", "Waiver"),
    "waiver_reversal": pgettext_lazy("instruction", "Waiver taken back"),
    "plan_booking": pgettext_lazy("instruction", "Plan booking"),
    "plan_replacement": pgettext_lazy("instruction", "Plan changed"),
    "plan_cancellation": pgettext_lazy("instruction", "Plan cancelled"),
    "stop_of_interest": pgettext_lazy("instruction", "Stop of interest"),
    "resumption_of_interest": pgettext_lazy("instruction", "Interest again"),
    "card_block": pgettext_lazy("instruction", "Card block"),
    "card_release": pgettext_lazy("instruction", "Card released"),
    "deduction": pgettext_lazy("instruction", "Deduction"),
    "balance_confirmation": pgettext_lazy("instruction", "Confirmation of the balance"),
    "amount_correction": pgettext_lazy("instruction", "Amount corrected"),
}
DEBIT_REASONS = {  # the host's words for why an auto-debit failed; another one is shown as it is
    "insufficient_funds": pgettext_lazy("auto-debit", "not enough money on his account"),
    "account_closed": pgettext_lazy("auto-debit", "his account is closed"),
    "account_frozen": pgettext_lazy("auto-debit", "his account is frozen"),
    "mandate_revoked": pgettext_lazy("auto-debit", "he took the mandate back"),
    "failed": pgettext_lazy("auto-debit", "failed"),
}
FORMS = {
    "signature": pgettext_lazy("form of consent", "Signed"),
    "written": pgettext_lazy("form of consent", "In writing"),
    "recording": pgettext_lazy("form of consent", "By telephone, recorded"),
}
PARTS = {"interest": _("Interest"), "fees": _("Fees"), "principal": _("Principal")}
NOT_ALLOWED = {
    "nobody": _("It takes a person."),
    "combined": _("One agreement is about different accounts of one person, issuer and currency."),
    "whole": _("A plan is changed with all its accounts that are not repaid, and no other."),
    "owed": _("Something is still owed on the account."),
    "unauthorised": _("The cardholder has not authorised it."),
    "amount": _("The amount is not within what he authorised."),
    "minimum": _("It would leave him less than the minimum to live on."),
    "past_due": _("It is more than is past due."),
    "today": _("Another deduction was asked for today."),
    "retry": _("The last deduction failed; its next day has not come."),
    "own": _("Somebody else has to approve what you proposed."),
    "role": _("Your role does not approve this by the mandates in force."),
    "twice": _("You have answered otherwise before."),
    "over": _("It has been decided or has ended already."),
    "reason": _("Say why."),
    "nothing": _("Nothing was asked for."),
    "unapproved": _("It is not approved yet."),
    "disclosed": _("The whole cost has to be laid before the cardholder first."),
    "evidence": _("By telephone takes a recorded talk (talk 12), the other forms a paper (file 5e6f…)."),
}
CERTIFICATES = {
    "settled": pgettext_lazy("certificate", "Settled"),
    "no_malice": pgettext_lazy("certificate", "Not late in bad faith"),
}


def term(number: int, unit: str) -> str:
    """How long: so many months or days."""
    if unit == "months":
        return ngettext("%(n)s month", "%(n)s months", number) % {"n": number}
    return ngettext("%(n)s day", "%(n)s days", number) % {"n": number}


def wanted(*, monthly: Decimal | None, due_day: int | None, months: int | None, currency: str) -> str:
    """What a cardholder asks for of a running plan, in a line; empty where he used his own words alone."""
    said = []
    if monthly is not None:
        said.append(gettext("%(amount)s %(currency)s a month") % {"amount": f"{monthly:,.2f}", "currency": currency})
    if due_day is not None:
        said.append(gettext("due on day %(day)s of the month") % {"day": due_day})
    if months is not None:
        said.append(gettext("all of it within %(months)s months") % {"months": months})
    return gettext(", ").join(said)
