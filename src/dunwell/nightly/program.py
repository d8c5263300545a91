"""The steps of the night in order, from tables to tables. Reassessment runs the same ones on a few parties."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from django.conf import settings
from duckdb import DuckDBPyConnection

from dunwell.arrears.rules import allocation, interest_terms, parameters, risk
from dunwell.engine.programs import Program, load

MOVEMENTS = load("dunwell.arrears", "movements")
TAKE_IN = (load("dunwell.arrears", "take_in"), MOVEMENTS, load("dunwell.arrears", "dues"))
#: The five-tier class, after what is restructured and until when. One step, so that nothing between stands in the lake.
RISK = Program("risk", "".join(load("dunwell.arrears", name).sql for name in ("restructured", "risk")))
LATENESS = (
    load("dunwell.arrears", "apply_payments"),
    load("dunwell.arrears", "age"),
    load("dunwell.arrears", "classify"),
    RISK,
    load("dunwell.arrangements", "settle_promises"),
    load("dunwell.arrangements", "settle_plans"),
    load("dunwell.arrears", "roll_up"),
)
#: Interest and late charges of the accounts in work, as we count them. One step, so that nothing between stands in the
#: lake; by night only, for what is received by day bears on no day before.
ACCRUE = Program(
    "accrue",
    "".join(load("dunwell.arrears", name).sql for name in ("accrue", "interest", "late_charge", "accrued")),
)
#: How the host's position differs from the one before, what was told since, and our interest and late charge.
DIFFERENCE = load("dunwell.arrears", "difference")
ALLOCATE = load("dunwell.arrears", "allocate")
CASES = load("dunwell.nightly", "cases")
REPORTS = (load("dunwell.nightly", "book"), load("dunwell.nightly", "figures"), load("dunwell.nightly", "totals"))
CHANGES = load("dunwell.nightly", "changes")
PARTITION = load("dunwell.nightly", "partition")


@dataclass(frozen=True, slots=True)
class Strategy:
    """The approved strategy of a day, compiled into steps: segment, arm, suppress, choose, queue."""

    sha256: str
    programs: tuple[Program, ...]


def strategy(business_date: date) -> Strategy:
    """The strategy in force on a date; without one no step plans anything."""
    from dunwell.strategy import services

    version = services.in_force(business_date)
    if version is None:
        return Strategy("", (load("dunwell.nightly", "no_strategy"),))
    return _compiled(version.pk, version.sha256, business_date)


@lru_cache(maxsize=8)
def _compiled(version_id: int, sha256: str, business_date: date) -> Strategy:
    """A version never changes, so reassessment compiles it once a day."""
    from dunwell.strategy import services
    from dunwell.strategy.models import StrategyVersion

    steps = services.steps(StrategyVersion.objects.get(pk=version_id), business_date)
    return Strategy(sha256, tuple(Program(name, text) for name, text in steps))


def frozen_strategy(manifest: dict[str, Any]) -> Strategy:
    """The strategy a run was frozen with."""
    kept = manifest["strategy"]
    return Strategy(kept["sha256"], tuple(Program(name, text) for name, text in kept["steps"]))


def whole_night(strategy: Strategy) -> tuple[Program, ...]:
    return (*TAKE_IN, *LATENESS, ACCRUE, DIFFERENCE, *strategy.programs, CASES, ALLOCATE, *REPORTS, CHANGES, PARTITION)


def of_one_account(connection: DuckDBPyConnection) -> None:
    """The steps that make an account's own figures, over the inputs that stand in the connection."""
    for step in (*TAKE_IN, *LATENESS[:4], ACCRUE, DIFFERENCE):
        step.run(connection)


@lru_cache(maxsize=1)
def sha256() -> str:
    """What the steps that come with Dunwell are, as one hash: a run is not gone on with by other ones."""
    steps = whole_night(Strategy("", ()))
    return hashlib.sha256("\0".join(f"{step.name}\0{step.sql}" for step in steps).encode()).hexdigest()


def numbers(connection: DuckDBPyConnection, as_of: date) -> None:
    """The parameters in force on the business date, as tables."""
    parameters.in_force(as_of, settings.BANK_ENTITY).tables(connection, as_of=as_of)
    allocation.table(connection, allocation.in_parameters(settings.BANK_ENTITY))
    risk.tables(connection, as_of=as_of)
    interest_terms.tables(connection, as_of=as_of, issuer=settings.BANK_ENTITY)
