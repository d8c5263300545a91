"""Every step stays in the part of the dialect that sqlglot carries to Spark, and makes tables only."""

from __future__ import annotations

from importlib import resources

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from dunwell.engine import programs

ROOMS = ("dunwell.arrears", "dunwell.arrangements", "dunwell.nightly")
STEPS = [(room, file.name.removesuffix(".sql")) for room in ROOMS for file in resources.files(room).joinpath("sql").iterdir()
         if file.name.endswith(".sql")]  # fmt: skip
NOT_ON_SPARK = ("epoch_ms", "list_", "struct_pack", "unnest(", "asof", "qualify", "exclude", "pivot", "::")


@pytest.mark.parametrize(("room", "step"), STEPS)
def test_a_step_makes_tables_in_the_common_dialect(room, step):
    program = programs.load(room, step)
    made = [statement.this.name for statement in sqlglot.parse(program.sql, read="duckdb")]
    assert program.outputs == tuple(dict.fromkeys(made))
    text = "\n".join(line for line in program.sql.lower().splitlines() if not line.strip().startswith("--"))
    assert not [word for word in NOT_ON_SPARK if word in text]
    written = sqlglot.transpile(program.sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    assert len(written) == len(sqlglot.parse(program.sql, read="duckdb"))


def test_texts_and_comments_of_a_step_are_no_statements():
    text = "CREATE OR REPLACE TABLE a AS SELECT 'it''s; DROP b' AS x; -- the host's; word\n-- DROP c;\n" \
           "CREATE OR REPLACE TABLE b AS\nSELECT x FROM a;"  # fmt: skip
    assert programs.Program("x", text).outputs == ("a", "b")


def test_a_step_that_does_anything_else_is_refused():
    with pytest.raises(ValueError, match="makes tables and does nothing else"):
        assert programs.Program("x", "DELETE FROM account_state").outputs


@pytest.mark.parametrize(("room", "step"), STEPS)
def test_the_tables_that_a_step_reads_stand_behind_from_or_join(room, step):
    """A table that nobody reads any more is dropped, so none may be overlooked."""
    sql = programs.load(room, step).sql
    read = {
        table.name for statement in sqlglot.parse(sql, read="duckdb") for table in statement.expression.find_all(exp.Table)
    }  # fmt: skip
    assert read <= programs.reads(sql)


def test_what_is_asked_for_is_there_after_a_step_and_nothing_else_of_it():
    text = "CREATE OR REPLACE TABLE a AS SELECT 1 AS x; -- then; b\nCREATE OR REPLACE TABLE b AS SELECT x + 1 AS x FROM a;\n" \
           "CREATE OR REPLACE TABLE c AS SELECT b.x, ';' AS y FROM b JOIN a ON a.x < b.x"  # fmt: skip
    step = programs.Program("x", text)
    with duckdb.connect() as connection:
        programs.OnDuckDB(connection).run(step, asked_for={"b", "c"})
        assert connection.execute("SHOW TABLES").fetchall() == [("b",), ("c",)]
        assert connection.execute("SELECT * FROM c").fetchall() == [(2, ";")]
        programs.OnDuckDB(connection).run(step)
        assert connection.execute("SHOW TABLES").fetchall() == [("a",), ("b",), ("c",)]
