"""Messages in words."""

import re

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dunwell.portfolio.words import COMPONENTS as COMPONENTS

STATES = {
    "planned": pgettext_lazy("message state", "waiting"),
    "not_connected": pgettext_lazy("message state", "not connected"),
    "sending": pgettext_lazy("message state", "being handed over"),
    "sent": pgettext_lazy("message state", "sent"),
    "delivered": pgettext_lazy("message state", "delivered"),
    "undelivered": pgettext_lazy("message state", "not delivered"),
    "refused": pgettext_lazy("message state", "refused by the gate"),
    "failed": pgettext_lazy("message state", "failed"),
    "in_doubt": pgettext_lazy("message state", "in doubt"),
    "cancelled": pgettext_lazy("message state", "cancelled"),
}
TONES = {
    "sent": "ok",
    "delivered": "ok",
    "undelivered": "danger",
    "not_connected": "warn",
    "refused": "warn",
    "failed": "danger",
    "in_doubt": "danger",
}
CHANNELS = {
    "sms": pgettext_lazy("message channel", "SMS"),
    "email": pgettext_lazy("message channel", "e-mail"),
    "im": pgettext_lazy("message channel", "app and WeChat"),
    "letter": pgettext_lazy("message channel", "letter"),
    "call": pgettext_lazy("message channel", "telephone"),
    "ai_call": pgettext_lazy("message channel", "robot calls"),
}
ADAPTERS = {
    "smpp": pgettext_lazy("adapter", "SMPP session"),
    "http_sms": pgettext_lazy("adapter", "HTTP gateway"),
    "http_push": pgettext_lazy("adapter", "message hub"),
    "smtp": pgettext_lazy("adapter", "e-mail server"),
    "print_shop": pgettext_lazy("adapter", "print shop"),
    "baresip": pgettext_lazy("adapter", "telephones of the seats"),
    "dialler": pgettext_lazy("adapter", "dialler"),
}
RECEIPTS = {
    "delivered": pgettext_lazy("receipt", "delivered"),
    "undelivered": pgettext_lazy("receipt", "not delivered"),
    "on_its_way": pgettext_lazy("receipt", "on its way"),
}
FOUND_BY = {
    "number": pgettext_lazy("receipt matched", "by the provider's number"),
    "business_id": pgettext_lazy("receipt matched", "by our number"),
    "reference": pgettext_lazy("receipt matched", "by our reference and the telephone number"),
    "sole_doubt": pgettext_lazy("receipt matched", "the only one in doubt to that number"),
}
MEANINGS = {"opt_out": pgettext_lazy("text received", "withdrawal"), "reply": pgettext_lazy("text received", "reply")}
TEXT_STATES = {
    "draft": pgettext_lazy("text state", "draft"),
    "flagged": pgettext_lazy("text state", "may not be approved"),
    "approved": pgettext_lazy("text state", "approved"),
    "in_force": pgettext_lazy("text state", "in force"),
    "superseded": pgettext_lazy("text state", "superseded"),
    "withdrawn": pgettext_lazy("text state", "withdrawn"),
}
TEXT_TONES = {"flagged": "danger", "approved": "ok", "in_force": "ok"}
PURPOSES = {
    "demand": pgettext_lazy("purpose of a text", "Demand"),
    "reminder": pgettext_lazy("purpose of a text", "Reminder"),
    "service": pgettext_lazy("purpose of a text", "Service"),
    "statutory_notice": pgettext_lazy("purpose of a text", "Statutory notice"),
}
LANGUAGES = {"zh-hans": pgettext_lazy("language", "Chinese"), "en": pgettext_lazy("language", "English")}
#: What we say ourselves of a message's next state; what a provider says stays as he said it.
DETAILS = {
    r"action_cancelled": _("the planned action was cancelled"),
    r"its time had passed": _("its time had passed"),
    r"waited too long": _("it waited too long"),
    r"the sender was interrupted": _("the sender was interrupted"),
    r"the printer was interrupted": _("the printer was interrupted"),
    r"text renewed": _("the text was filled in anew"),
    r"did not leave: (?P<why>.*)": _("did not leave: %(why)s"),
    r"left: (?P<why>.*)": _("left: %(why)s"),
    r"server did not take it: (?P<why>.*)": _("the server did not take it: %(why)s"),
    r"(?P<text>\S+) version (?P<n>\d+) was withdrawn": _("the text %(text)s, version %(n)s, was withdrawn"),
    r"(?P<text>\S+) version (?P<n>\d+) has no template number at (?P<line>.*)": _(
        "the text %(text)s, version %(n)s, has no template number on the line %(line)s"
    ),
    r"the signature is not (?P<signature>.*)": _("the signature is not %(signature)s"),
}
FIELDS = {
    "title": pgettext_lazy("field of a text", "Title"),
    "subject": pgettext_lazy("field of a text", "Subject"),
    "body": pgettext_lazy("field of a text", "Text"),
}
PLACEHOLDERS = {
    "name": _("the person's name, masked"),
    "bank": _("the bank's name"),
    "amount": _("what is past due, by currency"),
    "balance": _("what is owed on the accounts that are past due, by currency"),
    "due_date": _("the oldest due date that is unpaid"),
    "last4": _("last four digits of the card"),
    "as_of": _("the business date of the amount"),
    "case_no": _("the case number"),
    "table": _("the account's figures, alone on a line of a letter"),
    "link": _("an address that opens the person's own page once; a QR code where it stands alone in a letter"),
    "code": _("the one-time code that a person who opened his page asked for"),
    "answer": _("what somebody of the bank wrote to this person alone, in a letter"),
}
TEXT_ERRORS = {  # by TextError.code, with what it found
    "code": _("A code is of capitals, digits and hyphens, at most %(most)s."),
    "channel": _("The code belongs to another channel, or there is no such channel."),
    "purpose": _("There is no such purpose."),
    "empty": _("%(language)s, %(field)s: something has to stand here."),
    "too_long": _("%(language)s, %(field)s: at most %(most)s characters."),
    "braces": _("%(language)s, %(field)s: a brace is open, or has nothing in it."),
    "placeholder": _("%(language)s, %(field)s: {%(name)s} is not a placeholder; known are %(known)s."),
    "signature": _("%(language)s, %(field)s: an SMS begins with its signature 【{bank}】."),
    "table": _("%(language)s, %(field)s: {table} is of a letter, and stands alone on its line."),
    "answer": _("%(language)s, %(field)s: {answer} is of a letter."),
}
TEXT_REFUSED = {
    "withdrawn": _("The draft was withdrawn."),
    "own": _("Somebody else has to approve it."),
    "past": _("Today or a later day."),
    "findings": _("It says what no text may, or lacks what it must say: write it anew."),
    "reason": _("Say the reason in a few words."),
    "unknown": _("There is no such text."),
    "date": _("Write the day as 2026-11-23."),
}


def detail(said: str) -> str:
    """Why a message came into its state, in the language of the page."""
    for pattern, words in DETAILS.items():
        if found := re.fullmatch(pattern, said, re.DOTALL):
            return str(words) % found.groupdict()
    return said
