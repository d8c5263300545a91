"""Calls, messages, robots and the own page, each entry as words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from dunwell.casework.rules.codes import action_of, codes
from dunwell.channels.words import detail
from dunwell.desk import words
from dunwell.frame.templatetags.frame import duration, joined

PAGE = "page"  # the channel of the cardholder's own page
Said = Mapping[str, object]


def result(data: Said) -> str:
    """What was said in a call, as codes.yaml names it."""
    result = str(data.get("result") or "")
    action = action_of(direction=str(data.get("direction", "out")), party=str(data.get("party_type", "debtor")))
    found = codes().actions[action].ended(result) if result else None
    return found.name(get_language() or "") if found else str(words.OUTCOMES.get(result, result))


def _point(data: Said, points: Mapping[int, str]) -> str:
    return points.get(int(data.get("contact_point") or 0), "")  # type: ignore[call-overload]


def call(data: Said, points: Mapping[int, str]) -> Said:
    outcome = str(data.get("outcome", ""))
    number, party = _point(data, points), str(data.get("party_type", "debtor"))
    if data.get("direction") == "in":
        facts = [_("in from %(number)s") % {"number": number} if number else _("incoming")]
    else:
        facts = [_("out to %(number)s") % {"number": number} if number else _("outgoing")]
    if party != "debtor":
        facts.append(str(words.PARTY_TYPES.get(party, party)))
    facts.append(str(words.OUTCOMES.get(outcome, outcome)))
    if data.get("seconds"):
        facts.append(duration(int(data["seconds"])))  # type: ignore[call-overload]
    return {
        "main": joined(facts),
        "result": result(data),
        "second": _("identity checked") if data.get("identified") else "",
    }


def message(data: Said, points: Mapping[int, str], state: str) -> Said:
    said = {
        "planned": (_("in the outbox"), ""),
        "sent": (_("sent"), "ok"),
        "refused": (pgettext("message", "refused"), "danger"),
        "not_connected": (_("not connected"), "warn"),
        "failed": (_("failed"), "danger"),
        "cancelled": (_("cancelled"), ""),
        "in_doubt": (_("in doubt"), "warn"),
        "delivered": (_("delivered"), "ok"),
        "undelivered": (_("not delivered"), "danger"),
        "sending": (_("being handed over"), ""),
        "bounced": (_("bounced"), "danger"),
        "receipt": (_("receipt"), ""),
    }.get(state, (state, ""))
    channel = str(words.CHANNELS.get(str(data.get("channel", "")), data.get("channel", "")))
    rules = (
        [str(rule) for rule in data.get("rules") or [data["rule"]] if rule]
        if data.get("rules") or data.get("rule")
        else []
    )  # type: ignore[union-attr]
    facts = [channel, _point(data, points) or str(data.get("masked", ""))]
    template = str(data.get("title", "") or data.get("template", ""))
    party = str(data.get("party_type", "debtor"))
    if party != "debtor":
        facts.append(str(words.PARTY_TYPES.get(party, party)))
    return {
        "main": " ".join(filter(None, [*facts, template])),
        "result": said[0],
        "result_tone": said[1],
        "rules": rules,
        "second": "" if data.get("detail") in rules else detail(str(data.get("detail", ""))),
    }


def received(text: str, data: Said, points: Mapping[int, str]) -> Said:
    """What he wrote to us, word for word."""
    withdrawn = data.get("meaning") == "opt_out"
    channel = str(words.CHANNELS.get(str(data.get("channel", "")), data.get("channel", "")))
    if channel == PAGE:
        channel = str(words.TOLD.get(str(data.get("meaning")), ""))
    return {
        "lead": _("Withdrawal") if withdrawn else _("From him"),
        "tone": "warn" if withdrawn else "",
        "main": text or _("The text cannot be opened any more."),
        "second": " ".join(filter(None, (channel, _point(data, points) or str(data.get("masked", ""))))),
    }


def own_page(data: Said, kind: str) -> Said:
    """What the cardholder did on his own page."""
    name, tone = words.OWN_PAGE.get(kind.partition(".")[2], (kind, ""))
    done = data.get("done", True)
    return {
        "lead": pgettext("timeline", "Own page"),
        "tone": tone if done else "warn",
        "main": str(name),
        "second": "" if done else _("not possible"),
    }


def recording(data: Said, kind: str) -> Said:
    lead = {"recording.kept": _("Recording kept"), "recording.played": _("Recording listened to")}.get(kind, kind)
    return {"lead": lead, "main": duration(int(data["seconds"])) if data.get("seconds") else ""}  # type: ignore[call-overload]


def robot(text: str, data: Said) -> Said:
    """What was said between a robot and him, word for word."""
    asked = _("asks for a person") if data.get("hand_over") else ""
    return {
        "lead": _("Robot call, word for word"),
        "tone": "warn" if asked else "",
        "main": text or _("The text cannot be opened any more."),
        "second": " ".join(filter(None, (str(data.get("intent", "")), asked))),
    }
