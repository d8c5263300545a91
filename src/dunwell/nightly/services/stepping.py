"""The steps of a run, one after the other: run, measured, kept in the lake, compared with the nights before."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from duckdb import DuckDBPyConnection

from dunwell.engine import content
from dunwell.engine.programs import OnDuckDB, Program, reads
from dunwell.engine.spark import OnSpark
from dunwell.nightly import measures, queries, rules
from dunwell.nightly.measures import Money, Size
from dunwell.nightly.models import Run, Step
from dunwell.nightly.services.errors import Refused
from dunwell.portfolio import reference

FREEZE, PUBLISH = "freeze", "publish"
#: What is written to the lake, and hashed. What only later steps read is not: it is made again where a run is gone on with.
KEPT = frozenset({"closing", "due", "movement",
                  "book", "episode", "bucket_day", "roll_rate", "cohort_month", "total", "publish_party", "due_kept",
                  "case_now", "action_now", "account_state", "account_risk", "party_state", "promise_settled",
                  "instalment_settled", "arrangement_settled",
                  "allocation_anew", "account_interest", "interest_figure", "late_charge", "host_difference"})  # fmt: skip
#: What is read when the steps are done: totals, and what publishing takes.
READ_AT_THE_END = frozenset({"total", "publish_party", "account_state", "account_risk", "due_kept", "case_now", "action_now",
                             "promise_settled", "instalment_settled", "arrangement_settled", "allocation_anew",
                             "position_before", "bucket_day", "roll_rate", "cohort_month", "host_difference"})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """One step's end, for whoever watches, beside the same step of the night before."""

    step: str
    position: int
    of: int
    rows: int
    money: Money
    seconds: float
    done_before: bool
    rows_before: int | None = None
    money_before: Money = field(default_factory=dict)
    unusual: tuple[dict[str, str], ...] = ()


Watch = Callable[[Progress], None]


class Stepping:
    """A run's steps, and what its nights before were. A run that is not in the database keeps nothing: a dry one."""

    def __init__(self, night: Run, watch: Watch, *, of: int) -> None:
        self.night, self.watch, self.of = night, watch, of
        self.before = {compared.name: compared for compared in queries.steps_before(night)}
        self._alike = queries.alike(night, usual=rules.usual(night.business_date), calendar=reference.calendar())

    @property
    def dry(self) -> bool:
        return self.night.pk is None

    def run(
        self,
        connection: DuckDBPyConnection,
        runner: OnDuckDB | OnSpark,
        programs: tuple[Program, ...],
        folder: Path,
    ) -> None:
        """Run the steps that are not done; what later steps need of the others is read from the lake, or made again."""
        done = {} if self.dry else {s.name: s for s in Step.objects.filter(run=self.night, state="done")}
        needed = _needed(programs) - KEPT if done else set()
        counted: dict[str, Size] = {}
        for position, step in enumerate(programs, start=1):
            kept = [table for table in step.outputs if table in KEPT]
            later = asked_for(programs[position:])
            if step.name in done:
                if needed.intersection(step.outputs):
                    runner.run(step, asked_for=later)
                else:
                    for table in kept:
                        runner.take(table, folder / "tables" / f"{table}.parquet")
                self.tell(done[step.name], done_before=True)
                continue
            began = time.monotonic()
            self.keep(step.name, position, state="running")
            runner.run(step, asked_for=later.union(kept, measures.read_by(step)))
            hashes = {} if self.dry else _store(connection, runner, kept, folder)
            came, went = measures.measure(connection, step, counted)
            forget(connection, but=later)
            self.end(step.name, position, came=came, went=went, began=began, hashes=hashes)

    def end(
        self, name: str, position: int, *, came: Size, went: Size, began: float, hashes: dict[str, str] | None = None
    ) -> None:
        """A step is done: its row says what came in and went out, and what of it is unusual."""
        told = measures.MEASURES.get(name)
        spelled = "\n".join(sorted(f"{table} {hash}" for table, hash in (hashes or {}).items()))
        step = self.keep(
            name, position, rows_in=came.rows, rows_out=went.rows, measure=told.name if told else "",
            money_in=_spelled(came.money), money_out=_spelled(went.money), seconds=time.monotonic() - began,
            content_hash=hashlib.sha256(spelled.encode()).hexdigest() if spelled else "",
            tables=hashes or {}, unusual=list(self._unusual(name, went)),
        )  # fmt: skip
        self.tell(step)

    def keep(self, name: str, position: int, *, state: str = "done", **columns: object) -> Step:
        """The step's row; of a dry run, one that is not kept."""
        values = {"position": position, "state": state, **columns}
        if self.dry:
            return Step(name=name, **values)
        return Step.objects.update_or_create(run=self.night, name=name, defaults=values)[0]

    def tell(self, step: Step, *, done_before: bool = False) -> None:
        before = self.before.get(step.name)
        self.watch(Progress(
            step.name, step.position, self.of, step.rows_out, queries.money(step.money_out), step.seconds, done_before,
            before.rows_out if before else None, queries.money(before.money_out) if before else {}, tuple(step.unusual),
        ))  # fmt: skip

    def _unusual(self, name: str, went: Size) -> Iterable[dict[str, str]]:
        found = {("rows", ""): Decimal(went.rows)} | {("money", c): amount for c, amount in went.money.items()}
        for (what, currency), value in found.items():
            span = self._alike.span(name, what, currency)
            if span is not None and value not in span:
                yield {
                    "what": what,
                    "currency": currency,
                    "found": str(value),
                    "low": str(span.low),
                    "high": str(span.high),
                }


def check_totals(night: Run, connection: DuckDBPyConnection) -> None:
    """Keep what went in and what came out with the run. Refused when a sum is off."""
    found = connection.execute("SELECT name, currency, expected, found FROM total ORDER BY name, currency").fetchall()
    night.totals = [
        {"name": name, "currency": currency, "expected": str(expected), "found": str(found)}
        for name, currency, expected, found in found
    ]
    if night.pk is not None:
        Run.objects.filter(pk=night.pk, epoch=night.epoch).update(totals=night.totals)
    for total in night.totals:
        if total["expected"] != total["found"]:
            raise Refused("totals_off", **total)


def _store(
    connection: DuckDBPyConnection, runner: OnDuckDB | OnSpark, tables: list[str], folder: Path
) -> dict[str, str]:
    hashes = {}
    for table in tables:
        runner.keep(table, folder / "tables" / f"{table}.parquet")
        hashes[table] = content.quick_hash(connection, table)
    return hashes


def _spelled(money: Money) -> dict[str, str]:
    return {currency: str(amount) for currency, amount in money.items()}


def asked_for(programs: tuple[Program, ...]) -> frozenset[str]:
    """The tables that are asked for after a step: by those that follow, their measures, or publishing."""
    return READ_AT_THE_END.union(*(reads(step.sql) | measures.read_by(step) for step in programs))


def forget(connection: DuckDBPyConnection, *, but: Collection[str]) -> None:
    """Give back the memory of what nobody asks for any more."""
    for name, kind in connection.execute("SELECT table_name, table_type FROM information_schema.tables").fetchall():
        if name not in but:
            connection.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {name}")


def _needed(programs: tuple[Program, ...]) -> set[str]:
    """The tables that a later step reads."""
    needed: set[str] = set()
    for step in programs:
        needed |= reads(step.sql) - set(step.outputs)
    return needed
