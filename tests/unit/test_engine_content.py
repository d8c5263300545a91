"""Two hashes of what a table holds: one that any tool works out again, and DuckDB's own."""

from __future__ import annotations

import duckdb
import pytest

from dunwell.engine import content

ROWS = "(VALUES ('A1', 12.50::DECIMAL(18, 2), DATE '2026-11-28'), ('A2', NULL, NULL), ('A1', 0.00, NULL)) AS t(no, owed, day)"


@pytest.fixture
def duck():
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows AS SELECT * FROM {ROWS}")
        yield connection


@pytest.mark.parametrize("hashed", [content.content_hash, content.quick_hash])
@pytest.mark.parametrize("other", [
    "SELECT * FROM rows LIMIT 2", "SELECT * FROM rows UNION ALL (SELECT * FROM rows LIMIT 1)",
    "SELECT no, coalesce(owed, 0.00) AS owed, day FROM rows", "SELECT no, owed::DOUBLE AS owed, day FROM rows",
    "SELECT no, owed AS paid, day FROM rows", "SELECT CASE no WHEN 'A1' THEN 'A2' ELSE 'A1' END AS no, owed, day FROM rows",
])  # fmt: skip
def test_other_rows_types_or_names_have_another_hash_and_their_order_does_not_matter(duck, hashed, other):
    assert hashed(duck, "(SELECT day, owed, no FROM rows ORDER BY no DESC)") == hashed(duck, "rows")
    assert hashed(duck, f"({other})") != hashed(duck, "rows")


def test_a_recorded_hash_is_compared_by_the_function_that_made_it(duck):
    for made in (content.content_hash(duck, "rows"), content.quick_hash(duck, "rows")):
        assert content.comparable(made) and content.holds(duck, "rows", made)
        assert not content.holds(duck, "(SELECT * FROM rows LIMIT 1)", made)
    assert not content.comparable("duckdb-00000000:" + content.quick_hash(duck, "rows").partition(":")[2])


def test_this_duckdb_hashes_as_the_one_with_which_lakes_were_written():
    """Where an upgrade of DuckDB fails here: docs/decisions/0050."""
    assert content.engine() == "duckdb-6e8140b7"
