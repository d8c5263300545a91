"""Every step stays in the part of the dialect that sqlglot carries to Spark, and makes tables only."""

from __future__ import annotations

from importlib import resources

import pytest
import sqlglot

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
