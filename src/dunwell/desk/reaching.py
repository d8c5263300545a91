"""By which numbers, when and how often he may be reached: the gate's answers in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from dunwell.casework import queries as casework
from dunwell.compliance.queries import Asking, CapUse, Hours, PointBudget
from dunwell.compliance.queries import Budget as GateBudget
from dunwell.compliance.queries.facts import party_type
from dunwell.compliance.rules.purposes import OUTSIDE, offered
from dunwell.desk import words
from dunwell.desk.view import Budget, Cap, Point, Refusal, Window
from dunwell.frame.templatetags.frame import duration, joined, moment, short_day
from dunwell.kernel import times
from dunwell.kernel.decision import Decision

CALLED = ("mobile", "landline")


def refusal_of(decision: Decision) -> Refusal | None:
    """The gate's primary reason as a grey button says it; None when it allows."""
    if decision.allowed:
        return None
    reason = decision.primary
    return Refusal(
        words=reason.text(get_language() or "zh-hans"),
        rule=reason.rule,
        citation=reason.citation,
        retry_after=decision.retry_after,
        review=decision.verdict == "REVIEW",
    )


def told(decision: Decision) -> str:
    """A refusal as one sentence: words, rule, and when it ends."""
    refusal = refusal_of(decision)
    if refusal is None:
        return ""
    again = _("allowed from %(at)s") % {"at": moment(refusal.retry_after)} if refusal.retry_after else ""
    return " ".join(filter(None, [refusal.words, again, refusal.rule]))


def _who(row: casework.PointRow) -> str:
    if row.role == "primary":
        kind, label = words.CONTACT_KINDS.get(row.kind, row.kind), words.CONTACT_LABELS.get(row.label, "")
        return pgettext("contact point: whose, kind", "%(label)s %(kind)s") % {"label": label, "kind": kind}
    role = words.PARTY_ROLES.get(row.role, row.role)
    relation = words.RELATIONS.get(row.relation, row.relation)
    who = f"{role}, {relation}" if relation else str(role)
    return f"{row.name_masked} {who}"


def _facts(row: casework.PointRow) -> str:
    said = [str(words.SOURCES.get(row.source, row.source))]
    if row.last_at:
        outcome = words.OUTCOMES.get(row.last_outcome, row.last_outcome)
        said.append(f"{short_day(row.last_at)} {outcome}".strip())
    if row.status != "valid":
        why = words.OUTCOMES.get(row.status_reason, row.status_reason)
        said.append(" ".join(filter(None, [str(words.POINT_STATUS[row.status]), str(why), short_day(row.status_on)])))
    if row.kind in CALLED:
        said.append(ngettext("%(n)s dial today", "%(n)s dials today", row.dials) % {"n": row.dials})
    return joined(said)


def point_of(row: casework.PointRow, asked: PointBudget, *, party: str, on_call: int | None, may_dial: bool) -> Point:
    refusal = refusal_of(asked.decision) if row.kind in CALLED else None
    state = "none"
    if row.kind in CALLED:
        state = "grey" if refusal or not may_dial else "live"
        if on_call == row.id:
            state, refusal = "on", None
    purposes = [(purpose, words.PURPOSES[purpose]) for purpose in offered(party)] if party in OUTSIDE else ()
    return Point(row.id, row.kind, row.masked, _who(row), _facts(row), state, refusal, purposes)


def party_types(found: casework.CasePage) -> dict[int, str]:
    """What each person of the page is to the debt."""
    roles: dict[int, list[str]] = {}
    for row in found.points:
        roles.setdefault(row.party_id, []).append(f"{row.role}/{row.relation}")
    debtor = found.case.party_id
    return {person: party_type(Asking(debtor, person, None, "call"), held) for person, held in roles.items()}


def _share(moment: datetime, day_begin: datetime) -> float:
    return min(max((moment - day_begin).total_seconds() / 864, 0.0), 100.0)


def _opens(at: datetime | None, clock: datetime) -> str:
    """When contact is lawful again, by the person's clock; the day only when it is another."""
    if at is None:
        return ""
    there = at.astimezone(clock.tzinfo)
    return there.strftime("%H:%M" if there.date() == clock.date() else "%m-%d %H:%M")


def budget_of(found: GateBudget, now: datetime) -> Budget | None:
    if found.clock is None:
        return None
    begin = found.clock.replace(hour=0, minute=0, second=0, microsecond=0)

    def windows(kind: str, hours: Sequence[Hours]) -> list[Window]:
        spans = [(_share(one.start, begin), _share(one.end, begin)) for one in hours]
        return [Window(kind, f"{start:.2f}", f"{end - start:.2f}") for start, end in spans]

    own = {edge for one in found.own_hours for edge in (one.start, one.end)}
    edges = sorted({edge for one in (*found.hours, *found.own_hours) for edge in (one.start, one.end)})
    ticks = [
        (f"{_share(edge, begin):.2f}", str(edge.astimezone(begin.tzinfo).hour))
        for edge in edges
        if 0 < _share(edge, begin) < 100
        and (edge in own or all(abs(edge - other) >= timedelta(hours=2) for other in own))  # room for its figure
    ]
    closes = found.closes_at
    here = found.clock.strftime("%H:%M")
    return Budget(
        here=here,
        place=found.zone.rsplit("/", 1)[-1].replace("_", " ") if found.zone != "Asia/Shanghai" else _("Beijing time"),
        x_now=f"{_share(found.clock, begin):.2f}",
        windows=windows("law", found.hours) + windows("wish", found.own_hours),
        ticks=ticks,
        picture=_("Now %(now)s on the person's clock; contact is lawful %(hours)s")
        % {
            "now": here,
            "hours": ", ".join(
                f"{one.start.astimezone(begin.tzinfo):%H:%M}–{one.end.astimezone(begin.tzinfo):%H:%M}"
                for one in found.hours
            ),
        },
        until=closes.astimezone(begin.tzinfo).strftime("%H:%M") if closes else "",
        left=duration((closes - now).total_seconds() / 60) if closes else "",
        open=found.open,
        opens=_opens(found.opens_at, found.clock),
        caps=[_cap(use) for use in found.caps],
    )


def _cap(use: CapUse) -> Cap:
    title = use.title.en if (get_language() or "zh-hans").startswith("en") else use.title.zh
    name = {
        "CN-CALL-3-EFFECTIVE": _("Conversations"),
        "CN-SMS-2-PER-DAY": pgettext("channel", "SMS"),
        "CN-VISIT-1-PER-7": _("Visits"),
    }.get(use.rule, title)
    remark = (
        _("from %(at)s") % {"at": f"{short_day(use.free_at)} {times.local(use.free_at, 'Asia/Shanghai'):%H:%M}"}
        if use.free_at and not use.left
        else ""
    )
    return Cap(name, use.rule, use.used - use.under_way, use.under_way, use.limit, remark)
