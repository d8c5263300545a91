"""What a promise to pay may be. The numbers stand in policy.yaml, dated."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import yaml

from dunwell.kernel.money import CENT, to_cent


class Part(NamedTuple):
    """An amount by a date, and who promised it where that is not the cardholder himself (a party's number)."""

    day: date
    amount: Decimal
    payer: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers in force on a day: least share of a part, days to the last date, number of parts, open promises; what a
    deduction leaves on the person's account, and the working days until it is tried again."""

    minimum_share: Decimal
    days: int
    parts: int
    promises: int = 1
    leaves: Decimal = Decimal(0)
    retry_days: int = 1
    debit_retry_days: int = 1  # working days after a failed 约定还款
    payers: tuple[str, ...] = ()  # roles on his accounts that may promise a part

    def least(self, past_due: Decimal) -> Decimal:
        """The least amount of one part: 30 % of 2,618.40 is 785.52."""
        return to_cent(past_due * self.minimum_share)

    def last_day(self, made_on: date) -> date:
        return made_on + timedelta(days=self.days)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a promise. `part` counts from 0, None where it is the whole; `params` fill the sentence."""

    code: str
    part: int | None = None
    params: Mapping[str, object] = field(default_factory=dict)


class PromiseRefused(ValueError):
    """A promise that the policy does not take; `problems` says everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.code} {dict(problem.params)}" for problem in problems))
        self.problems = tuple(problems)


@cache
def _numbers() -> Mapping[str, list[tuple[date, Any]]]:
    """Every number with its days, the oldest first."""
    text = resources.files("dunwell.arrangements").joinpath("policy.yaml").read_text("utf-8")
    return {
        name: sorted(((value["from"], value["value"]) for value in number["values"]), key=lambda dated: dated[0])
        for name, number in yaml.safe_load(text).items()
    }


def in_force(name: str, on: date) -> Any:
    """A number of policy.yaml on a day. A day before the first one raises LookupError."""
    known = [value for since, value in _numbers()[name] if since <= on]
    if not known:
        raise LookupError(f"arrangements/policy.yaml has no {name} for {on}")
    return known[-1]


def policy(on: date) -> Policy:
    """The policy in force on a day. A day before the first number raises LookupError."""
    return Policy(
        Decimal(str(in_force("minimum_share", on))), int(in_force("days", on)), int(in_force("parts", on)),
        promises=int(in_force("open_promises", on)), leaves=Decimal(str(in_force("deduction_leaves", on))),
        retry_days=int(in_force("deduction_retry_days", on)), payers=tuple(in_force("payers", on)),
        debit_retry_days=int(in_force("debit_retry_days", on)),
    )  # fmt: skip


def split(total: Decimal, number: int) -> list[Decimal]:
    """`total` in `number` parts to the cent; the last takes the remainder: 100.00 in 3 is 33.33, 33.33, 33.34."""
    if number < 1:
        raise ValueError("a promise has at least one part")
    each = (total / number).quantize(CENT, rounding="ROUND_DOWN")
    return [*[each] * (number - 1), to_cent(total) - each * (number - 1)]


def check(
    parts: Sequence[Part],
    *,
    past_due: Decimal,
    made_on: date,
    under: Policy,
    is_working_day: Callable[[date], bool],
    payers: Container[int | None] = (None,),
) -> list[Problem]:
    """Everything that the policy finds wrong with the parts of a promise; empty when it is taken.

    Each part is an amount by a working day, in cents, at least the policy's share of what is past due; days ascend and
    none lies before `made_on`, those of different payers may be one. The sum is not above what is past due. `payers` may
    promise a part.
    """
    if not parts:
        return [Problem("no_parts")]
    parts = [Part(*part) for part in parts]
    if len(parts) > under.parts:
        return [Problem("too_many_parts", params={"limit": under.parts})]
    problems: list[Problem] = []
    last, least, before = under.last_day(made_on), under.least(past_due), None
    on_that_day: set[int | None] = set()
    total = sum((part.amount for part in parts), Decimal(0))
    for position, (day, amount, payer) in enumerate(parts):
        if day < made_on:
            problems.append(Problem("date_past", position, {"date": day}))
        elif day > last:
            problems.append(Problem("date_late", position, {"date": day, "last": last}))
        elif not is_working_day(day):
            problems.append(Problem("not_working_day", position, {"date": day}))
        if before is not None and (day < before or (day == before and payer in on_that_day)):
            problems.append(Problem("date_order", position, {"date": day}))
        on_that_day = {payer, *(on_that_day if day == before else ())}
        before = day
        if payer not in payers:
            problems.append(Problem("payer", position))
        if not amount.is_finite() or amount != to_cent(amount):
            problems.append(Problem("not_cents", position, {"amount": amount}))
        elif amount <= 0:
            problems.append(Problem("not_positive", position, {"amount": amount}))
        elif amount < least:
            problems.append(Problem("below_least", position, {"amount": amount, "least": least}))
    if total.is_finite() and total > past_due:
        problems.append(Problem("above_past_due", params={"total": total, "past_due": past_due}))
    return problems
