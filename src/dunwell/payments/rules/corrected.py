"""What a day's file makes of a booking that is known already: it stands, is withdrawn, or is booked anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Told:
    """A receipt as the host tells it."""

    kind: str
    amount: Decimal
    counts: bool
    transaction_date: date
    posting_date: date


@dataclass(frozen=True, slots=True)
class Back:
    """A reversal: how much, posted when, told by the file of which `day` (None: by none), and of what source."""

    amount: Decimal
    posting_date: date
    day: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The booking of a reference that counts now. `day` is the day whose file told it; None: no file has."""

    told: Told
    day: date | None
    taken_back: Mapping[str, Back]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A row that cannot be taken. Without a reversal's reference it is the booking's own row."""

    code: str
    reversal: str | None
    found: Decimal
    expected: Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be written: the standing booking goes (`withdraw`), another comes (`book`), money goes back (`reverse`)."""

    withdraw: bool
    book: Told | None
    reverse: Mapping[str, Back]
    contradictions: tuple[Contradiction, ...]


def outcome(standing: Standing | None, told: Told | None, reversals: Mapping[str, Back], *, day: date) -> Outcome:
    """What the file of `day` makes of a reference: `told` and `reversals` are its rows about it.

    The day's latest file counts whole: what it leaves out of what an earlier file of the same day told is withdrawn, and
    what it tells otherwise is booked anew. The host's figures go before those typed in. A booking of another day that it
    tells with another amount or kind contradicts the host itself and is not taken; neither is more taken back than is left.
    """
    contradictions: list[Contradiction] = []
    base, withdraw = told, False
    if standing is not None:
        own = standing.day == day
        if told is None:
            withdraw, base = own, None if own else standing.told
        elif told != standing.told and (own or standing.day is None):
            withdraw = own or _differs(told, standing.told)
            base = told if withdraw else standing.told
        else:
            base = standing.told
            if (told.amount, told.kind) != (base.amount, base.kind):
                contradictions.append(Contradiction("reference_used", None, told.amount, base.amount))
    if base is None:
        return Outcome(withdraw, None, {}, tuple(contradictions))
    before = {} if standing is None else standing.taken_back
    stays: dict[str, Back] = {}
    left = base.amount
    for ref, one in before.items():
        again = reversals.get(ref)
        differs = again is not None and again.amount != one.amount
        if differs and one.day not in (None, day):
            contradictions.append(Contradiction("reference_used", ref, again.amount, one.amount))
        elif differs or (again is None and one.day == day):
            withdraw = True
            continue
        stays[ref] = replace(one, amount=min(one.amount, left))
        left -= stays[ref].amount
    fresh: dict[str, Back] = {}
    for ref, one in reversals.items():
        if ref in stays:
            continue
        if one.amount > left:
            contradictions.append(Contradiction("reversal_too_large", ref, one.amount, left))
            continue
        fresh[ref] = one
        left -= one.amount
    anew = standing is None or withdraw
    return Outcome(withdraw, base if anew else None, {**stays, **fresh} if anew else fresh, tuple(contradictions))


def _differs(one: Told, other: Told) -> bool:
    """Whether the money is another: amount, kind, whether it counts, the day it was made."""
    return replace(one, posting_date=other.posting_date) != other
