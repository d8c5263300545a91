"""What the log says of knowing, objecting and caring, in words: one line each for the timeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from dunwell.casework import words
from dunwell.casework.rules import findings

Said = dict[str, object]
Data = Mapping[str, object]


def _identity(kind: str, data: Data) -> Said:
    if kind == "identity.passed":
        how = _("by another system of the bank") if data.get("method") == "caller" else _level(data)
        return {"lead": _("Identity checked"), "tone": "ok", "main": how}
    return {"lead": _("Identity check failed"), "tone": "danger", "main": _level(data)}


def _level(data: Data) -> str:
    return str(words.IDENTITY_LEVELS.get(str(data.get("level")), ""))


def _finding(kind: str, data: Data) -> Said:
    found = findings.kinds().get(str(data.get("kind")))
    code = found.codes.get(str(data.get("code"))) if found else None
    language = get_language() or ""
    return {"lead": found.name(language) if found else "", "main": code.name(language) if code else ""}


def _care(kind: str, data: Data) -> Said:
    """Which care it is stands on the page of those who may know, not here."""
    if kind == "vulnerability.ended":
        return {"lead": _("Care ended"), "main": ""}
    return {"lead": _("Needs care"), "tone": "warn", "main": _("until %(day)s") % {"day": data.get("ends_on", "")}}


BY_ROOM: dict[str, Callable[[str, Data], Said]] = {
    "identity": _identity,
    "finding": _finding,
    "vulnerability": _care,
}


def said(kind: str, data: Data) -> Said | None:
    """The words of one entry; None for a kind that is none of these."""
    told = BY_ROOM.get(kind.split(".")[0])
    return told(kind, data) if told else None


def chip(sort: str) -> str:
    """The name of a chip of the timeline."""
    return {"person": pgettext("timeline", "Findings"), "objection": pgettext("timeline", "Objections")}[sort]


def name(sort: str) -> str:
    """The kind of one entry below that chip."""
    return {"person": pgettext("timeline", "Finding"), "objection": pgettext("timeline", "Objection")}[sort]
