"""What the floor's codes are called on screens."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dunwell.casework.rules.dealing import table

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


def skills(language: str) -> list[tuple[str, str]]:
    """The skills of hand_out.yaml by code and name."""
    return [(code, names["en" if language.startswith("en") else "zh-hans"]) for code, names in table().skills.items()]
