"""What the case page shows, as values. The templates know these and nothing of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True)
class Flag:
    words: object
    tone: str = ""  # "", ok, warn, danger


@dataclass(frozen=True)
class BalanceRow:
    words: object
    values: Sequence[Decimal]
    totals: Sequence[Decimal]  # one a currency, in the order of CasePage.currencies
    kind: str = ""  # "", sum


@dataclass(frozen=True)
class AccountColumn:
    account_id: int
    words: str  # tail of the card, or of the account number
    currency: str
    oldest_due_date: date | None
    bucket: str
    days: int
    risk_class: object


@dataclass(frozen=True)
class Refusal:
    """Why a button is grey: words, rule, citation and the moment when it becomes allowed."""

    words: str
    rule: str
    citation: str = ""
    retry_after: datetime | None = None
    review: bool = False


@dataclass(frozen=True)
class Point:
    """A contact point with its button: live, grey or under way."""

    id: int
    kind: str
    masked: str
    words: str
    facts: str
    state: str  # live, grey, on, none
    refusal: Refusal | None = None
    purposes: Sequence[tuple[str, object]] = ()  # to choose from, where he is not asked for the debt


@dataclass(frozen=True)
class Cap:
    """A limit of the contact budget."""

    words: object
    rule: str
    used: int
    under_way: int
    limit: int
    remark: str = ""

    @property
    def left(self) -> int:
        return max(self.limit - self.used - self.under_way, 0)

    @property
    def pips(self) -> list[str]:
        filled = ["u"] * self.used + ["w"] * self.under_way
        return (filled + [""] * self.limit)[: max(self.limit, len(filled))][:8]


@dataclass(frozen=True)
class Window:
    """A part of the day: the law's or the person's own wish; percent of the day, written as SVG takes it."""

    kind: str  # law, wish
    x: str
    width: str


@dataclass(frozen=True)
class Budget:
    """The debtor's clock, the window in force and the caps."""

    here: str  # the debtor's clock now, 16:32
    place: str
    x_now: str  # percent of the day
    windows: Sequence[Window]
    ticks: Sequence[tuple[str, str]]  # percent of the day, words
    picture: str  # what the bar shows, in words
    until: str
    left: str
    open: bool
    opens: str  # the moment by his clock: 18:00, or 11-24 08:00
    caps: Sequence[Cap]


@dataclass(frozen=True)
class Entry:
    """One line of the timeline."""

    id: int
    at: datetime
    kind: object
    tone: str
    lead: str
    main: str
    second: str
    rules: Sequence[str]
    result: str
    result_tone: str
    amount: Decimal | None
    who: str
    recording: int | None = None
    why: str = ""  # what those of the rules are called that are rules of contact


@dataclass(frozen=True)
class Day:
    on: date
    today: bool
    entries: Sequence[Entry]


@dataclass(frozen=True)
class Chip:
    key: str
    words: object
    count: int
    on: bool


@dataclass(frozen=True)
class Timeline:
    chips: Sequence[Chip]
    days: Sequence[Day]
    before: int | None  # key-set: older entries than this id exist
    older: int
    kind: str


@dataclass(frozen=True)
class Advice:
    """What to do next: one sentence, its reasons, the rule that says so."""

    words: str
    reasons: Sequence[str]
    rule: str
    point_id: int | None = None
    others: Sequence[tuple[str, str, bool]] = ()  # step, why or why not, whether it would fit too
    best_time: str = ""


@dataclass(frozen=True)
class BesideCase:
    """Who else is at the case, and what the collector should know before he speaks."""

    taken_at: datetime | None = None
    help_asked_at: datetime | None = None
    abuse: tuple[object, datetime] | None = None
    looking: Sequence[tuple[str, datetime]] = ()
    assists: str = ""


@dataclass(frozen=True)
class PromiseTerms:
    """The policy for a promise now, and the two weeks to choose a day from."""

    currency: str
    past_due: Decimal
    minimum: Decimal
    share: Decimal
    latest: date
    weeks: Sequence[Sequence[tuple[date, bool]]]  # a day, and whether it may be chosen
    parts: int = 4


@dataclass(frozen=True)
class Call:
    """A contact under way: reserved by the gate or come in, its outcome not yet written.

    `outside`: with somebody who does not answer for the debt; nothing of it stands on the screen meanwhile.
    """

    contact_id: int
    action: str  # of codes.yaml
    incoming: bool
    outside: bool
    purpose: str
    masked: str
    words: str
    reserved_at: datetime
    expires_at: datetime
    number: str = ""  # only in the answer to the dial


@dataclass(frozen=True)
class Lock:
    """Who has the case: `mine`, `free`, or somebody else's."""

    state: str
    name: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class OpenPromise:
    """The promise that is open, and whether the reader may take it back."""

    promise_id: int
    words: str
    may_revise: bool


@dataclass(frozen=True)
class HoldStrip:
    words: object
    reason: str
    scope: str  # an account's number; empty: the person
    ends_at: datetime | None
    amount: Decimal | None = None  # None: all that is owed


@dataclass(frozen=True)
class Pin:
    text: str
    who: str
    on: datetime


@dataclass(frozen=True)
class CasePage:
    case_no: str
    case_id: int
    party_id: int
    why: str
    name: str
    id_masked: str
    role: object
    flags: Sequence[Flag]
    days_delinquent: int
    bucket: str
    stage: object
    past_due: Decimal
    currency: str
    as_of: date
    columns: Sequence[AccountColumn]
    currencies: Sequence[str]
    elsewhere: Sequence[tuple[str, Decimal]]  # past due in other currencies than `currency`
    rows: Sequence[BalanceRow]
    points: Sequence[Point]
    budget: Budget | None
    lock: Lock
    holds: Sequence[HoldStrip]
    pin: Pin | None
    timeline: Timeline
    advice: Advice
    terms: PromiseTerms | None
    call: Call | None
    pack: str
    closed_on: date | None = None
    draft: dict[str, object] = field(default_factory=dict)
    draft_saved_at: datetime | None = None
    accounts: Sequence[tuple[int, str, str]] = ()
    about: int | None = None  # the account that a dial is about; None: all that he owes
    owner: str = ""
    promise: OpenPromise | None = None
    people: Sequence[tuple[int, str]] = ()  # who may ring: the person himself first
    payers: Sequence[tuple[int, str]] = ()  # who may promise a part beside him
    phones: Sequence[tuple[int, str]] = ()
    care: Sequence[tuple[str, str]] = ()  # how to talk to him, and the last day of it
    beside: BesideCase = field(default_factory=BesideCase)
