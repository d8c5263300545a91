"""The log in words: each entry of a timeline as one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from django.utils.translation import get_language, pgettext

from dunwell.casework.queries import SORTS
from dunwell.casework.queries import Entry as Logged
from dunwell.casework.queries import Timeline as Found
from dunwell.compliance.rules.pack import Pack
from dunwell.compliance.words import CHANNELS, rule
from dunwell.desk.timeline.cases import reveal_reason
from dunwell.desk.timeline.entries import line
from dunwell.desk.timeline.kinds import CHIPS
from dunwell.desk.view import Chip, Day, Timeline
from dunwell.frame.templatetags.frame import joined
from dunwell.kernel.times import BANK_ZONE
from dunwell.strategy import queries as strategy
from dunwell.strategy.rules import Step

TOGETHER = "\u2060–\u2060"  # a line does not break at the dash between two days

__all__ = ["line", "reveal_reason", "shown"]


def shown(found: Found, *, kind: str, points: Mapping[int, str], today: date, pack: Pack) -> Timeline:
    """A page of the timeline by days, with the chips and their counts; rules are called what `pack` calls them."""
    days: list[Day] = []
    for entry in _named(found.entries):
        on = entry.at.astimezone(BANK_ZONE).date()
        if not days or days[-1].on != on:
            days.append(Day(on, on == today, []))
        said = line(entry, points)
        why = joined(rule(code, pack) for code in said.rules if code in pack.rules)
        days[-1].entries.append(replace(said, why=why))  # type: ignore[attr-defined]
    total = sum(found.counts.values())
    chips = [Chip("", pgettext("timeline", "All"), total, not kind)]
    chips += [Chip(sort, CHIPS[sort](), found.counts[sort], sort == kind) for sort in SORTS if found.counts.get(sort)]
    of_kind = found.counts.get(kind, 0) if kind else total
    older = max(of_kind - len(found.entries), 0) if found.counts else 0
    return Timeline(chips, days, found.before, older, kind)


def _named(entries: Sequence[Logged]) -> Iterator[Logged]:
    """The entries with texts by their titles and a strategy's steps in words, where the log has their codes."""
    language = get_language() or "zh-hans"
    steps = strategy.steps(code for entry in entries for code in _codes(entry))
    for entry in entries:
        data = dict(entry.data)
        if language in entry.titles:
            data["title"] = entry.titles[language]
        data["in_words"] = [_step(steps[code]) for code in _codes(entry) if code in steps]
        yield replace(entry, data=data)


def _codes(entry: Logged) -> list[str]:
    """The codes of the strategy's steps that an entry is about: a night writes several together."""
    if not entry.kind.startswith("action."):
        return []
    return list(entry.data.get("steps") or filter(None, [entry.data.get("step")]))  # type: ignore[call-overload]


def _step(step: Step) -> str:
    return pgettext("a step", "%(action)s, day %(days)s") % {
        "action": CHANNELS[step.action], "days": step.days.replace("–", TOGETHER),
    }  # fmt: skip
