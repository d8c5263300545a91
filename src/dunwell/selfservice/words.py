"""What stands on the page in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from dunwell.arrangements.means.rules import document
from dunwell.arrangements.words import PARTS, PRODUCTS
from dunwell.casework import words as casework
from dunwell.casework.rules import objections
from dunwell.frame.templatetags.frame import day, money, sentence
from dunwell.selfservice.agreed import Agreed
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
    "owed": gettext_lazy("Something is still owed on this card. Ask again once your payment is booked."),
    "change": gettext_lazy("Say what you want to change: an amount a month, a day, months, or in your own words."),
    "no_plan": gettext_lazy("This plan does not run any more, or another is on its way."),
    "no_paper": gettext_lazy("This paper is not there any more."),
    "no_provider": gettext_lazy("Paying on this page is not possible at the moment."),
}
DONE = {
    "promise": gettext_lazy("Noted. Thank you."),
    "plan": gettext_lazy("We have it. Somebody looks at it and answers you; it is no obligation."),
    "offers": gettext_lazy("What we can offer you"),
    "take": gettext_lazy(
        "Agreed. It is in force once it is booked; until then and while you keep to it we do not ask for more."
    ),
    "change": gettext_lazy("We have it. Somebody looks at it and answers you; until then your plan runs on."),
    "wishes": gettext_lazy("Saved. We keep to it from now on."),
    "copy": gettext_lazy("Your copy is ready."),
    "fetch": gettext_lazy("It is ready."),
    "agree": gettext_lazy("Agreed. The bank books it now; you can pay as soon as that is done."),
    "certificate": gettext_lazy("Asked for. It stands on your page once the bank's books have confirmed it."),
    "pay": gettext_lazy("The payment is prepared."),
}
AGREED = {  # where an arrangement stands, as he is told
    "looked_at": gettext_lazy("Somebody has to approve it; you will hear from us."),
    "offer": gettext_lazy("Offered to you until %(lapses_on)s. It counts once you agree."),
    "booking": gettext_lazy("You agreed. The bank books it now; you can pay as soon as that is done."),
    "running": gettext_lazy("In force. While you keep to it we do not ask for more."),
    "late": gettext_lazy("The payment of %(due_on)s is late. Please pay it soon, so that it stays in force."),
    "broken": gettext_lazy("The payment of %(due_on)s was not made in time. Pay it now, or talk to us."),
    "done": gettext_lazy("All is paid as agreed. Thank you."),
    "rejected": gettext_lazy("The bank could not book it. Please call the number on the back of your card."),
}
STATES = {  # of what he told us, once it is decided
    "upheld": gettext_lazy("You were right."),
    "partly": gettext_lazy("You were right in part."),
    "rejected": gettext_lazy("We found otherwise; why stands in our answer."),
    "withdrawn": gettext_lazy("Withdrawn."),
    "closed": gettext_lazy("Closed."),
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
    if data.get("offers"):
        return str(DONE["offers"])
    if kind == "take" and data.get("changes") and not data.get("persons"):
        return _("Agreed. The plan that runs now goes on until the bank has booked this one in its place.")
    if kind == "take" and data.get("persons"):
        return _("Proposed. Somebody has to approve it; you will hear from us.")
    if kind == "tell":
        return str(HELD if data.get("held") else HEARD)
    return str(DONE.get(kind, HEARD))


def agreed(one: Agreed) -> str:
    """Where an arrangement stands, in a sentence."""
    return str(AGREED[one.state]) % {"lapses_on": day(one.lapses_on), "due_on": day(one.due_on) if one.due_on else ""}


def waived(one: Agreed) -> list[tuple[str, str]]:
    """What is forgiven, part by part."""
    return [(str(PARTS[part]), money(given)) for part, given in one.waived.items() if given]


def _said(names: Mapping[str, str], language: str) -> str:
    return names["en" if language.startswith("en") else "zh-hans"]


def categories(language: str) -> list[tuple[str, str]]:
    """What a complaint may be about: the register's own."""
    return [(code, one.name(language)) for code, one in objections.named("categories").items()]


def papers(language: str) -> list[tuple[str, str]]:
    """What kind a paper may be: those of the proofs of means, and any other."""
    return [(code, _said(kind["name"], language)) for code, kind in document()["proofs"].items()]


def entry(one: Mapping[str, Any], language: str) -> dict[str, Any]:
    """An entry of a register as he reads it: what it is, where it stands, by when it is answered."""
    if one["register"] == "plans":
        return {**one, "title": _("A plan, asked for in your words"), "state": str(DONE["plan"])}
    named = {"disputes": objections.disputes, "paths": objections.paths}.get(
        one["register"], lambda: objections.named("categories")
    )()
    title = {"disputes": _("Dispute"), "complaints": _("Complaint"), "paths": _("Difficulty")}[one["register"]]
    if one["state"] == "open":
        by = one.get("due")
        state = (
            _("We look into it and answer you by %(day)s.") % {"day": by}
            if by
            else _("We look into it and answer you.")
        )
        if one["register"] == "paths":
            state = str(HELD)
    else:
        state = str(STATES.get(one["state"], STATES["closed"]))
    if one["reply"] and one["state"] == "open":
        state = _("Answered.")
    return {**one, "title": f"{title}: {named[one['kind']].name(language)}", "state": state}


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
