"""What is taken away as a file bears a mark: who took it, when, under which number of the log, and how many rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dunwell.evidence.services.log import write
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE


@dataclass(frozen=True, slots=True)
class Mark:
    """The watermark of a file, in every language the same."""

    number: int  # of the log's record
    who: str
    at: datetime
    rows: int

    def __str__(self) -> str:
        return (
            f"No. {self.number} | {self.who} | {self.at.astimezone(BANK_ZONE):%Y-%m-%d %H:%M:%S %z} | {self.rows} rows"
        )


def mark_export(*, kind: str, name: str, form: str, rows: int, by: Actor, now: datetime) -> Mark:
    """Log that masked rows were taken away, and answer the mark that the file bears. `kind`: report.exported, list.exported."""
    row = write(kind=kind, now=now, by=by, data={"name": name, "format": form, "rows": rows})
    return Mark(row.pk, by.name, now, rows)
