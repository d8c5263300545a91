"""The best next action in words, and why not the others: what floor's rule chose, from what stands on the page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from dunwell.casework import queries as casework
from dunwell.compliance.queries import Budget as GateBudget
from dunwell.compliance.rules.pack import Pack
from dunwell.compliance.words import rule as rule_words
from dunwell.desk import words
from dunwell.desk.view import Advice, Point
from dunwell.floor.queries.beside import Beside
from dunwell.floor.rules.best_time import ENOUGH, BestTime
from dunwell.floor.rules.next_step import OFFERED, Option, Standing, best, options
from dunwell.frame.templatetags.frame import unit
from dunwell.strategy.queries import segment_name

SMS_CAP = "CN-SMS-2-PER-DAY"


def standing(
    found: casework.CasePage, points: Sequence[Point], gate: GateBudget, beside: Beside, now: datetime
) -> Standing:
    """What the rule needs, from what the page knows."""
    own = [point for point in points if not point.purposes and point.kind in ("mobile", "landline")]
    valid = [row for row in found.points if row.role == "primary" and row.kind in ("mobile", "landline")]
    grey = next((point.refusal for point in own if point.refusal), None)
    sms = next((cap for cap in gate.caps if cap.rule == SMS_CAP), None)
    due = [
        one for one in found.reminders if one["kind"] == "call_back" and datetime.fromisoformat(one["due_at"]) <= now
    ]
    return Standing(
        closed=found.case.closed_on is not None,
        on_call=found.open_contact is not None,
        held=bool(found.holds),
        promise_open=found.case.promise_state == "open",
        promise_broken=found.case.promise_state in ("broken", "partly_kept"),
        live_numbers=sum(point.state == "live" for point in own),
        live_third=sum(point.state == "live" for point in points if point.purposes),
        valid_numbers=sum(row.status == "valid" for row in valid),
        refused_by=grey.rule if grey else "",
        messages_left=sms.left if sms else 1,
        has_mobile=any(row.kind == "mobile" and row.status == "valid" for row in valid),
        inside_hours=gate.open,
        asked_for_plan=any(result in ("ask_plan", "hardship") for result in beside.said),
        call_back_due=bool(due),
        best_first=beside.best.first,
        best_last=beside.best.last,
        hour=gate.clock.hour if gate.clock else None,
    )


def advice(
    found: casework.CasePage, points: Sequence[Point], gate: GateBudget, beside: Beside, now: datetime, mine: bool
) -> Advice:
    """The sentence, its reasons, and why not each of the others."""
    known = options(standing(found, points, gate, beside, now))
    if not mine:  # his buttons are grey because the case is not in his hands, which says nothing of the gate
        live = [point for point in points if point.kind in ("mobile", "landline") and point.refusal is None]
        free = [Point(**{**_values(point), "state": "live"}) if point in live else point for point in points]
        known = options(standing(found, free, gate, beside, now))
    chosen = best(known)
    first = next((point for point in points if point.state == "live" and not point.purposes), None)
    calls = chosen.step in ("call", "call_back") and first is not None
    rule = found.case.next_rule or (found.planned[0] if found.planned else {}).get("rule", "")
    rule = rule if rule.isupper() else ""  # why nothing is planned is said in words
    others = [
        (STEPS[one.step](), said_of(one, gate.pack), one.fits)
        for one in known
        if one.step in OFFERED and one.step != chosen.step
    ]
    return Advice(
        _said(chosen, found, points, gate), _reasons(found, chosen, gate.pack), rule, first.id if calls and first else None, others,
        best_words(beside.best),
    )  # fmt: skip


def _values(point: Point) -> dict[str, object]:
    return {name: getattr(point, name) for name in Point.__dataclass_fields__}


def _said(chosen: Option, found: casework.CasePage, points: Sequence[Point], gate: GateBudget) -> str:
    case = found.case
    own = next((point for point in points if not point.purposes and point.kind in ("mobile", "landline")
                and point.refusal is None), None)  # fmt: skip
    if chosen.step in ("call", "call_back") and own is not None:
        return _("Call %(number)s about %(amount)s %(currency)s past due") % {
            "number": own.masked,
            "amount": f"{case.past_due:,.2f}",
            "currency": unit(case.currency),
        }
    if chosen.step == "ask_third":
        third = next((point for point in points if point.purposes and point.refusal is None), None)
        return _("Out of contact: ask %(who)s for his whereabouts") % {"who": third.words if third else ""}
    if chosen.step == "wait_promise" and found.promises:
        due = (found.promises[0]["parts"] or [{}])[-1].get("due_date", "")
        return _("Wait for the promise of %(day)s") % {"day": due}
    if chosen.step == "wait_hours" and gate.opens_at:
        at = gate.opens_at.astimezone(gate.clock.tzinfo if gate.clock else None).strftime("%m-%d %H:%M")
        return _("No contact before %(at)s on the person's clock") % {"at": at}
    return SAID[chosen.step]()


def said_of(one: Option, pack: Pack) -> str:
    """Why a step fits or not, in words of the page's language; a rule by what the pack calls it."""
    params = {
        name: rule_words(str(value), pack) if name == "rule" else value for name, value in dict(one.params).items()
    }
    return REASONS[one.why]() % params


