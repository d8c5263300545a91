"""The steps over the frozen inputs of a night: as the night runs them, as one query, and the core of them elsewhere.

Every part answers CPU and wall seconds. The core is who is late and how late: the programs from take_in to classify, whose answer
is one row an account looked at; peers read the same frozen inputs and must give the same rows.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import sqlglot
from duckdb import DuckDBPyConnection
from sqlglot import exp

from benchmarks.parts import measuring
from dunwell.engine import content, lake, session
from dunwell.engine.programs import Program
from dunwell.nightly import program
from dunwell.nightly.models import Run
from dunwell.nightly.services import freezing, stepping

ANSWER = ("account_no", "balance", "past_due", "oldest_due_date", "periods", "days_delinquent", "bucket", "stage",
          "first_payment_default")  # fmt: skip
CORE = (*program.TAKE_IN, *program.LATENESS[:3])


def _run(day: date) -> Run:
    return Run.objects.filter(business_date=day, state=Run.State.PUBLISHED).latest("number")


@contextmanager
def _frozen(day: date) -> Iterator[tuple[Run, DuckDBPyConnection, Path]]:
    """A DuckDB in which the day's frozen inputs have their names, and a folder for what is made."""
    work = Path(tempfile.mkdtemp(prefix="dunwell-bench-steps-"))
    run = _run(day)
    try:
        with session.connect(spill=work / "spill") as duck:
            freezing.load(duck, freezing.folder_of(run), day)
            yield run, duck, work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def programs(day: date) -> dict[str, float]:
    """All steps as the night runs them: each table that is kept is written to the lake and hashed."""
    with _frozen(day) as (run, duck, work):
        steps = program.whole_night(program.frozen_strategy(run.manifest))

        def work_through() -> None:
            for position, step in enumerate(steps, start=1):
                later = stepping.asked_for(steps[position:])
                step.run(duck, asked_for=later.union(stepping.KEPT))
                for table in step.outputs:
                    if table in stepping.KEPT:
                        lake.write_parquet(duck, table, work / f"{table}.parquet")
                        content.quick_hash(duck, table)
                stepping.forget(duck, but=later)

        return measuring.cost(work_through).as_dict()


def one_query(day: date) -> dict[str, float]:
    """The same programs as one statement: every table a common table expression, the kept ones its result."""
    with _frozen(day) as (run, duck, work):
        steps = program.whole_night(program.frozen_strategy(run.manifest))
        text = joined(steps, keep=sorted(stepping.KEPT))
        return measuring.cost(
            lambda: duck.execute(f"COPY ({text}) TO '{work / 'all.parquet'}' ({lake.FORMAT})")
        ).as_dict()


def joined(steps: tuple[Program, ...], *, keep: list[str]) -> str:
    """One query made of the steps' own files. A table that several steps read stays one: it is materialised."""
    made: dict[str, str] = {}
    for step in steps:
        for statement in sqlglot.parse(step.sql, read="duckdb"):
            made[statement.this.name] = statement.expression.sql("duckdb")
    parts = ", ".join(f"{table} AS ({text})" for table, text in made.items())
    result = " UNION ALL BY NAME ".join(f"SELECT '{table}' AS made, * FROM {table}" for table in keep)
    return f"WITH {parts} {result}"


def core(day: date) -> dict[str, float]:
    """The core steps on DuckDB, from the frozen files to the answer."""
    with _frozen(day) as (_, duck, work):

        def work_through() -> None:
            for step in CORE:
                step.run(duck)
            _answered(duck, "account_state", work)

        return _with_answer(measuring.cost(work_through), duck, work)


def core_on_postgres(day: date) -> dict[str, float]:
    """The core steps' own text on PostgreSQL, over tables that are in it already; indexes and loading are not counted."""
    from django.db import connection

    from dunwell.engine import copying

    with _frozen(day) as (_, duck, work), connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA core; SET search_path TO core; SET work_mem = '256MB'; SET jit = off")
        try:
            for table in _given(duck):
                columns = duck.execute(f"DESCRIBE {table}").fetchall()
                cursor.execute(
                    f"CREATE UNLOGGED TABLE {table} ({', '.join(f'{n} {_postgres(k)}' for n, k, *_ in columns)})"
                )
                copying.to_postgres(duck, f"SELECT * FROM {table}", cursor, table, [n for n, *_ in columns])
                cursor.execute(f"ANALYZE {table}")

            def work_through() -> None:
                for step in CORE:
                    for statement in sqlglot.parse(step.sql, read="duckdb"):
                        table, query = statement.this.name, _carried(statement.expression)
                        cursor.execute(f"CREATE UNLOGGED TABLE {table} AS {query}")
                        cursor.execute(f"ANALYZE {table}")

            spent = measuring.cost(work_through, server=measuring.backend_cpu)
            types = {name: kind for name, kind, *_ in _shape(duck)}
            copying.from_postgres(cursor, f"SELECT {', '.join(ANSWER)} FROM account_state", duck, "answer", types)
            _answered(duck, "answer", work)
        finally:
            cursor.execute("DROP SCHEMA core CASCADE; RESET search_path")
        return _with_answer(spent, duck, work)


