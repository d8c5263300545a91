"""What was destroyed under a protocol, as the log tells it: a row that is missing or emptied for that reason is no change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dunwell.evidence import facts
from dunwell.evidence.models import Log

KIND = "retention.destroyed"


@dataclass(frozen=True, slots=True)
class Gone:
    """A record of another table, or a kept file, that was destroyed."""

    record: int  # the log's
    row: str  # channels.recording 17
    protocol: int
    sha256: str
    stays: bool  # the row is still there, emptied, and this record holds its hash

    def __str__(self) -> str:
        return f"{self.row}: destroyed under protocol {self.protocol} (record {self.record})"


def told(records: Iterable[tuple[int, Mapping[str, object]]]) -> dict[str, Gone]:
    """By row, from the records of KIND (number, data)."""
    found = {}
    for number, data in records:
        label, _, row = str(data["row"]).partition(" ")
        stays = row in data.get(facts.ROWS, {}).get(label, {})
        found[str(data["row"])] = Gone(number, str(data["row"]), int(data["protocol"]), str(data["sha256"]), stays)
    return found


def logged() -> Iterator[tuple[int, Mapping[str, object]]]:
    """The records of KIND that stand in the log."""
    return Log.objects.filter(kind=KIND).order_by("id").values_list("id", "data").iterator()


def excused(broken: facts.Broken, gone: Gone | None, changed: Iterable[int]) -> bool:
    """Whether a row is otherwise than an old record holds it because it was destroyed later.

    Not when the record that says so was itself `changed`, and not when the emptied row is otherwise than that holds it.
    """
    if gone is None or gone.record in changed or broken.record >= gone.record:
        return False
    return broken.gone != gone.stays


def by_protocol(gone: Iterable[Gone]) -> list[tuple[int, int]]:
    """Protocol and how many records were destroyed under it."""
    return sorted(Counter(one.protocol for one in gone).items())
