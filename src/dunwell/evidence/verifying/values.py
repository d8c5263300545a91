"""What is verified: records, batches, days; and what was found changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from dunwell.evidence import destroyed

FIELDS = (
    "entity_id",
    "recorded_at",
    "business_date",
    "kind",
    "actor_id",
    "actor",
    "party_id",
    "case_id",
    "account_id",
    "data",
)


@dataclass(frozen=True, slots=True)
class Record:
    """A log row as it stands, and where it was sealed (`position` and `leaf` are None for one not sealed yet)."""

    id: int
    fields: dict[str, object] | None  # None: the row is gone, its seal is not
    algorithm: str = ""
    hash: bytes = b""
    position: int | None = None
    leaf: bytes | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    id: int
    sealed_at: datetime
    records: int
    algorithm: str
    root: bytes
    previous: bytes | None
    chain: bytes


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    seal_id: int
    root: bytes
    key_id: str
    signature: bytes
    stamp: bytes | None = None  # an authority's, over text and signature


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not as it was sealed: which record, seal or day, and what is wrong with it."""

    what: str  # record, seal, day, or the table of a row
    number: str
    text: str

    def __str__(self) -> str:
        return f"{self.what} {self.number}: {self.text}"


@dataclass(slots=True)
class Verified:
    """The result: records looked at, those not sealed yet, days signed, and all that was changed."""

    records: int = 0
    unsealed: int = 0
    seals: int = 0
    days: int = 0
    stamped: int = 0
    changed: list[Change] = field(default_factory=list)
    destroyed: dict[str, destroyed.Gone] = field(default_factory=dict)  # by row, under a protocol
    excused: list[destroyed.Gone] = field(default_factory=list)  # those that an older record still holds

    def __str__(self) -> str:
        return f"{self.records} records, {len(self.changed)} changed"
