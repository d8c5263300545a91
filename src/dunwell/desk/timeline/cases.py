"""The gate, holds, the case, the strategy, the person and the floor, each entry as words."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dunwell.casework import words as casework_words
from dunwell.compliance.words import HOLDS
from dunwell.desk import words
from dunwell.desk.timeline.contacts import Said
from dunwell.floor.words import ABUSE, ASSETS, TRACED, step_name
from dunwell.frame.templatetags.frame import moment, money


def gate(data: Said) -> Said:
    blocked = str(data.get("verdict")).upper() == "BLOCK"
    channel = str(words.CHANNELS.get(str(data.get("channel", "")), data.get("channel", "")))
    return {
        "lead": pgettext("the gate", "Block") if blocked else pgettext("the gate", "Review"),
        "tone": "danger" if blocked else "warn",
        "main": channel,
        "rules": data.get("rules") or [],
    }


def hold(data: Said, kind: str) -> Said:
    name = str(HOLDS.get(str(data.get("kind")), data.get("kind", "")))
    if kind == "hold.lifted":
        return {"lead": _("Lifted"), "main": name}
    until = data.get("ends_at")
    return {
        "lead": _("On hold"),
        "tone": "warn",
        "main": name,
        "second": _("until %(day)s") % {"day": str(until)[:10]} if until else "",
    }


def case(data: Said, kind: str) -> Said:
    said = {
        "case.opened": lambda: (
            _("Case opened again") if data.get("reopened") else _("Case opened"),
            _("past due %(amount)s") % {"amount": money(data["past_due"])} if data.get("past_due") else "",
        ),
        "case.closed": lambda: (
            _("Case closed"),
            _("nothing is past due")
            if data.get("reason", "cured") in ("cured", "paid", "")
            else str(data.get("reason")),
        ),
        "case.handed_out": lambda: (
            _("Handed out") if data.get("owner") else _("Taken back"),
            _("from %(from)s to %(to)s") % {"from": data.get("from", ""), "to": data["to"]}
            if data.get("to")
            else _("from %(day)s") % {"day": data.get("from", "")},
        ),
        "case.taken": lambda: (
            _("Taken"),
            casework_words.reason(data["reason"]) if isinstance(data.get("reason"), dict) else "",
        ),  # type: ignore[arg-type]
        "case.released": lambda: (_("Released"), ""),
        "case.assisted": lambda: (_("Assist"), str(data.get("reason", ""))),
        "case.assist_ended": lambda: (_("Assist ended"), ""),
    }
    lead, main = said.get(kind, lambda: (kind, ""))()
    return {"lead": lead, "main": main, "rules": [data["rule"]] if data.get("rule") else []}


def action(data: Said, kind: str) -> Said:
    """What the strategy planned, took back or saw done: a night writes its steps together, the day one by one."""
    lead = {
        "action.planned": pgettext("an action", "Planned"),
        "action.cancelled": pgettext("an action", "Cancelled"),
        "action.done": pgettext("an action", "Done"),
    }.get(kind, "")
    why = {
        "not_planned_any_more": _("the strategy no longer asks for it"),
        "cured": _("nothing is past due"),
        "paid": _("what was past due is paid"),
        "no_contact_point": _("none of his numbers or addresses can be used"),
        "no_text": _("no approved text fits"),
        "difference_unexplained": _("a difference to the host is not explained"),
    }.get(str(data.get("reason", "")), str(data.get("reason", "")))
    channel = str(words.CHANNELS.get(str(data.get("channel", "")), data.get("channel", "")))
    steps = pgettext("between steps", "; ").join(data.get("in_words") or [])  # type: ignore[arg-type]
    told = steps or ("" if why else channel)
    return {
        "lead": lead,
        "main": pgettext("an action", "%(steps)s: %(why)s") % {"why": why, "steps": told}
        if why and told
        else why or told,
        "rules": data.get("steps") or [data.get("step", "")],
    }


def reminder(data: Said) -> Said:
    if data.get("kind") == "task":
        why = casework_words.reason({"code": data.get("reason"), "params": {}})
        return {"lead": pgettext("for a collector", "Task"), "main": why}
    lead = _("Call-back") if data.get("kind") == "call_back" else _("Snoozed")
    due = str(data.get("due_at", ""))
    return {"lead": lead, "main": moment(datetime.fromisoformat(due)) if due else ""}


def person(data: Said, kind: str) -> Said:
    if kind == "party.revealed":
        return {
            "lead": _("Shown"),
            "main": str(data.get("masked", "")),
            "second": str(reveal_reason(data.get("reason", ""))),
        }
    if kind == "party.point_status":
        after = str(words.POINT_STATUS.get(str(data.get("after")), data.get("after", "")))
        why = str(words.OUTCOMES.get(str(data.get("reason")), data.get("reason", "")))
        return {"lead": str(data.get("masked", "")), "main": after, "second": why}
    return {"main": {"party.identity_changed": _("Name or identity number changed in the bank's file")}.get(kind, kind)}


def reveal_reason(code: object) -> object:
    """A reason to reveal in words; a free text as it is."""
    return _("to dial") if code == "dial" else words.REVEAL_REASONS.get(str(code), code)


def floor(data: Said, kind: str) -> Said:
    """Help, abuse and tracing."""
    lead = {
        "help.asked": _("Help asked for"),
        "help.answered": _("Help answered"),
        "abuse.marked": _("Abuse of the collector"),
        "trace.tried": _("Tracing"),
        "asset.found": _("Asset found"),
    }.get(kind, kind)
    main = str(ABUSE.get(str(data.get("kind")), "")) if kind == "abuse.marked" else ""
    if kind == "trace.tried":
        main = f"{step_name(str(data.get('step')))}: {TRACED.get(str(data.get('result')), '')}"
    if kind == "asset.found":
        main = str(ASSETS.get(str(data.get("kind")), ""))
    return {"lead": lead, "main": main, "tone": "danger" if kind == "abuse.marked" else ""}
