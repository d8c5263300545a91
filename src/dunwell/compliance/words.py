"""Codes of the gate in words: holds, channels, sources of a number or address, and what came of a contact (rules, 2.1)."""

from __future__ import annotations

import re

from django.utils.translation import get_language, gettext, gettext_noop, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from dunwell.compliance.rules.pack import Pack, Words

HOLDS = {
    "dispute": pgettext_lazy("hold", "Dispute"),
    "fraud": pgettext_lazy("hold", "Fraudulent transaction"),
    "art70": pgettext_lazy("hold", "Personalised plan"),
    "plan": pgettext_lazy("hold", "Plan being performed"),
    "hardship": pgettext_lazy("hold", "Hardship"),
    "illness": pgettext_lazy("hold", "Illness"),
    "bereavement": pgettext_lazy("hold", "Bereavement"),
    "disaster": pgettext_lazy("hold", "Disaster"),
    "death": pgettext_lazy("hold", "Death"),
    "minor": pgettext_lazy("hold", "Minor"),
    "incapacity": pgettext_lazy("hold", "Incapacity"),
    "bankruptcy": pgettext_lazy("hold", "Bankruptcy"),
    "adviser": pgettext_lazy("hold", "Debt adviser"),
    "representative": pgettext_lazy("hold", "Represented"),
    "complaint": pgettext_lazy("hold", "Complaint"),
    "legal": pgettext_lazy("hold", "Court stage"),
    "court": pgettext_lazy("hold", "Court stage"),
    "sold": pgettext_lazy("hold", "Claim sold"),
    "recalled": pgettext_lazy("hold", "Recalled"),
    "risk": pgettext_lazy("hold", "Risk of suicide or violence"),
    "other": pgettext_lazy("hold", "Other"),
}

