"""The expression language: a table of expressions with their values, and a table of what it refuses."""

from __future__ import annotations

import duckdb
import pytest

from dunwell.engine.expressions import ExpressionError, Type, check_expression, compile_expression

COLUMNS = {
    "account_no": "text", "balance": "money", "days_past_due": "integer", "due_date": "date",
    "bucket": "text", "first_default": "boolean", "金额": "text",
}  # fmt: skip
ROW = """select 'A1' account_no, 1234.56::decimal(18,2) balance, 17 days_past_due, date '2026-11-06' due_date,
 'M1' bucket, false first_default, '1,200.50' "金额" """

VALUES = [
    ("days_past_due >= 16 and bucket in ('M1', 'M2')", "true"),
    ("not first_default", "true"),
    ("days_past_due between 3 and 15", "false"),
    ("balance / 3", "411.52000000"),
    ("balance / 0", None),
    ("balance * 2 - 1", "2468.12"),
    ("round(balance, 0)", "1235"),
    ("DATE '2026-11-23' - due_date", "17"),
    ("due_date + 3", "2026-11-09"),
    ("date_diff('month', due_date, DATE '2027-01-01')", "2"),
    ("case when balance > 1000 then 'high' else 'low' end", "high"),
    ("if(first_default, 1, 2)", "2"),
    ("cast(replace(金额, ',', '') as decimal(18, 2))", "1200.50"),
    ('cast("金额" as decimal(18, 2))', None),
    ("coalesce(null, account_no) || '-' || bucket", "A1-M1"),
    ("lpad(account_no, 4, '0')", "00A1"),
    ("bucket like 'M%' and account_no is not null", "true"),
    ("greatest(balance, 2000)", "2000.00"),
    ("-abs(balance)", "-1234.56"),
    ("year(due_date) * 100 + month(due_date)", "202611"),
    ("DAYS_PAST_DUE % 2", "1"),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_expression_has_its_value(text: str, value: str | None) -> None:
    sql = compile_expression(text, COLUMNS)
    (found,) = duckdb.execute(f"select cast({sql} as varchar) from ({ROW})").fetchone()
    assert found == value


REFUSED = [
    ("balanse > 3", "column", "line 1, column 1: there is no column balanse; did you mean balance?"),
    ("balance > '3'", "compare", "line 1, column 11: balance is decimal and '3' is text: they do not compare"),
    ("due_date < '2026-01-01'", "compare", None),
    ("balance and true", "operand", None),
    ("1 +", "unreadable", None),
    ("(select 1)", "not_allowed", None),
    ("balance; drop table x", "not_allowed", None),
    ("now()", "function", None),
    ("random()", "function", None),
    ("read_csv('x')", "function", None),
    ("lenght(bucket)", "function", None),
    ("t.balance > 1", "column", None),
    ("bucket = 'M9'", "value", "line 1, column 10: bucket is never 'M9'; its values are: M1, M2"),
    ("case when balance > 1 then 'a' else 2 end", "mixed", None),
    ("DATE '2026-02-30'", "date", None),
    ("cast(balance as json)", "cast", None),
    ("sum(balance)", "function", None),
    ("days_past_due > 3 and\n  balanse > 1", "column", "line 2, column 3: there is no column balanse"),
    ("1e5 > 3", "number", None),
    ("", "empty", None),
    ("bucket in (select 'M1')", "not_allowed", None),
    ("row_number() over ()", "not_allowed", None),
    ("balance + bucket", "operand", None),
    ("'a'::timestamp", "cast", None),
    ("*", "not_allowed", None),
]


@pytest.mark.parametrize(("text", "code", "sentence"), REFUSED)
def test_expression_is_refused_with_its_place(text: str, code: str, sentence: str | None) -> None:
    with pytest.raises(ExpressionError) as caught:
        check_expression(text, COLUMNS, values={"bucket": ["M1", "M2"]})
    assert (caught.value.code, str(caught.value).startswith(sentence or "line")) == (code, True), str(caught.value)


def test_expected_type_and_place_are_said() -> None:
    with pytest.raises(ExpressionError, match=r"card\.yaml, segments\.high\.when, line 1, column 1: gives decimal"):
        compile_expression("balance", COLUMNS, expect=bool, where="card.yaml, segments.high.when")
    assert check_expression("1", {}, expect="money").type is Type.INTEGER
    assert check_expression("balance > days_past_due", COLUMNS).columns == {"balance", "days_past_due"}
