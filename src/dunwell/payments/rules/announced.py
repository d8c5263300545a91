"""Pure rules about receipts: what counts, which booking answers which announcement, and how long one is waited for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources

import yaml

from dunwell.kernel.calendar import Calendar

#: Days between the day a payment was announced and the day it was made, within which the host's booking answers it.
MATCH_DAYS = timedelta(days=3)

#: Whether a kind counts towards the minimum unless the host's file says otherwise: a merchant's refund or a
#: chargeback lowers what is owed and is not a repayment.
COUNTS_TO_MINIMUM = {"repayment": True, "merchant_refund": False, "chargeback": False}


@dataclass(frozen=True, slots=True)
class Announced:
    """A provisional payment that the host has not answered yet."""

    id: int
    host_ref: str
    amount: Decimal
    transaction_date: date


def counts(kind: str, said: bool | None) -> bool:
    """Whether money of this kind counts towards the minimum; the host's word (`said`) goes first."""
    return COUNTS_TO_MINIMUM[kind] if said is None else said


def answered_by(
    *, host_ref: str, amount: Decimal, transaction_date: date, announced: Iterable[Announced]
) -> Announced | None:
    """The announced payment that a booking answers, or None.

    The same reference answers whatever the amount (the host's figure counts); without it the same amount within
    MATCH_DAYS, the oldest first. One booking answers one announcement.
    """
    waiting = sorted(announced, key=lambda one: (one.transaction_date, one.id))
    for one in waiting:
        if one.host_ref == host_ref:
            return one
    for one in waiting:
        if one.amount == amount and abs(one.transaction_date - transaction_date) <= MATCH_DAYS:
            return one
    return None


def last_day(announced_on: date, *, calendar: Calendar) -> date:
    """The last day on which an announced payment counts without a word of the host (PAY-ANNOUNCED, dated).

    So many working days after `announced_on`. A day before the first number raises LookupError.
    """
    known = [days for since, days in _announced_working_days() if since <= announced_on]
    if not known:
        raise LookupError(f"payments/announced.yaml has no announced_working_days for {announced_on}")
    return calendar.add_working_days(announced_on, known[-1])


@cache
def _announced_working_days() -> list[tuple[date, int]]:
    text = resources.files("dunwell.payments").joinpath("announced.yaml").read_text("utf-8")
    return sorted((one["from"], int(one["value"])) for one in yaml.safe_load(text)["announced_working_days"]["values"])