CHANNELS = {
    "call": pgettext_lazy("channel", "Call"),
    "ai_call": pgettext_lazy("channel", "Voice robot"),
    "sms": pgettext_lazy("channel", "SMS"),
    "email": pgettext_lazy("channel", "E-mail"),
    "letter": pgettext_lazy("channel", "Letter"),
    "visit": pgettext_lazy("channel", "Field visit"),
    "agency": pgettext_lazy("channel", "Agency"),
    "law_firm": pgettext_lazy("channel", "Law firm"),
    "im": pgettext_lazy("channel", "Messenger"),
    "social": pgettext_lazy("channel", "Social media"),
}
PURPOSES = {
    "demand": pgettext_lazy("purpose of a contact", "demand"),
    "reminder": pgettext_lazy("purpose of a contact", "reminder"),
    "service": pgettext_lazy("purpose of a contact", "service"),
    "statutory_notice": pgettext_lazy("purpose of a contact", "statutory notice"),
    "locate": pgettext_lazy("purpose of a contact", "locate"),
    "relay": pgettext_lazy("purpose of a contact", "relay"),
}
VERDICTS = {
    "ALLOW": pgettext_lazy("the gate's answer", "allowed"),
    "BLOCK": pgettext_lazy("the gate's answer", "refused"),
    "REVIEW": pgettext_lazy("the gate's answer", "for review"),
}
SOURCES = {
    "contract": _("from the contract"),
    "left_by_debtor": _("left by the person"),
    "authorised": _("authorised"),
    "public": _("public"),
    "declared_contact": _("declared contact"),
    "authorised_query": _("authorised query"),
}
OUTCOMES = {
    "connected_rpc": _("right party spoke"),
    "connected_wpc": _("wrong person"),
    "no_answer": _("no answer"),
    "voicemail": _("voicemail"),
    "not_connected_to_number": _("did not connect"),
    "hung_up": _("hung up"),
    "refused_to_identify": _("would not identify"),
    "rejected": _("rejected"),
    "busy": _("busy"),
    "powered_off": _("switched off"),
    "phone_assistant": _("answered by an assistant"),
    "out_of_service": _("out of service"),
    "empty_number": _("no such number"),
    "nothing_left": _("nothing left the house"),
    "sent": _("sent"),
    "delivered": _("delivered"),
    "bounced": _("bounced"),
}
CIRCUMSTANCES = {
    "joint_debt": pgettext_lazy("circumstance", "Joint debt of the spouse"),
    "supplementary_liable": pgettext_lazy("circumstance", "Supplementary cardholder is liable"),
    "heir": pgettext_lazy("circumstance", "Heir"),
    "estate_value": pgettext_lazy("circumstance", "Limited to the value of the estate"),
    "employer": pgettext_lazy("circumstance", "Employer"),
    "adviser": pgettext_lazy("circumstance", "Debt adviser"),
    "agency_notice": pgettext_lazy("circumstance", "Told of the placement"),
}
CONSENTS = {
    "debtor_window": _("Wants to be contacted only within hours"),
    "opt_out": _("Opt-out of a channel"),
    "no_third_party": _("Wants nobody else to be contacted"),
    "stated_zone": _("Lives by another clock"),
    "night_consent": _("Agrees to contact at night"),
    "more_dials_consent": _("Agrees to more dials"),
    "entry_consent": _("Agrees to entry at a visit"),
    "debtor_im_consent": _("Agrees to a private account"),
    "direct_consent": _("Agrees to calls beyond the limit"),
}
LISTS = {
    "staff": pgettext_lazy("list", "Staff"),
    "sensitive": pgettext_lazy("list", "Sensitive person"),
    "wrong_number": pgettext_lazy("list", "Wrong number"),
    "reissued_number": pgettext_lazy("list", "Re-issued number"),
    "no_contact": pgettext_lazy("list", "No contact"),
}
POINT_STATUS = {"valid": _("valid"), "suspended": _("suspended"), "invalid": _("invalid")}
#: What stands where a rule is named, and is none.
NO_RULES = {
    "OK": pgettext_lazy("rule", "permitted"),
    "no_decision": pgettext_lazy("rule", "the gate was not asked"),
    "pack_not_at_hand": pgettext_lazy("rule", "the rules of its day are not at hand"),
    "expired": pgettext_lazy("rule", "the permission had ended"),
}
#: What proves that he cannot be reached (rules.lost), or is to be proven of him.
LOST = {
    "no": pgettext_lazy("lost contact", "not out of contact"),
    "number_invalid": pgettext_lazy("lost contact", "none of his numbers works"),
    "days3": pgettext_lazy("lost contact", "dialled in vain on the days before"),
    "dials3_same_day": pgettext_lazy("lost contact", "dialled in vain again and again on the same day"),
    "dials3_prev_day": pgettext_lazy("lost contact", "dialled in vain again and again on a day before"),
    "deceased": pgettext_lazy("lost contact", "deceased"),
    "no_capacity": pgettext_lazy("lost contact", "without legal capacity"),
}
#: What recurs in the sources of dated parameters besides the names of laws, longer ones first.
CITED = (
    gettext_noop("the product's default for CN-REC-2Y, CN-REC-ART70 (at least to settlement) and the proof of a claim"),
    gettext_noop("enforcement may be asked for again after the debtor came to means"),
    gettext_noop("it binds consumer-finance companies, a bank takes it over"),
    gettext_noop("no number was found in the guideline or the national standard"),
    gettext_noop("the shortest that is needed"),
    gettext_noop("as the record of a case"),
    gettext_noop("the number is the product's default"),
    gettext_noop("in proportion"),
    gettext_noop("Order 2023-1"),
    gettext_noop("rev. 2013"),
    gettext_noop("issuer's policy"),
    gettext_noop("issuer's mandates"),
    gettext_noop("issuers' contracts"),
    gettext_noop("terms are the issuer's"),
    gettext_noop("the product's default"),
    gettext_noop("product default"),
    gettext_noop("the product's own"),
    gettext_noop("issuers differ"),
    gettext_noop("industry practice"),
    gettext_noop("arithmetic examples"),
    gettext_noop("practice for the number"),
    gettext_noop("practice for the share"),
    gettext_noop("practice"),
    gettext_noop("glossary"),
    gettext_noop("where a contract is silent"),
    gettext_noop("today contract based"),
    gettext_noop("contract since 2021-01-01"),
    gettext_noop("PBOC notice effective 2021-01-01"),
    gettext_noop("restructured assets"),
    gettext_noop("by analogy"),
)
ARTICLES = re.compile(r"Arts? (\d+(?:, \d+)*)")


def in_language(words: Words) -> str:
    """What a pack says, in the language of the page."""
    return words.en if (get_language() or "").startswith("en") else words.zh


def rule(code: str, pack: Pack) -> str:
    """What a rule is called, as /rules calls it; a code that no rule of the pack has stays as it is."""
    return in_language(pack.rules[code].title) if code in pack.rules else str(NO_RULES.get(code, code))


def cited(source: str) -> str:
    """The source of a parameter in the language of the page; the name of a law stays as it is."""
    for phrase in CITED:
        source = source.replace(phrase, gettext(phrase))
    source = ARTICLES.sub(lambda found: pgettext("of a law", "Art %(n)s") % {"n": found[1]}, source)
    return source.replace("; ", pgettext("between sources", "; ")).replace(", ", pgettext("between facts", ", "))


PROOFS = {
    "contact": pgettext_lazy("evidence", "talk %(number)s"),
    "log": pgettext_lazy("evidence", "log %(number)s"),
    "file": pgettext_lazy("evidence", "file %(number)s"),
    "payment": pgettext_lazy("evidence", "payment %(number)s"),
    "fact": pgettext_lazy("evidence", "written down, no. %(number)s"),
}


def proof(reference: str) -> str:
    """What proves something, in words: `contact:12` as talk 12, `sms 7` as SMS 7, a file by its first twelve signs.

    What is no reference stands as it is.
    """
    match = re.fullmatch(r"(\w+)[: ]([0-9a-f]+)", reference)
    if match is None:
        return reference
    kind, number = match.groups()
    if kind in CHANNELS:
        return f"{CHANNELS[kind]} {number}"
    return str(PROOFS[kind]) % {"number": number[:12]} if kind in PROOFS else reference
