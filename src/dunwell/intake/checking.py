"""The rows against their contract, in SQL: the table `checked`, and for each wrong row its first fault.

`checked` has the contract's columns, typed, `__row` and `__error` (0: fine, else a number in the list of faults).
All conditions are looked at once for each row in one pass; what was found and expected only for the wrong ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path

import yaml
from duckdb import DuckDBPyConnection

from dunwell.engine.expressions import compile_expression
from dunwell.intake.contract import EXPRESSION_TYPES, SQL_TYPES, Check, Column, Contract
from dunwell.intake.mapping import UNKNOWN, literal, quoted
from dunwell.kernel import masks

SHOWN = 40
EARLIEST, LATEST = "1900-01-01", "2199-12-31"
#: Faults that leave an amount without a value, so that a sum over its column cannot be proved.
UNREADABLE = frozenset({"not_an_amount", "decimals", "cells"})


@dataclass(frozen=True, slots=True)
class Wrong:
    """One row that is not taken: where, why, what was found (masked) and what was expected."""

    row: int
    code: str
    column: str
    found: str = ""
    expected: str = ""


@dataclass(frozen=True, slots=True)
class _Fault:
    code: str
    column: str
    when: str
    expected: str = "NULL"


@cache
def currencies() -> frozenset[str]:
    """The currency codes of ISO 4217."""
    text = resources.files("dunwell.intake").joinpath("contracts", "currencies.yaml").read_text("utf-8")
    return frozenset(yaml.safe_load(text)["codes"].split())


def check(
    connection: DuckDBPyConnection, contract: Contract, texts: dict[str, str], row_sql: str, business_date: date
) -> list[Wrong]:
    """Make the table `checked` from `raw` and answer the wrong rows, by number."""
    rows = _rows(contract, texts, row_sql, business_date)
    unknown = _unknown_currencies(connection, contract, texts)
    faults = _faults(contract, unknown)
    branches = " ".join(f"WHEN {fault.when} THEN {number}" for number, fault in enumerate(faults, 1))
    columns = ", ".join(quoted(name) for name in contract.names)
    connection.execute(
        f"CREATE OR REPLACE TABLE checked AS SELECT __row, {columns}, "
        f"CAST(CASE {branches} ELSE 0 END AS SMALLINT) AS __error FROM ({rows})"
    )
    if not connection.execute("SELECT max(__error) FROM checked").fetchone()[0]:
        return []
    return _explained(connection, contract, rows, faults)


def _rows(contract: Contract, texts: dict[str, str], row_sql: str, business_date: date, where: str = "") -> str:
    """The rows of `raw` with t_x (canonical text), v_x (its value or NULL) and x (the value that is used)."""
    read = ", ".join(f"{texts[name]} AS {quoted('t_' + name)}" for name in contract.names)
    cast = ", ".join(f"{_value(column)} AS {quoted('v_' + column.name)}" for column in contract.columns)
    used = ", ".join(
        (f"coalesce({quoted('v_' + c.name)}, 0)" if c.zero else quoted("v_" + c.name)) + f" AS {quoted(c.name)}"
        for c in contract.columns
    )
    return (
        f"SELECT *, {used}, DATE '{business_date}' AS business_date FROM (SELECT *, {cast} FROM "
        f"(SELECT {row_sql} AS __row, {read} FROM raw {where}))"
    )


def _value(column: Column) -> str:
    text = quoted("t_" + column.name)
    if column.type == "yes_no":
        return (
            f"CASE WHEN lower({text}) IN ('yes', 'true', 'y', '1') THEN true "
            f"WHEN lower({text}) IN ('no', 'false', 'n', '0') THEN false END"
        )
    if SQL_TYPES[column.type] == "VARCHAR":
        return text
    return f"TRY_CAST({text} AS {SQL_TYPES[column.type]})"


def _unknown_currencies(connection: DuckDBPyConnection, contract: Contract, texts: dict[str, str]) -> list[str]:
    column = next((c.name for c in contract.columns if c.type == "currency"), None)
    if column is None:
        return []
    found = connection.execute(f"SELECT DISTINCT {texts[column]} FROM raw LIMIT 1000").fetchall()
    return [code for (code,) in found if code and code not in currencies()]


def _faults(contract: Contract, unknown_currencies: Sequence[str]) -> list[_Fault]:
    faults: list[_Fault] = []
    for column in contract.columns:
        faults += _column_faults(column, unknown_currencies)
    types = {c.name: EXPRESSION_TYPES[c.type] for c in contract.columns} | {"business_date": "date"}
    for rule in contract.checks:
        if not rule.warning:
            expected = compile_expression(rule.expected, types) if rule.expected else "NULL"
            faults.append(_Fault(rule.code, rule.column, compile_expression(rule.wrong_when, types), expected))
    return faults


def _column_faults(column: Column, unknown_currencies: Sequence[str]) -> list[_Fault]:
    text, value, name = quoted("t_" + column.name), quoted("v_" + column.name), column.name
    faults = []
    if column.required:
        faults.append(_Fault("missing", name, f"{text} IS NULL OR {text} = ''"))
    given = f"{value} IS NULL AND {text} IS NOT NULL AND trim({text}) <> ''"
    if column.type == "money":
        plain = f"regexp_full_match(trim({text}), '[+-]?\\d{{1,16}}(\\.\\d{{1,2}})?')"
        fine = f"regexp_full_match(trim({text}), '[+-]?\\d{{1,16}}\\.\\d{{3,}}')"
        odd = f"CAST({value} AS VARCHAR) <> {text} AND NOT {plain}"
        faults.append(_Fault("decimals", name, f"{odd} AND {fine}"))
        faults.append(_Fault("not_an_amount", name, f"{given} OR ({odd})"))
    elif column.type == "integer":
        odd = f"CAST({value} AS VARCHAR) <> {text} AND NOT regexp_full_match(trim({text}), '[+-]?\\d{{1,9}}')"
        faults.append(_Fault("not_a_number", name, f"{given} OR ({odd})"))
    elif column.type == "date":
        outside = f"{value} NOT BETWEEN DATE '{EARLIEST}' AND DATE '{LATEST}'"
        shaped = f"regexp_full_match(trim({text}), '\\d{{4}}-\\d{{2}}-\\d{{2}}')"
        faults.append(_Fault("impossible_date", name, f"{given} AND {shaped} OR {outside}"))
        faults.append(_Fault("not_a_date", name, given))
    elif column.type == "yes_no":
        faults.append(_Fault("not_yes_no", name, given, "'yes, no'"))
    elif column.type == "currency" and unknown_currencies:
        listed = ", ".join(literal(code) for code in unknown_currencies)
        faults.append(_Fault("currency", name, f"{text} IN ({listed})"))
    elif column.values:
        allowed = ", ".join(literal(each) for each in column.values)
        faults.append(_Fault("unknown_value", name, f"{text} NOT IN ({allowed})", literal(", ".join(column.values))))
    elif column.type == "text":
        faults.append(_Fault("unknown_value", name, f"starts_with({text}, {literal(UNKNOWN)})"))
        if column.max:
            faults.append(_Fault("too_long", name, f"length({text}) > {column.max}", literal(column.max)))
    if column.type in ("money", "integer"):
        if column.min is not None:
            code = "negative" if column.min == 0 else "too_small"
            faults.append(_Fault(code, name, f"{value} < {column.min}", literal(column.min)))
        if column.type == "integer" and column.max is not None:
            faults.append(_Fault("out_of_range", name, f"{value} > {column.max}", literal(column.max)))
    return faults


def _explained(connection: DuckDBPyConnection, contract: Contract, rows: str, faults: list[_Fault]) -> list[Wrong]:
    found = " ".join(f"WHEN {n} THEN {quoted('t_' + fault.column)}" for n, fault in enumerate(faults, 1))
    expected = " ".join(
        f"WHEN {n} THEN CAST({fault.expected} AS VARCHAR)"
        for n, fault in enumerate(faults, 1)
        if fault.expected != "NULL"
    )
    told = connection.execute(
        f"SELECT c.__row, c.__error, CASE c.__error {found} END, CASE c.__error {expected or 'WHEN 0 THEN NULL'} END "
        f"FROM ({rows}) r JOIN (SELECT __row, __error FROM checked WHERE __error > 0) c ON c.__row = r.__row "
        "ORDER BY c.__row"
    ).fetchall()
    return [
        Wrong(
            row,
            faults[error - 1].code,
            faults[error - 1].column,
            shown(contract.column(faults[error - 1].column), text),
            expectation or "",
        )
        for row, error, text, expectation in told
    ]


def shown(column: Column, text: str | None) -> str:
    """What was found, as it may be shown: people's data masked, long digits and writing cut."""
    text = (text or "").removeprefix(UNKNOWN).strip()
    if column.personal or column.type == "card":
        return masks.mask(column.type if column.type == "card" else "name" if column.name == "name" else "", text)[
            :SHOWN
        ]
    longest = max((len(run) for run in "".join(c if c.isdigit() else " " for c in text).split()), default=0)
    if column.type in ("money", "integer", "date", "yes_no", "currency") and (not text.isascii() or longest > 12):
        narrow = text.isascii() or all(not "一" <= letter <= "鿿" for letter in text)
        return text[:SHOWN] if narrow and longest <= 12 else f"{text[:2]}…"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def duplicates(connection: DuckDBPyConnection, contract: Contract) -> list[Wrong]:
    """Rows whose key stands in the file more than once. Of rows that are equal throughout the first is kept."""
    key = ", ".join(quoted(name) for name in contract.key)
    twice = f"SELECT {key} FROM checked WHERE __error = 0 GROUP BY {key} HAVING count(*) > 1"
    whole = ", ".join(quoted(name) for name in contract.names)
    rows = connection.execute(
        f"SELECT __row, {key}, md5(CAST(({whole}) AS VARCHAR)) FROM checked WHERE __error = 0 "
        f"AND ({key}) IN ({twice}) ORDER BY __row"
        if len(contract.key) > 1
        else f"SELECT __row, {key}, md5(CAST(({whole}) AS VARCHAR)) FROM checked WHERE __error = 0 "
        f"AND {key} IN ({twice}) ORDER BY __row"
    ).fetchall()
    groups: dict[tuple[object, ...], list[tuple[int, str]]] = {}
    for number, *key_values, content in rows:
        groups.setdefault(tuple(key_values), []).append((number, content))
    column = contract.column(contract.key[-1] if contract.key[-1] not in ("kind", "role") else contract.key[0])
    wrong = []
    for values, members in groups.items():
        equal = len({content for _, content in members}) == 1
        text = str(values[contract.key.index(column.name)])
        for number, _ in members[1:] if equal else members:
            other = members[0][0] if number != members[0][0] else members[1][0]
            wrong.append(Wrong(number, "twice", column.name, shown(column, text), str(other)))
    return sorted(wrong, key=lambda each: each.row)


