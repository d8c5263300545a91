"""Offers for many accounts beside pyxirr on the same plans.

    python -m benchmarks.offers --accounts 1000000 --rounds 3

Ours, from the columns of what is owed: what the product is about, the first payment, due dates on working days, every
instalment with principal, interest and balance, the cost, the true annual rate of the month and of dated flows. The peer gets
the dates and payments of the same plans ready and works out the dated rate alone, one call a plan (it takes no columns).
Instalment plans of five terms and deferrals of three bear interest; personalised plans of six terms cost nothing. Then a
sample is reckoned one by one by the exact programs, every figure compared, and pyxirr's rate with ours.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pyxirr

from benchmarks.parts import measuring

if TYPE_CHECKING:
    from dunwell.arrangements.rules.products import Product
    from dunwell.arrangements.rules.reckoning import Reckoned
    from dunwell.kernel.calendar import Calendar

AIM = 5.0
ON = date(2026, 11, 23)
CHUNK = 16_384  # plans at once, so that their columns stay in the processor's caches
SAMPLE = 2_000
CODES = ("instalment_plan", "deferral", "personalised_plan")
PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Group:
    """Accounts that get an offer of one product and term: what is owed on each, in cents."""

    terms: Product
    term: int
    owed: dict[str, np.ndarray]


def groups(accounts: int) -> list[Group]:
    """The accounts, as many of each product and term; the same ones every time."""
    from dunwell.arrangements.rules.products import product

    chance = np.random.default_rng(20261123)
    kinds = [(product(code, ON), term) for code in CODES for term in product(code, ON).choices]
    sizes = [accounts // len(kinds) + (at < accounts % len(kinds)) for at in range(len(kinds))]
    parts = {
        "principal": (100_000, 4_000_000),
        "in_instalments": (0, 500_000),
        "interest": (0, 90_000),
        "fees": (0, 30_000),
    }
    return [
        Group(terms, term, {part: chance.integers(*bounds, size) for part, bounds in parts.items()})
        for (terms, term), size in zip(kinds, sizes, strict=True)
    ]  # fmt: skip


def reckoned(group: Group, calendar: Calendar) -> Iterator[tuple[np.ndarray, Reckoned]]:
    """What the group is offered: what is financed, and the plans, so many at once."""
    from dunwell.arrangements.rules import reckoning
    from dunwell.arrangements.rules.offers import Owed, amount_of
    from dunwell.arrears.rules.columns import share_of

    for at in range(0, len(group.owed["principal"]), CHUNK):
        owed = Owed(**{part: column[at : at + CHUNK] for part, column in group.owed.items()}, credit=np.int64(0))
        amount = amount_of(owed, owed.principal // 3, group.terms)
        financed = amount - share_of(amount, Fraction(group.terms.first_payment))
        yield financed, reckoning.reckoned(group.terms, term=group.term, financed=financed, on=ON, calendar=calendar)


def ours(book: list[Group], calendar: Calendar) -> int:
    return sum(len(financed) for group in book for financed, _ in reckoned(group, calendar))


def flows(book: list[Group], calendar: Calendar) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The plans as the peer takes them: dates, flows (a row a plan), and the rate that we told of each."""
    for group in book:
        for financed, made in reckoned(group, calendar):
            days = np.array([ON, *made.dates], dtype="datetime64[D]")
            yield days, np.vstack([-financed, made.rows.payment]).T / 100, made.compounded


def theirs(book: list[Group], calendar: Calendar) -> tuple[measuring.Cost, int]:
    """What pyxirr takes for the plans, and how many of its rates, printed as ours, are others."""
    cpu = wall = 0.0
    others = 0
    for days, rows, told in flows(book, calendar):
        amounts = [np.ascontiguousarray(row) for row in rows]
        found: list[float] = []
        one = measuring.cost(
            lambda found=found, days=days, amounts=amounts: found.extend(pyxirr.xirr(days, a) for a in amounts)
        )
        cpu, wall = cpu + one.cpu, wall + one.wall
        others += int((np.abs(np.array(found) * 1_000_000 - told) > 0.5 + 1e-3).sum())
    return measuring.Cost(cpu, wall), others


