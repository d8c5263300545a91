"""What the Spark engine refuses, without a Spark."""

import sys

import duckdb
import pytest

from dunwell.engine import spark


def test_without_pyspark_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(spark.Missing, match="requirements/spark.lock"):
        spark.OnSpark(duckdb.connect(), master="local[1]", work=tmp_path, files={})


@pytest.mark.parametrize(
    ("duck", "there"), [("DECIMAL(18,2)", "decimal(18,2)"), ("VARCHAR", "string"), ("DATE", "date")]
)
def test_columns_keep_their_types(duck, there):
    assert spark._spark_type(duck) == there


@pytest.mark.parametrize("kind", ["HUGEINT", "INTEGER[]", "STRUCT(a INTEGER)"])
def test_a_type_that_spark_lacks_is_an_error_and_not_a_guess(kind):
    with pytest.raises(ValueError, match="Spark has nothing like it"):
        spark._spark_type(kind)
