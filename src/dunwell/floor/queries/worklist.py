"""The head of a collector's worklist as it stands now: it moves during the day as facts arrive."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from dunwell.casework.models import Case
from dunwell.casework.queries.rows import COLUMNS, case_of
from dunwell.identity.models import User
from dunwell.kernel.times import business_date

HEAD = 12
_READY = COLUMNS.index("ready_at")
WORKLIST = (
    f"SELECT {', '.join(f'c.{name}' for name in COLUMNS)}, p.name_masked, d.business_date"
    " FROM casework_worklist(%s, %s, %s) WITH ORDINALITY AS c JOIN portfolio_party AS p ON p.id = c.party_id"
    " LEFT JOIN arrears_publishedday AS d ON d.entity_id = c.entity_id ORDER BY c.ordinality"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the worklist: the case with the days it has now, whose it is, and when it comes where that is not now."""

    case: Case
    name_masked: str
    later: datetime | None


class Worklist:
    """The next cases for calls that a user owns or covers, in the order in which Next brings them; put off ones last.

    Read with one query. A browser asks every other second, and mostly nothing has changed: `mark` says so before anything
    is made of the rows.
    """

    def __init__(self, user: User, now: datetime) -> None:
        with connection.cursor() as cursor:
            cursor.execute(WORKLIST, [user.pk, now, HEAD])
            self._rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
        self._waiting = [row[_READY] is not None and row[_READY] > now for row in self._rows]
        said = repr((user.language, business_date(now), self._waiting, self._rows))
        self.mark = hashlib.sha256(said.encode()).hexdigest()[:16]

    def rows(self) -> list[Row]:
        return [
            Row(case_of(values, published), name_masked, values[_READY] if waits else None)
            for (*values, name_masked, published), waits in zip(self._rows, self._waiting, strict=True)
        ]