def _reasons(found: casework.CasePage, chosen: Option, pack: Pack) -> list[str]:
    reasons = [found.reason] if found.reason else []
    if chosen.step in ("call", "offer_plan", "ask_third", "trace", "message"):
        reasons.append(said_of(chosen, pack))
    if found.planned:
        planned = found.planned[0]
        reasons.append(
            _("planned for %(day)s: %(channel)s, segment %(segment)s")
            % {
                "day": planned["due_on"],
                "channel": words.CHANNELS.get(planned["channel"], planned["channel"]),
                "segment": segment_name(planned["segment"], get_language() or ""),
            }
        )
    latest = found.promises[0] if found.promises else None
    if latest and not latest["withdrawn"]:
        part = (latest["parts"] or [{}])[-1]
        reasons.append(
            _("%(state)s: %(amount)s by %(day)s, received %(received)s")
            % {
                "state": words.PROMISE_STATES.get(part.get("state", ""), ""),
                "amount": part.get("amount", ""),
                "day": part.get("due_date", ""),
                "received": part.get("received", ""),
            }
        )
    return reasons


def best_words(best: BestTime) -> str:
    """When he answers, or that the history does not say."""
    if best.first is None:
        if best.dials < ENOUGH:
            return _("Best time: not known; dials in 180 days: %(n)s") % {"n": best.dials}
        return _("Best time: not known, he never answered in %(n)s dials") % {"n": best.dials}
    return _("Best time: %(first)s–%(last)s o'clock, answered %(reached)s of %(dials)s (all day: %(all)s of %(of)s)") % {
        "first": best.first, "last": best.last, "reached": best.reached_then, "dials": best.dials_then,
        "all": best.reached, "of": best.dials,
    }  # fmt: skip


STEPS = {
    "call": lambda: pgettext("next action", "Call"),
    "message": lambda: pgettext("next action", "Message"),
    "offer_plan": lambda: pgettext("next action", "Plan"),
    "ask_third": lambda: pgettext("next action", "Ask a declared contact"),
    "trace": lambda: pgettext("next action", "Trace"),
}
SAID = {
    "finish_call": lambda: _("The call is under way: write what comes of it"),
    "leave": lambda: _("Nothing to do: the case is closed"),
    "wait_hold": lambda: _("No demand: on hold"),
    "call_back": lambda: _("No number may be dialled now"),
    "wait_promise": lambda: _("Promise open: wait"),
    "offer_plan": lambda: _("He asked for a plan: ask for his proofs and reckon an offer"),
    "call": lambda: _("No number may be dialled now"),
    "message": lambda: _("Write to him from an approved text"),
    "ask_third": lambda: _("Out of contact"),
    "trace": lambda: _("No number is valid any more: trace him"),
    "wait_hours": lambda: _("Outside the hours of contact"),
    "wait": lambda: _("No number may be dialled now"),
}
REASONS = {
    "on_call": lambda: _("a call is under way"),
    "closed": lambda: _("the case is closed"),
    "held": lambda: _("a hold stops demands"),
    "promise_open": lambda: _("a promise is open: payments judge it"),
    "no_number": lambda: _("none of his numbers is valid"),
    "number_valid": lambda: _("a number of his is valid"),
    "gate": lambda: _("the gate does not allow it now: %(rule)s"),
    "may_call": lambda: _("the gate allows a call now"),
    "may_call_other_hours": lambda: _("the gate allows a call now; he answers more often at %(first)s–%(last)s"),
    "no_mobile": lambda: _("no valid mobile number"),
    "messages_used": lambda: _("the day's messages are used up"),
    "outside_hours": lambda: _("outside the hours of contact"),
    "call_first": lambda: _("possible; a talk comes first while he may be called"),
    "no_call_possible": lambda: _("he may not be called now, but written to"),
    "asked_for_plan": lambda: _("in one of the last talks he asked for a plan or told of hardship"),
    "not_asked_for_plan": lambda: _("he has not asked for one"),
    "out_of_contact": lambda: _("he is out of contact, and this person may be asked"),
    "not_out_of_contact": lambda: _("he is not out of contact, or nobody may be asked"),
}
