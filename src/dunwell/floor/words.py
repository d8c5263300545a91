"""What the floor's codes are called on screens."""

from __future__ import annotations

from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from dunwell.casework.rules.dealing import table
from dunwell.casework.rules.tracing import steps

STAGES = {
    "reminder": pgettext_lazy("stage", "Reminder"),
    "early": pgettext_lazy("stage", "Early"),
    "mid": pgettext_lazy("stage", "Mid"),
    "late": pgettext_lazy("stage", "Late"),
}
LANGUAGES = {"zh-hans": _("Mandarin"), "en": _("English")}
ABSENCES = {
    "leave": pgettext_lazy("absence", "leave"),
    "sick": pgettext_lazy("absence", "sick"),
    "training": pgettext_lazy("absence", "training"),
    "other": pgettext_lazy("absence", "other"),
}
REFUSED = {
    "days": _("Write the days as 2026-11-23: the first not before today, the last not before the first."),
    "no_cover": _("Choose who keeps the cases meanwhile."),
    "other_entity": _("A collector of another entity cannot do this."),
    "may_not_work": _("One of the chosen may not work cases."),
    "cover_away": _("Who should cover is away himself on one of these days."),
    "away_already": _("An absence is written down for these days already."),
    "covers_already": _("On these days he covers somebody: give that cover to another first."),
    "closed": _("The case was closed meanwhile."),
    "named_officers": _("This person's case is for named officers only."),
    "owner": _("He owns the case."),
}
STATES = {
    "help": pgettext_lazy("state of a collector", "asks for help"),
    "on_call": pgettext_lazy("state of a collector", "on a call"),
    "wrap_up": pgettext_lazy("state of a collector", "wrap-up"),
    "working": pgettext_lazy("state of a collector", "on a case"),
    "break": pgettext_lazy("state of a collector", "break"),
    "absent": pgettext_lazy("state of a collector", "absent"),
    "idle": pgettext_lazy("state of a collector", "no case"),
    "off": pgettext_lazy("state of a collector", "not here today"),
}
TONES = {"help": "danger", "on_call": "ok", "wrap_up": "warn"}
BOARD = {
    "waiting": pgettext_lazy("board", "waiting"),
    "in_work": pgettext_lazy("board", "in work"),
    "put_off": pgettext_lazy("board", "put off"),
    "call_backs": pgettext_lazy("board", "call-backs due"),
    "dials": pgettext_lazy("board", "dials"),
    "answered": pgettext_lazy("board", "answered"),
    "reached": pgettext_lazy("board", "right party"),
    "promises": pgettext_lazy("board", "promises"),
}
STEPS = {
    "note": pgettext_lazy("step", "note"),
    "message": pgettext_lazy("step", "message from an approved text"),
    "snooze": pgettext_lazy("step", "snooze"),
    "assign": pgettext_lazy("step", "give to"),
}
STEP_WRONG = {
    "do": _("Choose what is to be done; a snooze comes last."),
    "text": _("A few words, or a text, are needed."),
    "hours": _("Hours from 1 to 2,160."),
    "many": _("One to six steps."),
}
SKIPPED = {
    "closed": _("closed"),
    "held": _("a colleague has it"),
    "named_officers": _("for named officers only"),
    "no_mobile": _("no valid mobile number"),
    "no_text": _("no approved text"),
}
ARTICLES = {"script": _("Scripts"), "knowledge": _("Knowledge")}
ARTICLE_STATES = {
    "draft": pgettext_lazy("script", "draft"),
    "approved": pgettext_lazy("script", "approved"),
    "in_force": pgettext_lazy("script", "in force"),
    "superseded": pgettext_lazy("script", "superseded"),
}
TEXT_WRONG = {
    "missing": _("is missing"),
    "gap": _("is no placeholder"),
    "amount": _("may not be named before the identity check"),
    "flag": _("is no stage or flag"),
    "result": _("is no result of a call"),
}
TRACED = {
    "found": pgettext_lazy("tracing", "found"),
    "nothing": pgettext_lazy("tracing", "nothing found"),
    "refused": pgettext_lazy("tracing", "does not say"),
    "waiting": pgettext_lazy("tracing", "asked, no answer yet"),
}
ASSETS = {
    "house": pgettext_lazy("asset", "house or flat"),
    "vehicle": pgettext_lazy("asset", "vehicle"),
    "deposit": pgettext_lazy("asset", "deposit"),
    "wages": pgettext_lazy("asset", "wages"),
    "shares": pgettext_lazy("asset", "shares in a company"),
    "other": pgettext_lazy("asset", "other"),
}
POINTS = {
    "mobile": pgettext_lazy("contact point", "mobile"),
    "landline": pgettext_lazy("contact point", "landline"),
    "email": pgettext_lazy("contact point", "e-mail"),
    "address": pgettext_lazy("contact point", "address"),
}
TRACE_REFUSED = {
    "step": _("Choose a step."),
    "result": _("A number belongs to the result “found”."),
    "source": _("By this step no number is found: it says that one is dead."),
    "value": _("Write the whole number or address that was found."),
    "evidence": _("Name what was looked into: the query's reference, the page, the paper."),
    "asset": _("Say what it is and where."),
}
SCRIPT_STEPS = {
    "identify": pgettext_lazy("step of a call", "check identity"),
    "purpose": pgettext_lazy("step of a call", "say why"),
    "find_out": pgettext_lazy("step of a call", "find out"),
    "agree": pgettext_lazy("step of a call", "agree"),
}
ABUSE = {"abuse": pgettext_lazy("abuse", "abuse"), "threat": pgettext_lazy("abuse", "threat")}
SHARES = {
    "owner": pgettext_lazy("whose result", "owner of the day"),
    "tail": pgettext_lazy("whose result", "days of tail"),
    "assist": pgettext_lazy("whose result", "assist"),
    "pool": pgettext_lazy("whose result", "nobody's: from the pool"),
}


def step_name(code: str) -> str:
    """A step of tracing in the reader's language."""
    known = steps().get(code)
    return known.names["en" if (get_language() or "").startswith("en") else "zh-hans"] if known else code


def skills(language: str) -> list[tuple[str, str]]:
    """The skills of hand_out.yaml by code and name."""
    return [(code, names["en" if language.startswith("en") else "zh-hans"]) for code, names in table().skills.items()]
