"""Card interest the slow way: every account, every posting, every day, from the examples and the contract's words.

Nothing of the program is used. A day's outstanding amounts are found by paying the oldest posting first, from scratch,
with every payment known by that day; a figure is rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

DAY = timedelta(days=1)
GRACED = ("purchase", "instalment")


@dataclass
class Card:
    """One card's entries: postings (kind, day, amount), payments (day, amount), statements (day, due day or None).

    `transacted` has the transaction day of each posting, where interest runs from it. `taken_back` is what was reversed of
    each payment. A rate is divided by `per_days` (1, 360, 365). Fees bear no interest, instalments have grace as purchases
    have; interest of a statement is a posting of its own where the contract compounds. From `off_since` on interest is off
    the balance sheet, after `ends_on` there is none.
    """

    method: str
    postings: list[tuple[str, date, Decimal]] = field(default_factory=list)
    payments: list[tuple[date, Decimal]] = field(default_factory=list)
    statements: list[tuple[date, date | None]] = field(default_factory=list)
    rates: list[tuple[date, Decimal]] = field(default_factory=list)  # from a day on
    old_balance_on_payment_day: bool = False
    statement_day_left_out: bool = False
    rounding: str = "statement"
    grace_days: int = 0
    tolerance: Decimal = Decimal(0)
    own_due_only: bool = False
    transacted: list[date] = field(default_factory=list)
    taken_back: list[Decimal] = field(default_factory=list)
    per_days: int = 1
    compounds: bool = False
    off_since: date | None = None
    ends_on: date | None = None

    def money(self) -> list[tuple[date, Decimal]]:
        """What was paid and stayed: what was taken back never came."""
        back = self.taken_back or [Decimal(0)] * len(self.payments)
        return [(day, amount - gone) for (day, amount), gone in zip(self.payments, back, strict=True)]


def interest_of_each_statement(card: Card) -> list[Decimal]:
    """By statement, in order: what it charges."""
    return [interest for interest, _ in on_and_off_of_each_statement(card)]


def on_and_off_of_each_statement(card: Card) -> list[tuple[Decimal, Decimal]]:
    """By statement: what it charges, and the part of it that is on the balance sheet."""
    card = replace(
        card, postings=list(card.postings), transacted=card.transacted or [day for _, day, _ in card.postings]
    )
    charged: dict[int, date] = {}  # posting → the last day it was charged for
    figures = []
    for statement, _ in card.statements:
        order = sorted(range(len(card.postings)), key=lambda n: (card.postings[n][1], card.postings[n][0] in GRACED, n))
        failed = [_not_paid_in_full(card, n) for n in range(len(card.statements))]
        last = statement - DAY if card.statement_day_left_out else statement
        days: list[tuple[str, date, Decimal, Decimal, int]] = []
        for n in order:
            begin = _begins(card, failed, n, known_by=statement)
            if begin is None:
                continue
            day = max(begin, charged[n] + DAY) if n in charged else begin
            while day <= min(last, card.ends_on or last):
                days.append((card.postings[n][0], day, _left(card, order, n, day), _rate(card, day), n))
                day += DAY
            charged[n] = max(last, charged.get(n, last))
        on = [one for one in days if card.off_since is None or one[1] < card.off_since]
        off = [one for one in days if card.off_since is not None and one[1] >= card.off_since]
        whole = _sum(card, on) + _sum(card, off) if card.rounding == "stretch" else _sum(card, days)
        figures.append((whole, _sum(card, on)))
        if card.compounds and whole > 0:
            card.postings.append(("interest", statement, whole))
            card.transacted.append(statement + DAY)
    return figures


def late_charges(
    card: Card, minimums: list[Decimal], *, share: Fraction, least: Decimal, most: Decimal | None
) -> dict[int, Decimal]:
    """By the number of the statement: a share of what is missing of the minimum after grace, with a floor and a cap."""
    charges = {}
    for nr, ((statement, due), minimum) in enumerate(zip(card.statements, minimums, strict=True), start=1):
        assert due is not None
        missing = minimum
        for day, amount in card.money():
            if statement < day <= due + card.grace_days * DAY:
                missing -= amount
        if missing <= card.tolerance:
            continue
        charge = max(_cents(Fraction(missing) * share), least)
        charges[nr] = charge if most is None else min(charge, most)
    return charges


def _not_paid_in_full(card: Card, nr: int) -> bool:
    statement, due = card.statements[nr]
    if due is None:
        return False
    balance = sum((a for _, d, a in card.postings if d <= statement), Decimal(0))
    balance -= sum((a for d, a in card.money() if d <= due + card.grace_days * DAY), Decimal(0))
    return balance > card.tolerance


def _begins(card: Card, failed: list[bool], n: int, *, known_by: date) -> date | None:
    """The first day that bears interest, as far as it is decided on the statement day `known_by`."""
    kind, posted, _ = card.postings[n]
    from_day = card.transacted[n]
    if kind == "fee":
        return None
    if kind not in GRACED:
        return from_day if posted <= known_by else None
    own = next((n for n, (day, _) in enumerate(card.statements) if day >= posted), None)
    if own is None:
        return None

    def decided(n: int) -> date:
        due = card.statements[n][1]
        assert due is not None
        return due + card.grace_days * DAY

    before = own - 1
    if card.method == "full_balance" and not card.own_due_only and before >= 0 and failed[before]:
        return from_day if max(posted, decided(before)) <= known_by else None
    lost = next((n for n in range(own, len(failed)) if failed[n]), None)
    if lost is None or decided(lost) > known_by:
        return None
    if card.method == "unpaid_part":
        return card.statements[lost][1] + DAY
    return from_day if lost == own else (card.statements[own][1] or card.statements[lost][1]) + DAY


def _left(card: Card, order: list[int], wanted: int, day: date) -> Decimal:
    """What is unpaid of a posting on a day, the oldest paid first, credit kept for what comes later."""
    known = [a for d, a in card.money() if (d < day if card.old_balance_on_payment_day else d <= day)]
    money = sum(known, Decimal(0))
    for n in order:
        amount = card.postings[n][2]
        paid = min(amount, money)
        if n == wanted:
            return amount - paid
        money -= paid
    raise AssertionError("the posting is one of the card's")


def _rate(card: Card, day: date) -> Decimal:
    return [rate for begin, rate in card.rates if begin <= day][-1]


def _cents(amount: Fraction) -> Decimal:
    exact = Decimal(amount.numerator) / Decimal(amount.denominator)
    return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _sum(card: Card, days: list[tuple[str, date, Decimal, Decimal, int]]) -> Decimal:
    if card.rounding == "statement":
        return _cents(sum((Fraction(b) * Fraction(r) for _, _, b, r, _ in days), Fraction(0)) / card.per_days)
    if card.rounding == "stretch":
        return _by_stretches(card, days)
    by_day: dict[tuple[str, date], tuple[Decimal, Decimal]] = {}
    for kind, day, left, rate, _ in days:
        by_day[kind, day] = (by_day.get((kind, day), (Decimal(0), rate))[0] + left, rate)
    total = Decimal(0)
    for left, rate in by_day.values():
        total += _cents(Fraction(left) * Fraction(rate) / card.per_days)
    return total


def _by_stretches(card: Card, days: list[tuple[str, date, Decimal, Decimal, int]]) -> Decimal:
    """Rounded once a stretch: days in a row on which a kind's postings are unpaid alike and bear the same rate."""
    total = Decimal(0)
    for kind in sorted({kind for kind, *_ in days}):
        alike: dict[date, dict[int, Decimal]] = {}
        for _, day, left, _, n in (one for one in days if one[0] == kind):
            alike.setdefault(day, {})[n] = left
        stretch, before = Fraction(0), None
        for day in sorted(alike):
            now = (alike[day], _rate(card, day), day - DAY)
            if before is not None and before != now:
                total += _cents(stretch)
                stretch = Fraction(0)
            stretch += (
                sum((Fraction(left) for left in alike[day].values()), Fraction(0)) * Fraction(now[1]) / card.per_days
            )
            before = (alike[day], now[1], day)
        total += _cents(stretch)
    return total