def core_on_polars(day: date) -> dict[str, float]:
    """The core steps in Polars, with money as whole cents."""
    from benchmarks.parts import on_polars

    with _frozen(day) as (run, duck, work):
        for table in _given(duck):
            if table not in ("position", "statement", "booking"):
                lake.write_parquet(duck, table, work / "given" / f"{table}.parquet")
        inputs = freezing.inputs(freezing.folder_of(run))
        files = {
            t: inputs[t] if t in ("position", "statement", "booking") else work / "given" / f"{t}.parquet"
            for t in _given(duck)
        }
        spent = measuring.cost(lambda: on_polars.core(files, day, work / "polars.parquet"))
        lake.read_parquet(duck, "answer", work / "polars.parquet")
        _answered(duck, "answer", work)
        return _with_answer(spent, duck, work)


def on_spark(day: date) -> dict[str, float]:
    """All steps on Spark in local[2]; CPU is that of its Java as well."""
    from dunwell.engine.spark import OnSpark

    with _frozen(day) as (run, duck, work):
        steps = program.whole_night(program.frozen_strategy(run.manifest))

        def work_through() -> None:
            files = freezing.inputs(freezing.folder_of(run))
            with OnSpark(duck, master="local[2]", work=work / "spark", files=files) as runner:
                for step in steps:
                    runner.run(step)
                    for table in step.outputs:
                        if table in stepping.KEPT:
                            runner.keep(table, work / f"{table}.parquet")

        return measuring.cost(work_through, server=measuring.children_cpu).as_dict()


def _given(duck: DuckDBPyConnection) -> list[str]:
    """The tables that the core steps read and do not make."""
    read, made = set(), set()
    for step in CORE:
        for statement in sqlglot.parse(step.sql, read="duckdb"):
            read |= {table.name for table in statement.expression.find_all(exp.Table)}
            made.add(statement.this.name)
    return sorted(read - made)


def _shape(duck: DuckDBPyConnection) -> list[Any]:
    """Names and types of the answer, from the programs over empty tables."""
    with session.connect(threads=1) as empty:
        for table in _given(duck):
            columns = duck.execute(f"DESCRIBE {table}").fetchall()
            empty.execute(f"CREATE TABLE {table} ({', '.join(f'{n} {k}' for n, k, *_ in columns)})")
        for step in CORE:
            step.run(empty)
        return empty.execute(f"DESCRIBE SELECT {', '.join(ANSWER)} FROM account_state").fetchall()


def _answered(duck: DuckDBPyConnection, table: str, work: Path) -> None:
    lake.write_parquet(duck, f"(SELECT {', '.join(ANSWER)} FROM {table})", work / "answer.parquet")


def _with_answer(spent: measuring.Cost, duck: DuckDBPyConnection, work: Path) -> dict[str, Any]:
    """The cost, and a hash of the answer's values; parents compare them."""
    texts = ", ".join(f"coalesce({column}::VARCHAR, chr(30))" for column in ANSWER)
    rows, told = duck.execute(
        f"SELECT count(*), coalesce(sum(CAST(md5_number_lower(concat_ws('|', {texts})) AS HUGEINT)), 0)::VARCHAR"
        f" FROM read_parquet('{work / 'answer.parquet'}')"
    ).fetchone()
    return spent.as_dict() | {"answer": hashlib.sha256(f"{rows} {told}".encode()).hexdigest(), "rows": rows}


def _postgres(kind: str) -> str:
    return {"VARCHAR": "text", "BIGINT": "bigint", "INTEGER": "integer", "DATE": "date", "BOOLEAN": "boolean"}.get(
        kind, kind.replace("DECIMAL", "numeric")
    )


def _carried(query: exp.Expression) -> str:
    """DuckDB's text in PostgreSQL's words: days between two dates are a subtraction there."""

    def change(node: exp.Expression) -> exp.Expression:
        if isinstance(node, exp.DateDiff):
            return exp.Paren(this=exp.Sub(this=node.this, expression=node.expression))
        return node

    return query.transform(change).sql("postgres")
