"""What the log says of knowing, objecting and caring, in words: one line each for the timeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from dunwell.arrangements.means.rules import document
from dunwell.casework import words
from dunwell.casework.rules import findings
from dunwell.casework.rules import objections as rules

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


def _dispute(kind: str, data: Data) -> Said:
    step = kind.split(".")[1]
    found = rules.disputes().get(str(data.get("kind")))
    main = found.name(get_language() or "") if found else ""
    said = (
        {"lead": _("Dispute"), "tone": "warn"}
        if step == "opened"
        else {"lead": str(words.DISPUTE_STEPS.get(step, step))}
    )
    told = {**said, "main": main, "rules": [data.get("number", "")]}
    if data.get("amount"):
        told["amount"] = Decimal(str(data["amount"]))
    return told


def _complaint(kind: str, data: Data) -> Said:
    step = kind.split(".")[1]
    found = rules.named("categories").get(str(data.get("category")))
    lead = _("Complaint") if step == "opened" else str(words.COMPLAINT_STEPS.get(step, step))
    main = found.name(get_language() or "") if found else ""
    return {"lead": lead, "tone": "warn" if step == "opened" else "", "main": main, "rules": [data.get("number", "")]}


def _request(kind: str, data: Data) -> Said:
    language = get_language() or ""
    department = rules.departments().get(str(data.get("department")))
    what = rules.named("asked_for").get(str(data.get("what")))
    names = [one.name(language) for one in (department, what) if one]
    if kind == "request.answered":
        return {
            "lead": _("Answer of a department"),
            "main": " ".join(names),
            "tone": "ok" if data.get("done") else "warn",
        }
    until = _("by %(day)s") % {"day": data.get("needed_by", "")}
    return {"lead": _("Department asked"), "main": " ".join(names), "second": until}


def _path(kind: str, data: Data) -> Said:
    found = rules.paths().get(str(data.get("kind")))
    lead = {"path.opened": _("Path of its own"), "path.document": _("Document came"), "path.ended": _("Path ended")}[
        kind
    ]
    return {"lead": lead, "main": found.name(get_language() or "") if found else ""}


def _representative(kind: str, data: Data) -> Said:
    if kind == "representative.named":
        return {"lead": _("Representative"), "main": _("not checked: nothing may be disclosed")}
    checked = {"identity": _("identity"), "authority": _("authority"), "ended": _("acts no more")}
    good = _("found good") if data.get("good") else _("not good")
    what = str(data.get("kind"))
    return {"lead": _("Representative"), "main": " ".join([checked.get(what, what), "" if what == "ended" else good])}


def _proof(kind: str, data: Data) -> Said:
    names = document()["proofs"].get(str(data.get("kind")), {}).get("name", {})
    name = names.get("en" if (get_language() or "").startswith("en") else "zh-hans", "")
    verdict = str(data.get("scan") or data.get("verdict") or "")
    return {"lead": _("Proof of means"), "main": name, "result": str(words.PROOF_CHECKS.get(verdict, "")),
            "tone": "danger" if verdict in ("forged", "infected") else ""}  # fmt: skip


def _means(kind: str, data: Data) -> Said:
    return {"lead": _("Income and outgoings"), "main": ""}


BY_ROOM: dict[str, Callable[[str, Data], Said]] = {
    "identity": _identity,
    "finding": _finding,
    "vulnerability": _care,
    "proof": _proof,
    "means": _means,
    "dispute": _dispute,
    "complaint": _complaint,
    "request": _request,
    "path": _path,
    "representative": _representative,
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