def unknown_references(
    connection: DuckDBPyConnection, contract: Contract, latest: Path, earlier: Sequence[Path]
) -> list[tuple[int, str]]:
    """Rows (number, value) that refer to a party or account which no file in force knows."""
    column = quoted(contract.refers["column"])
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE strangers AS SELECT __row, {column} AS value FROM checked c WHERE __error = 0 "
        f"AND NOT EXISTS (SELECT 1 FROM read_parquet({literal(latest)}) k WHERE k.{column} = c.{column})"
    )
    for path in earlier:
        if not connection.execute("SELECT count(*) FROM strangers").fetchone()[0]:
            break
        connection.execute(f"DELETE FROM strangers WHERE value IN (SELECT {column} FROM read_parquet({literal(path)}))")
    return connection.execute("SELECT __row, value FROM strangers ORDER BY __row").fetchall()


def warnings(connection: DuckDBPyConnection, contract: Contract, business_date: date) -> dict[str, int]:
    """How many good rows are odd, by code; under the code "" how many rows are odd at all."""
    rules: list[Check] = [rule for rule in contract.checks if rule.warning]
    if not rules:
        return {}
    types = {c.name: EXPRESSION_TYPES[c.type] for c in contract.columns} | {"business_date": "date"}
    when = [f"coalesce({compile_expression(rule.wrong_when, types)}, false)" for rule in rules]
    counts = ", ".join(f"count(*) FILTER (WHERE {each})" for each in [*when, " OR ".join(when)])
    found = connection.execute(
        f"SELECT {counts} FROM (SELECT *, DATE '{business_date}' AS business_date FROM checked WHERE __error = 0)"
    ).fetchone()
    return {code: rows for code, rows in zip([*(rule.code for rule in rules), ""], found, strict=True) if rows}
