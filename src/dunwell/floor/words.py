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
SHARES = {
    "owner": pgettext_lazy("whose result", "owner of the day"),
    "tail": pgettext_lazy("whose result", "days of tail"),
    "assist": pgettext_lazy("whose result", "assist"),
    "pool": pgettext_lazy("whose result", "nobody's: from the pool"),
}


def skills(language: str) -> list[tuple[str, str]]:
    """The skills of hand_out.yaml by code and name."""
    return [(code, names["en" if language.startswith("en") else "zh-hans"]) for code, names in table().skills.items()]
