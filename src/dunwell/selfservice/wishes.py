"""How somebody wishes to be contacted, read from his consents. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Protocol

OPT_OUT, HOURS, NO_THIRD_PARTY = "opt_out", "debtor_window", "no_third_party"
CHANNELS = ("sms", "call", "email")


class Row(Protocol):
    kind: str
    channel: str
    account_id: int | None
    window_from: time | None
    window_to: time | None
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wishes:
    opted_out: frozenset[str]
    hours: tuple[time, time] | None
    no_third_party: bool


def wished(rows: Iterable[Row], *, now: datetime) -> Wishes:
    """What holds now of rows in the order in which they were written: the last of its kind and channel counts."""
    last = {(row.kind, row.channel): row for row in rows if row.account_id is None}
    holds = {place: row for place, row in last.items() if row.ends_at is None or row.ends_at > now}
    hours = holds.get((HOURS, ""))
    return Wishes(
        opted_out=frozenset(channel for kind, channel in holds if kind == OPT_OUT),
        hours=(hours.window_from, hours.window_to) if hours and hours.window_from and hours.window_to else None,
        no_third_party=(NO_THIRD_PARTY, "") in holds,
    )
