"""The log in words: each entry of a timeline as one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from dunwell.casework import told
from dunwell.casework import words as casework_words
from dunwell.casework.queries import SORTS
from dunwell.casework.queries import Entry as Logged
from dunwell.casework.queries import Timeline as Found
from dunwell.casework.rules.codes import action_of, codes
from dunwell.compliance.words import CIRCUMSTANCES, CONSENTS, HOLDS
from dunwell.desk import timeline_arrangements, words
from dunwell.desk.view import Chip, Day, Entry, Timeline
from dunwell.floor.words import ABUSE, ASSETS, TRACED, step_name
from dunwell.frame.templatetags.frame import duration, joined, moment, money, sentence
from dunwell.kernel.times import BANK_ZONE

CHIPS = {
    "call": lambda: pgettext("timeline", "Calls"),
    "message": lambda: pgettext("timeline", "Messages"),
    "letter": lambda: pgettext("timeline", "Letters"),
    "visit": lambda: pgettext("timeline", "Visits"),
    "payment": lambda: pgettext("timeline", "Payments"),
    "promise": lambda: pgettext("timeline", "Promises"),
    "hold": lambda: pgettext("timeline", "Holds"),
    "person": lambda: told.chip("person"),
    "objection": lambda: told.chip("objection"),
    "note": lambda: pgettext("timeline", "Notes"),
    "system": lambda: pgettext("timeline", "System"),
}
KINDS = {
    "call": lambda: pgettext("timeline", "Call"),
    "message": lambda: pgettext("timeline", "Message"),
    "letter": lambda: pgettext("timeline", "Letter"),
    "visit": lambda: pgettext("timeline", "Visit"),
    "payment": lambda: pgettext("timeline", "Payment"),
    "promise": lambda: pgettext("timeline", "Promise"),
    "hold": lambda: pgettext("timeline", "Hold"),
    "person": lambda: told.name("person"),
    "objection": lambda: told.name("objection"),
    "note": lambda: pgettext("timeline", "Note"),
    "gate.decided": lambda: pgettext("timeline", "Decision"),
    "case": lambda: pgettext("timeline", "Case"),
    "action": lambda: pgettext("timeline", "Strategy"),
    "party": lambda: pgettext("timeline", "Person"),
    "list": lambda: pgettext("timeline", "List"),
    "arrangement": lambda: pgettext("timeline", "Arrangement"),
    "certificate": lambda: pgettext("timeline", "Certificate"),
    "debit": lambda: pgettext("timeline", "Auto-debit"),
    "deduction": lambda: pgettext("timeline", "Deduction"),
    "instruction": lambda: pgettext("timeline", "Host"),
    "help": lambda: pgettext("timeline", "Help"),
    "abuse": lambda: pgettext("timeline", "Abuse"),
    "trace": lambda: pgettext("timeline", "Tracing"),
    "asset": lambda: pgettext("timeline", "Asset"),
    "system": lambda: pgettext("timeline", "System"),
}
PAGE = "page"  # the channel of the cardholder's own page
Said = Mapping[str, object]


def _result(data: Said) -> str:
    """What was said in a call, as codes.yaml names it."""
    result = str(data.get("result") or "")
    action = action_of(direction=str(data.get("direction", "out")), party=str(data.get("party_type", "debtor")))
    found = codes().actions[action].ended(result) if result else None
    return found.name(get_language() or "") if found else str(words.OUTCOMES.get(result, result))


def _point(data: Said, points: Mapping[int, str]) -> str:
    return points.get(int(data.get("contact_point") or 0), "")  # type: ignore[call-overload]


def _call(data: Said, points: Mapping[int, str]) -> Said:
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
        "result": _result(data),
        "second": _("identity checked") if data.get("identified") else "",
    }


def _message(data: Said, points: Mapping[int, str], state: str) -> Said:
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
    template = str(data.get("template", "") or data.get("title", ""))
    return {
        "main": " ".join(filter(None, [*facts, template])),
        "result": said[0],
        "result_tone": said[1],
        "rules": rules,
        "second": str(data.get("detail", "")),
    }


def _received(text: str, data: Said, points: Mapping[int, str]) -> Said:
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


def _own_page(data: Said, kind: str) -> Said:
    """What the cardholder did on his own page."""
    name, tone = words.OWN_PAGE.get(kind.partition(".")[2], (kind, ""))
    done = data.get("done", True)
    return {
        "lead": pgettext("timeline", "Own page"),
        "tone": tone if done else "warn",
        "main": str(name),
        "second": "" if done else _("not possible"),
    }


def _payment(data: Said, kind: str) -> Said:
    amount = Decimal(str(data.get("amount", "0")))
    source = str(words.PAYMENT_SOURCES.get(str(data.get("source")), ""))
    where = _("posted %(on)s, reference %(ref)s") % {
        "on": data.get("posting_date", ""),
        "ref": data.get("host_ref", ""),
    }
    kinds = {
        "repayment": _("Repayment"),
        "merchant_refund": _("Merchant refund, not a repayment"),
        "chargeback": _("Chargeback"),
    }
    name = kinds.get(str(data.get("payment_kind")), str(data.get("payment_kind", "")))
    main = joined([name, source])
    if kind == "payment.provisional":
        return {"lead": _("Paid, not yet posted"), "tone": "warn", "main": main, "second": where, "amount": amount}
    if kind == "payment.reversed":
        lead = {"withdrawn": _("Withdrawn by the host"), "corrected": _("Corrected by the host")}
        return {
            "lead": lead.get(str(data.get("reason")), _("Reversed")),
            "tone": "danger",
            "main": name,
            "second": where,
            "amount": -Decimal(str(data.get("reversed", amount))),
        }
    if kind == "payment.answered":
        lead, tone = {
            "dropped": (_("Dropped by the host"), "danger"),
            "expired": (_("Expired: the host has not posted it"), "danger"),
        }.get(str(data.get("answer")), (_("Posted by the host"), "ok"))
        return {"lead": lead, "tone": tone, "main": name, "second": where, "amount": amount}
    was = _("instead of %(amount)s") % {"amount": money(data["corrects"])} if data.get("corrects") else ""
    return {"main": joined([main, was]), "second": where, "amount": amount}


def _promise(data: Said, kind: str) -> Said:
    parts = data.get("parts") or []
    listed = sentence(
        [
            _("%(amount)s by %(day)s") % {"amount": money(part["amount"]), "day": part["due_date"]} + _payer(part)
            for part in parts  # type: ignore[union-attr]
        ]
    )
    if kind == "promise.made":
        return {"main": listed, "amount": sum((Decimal(str(part["amount"])) for part in parts), Decimal(0))}  # type: ignore[union-attr]
    if kind == "promise.reminded":
        return timeline_arrangements.reminded(data)
    if kind == "promise.withdrawn":
        return {"lead": _("Withdrawn"), "main": str(data.get("reason", ""))}
    state = str(data.get("state") or data.get("to") or "")
    tone = {"kept": "ok", "partly_kept": "warn", "broken": "danger"}.get(state, "")
    received, amount = data.get("received"), data.get("amount")
    main = (
        _("received %(received)s of %(amount)s") % {"received": money(received), "amount": money(amount)}
        if amount
        else ""
    )
    return {
        "lead": str(words.PROMISE_STATES.get(state, state)),
        "tone": tone,
        "main": main,
        "second": str(data.get("due_date", "") or ""),
    }


def _payer(part: Said) -> str:
    """Who promised a part beside the person, in brackets."""
    if not part.get("payer_name"):
        return ""
    role = words.PARTY_ROLES.get(str(part.get("payer_role")), "")
    return _(" (%(name)s, %(role)s)") % {"name": part["payer_name"], "role": role}


def _gate(data: Said) -> Said:
    blocked = str(data.get("verdict")).upper() == "BLOCK"
    channel = str(words.CHANNELS.get(str(data.get("channel", "")), data.get("channel", "")))
    return {
        "lead": pgettext("the gate", "Block") if blocked else pgettext("the gate", "Review"),
        "tone": "danger" if blocked else "warn",
        "main": channel,
        "rules": data.get("rules") or [],
    }


def _hold(data: Said, kind: str) -> Said:
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


def _case(data: Said, kind: str) -> Said:
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


def _action(data: Said, kind: str) -> Said:
    """What the strategy planned, took back or saw done: a night writes its steps together, the day one by one."""
    lead = {
        "action.planned": pgettext("an action", "Planned"),
        "action.cancelled": pgettext("an action", "Cancelled"),
        "action.done": pgettext("an action", "Done"),
    }.get(kind, "")
    why = {
        "not_planned_any_more": _("the strategy no longer asks for it"),
        "cured": _("nothing is past due"),
    }.get(str(data.get("reason", "")), str(data.get("reason", "")))
    channel = str(words.CHANNELS.get(str(data.get("channel", "")), data.get("channel", "")))
    return {"lead": lead, "main": why or channel, "rules": data.get("steps") or [data.get("step", "")]}


def _reminder(data: Said) -> Said:
    lead = _("Call-back") if data.get("kind") == "call_back" else _("Snoozed")
    due = str(data.get("due_at", ""))
    return {"lead": lead, "main": moment(datetime.fromisoformat(due)) if due else ""}


def _person(data: Said, kind: str) -> Said:
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


def _floor(data: Said, kind: str) -> Said:
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


def _recording(data: Said, kind: str) -> Said:
    lead = {"recording.kept": _("Recording kept"), "recording.played": _("Recording listened to")}.get(kind, kind)
    return {"lead": lead, "main": duration(int(data["seconds"])) if data.get("seconds") else ""}  # type: ignore[call-overload]


def _robot(text: str, data: Said) -> Said:
    """What was said between a robot and him, word for word."""
    asked = _("asks for a person") if data.get("hand_over") else ""
    return {
        "lead": _("Robot call, word for word"),
        "tone": "warn" if asked else "",
        "main": text or _("The text cannot be opened any more."),
        "second": " ".join(filter(None, (str(data.get("intent", "")), asked))),
    }


def _words(entry: Logged, points: Mapping[int, str]) -> Said:
    kind, data = entry.kind, entry.data
    room = kind.split(".")[0]
    if entry.sort == "note":
        return {"main": entry.text or _("The text cannot be opened any more.")}
    if kind == "contact.recorded":
        if data.get("channel") == PAGE:
            said = _result(data) if data.get("result") else ""
            return {"lead": pgettext("timeline", "Own page"), "main": _("was there, known"), "result": said}
        if data.get("channel") in ("call", "ai_call", "visit"):
            return _call(data, points)
        return _message(data, points, str(data.get("outcome", "")))
    if kind == "message.received":
        return _received(entry.text, data, points)
    if kind == "robot.told":
        return _robot(entry.text, data)
    if kind == "robot.identified":
        return {"lead": _("Robot"), "main": _("was told the amounts, the person having shown who he is")}
    if kind == "campaign.pulled":
        return {"lead": _("Taken back from the dialler"), "rules": [data.get("rule", "")], "main": ""}
    if kind == "notice.given":
        return {
            "lead": str(words.NOTICES.get(str(data.get("kind")), data.get("kind"))),
            "main": str(data.get("source", "")),
        }
    if room in ("help", "abuse", "trace", "asset"):
        return _floor(data, kind)
    if kind == "gate.breached":
        return {"lead": _("Called without leave"), "tone": "danger", "main": str(data.get("began", ""))}
    if kind == "gate.decided":
        return _gate(data)
    if kind == "reminder.set":
        return _reminder(data)
    if room == "list":
        return {
            "main": {
                "staff": _("Staff of the bank"),
                "sensitive": _("Sensitive persons"),
                "wrong_number": _("Wrong numbers"),
            }.get(str(data.get("list")), "")
        }
    if kind in words.CONSENTS:
        name = CONSENTS.get(str(data.get("kind"))) or CIRCUMSTANCES.get(str(data.get("kind")), "")
        return {"lead": str(words.CONSENTS[kind]), "main": str(name)}
    if (of_casework := told.said(kind, data)) is not None:
        return of_casework
    by_room: dict[str, Callable[[], Said]] = {
        "message": lambda: _message(data, points, kind.split(".")[1]),
        "payment": lambda: _payment(data, kind),
        "promise": lambda: _promise(data, kind),
        "hold": lambda: _hold(data, kind),
        "case": lambda: _case(data, kind),
        "action": lambda: _action(data, kind),
        "party": lambda: _person(data, kind),
        "recording": lambda: _recording(data, kind),
        "arrangement": lambda: timeline_arrangements.arrangement(data, kind),
        "debit": lambda: timeline_arrangements.debit(data),
        "deduction": lambda: timeline_arrangements.deduction(data, kind),
        "certificate": lambda: timeline_arrangements.certificate(data, kind),
        "instruction": lambda: timeline_arrangements.instruction(data, kind),
        "selfservice": lambda: _own_page(data, kind),
    }
    return by_room.get(room, lambda: {"main": kind})()


def line(entry: Logged, points: Mapping[int, str]) -> Entry:
    """One entry as it stands on the page."""
    said = dict(_words(entry, points))
    name = (
        KINDS.get(entry.kind) or KINDS.get(entry.kind.split(".")[0])
        if entry.sort == "system"
        else KINDS.get(entry.sort)
    )
    return Entry(
        id=entry.id,
        at=entry.at,
        kind=(name or KINDS["system"])(),
        tone=str(said.get("tone", "")),
        lead=str(said.get("lead", "")),
        main=str(said.get("main", "")),
        second=str(said.get("second", "")),
        rules=tuple(str(rule) for rule in said.get("rules", ())),  # type: ignore[union-attr]
        result=str(said.get("result", "")),
        result_tone=str(said.get("result_tone", "")),
        amount=said.get("amount"),  # type: ignore[arg-type]
        who=_who(entry),
        recording=entry.recording,
    )


def _who(entry: Logged) -> str:
    name = entry.who(get_language() or "")
    return str(words.PROGRAMS.get(name, name))


def shown(found: Found, *, kind: str, points: Mapping[int, str], today: date) -> Timeline:
    """A page of the timeline by days, with the chips and their counts."""
    days: list[Day] = []
    for entry in found.entries:
        on = entry.at.astimezone(BANK_ZONE).date()
        if not days or days[-1].on != on:
            days.append(Day(on, on == today, []))
        days[-1].entries.append(line(entry, points))  # type: ignore[attr-defined]
    total = sum(found.counts.values())
    chips = [Chip("", pgettext("timeline", "All"), total, not kind)]
    chips += [Chip(sort, CHIPS[sort](), found.counts[sort], sort == kind) for sort in SORTS if found.counts.get(sort)]
    of_kind = found.counts.get(kind, 0) if kind else total
    older = max(of_kind - len(found.entries), 0) if found.counts else 0
    return Timeline(chips, days, found.before, older, kind)
