"""The rows behind figures that are counted from facts: parts of promises, and what the gate refused."""

from __future__ import annotations

from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.utils.translation import pgettext

from dunwell.arrangements.models import Promise
from dunwell.compliance.queries import closed_numbers
from dunwell.frame.templatetags.frame import clock, count, money
from dunwell.frame.templatetags.frame import day as day_of
from dunwell.identity.pages.guard import requires
from dunwell.oversight import queries, words
from dunwell.oversight.pages.reports import SHOWN, now, table
from dunwell.oversight.pages.shown import Cell, Column


def _cut(found: int) -> str:
    if found <= SHOWN:
        return ""
    return pgettext("report", "%(shown)s of %(all)s are shown.") % {"shown": SHOWN, "all": found}


@requires("report.view")
def kept(request: HttpRequest) -> HttpResponse:
    """承诺兑现率: every part that was judged, with what came in."""
    moment = now()
    parts = list(
        queries.judged_parts(moment.date()).order_by("-due_date", "id").values_list(
            "promise__party__party_no", "due_date", "promise__currency", "amount", "received", "state"
        )
    )  # fmt: skip
    states = words.PART_STATES
    closed = closed_numbers(request.user.pk, [part[0] for part in parts[:SHOWN]], now=moment)
    kept_parts = sum(part[5] == Promise.State.KEPT for part in parts)
    return table(
        request,
        heading=pgettext("report", "Promise-kept rate"),
        stamp=clock(moment),
        columns=[
            Column(pgettext("report", "Party")),
            Column(pgettext("report", "Due on")),
            Column(pgettext("report", "Currency")),
            Column(pgettext("report", "Promised"), True),
            Column(pgettext("report", "Received"), True),
            Column(pgettext("report", "State")),
        ],
        rows=[
            [
                Cell("****" if party in closed else party),
                Cell(day_of(due)),
                Cell(currency),
                Cell(money(amount), True),
                Cell(money(received), True),
                Cell(str(states[state])),
            ]
            for party, due, currency, amount, received, state in parts[:SHOWN]
        ],
        sums=[
            Cell(count(len(parts))),
            Cell(""),
            Cell(""),
            Cell(money(sum((part[3] for part in parts), Decimal(0))), True),
            Cell(money(sum((part[4] for part in parts), Decimal(0))), True),
            Cell(f"{states[Promise.State.KEPT]} {kept_parts}"),
        ],
        formula=words.FORMULAS["kept"],
        nothing=pgettext("report", "No part of a promise was due in the last 30 days."),
        cut=_cut(len(parts)),
        back="/portfolio",
    )


@requires("report.view")
def gate(request: HttpRequest) -> HttpResponse:
    """What the gate refused today, and what it sent to review: rule by rule, contact by contact."""
    moment = now()
    found = list(
        queries.refused(moment).order_by("-decided_at", "-id").values_list(
            "decided_at", "party__party_no", "channel", "verdict", "primary_rule"
        )
    )  # fmt: skip
    closed = closed_numbers(request.user.pk, [row[1] for row in found[:SHOWN]], now=moment)
    return table(
        request,
        heading=pgettext("report", "Refused by the gate"),
        stamp=clock(moment),
        columns=[
            Column(pgettext("report", "Time")),
            Column(pgettext("report", "Party")),
            Column(pgettext("report", "Channel")),
            Column(pgettext("report", "Answer")),
            Column(pgettext("report", "Rule")),
        ],
        rows=[
            [
                Cell(clock(at.astimezone(moment.tzinfo))),
                Cell("****" if party in closed else party),
                Cell(str(words.CHANNELS.get(channel, channel))),
                Cell(str(words.VERDICTS[verdict])),
                Cell(rule),
            ]
            for at, party, channel, verdict, rule in found[:SHOWN]
        ],
        sums=[
            Cell(count(len(found))),
            Cell(""),
            Cell(""),
            Cell(f"{words.VERDICTS['BLOCK']} {sum(row[3] == 'BLOCK' for row in found)}"),
            Cell(""),
        ],
        formula=words.FORMULAS["gate"],
        nothing=pgettext("report", "The gate has refused nothing today."),
        cut=_cut(len(found)),
        back="/portfolio",
    )
