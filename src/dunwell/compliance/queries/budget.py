"""The contact budget of a party: what is used, what is left, and when he may be contacted next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dunwell.compliance.queries.facts import Asking, Known, gather
from dunwell.compliance.queries.packs import in_force
from dunwell.compliance.rules import caps, windows
from dunwell.compliance.rules.gate import decide
from dunwell.compliance.rules.pack import Cap, Pack, Words
from dunwell.compliance.rules.values import DEMAND, PENDING
from dunwell.kernel.decision import Decision
from dunwell.kernel.times import business_date, local
from dunwell.portfolio.models import ContactPoint

CHANNEL_OF = {"mobile": "call", "landline": "call", "email": "email", "address": "letter", "im": "im"}
BUDGET_CHANNELS = ("call", "sms", "visit")  # the channels whose caps a person's budget shows


@dataclass(frozen=True, slots=True)
class CapUse:
    """One cap today. `under_way` of the used ones are reserved and have no outcome yet."""

    rule: str
    title: Words
    used: int
    under_way: int
    limit: int
    free_at: datetime | None

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class PointBudget:
    """A contact point: `decision` is the gate's advisory answer for a demand (or what `budget` was told) now."""

    contact_point_id: int
    kind: str
    label: str
    masked: str
    source: str
    status: str
    status_reason: str
    channel: str
    caps: tuple[CapUse, ...]
    decision: Decision

    def next_allowed(self, now: datetime) -> datetime | None:
        """`now` when he may be contacted here now, the next lawful moment, or None when there is none to name."""
        return now if self.decision.allowed else self.decision.retry_after


@dataclass(frozen=True, slots=True)
class Hours:
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Budget:
    """Everything a collector needs to see before he dials, at one moment.

    `clock` is the debtor's local time (None when his zone is not known), `hours` the lawful hours of his
    day, `own_hours` his own wish within it, `open` whether both permit now, `opens_at` the next moment
    when they do, `closes_at` the end of the present one.
    """

    clock: datetime | None
    zone: str
    open: bool
    closes_at: datetime | None
    opens_at: datetime | None
    hours: tuple[Hours, ...]
    own_hours: tuple[Hours, ...]
    caps: tuple[CapUse, ...]
    points: tuple[PointBudget, ...]
    pack: Pack


def budget(
    party_id: int,
    now: datetime,
    *,
    case_id: int | None = None,
    entity_id: int | None = None,
    points: Sequence[ContactPoint] | None = None,
    purposes: Mapping[int, str] | None = None,
    account_id: int | None = None,
) -> Budget:
    """The party's budget in three queries; in two for `points` at hand, which may be other people's.

    `purposes`: by contact point, for what it would be used, where that is not a demand. With an `account_id` the points
    are asked about for that account alone.

    A party that does not exist raises LookupError.
    """
    pack = in_force(business_date(now))
    if points is None:
        points = list(ContactPoint.objects.filter(party_id=party_id).order_by("id").defer("value_sealed", "digest"))
    askings = [Asking(party_id, party_id, None, "call", DEMAND, case_id)]
    askings += [
        Asking(
            party_id,
            p.party_id,
            p.pk,
            CHANNEL_OF[p.kind],
            (purposes or {}).get(p.pk, DEMAND),
            case_id,
            account_id=account_id,
        )
        for p in points
    ]
    himself, *per_point = gather(askings, now=now, entity_id=entity_id, pack=pack)
    return Budget(
        **_day(himself, pack, now),  # type: ignore[arg-type]
        caps=tuple(use for channel in BUDGET_CHANNELS for use in uses(himself, pack, now, "person", channel)),
        points=tuple(_point(p, known, pack, now) for p, known in zip(points, per_point, strict=True)),
        pack=pack,
    )


def _day(known: Known, pack: Pack, now: datetime) -> dict[str, object]:
    attempt, flags = known.facts.attempt, known.facts.flags
    zones = windows.zones_of(pack.clock, attempt.zones)
    if not zones:
        return {
            "clock": None, "zone": "", "open": False, "closes_at": None, "opens_at": None, "hours": (), "own_hours": (),
        }  # fmt: skip
    here = local(now, zones[0])
    lawful = windows.HoursOn(pack, attempt, flags)
    wish = windows.own_hours(flags, pack.own_window_flag) or ()
    own = windows.HoursOn(pack, attempt, flags, wish)
    opens = windows.next_open(now, zones, lambda day, zone: _wished(lawful(day, zone), own(day, zone), bool(wish)))
    ends = [windows.closes(now, zones, lawful), windows.closes(now, zones[:1], own) if wish else None]
    return {
        "clock": here,
        "zone": zones[0],
        "open": opens == now,
        "closes_at": min((e for e in ends if e), default=None) if opens == now else None,
        "opens_at": opens,
        "hours": tuple(_hours(i, here, zones[0]) for i in lawful(here.date(), zones[0])),
        "own_hours": tuple(_hours(i, here, zones[0]) for i in wish),
    }


def _wished(
    lawful: tuple[windows.Interval, ...], wish: tuple[windows.Interval, ...], any_wish: bool
) -> tuple[windows.Interval, ...]:
    return windows.both(lawful, wish) if any_wish else lawful


def _hours(interval: windows.Interval, here: datetime, zone: str) -> Hours:
    day = here.date()
    return Hours(windows.at_second(day, interval.start, zone), windows.at_second(day, interval.end, zone))


def _point(point: ContactPoint, known: Known, pack: Pack, now: datetime) -> PointBudget:
    facts = known.facts
    channel = CHANNEL_OF[point.kind]
    return PointBudget(
        contact_point_id=point.pk,
        kind=point.kind,
        label=point.label,
        masked=point.masked,
        source=point.source,
        status=point.status,
        status_reason=point.status_reason,
        channel=channel,
        caps=tuple(uses(known, pack, now, "contact_point", channel)),
        decision=decide(now=now, pack=pack, attempt=facts.attempt, history=facts.history, flags=facts.flags),
    )


def uses(known: Known, pack: Pack, now: datetime, subject: str, channel: str) -> list[CapUse]:
    """The caps of a subject (contact_point, person) that count a channel, with what is used of each today."""
    attempt = known.facts.attempt
    zones = windows.zones_of(pack.clock, attempt.zones)
    if not zones:
        return []
    today = local(now, zones[0]).date()
    return [
        _use(cap, known, pack, now, zones[0])
        for cap in pack.caps
        if cap.subject == subject
        and cap.selector.takes(channel=channel, party=attempt.party, purpose=attempt.purpose, actor=attempt.actor)
        and (subject == "contact_point" or not cap.selector.channels or channel in cap.selector.channels)
        and pack.rules[cap.rule].in_force.on(today)
    ]


def _use(cap: Cap, known: Known, pack: Pack, now: datetime, zone: str) -> CapUse:
    attempt, history = known.facts.attempt, known.facts.history or ()
    found = caps.count(cap, now=now, attempt=attempt, history=history, pack=pack, zone=zone)
    done = tuple(event for event in history if event.outcome != PENDING)
    settled = caps.count(cap, now=now, attempt=attempt, history=done, pack=pack, zone=zone)
    return CapUse(
        rule=cap.rule,
        title=pack.rules[cap.rule].title,
        used=found.used,
        under_way=found.used - settled.used,
        limit=found.limit,
        free_at=found.free_at,
    )
