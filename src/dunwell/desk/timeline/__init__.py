"""The log in words: each entry of a timeline as one line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.utils.translation import pgettext

from dunwell.casework.queries import SORTS
from dunwell.casework.queries import Timeline as Found
from dunwell.desk.timeline.cases import reveal_reason
from dunwell.desk.timeline.entries import line
from dunwell.desk.timeline.kinds import CHIPS
from dunwell.desk.view import Chip, Day, Timeline
from dunwell.kernel.times import BANK_ZONE

__all__ = ["line", "reveal_reason", "shown"]


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
