"""What codes of this room are called on screens."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

HOLDS = {
    "dispute": pgettext_lazy("hold", "Dispute"),
    "fraud": pgettext_lazy("hold", "Fraudulent transaction"),
    "art70": pgettext_lazy("hold", "Personalised plan"),
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