def differing(book: list[Group], calendar: Calendar, sample: int) -> tuple[int, float]:
    """Of a sample reckoned one by one by the exact programs: how many differ in any figure, and CPU seconds of one."""
    from dunwell.arrears.rules.rates import Flow, annual_rate_percent
    from dunwell.arrears.rules.schedule import Plan, instalments

    chance, wrong, seconds, count = random.Random(5), 0, 0.0, 0
    for group in book:
        financed, made = next(reckoned(group, calendar))
        plan = Plan(
            Decimal(0), group.terms.annual_rate_percent, len(made.dates), ON, made.dates[0],
            method=group.terms.method, day_count=group.terms.day_count,
        )  # fmt: skip
        for at in chance.sample(range(len(financed)), min(len(financed), max(1, sample // len(book)))):
            began, count = time.process_time(), count + 1
            rows = list(instalments(replace(plan, principal=Decimal(int(financed[at])) / 100)))
            exact = [[int(one * 100) for one in (row.principal, row.interest, row.balance_after)] for row in rows]
            dated = [Flow(ON, -Decimal(int(financed[at])) / 100)]
            dated += [Flow(day, row.payment) for day, row in zip(made.dates, rows, strict=True)]
            rates = [0, 0]
            if any(row.interest for row in rows):
                rates = [int(annual_rate_percent(dated, convention=by) / PLACES) for by in ("reg_z", "xirr")]
            seconds += time.process_time() - began
            columns = np.stack(
                [made.rows.principal[:, at], made.rows.interest[:, at], made.rows.balance_after[:, at]]
            ).T
            wrong += exact != columns.tolist() or rates != [made.annual_rate[at], made.compounded[at]]
    return wrong, seconds / count


def figures(accounts: int, rounds: int) -> list[dict[str, Any]]:
    from dunwell.portfolio import reference

    calendar, book = reference.calendar(), groups(accounts)
    costly = [group for group in book if group.terms.annual_rate_percent]
    ours(groups(1_000), calendar)
    began, cpu = time.perf_counter(), time.process_time()
    spent: dict[str, list[dict[str, float]]] = {"ours": [], "theirs": [], "ours costly": [], "theirs costly": []}
    others = 0
    for _ in range(rounds):
        for name, some in (("", book), (" costly", costly)):
            spent[f"ours{name}"].append(measuring.cost(lambda some=some: ours(some, calendar)).as_dict())
            taken, others = theirs(some, calendar)
            spent[f"theirs{name}"].append(taken.as_dict())
    wrong, each = differing(book, calendar, SAMPLE)
    shared: dict[str, Any] = {
        "wall": time.perf_counter() - began, "cpu": time.process_time() - cpu, "peak": measuring.peak_mb(), "rounds": rounds,
    }  # fmt: skip

    def line(figure: str, name: str) -> dict[str, Any]:
        mine, peers = (measuring.median(spent[f"{who}{name}"], "cpu") for who in ("ours", "theirs"))
        return measuring.figure(figure, "CPU s", mine, peers, "pyxirr, the dated rate alone", aim=AIM, **shared)

    some = sum(len(group.owed["principal"]) for group in costly)
    mine = measuring.median(spent["ours"], "cpu") / accounts * 1e6
    return [
        line(f"offers for {accounts:,} accounts", ""),
        line(f"of them {some:,} with interest", " costly"),
        measuring.figure("an offer, against one by one", "CPU µs", mine, each * 1e6, "exact programs", aim=1, **shared),
        measuring.figure("dated rates that pyxirr prints otherwise", "plans", others, 0, "none", aim=0, **shared)
        | {"met": others == 0},
        measuring.figure(f"of {SAMPLE:,} reckoned exactly, others", "plans", wrong, 0, "none", aim=0, **shared)
        | {"met": wrong == 0},
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    measuring.options(parser)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(DJANGO_SETTINGS_MODULE="dunwell.settings", DUNWELL_HOME=home, DUNWELL_LOG="WARNING")
        import django

        django.setup()
        measuring.told(figures(options.accounts, options.rounds), options.json)


if __name__ == "__main__":
    main()
