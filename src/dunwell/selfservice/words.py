"""What stands on the page in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dunwell.arrangements.words import PRODUCTS
from dunwell.casework import words as casework
from dunwell.frame.templatetags.frame import sentence
from dunwell.selfservice.wishes import Wishes

TOLD = {
    "not_mine": gettext_lazy("I did not spend this"),
    "wrong_amount": gettext_lazy("The amount is wrong"),
    "paid_already": gettext_lazy("I have paid already"),
    "hardship": gettext_lazy("I am in difficulty: illness, lost work, something else"),
    "complaint": gettext_lazy("I want to complain"),
    "other": gettext_lazy("Something else"),
}
CHANNELS = {
    "sms": pgettext_lazy("way of contact", "text message"),
    "call": pgettext_lazy("way of contact", "telephone"),
    "email": pgettext_lazy("way of contact", "e-mail"),
}
LINES = {
    "due": gettext_lazy("Statement of %(statement)s, due on %(day)s, still to be paid"),
    "earlier": gettext_lazy("Still to be paid of earlier statements"),
    "principal": gettext_lazy("Principal"),
    "interest": gettext_lazy("Interest"),
    "late_charge": pgettext_lazy("component of a balance", "Late charge"),
    "other_fees": gettext_lazy("Fees"),
    "credit": gettext_lazy("Credit balance"),
    "paid_since": gettext_lazy("Received since"),
    "rest": gettext_lazy("Other entries of the bank"),
}
WRONG = {
    "amount": gettext_lazy("Write an amount such as 500.00."),
    "above_owed": gettext_lazy("That is more than is owed on this card."),
    "account": gettext_lazy("Choose the card."),
    "tell": gettext_lazy("Choose what it is about, and say it in a few words."),
    "file_kind": gettext_lazy("A PDF, a JPG or a PNG is expected."),
    "file_size": gettext_lazy("The file is larger than 8 MB."),
    "no_offer": gettext_lazy(
        "Nothing can be offered at once by what you wrote. Ask us in your own words: we look at it."
    ),
    "changed": gettext_lazy("What you owe has changed meanwhile. Please look at the offers again."),
    "no_provider": gettext_lazy("Paying on this page is not possible at the moment."),
}
DONE = {
    "promise": gettext_lazy("Noted. Thank you."),
    "plan": gettext_lazy("We have it. Somebody looks at it and answers you; it is no obligation."),
    "offers": gettext_lazy("What we can offer you"),
    "take": gettext_lazy(
        "Agreed. It is in force once it is booked; until then and while you keep to it we do not ask for more."
    ),
    "wishes": gettext_lazy("Saved. We keep to it from now on."),
    "copy": gettext_lazy("Your copy is ready."),
    "pay": gettext_lazy("The payment is prepared."),
}
HELD = gettext_lazy("We have it. Until we have looked into it we do not ask you for payment.")
HEARD = gettext_lazy("We have it and answer you.")
FAILED = gettext_lazy("That could not be done. Please call the number on the back of your card.")


def line(code: str, values: Mapping[str, object]) -> str:
    said = str(LINES[code])
    return said % {name: str(value) for name, value in values.items()} if values else said


def wrong(code: str) -> str:
    return str(WRONG.get(code, FAILED))


def answer(kind: str, done: bool, data: Mapping[str, Any]) -> str:
    """What became of a request, in a sentence."""
    if not done:
        return str(WRONG.get(str(data.get("code")), FAILED)) if data.get("code") != "promise" else _("Not noted:")
    if kind == "take" and data.get("persons"):
        return _("Proposed. Somebody has to approve it; you will hear from us.")
    if kind == "tell":
        return str(HELD if data.get("held") else HEARD)
    return str(DONE.get(kind, HEARD))


def product(code: str) -> str:
    return str(PRODUCTS[code])


def problems(data: Mapping[str, Any]) -> list[str]:
    """Everything that the policy found wrong with a promise."""
    return [casework.problem(one["code"], one["params"]) for one in data.get("problems", ())]


def wishes(found: Wishes) -> list[str]:
    """How he wishes to be contacted, as sentences."""
    ways = [str(name) for code, name in CHANNELS.items() if code not in found.opted_out]
    if ways:
        said = [_("We contact you by %(ways)s.") % {"ways": sentence(ways)}]
    else:
        said = [_("We write letters only, and what the law wants us to tell you.")]
    if found.hours:
        first, last = (one.strftime("%H:%M") for one in found.hours)
        said.append(_("Only between %(first)s and %(last)s.") % {"first": first, "last": last})
    if found.no_third_party:
        said.append(_("Nobody else is contacted."))
    said.append(_("We do not tell anybody else what you owe."))
    return said
