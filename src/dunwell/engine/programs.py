"""Column programs: a step is one .sql file from tables to tables, the same for one account and for ten million.

A file holds `CREATE OR REPLACE TABLE name AS SELECT …` statements only, in the part of DuckDB's dialect that sqlglot
carries to Spark unchanged (tests/unit/test_nightly_dialect.py parses every one of them).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from pathlib import Path

from duckdb import DuckDBPyConnection

from dunwell.engine import lake


@dataclass(frozen=True, slots=True)
class Program:
    """One step: its name, its text, and the tables it makes."""

    name: str
    sql: str

    def __post_init__(self) -> None:
        if not self.sql.strip():
            raise ValueError(f"the step {self.name} is empty")

    @property
    def outputs(self) -> tuple[str, ...]:
        return _outputs(self.sql)

    def run(self, connection: DuckDBPyConnection, *, asked_for: Collection[str] | None = None) -> None:
        """Make the step's tables. With `asked_for` those that are not among them go when the step's last statement that
        reads them has run: a large book's need the memory."""
        if asked_for is None:
            connection.execute(self.sql)
            return
        for statement, over in _statements(self.sql):
            connection.execute(statement)
            for table in over:
                if table not in asked_for:
                    connection.execute(f"DROP TABLE {table}")


class OnDuckDB:
    """Runs steps in this process. dunwell.engine.spark.OnSpark does the same on Spark, to the last value."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def __enter__(self) -> OnDuckDB:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, program: Program, *, asked_for: Collection[str] | None = None) -> None:
        """Make the step's tables; after it at least those are there that are asked for (all of them, where nobody says)."""
        program.run(self._connection, asked_for=asked_for)

    def keep(self, table: str, path: Path) -> None:
        """Write what a step made to its place in the lake."""
        lake.write_parquet(self._connection, table, path)

    def take(self, table: str, path: Path) -> None:
        """Name what stands in the lake already."""
        lake.read_parquet(self._connection, table, path)


#: What a step's statements begin with. Reading them so takes no parser, which costs a night more than its smallest steps.
_MAKES = re.compile(r"CREATE OR REPLACE TABLE (\w+) AS\b")
_NO_STATEMENT = re.compile(r"'(?:[^']|'')*'|--[^\n]*")  # what may hold a semicolon: texts and comments
_ENDS = re.compile(_NO_STATEMENT.pattern + "|;")
_READS = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)")


@cache
def _outputs(sql: str) -> tuple[str, ...]:
    made: list[str] = []
    for statement in filter(None, map(str.strip, _NO_STATEMENT.sub("", sql).split(";"))):
        begins = _MAKES.match(statement)
        if begins is None:
            raise ValueError(f"a step makes tables and does nothing else: {sql[:80]}")
        made.append(begins[1])
    return tuple(dict.fromkeys(made))


@cache
def reads(sql: str) -> frozenset[str]:
    """The tables that a text reads: in a step each stands behind FROM or JOIN."""
    return frozenset(_READS.findall(_NO_STATEMENT.sub("", sql)))


@cache
def _statements(sql: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """A step's statements, each with the tables of the step that none after it reads."""
    ends = [0, *(found.end() for found in _ENDS.finditer(sql) if found[0] == ";"), len(sql)]
    texts = [sql[start:end] for start, end in pairwise(ends) if _NO_STATEMENT.sub("", sql[start:end]).strip()]
    last: dict[str, int] = {}
    for nr, text in enumerate(texts):
        last |= dict.fromkeys(_outputs(text), nr)
        last |= dict.fromkeys(reads(text) & last.keys(), nr)
    return tuple((text, tuple(table for table, at in last.items() if at == nr)) for nr, text in enumerate(texts))


@cache
def load(package: str, name: str) -> Program:
    """The step `name` of a room: its file `sql/<name>.sql` in the package. A missing one raises FileNotFoundError."""
    return Program(name, resources.files(package).joinpath("sql", f"{name}.sql").read_text("utf-8"))
