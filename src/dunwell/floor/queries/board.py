"""The team leader's board: who is on what since when, the queues, the day's funnel, who asks for help. Three statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from dunwell.floor.queries.beside import rows

STATES = ("help", "on_call", "wrap_up", "working", "break", "absent", "idle", "off")


@dataclass(frozen=True, slots=True)
class Place:
    """One collector: his state of STATES and since when, the case that he has, and his day so far."""

    user_id: int
    name_zh: str
    name_en: str
    staff_no: str
    team: str
    state: str
    since: datetime | None
    case_no: str
    dials: int
    reached: int
    promises: int
    cases: int  # taken today
    on_cases: int  # seconds that he had cases open today
    wrap_up: int  # seconds between the end of his calls by telephone and their saved outcome today
    wrapped: int  # how many such calls

    def name(self, language: str) -> str:
        return self.name_en if language.startswith("en") else self.name_zh


@dataclass(frozen=True, slots=True)
class Board:
    at: datetime
    places: tuple[Place, ...]
    queues: dict[str, int]
    funnel: dict[str, Decimal]
    help: list[dict[str, object]]


def board(*, entity_id: int, day: date, now: datetime) -> Board:
    """Everything on the board at a moment."""
    places = [_place(row) for row in rows("board_people", entity=entity_id, day=day, now=now)]
    places.sort(key=lambda one: (STATES.index(one.state), one.team, one.staff_no))
    counted = rows("board_figures", entity=entity_id, day=day, now=now)[0]
    return Board(
        at=now,
        places=tuple(places),
        queues={name: int(counted[name] or 0) for name in ("waiting", "in_work", "put_off", "call_backs")},
        funnel={name: Decimal(counted[name] or 0) for name in ("dials", "answered", "reached", "promises", "paid")},
        help=rows("board_help", entity=entity_id),
    )


def _place(row: dict[str, object]) -> Place:
    return Place(**{name: row[name] for name in Place.__slots__})  # type: ignore[arg-type]
