"""What every first page says about the files of the last business date: which are late or refused, which did not come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dunwell.intake import queries, sentences
from dunwell.kernel import times


@dataclass(frozen=True, slots=True)
class Late:
    """The strip of a first page. `late` names each file in a sentence, `others` those that not every day has; who may see
    files gets the link, everybody else a short word."""

    day: date
    late: list[str]
    others: str
    short: str
    href: str


def late_files(request: HttpRequest, now: datetime) -> Late | None:
    """The strip about yesterday's files; None while none of them is late or refused and nothing else is to be said."""
    day = times.business_date(now) - timedelta(days=1)
    missing = queries.missing_files(day, now, entity_id=request.user.entity_id)
    loud = [one for one in missing if one.refused is not None or (one.late and one.daily)]
    quiet = [one for one in missing if one not in loud and one.late]
    may_see = request.user.may("intake.view")
    if not loud and not (quiet and may_see):
        return None
    between = pgettext("between listed words", ", ")
    others = between.join(sentences.kind(one.kind) for one in quiet)
    return Late(
        day=day,
        late=[sentences.missing(one.kind, one.due, one.late, refused=one.refused is not None) for one in loud],
        others=_("%(kinds)s: none has come; not every day has one.") % {"kinds": others} if others and may_see else "",
        short=between.join(sentences.kind(one.kind) for one in loud),
        href=f"/intake?day={day}" if may_see else "",
    )
