"""Did any contact that was made break an hour or a cap? Counted anew from the ledger, whatever was decided then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dunwell.compliance.models import GateDecision
from dunwell.compliance.queries.facts import THIRD_PARTIES, event_of, rows
from dunwell.compliance.queries.packs import in_force, pack_of
from dunwell.compliance.rules.gate import breaches
from dunwell.compliance.rules.reading import PackError
from dunwell.compliance.rules.values import NOTHING_LEFT, Event, Facts
from dunwell.kernel.times import BANK_ZONE, end_of

NO_DECISION, NO_PACK = "no_decision", "pack_not_at_hand"
CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Breach:
    """A contact and the rules of hours and caps that it broke; `no_decision`: nobody had asked the gate."""

    contact_id: int
    rules: tuple[str, ...]


def of_period(*, first: date, last: date) -> Iterator[Breach]:
    """The contacts from `first` to `last` that broke a rule, oldest first; what left by nobody's hand breaks none.

    Each is decided by the pack of its own decision, at the moment at which it was reserved, after those before it with
    the outcomes that are known now, whichever entity, case or person they were about.
    """
    begin, end = datetime.combine(first, time(0), BANK_ZONE), end_of(last)
    looked_back = timedelta(days=max(in_force(day).longest_count for day in (first, last)) + 2)
    ledger = rows("made", since=begin - looked_back, until=end, third_parties=list(THIRD_PARTIES))
    places: dict[object, list[int]] = defaultdict(list)
    for place, row in enumerate(ledger):
        places[row["person_id"]].append(place)
        if row["point_digest"] is not None:
            places[bytes(row["point_digest"])].append(place)
    events = [event_of(row) for row in ledger]
    subjects = [
        place
        for place, row in enumerate(ledger)
        if row["reserved_at"] >= begin and row["direction"] == "out" and row["outcome"] != NOTHING_LEFT
    ]
    for start in range(0, len(subjects), CHUNK):
        chunk = subjects[start : start + CHUNK]
        decisions = GateDecision.objects.in_bulk([ledger[place]["decision_id"] for place in chunk])
        for place in chunk:
            row = ledger[place]
            digest = None if row["point_digest"] is None else bytes(row["point_digest"])
            before = sorted({at for key in (row["person_id"], digest) for at in places.get(key, ()) if at < place})
            broken = _broken(row["reserved_at"], decisions.get(row["decision_id"]), [events[at] for at in before])
            if broken:
                yield Breach(row["id"], broken)


def _broken(at: datetime, kept: GateDecision | None, before: Sequence[Event]) -> tuple[str, ...]:
    if kept is None:
        return (NO_DECISION,)
    try:
        pack = pack_of(kept.pack_version, kept.pack_sha256)
    except PackError:
        return (NO_PACK,)
    facts = Facts.from_json(kept.facts)
    return breaches(now=at, pack=pack, attempt=facts.attempt, history=tuple(before), flags=facts.flags)
