"""Interest after a judgment, and what a court commonly leaves standing of a claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from dunwell.arrears.rules.interest import Convention, Figure, History, Payment, Posting, Rate, Statement
from dunwell.arrears.rules.schedule import CENT, rounded

JUDGMENT = "judgment"


def after_judgment(
    *,
    account_no: str,
    debt: Decimal,
    last_day_to_pay: date,
    payments: Sequence[Payment],
    until: date,
    doubled_rate: Decimal,
    ordinary_percent_a_year: Decimal | None = None,
) -> History:
    """The history that the interest program is given: the money debt without ordinary interest, from the day after the
    judgment's term on, up to and including `until`; payments go to the money debt first (2014 interpretation Arts 1, 4).

    The doubled part and the judgment's ordinary interest (actual/365) are lines of their own.
    """
    begin = last_day_to_pay + timedelta(days=1)
    rates = [Rate(JUDGMENT, doubled_rate, rule="doubled part", source="法释〔2014〕8号 Art 1")]
    if ordinary_percent_a_year is not None:
        rate = ordinary_percent_a_year / 100
        rates.append(Rate(JUDGMENT, rate, per_days=365, rule="ordinary", source="judgment"))
    return History(
        account_no=account_no,
        convention=Convention(),
        postings=[Posting(JUDGMENT, begin, debt)],
        payments=payments,
        statements=[Statement(until)],
        rates=rates,
    )


@dataclass(frozen=True, slots=True)
class CourtCut:
    """`claimed` = interest + charges; `allowed` the ceiling; `cut` what goes."""

    claimed: Decimal
    allowed: Decimal
    cut: Decimal
    payable: Decimal


def court_cut(figures: Sequence[Figure], *, charges: Decimal, ceiling: Decimal) -> CourtCut:
    """The variant of a claim cut at `ceiling` a year (0.24), all in: Σ principal × days × ceiling / 365, rounded once.

    `figures` carry their lines; interest that bore interest is no principal. A stretch with two rates counts once.
    """
    stretches = {
        (line.kind, line.from_day): line.balance * line.days
        for figure in figures
        for line in figure.lines
        if line.days and line.kind != "interest"
    }
    money_days = sum(stretches.values(), Decimal(0))
    allowed = rounded(Fraction(money_days) * Fraction(ceiling) / 365, CENT, "half_up")
    claimed = sum((figure.interest for figure in figures), Decimal(0)) + charges
    payable = min(claimed, allowed)
    return CourtCut(claimed=claimed, allowed=allowed, cut=claimed - payable, payable=payable)
