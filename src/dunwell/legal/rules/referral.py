"""恶意透支: is a case ready to be reported to the police? A check-list; intent is judged by people. Pure.

刑法 Art 196 and its interpretation of 2018 (all V1). The numbers are the pack's: CN-REF-ACT, -EFFECTIVE, -AMOUNT.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dunwell.legal.rules.limitation import months_later


@dataclass(frozen=True, slots=True)
class Terms:
    """How many effective collections, the months after the last of them, the days between, and the three amounts."""

    collections: int
    months: int
    days: int
    amounts: tuple[Decimal, Decimal, Decimal]

    @classmethod
    def of(cls, duties: Mapping[str, object]) -> Terms:
        """From a rule pack's duties; KeyError names the rule that the pack lacks."""
        act, effective, amount = (
            duties[rule].parameters  # type: ignore[attr-defined]
            for rule in ("CN-REF-ACT", "CN-REF-EFFECTIVE", "CN-REF-AMOUNT")
        )
        return cls(
            collections=int(act["collections"]),
            months=int(act["months"]),
            days=int(effective["days"]),
            amounts=(Decimal(amount["large"]), Decimal(amount["huge"]), Decimal(amount["extreme"])),
        )


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection whose receipt is confirmed, after limit or term were exceeded; `evidence` says what proves it."""

    on: date
    evidence: str


@dataclass(frozen=True, slots=True)
class Test:
    """What is met, and from which day all of it is. `pair` are the collections that count."""

    principal: Decimal
    grade: int  # 0: below the least amount, 1 to 3: large, huge, extreme
    pair: tuple[Collection, ...]
    ready_from: date | None

    def met(self, on: date) -> bool:
        return self.grade > 0 and self.ready_from is not None and on >= self.ready_from


def referral(principal: Decimal, collections: Iterable[Collection], *, overdue_since: date, terms: Terms) -> Test:
    """Principal still owed at least the least amount, and unpaid more than so many months after the second of two
    effective collections at least so many days apart.

    Only collections after `overdue_since` count. The earliest that suffice are taken. `principal` is what is left
    when every repayment is taken as principal, whatever the books' order.
    """
    chosen: list[Collection] = []
    for one in sorted(collections, key=lambda each: (each.on, each.evidence)):
        if one.on <= overdue_since or len(chosen) == terms.collections:
            continue
        if not chosen or (one.on - chosen[-1].on).days >= terms.days:
            chosen.append(one)
    enough = len(chosen) == terms.collections
    last = months_later(chosen[-1].on, terms.months) if enough else None
    return Test(
        principal=principal,
        grade=sum(principal >= amount for amount in terms.amounts),
        pair=tuple(chosen),
        ready_from=date.fromordinal(last.toordinal() + 1) if last else None,
    )
