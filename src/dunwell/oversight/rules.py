"""How managers' figures are computed from published rows. Pure: values in, values out."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

BUCKETS = ("M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7+")
DAYS = {
    "M0": "0",
    "M1": "1–30",
    "M2": "31–60",
    "M3": "61–90",
    "M4": "91–120",
    "M5": "121–150",
    "M6": "151–180",
    "M7+": "> 180",
}
LEFT = "none"  # an account that is in the book no more
STAGES = ("reminder", "early", "mid", "late")
NONE = Decimal(0)


def share(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """`part` of `whole` as a share of one, six decimals half-up; None when there is no whole."""
    if not whole:
        return None
    return (Decimal(part) / Decimal(whole)).quantize(Decimal("0.000001"), rounding=ROUND_HALF_UP)


def worse(bucket: str) -> str | None:
    """The bucket one period later; None for the last."""
    place = BUCKETS.index(bucket)
    return BUCKETS[place + 1] if place + 1 < len(BUCKETS) else None


def month_end_before(day: date) -> date:
    """The last day of the month before."""
    year, month = (day.year - 1, 12) if day.month == 1 else (day.year, day.month - 1)
    return date(year, month, calendar.monthrange(year, month)[1])


def months_between(earlier: date, later: date) -> int:
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def month_of_age(cohort: date, age: int) -> date:
    """The last day of a cohort's month 1, 2, … as curves count them."""
    year, month = divmod(cohort.year * 12 + cohort.month - 1 + age - 1, 12)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


@dataclass(frozen=True, slots=True)
class Cell:
    """Accounts and balance (at the month's start) that went from one bucket to another, and their shares of the row."""

    from_bucket: str
    to_bucket: str
    accounts: int
    balance: Decimal
    share_of_accounts: Decimal | None
    share_of_balance: Decimal | None

    @property
    def is_roll(self) -> bool:
        """One bucket worse: the roll rate proper."""
        return worse(self.from_bucket) == self.to_bucket


@dataclass(frozen=True, slots=True)
class Matrix:
    """Roll rates of one month: every bucket to every other. What left the book counts in the row's total."""

    month: date
    cells: Mapping[tuple[str, str], Cell]
    rows: Mapping[str, tuple[int, Decimal]]

    def cell(self, from_bucket: str, to_bucket: str) -> Cell | None:
        return self.cells.get((from_bucket, to_bucket))

    def roll(self, from_bucket: str) -> Decimal | None:
        """迁徙率: the share of the bucket's balance that is one bucket worse a month later."""
        to = worse(from_bucket)
        if to is None or from_bucket not in self.rows:
            return None
        found = self.cell(from_bucket, to)
        return found.share_of_balance if found else NONE

    def cured(self) -> Decimal | None:
        """出催率: of the accounts past due at the month's start, the share with nothing past due at its end."""
        late = [bucket for bucket in self.rows if bucket != "M0"]
        whole = sum(self.rows[bucket][0] for bucket in late)
        back = sum(self.cells[bucket, "M0"].accounts for bucket in late if (bucket, "M0") in self.cells)
        return share(back, whole)

    def entered(self) -> Decimal | None:
        """入催率: of the accounts with nothing past due at the month's start, the share that is past due at its end."""
        if "M0" not in self.rows:
            return None
        came = sum(cell.accounts for (a, b), cell in self.cells.items() if a == "M0" and b in BUCKETS[1:])
        return share(came, self.rows["M0"][0])


def matrix(month: date, moved: Iterable[tuple[str, str, int, Decimal]]) -> Matrix:
    """The matrix of a month from its rows (from, to, accounts, balance)."""
    moved = list(moved)
    rows: dict[str, tuple[int, Decimal]] = {}
    for source, _, accounts, balance in moved:
        before = rows.get(source, (0, NONE))
        rows[source] = (before[0] + accounts, before[1] + balance)
    cells = {
        (source, to): Cell(
            source, to, accounts, balance, share(accounts, rows[source][0]), share(balance, rows[source][1])
        )
        for source, to, accounts, balance in moved
    }
    return Matrix(month, cells, rows)


@dataclass(frozen=True, slots=True)
class Curve:
    """A cohort of entry: how much of its balance at entry had come back, by months since."""

    cohort: date
    accounts: int
    entry_balance: Decimal
    points: Sequence[tuple[int, Decimal]]

    @property
    def latest(self) -> Decimal:
        return self.points[-1][1]


def curve(cohort: date, rows: Iterable[tuple[date, int, Decimal, Decimal]]) -> Curve | None:
    """A cohort's curve from (month, accounts, entry balance, recovered); None when nothing was owed at entry."""
    found = sorted(rows)
    if not found or found[-1][2] <= 0:
        return None
    _, accounts, entry, _ = found[-1]
    points = [(months_between(cohort, month) + 1, share(recovered, entry) or NONE) for month, _, _, recovered in found]
    return Curve(cohort, accounts, entry, [(0, NONE), *points])


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the day's funnel: parties, and the share of the step before."""

    name: str
    parties: int
    amount: Decimal | None
    of_before: Decimal | None


def funnel(steps: Sequence[tuple[str, int, Decimal | None]]) -> list[Step]:
    """The day's steps in order, each with its share of the one before."""
    made: list[Step] = []
    for name, parties, amount in steps:
        made.append(Step(name, parties, amount, share(parties, made[-1].parties) if made else None))
    return made
