"""A mapping turns a bank's own layout into the contract: one YAML file, compiled to SQL over text columns."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from dunwell.engine.expressions import ExpressionError, Type, check_expression
from dunwell.intake import contract as contracts
from dunwell.intake.contract import Column, Contract
from dunwell.intake.refusal import Refused

FULL_WIDTH = "０１２３４５６７８９．，－＋（）　"  # noqa: RUF001
HALF_WIDTH = "0123456789.,-+() "
#: Stands before a code that a mapping does not know, so that the check can tell it from a value.
UNKNOWN = "\x01"
#: Source column -> the row's number in the delivered file, in a file of mended rows.
ROW_COLUMN = "#row"
TRAILER = "#TOTAL"

_TOP = {"contract", "encoding", "delimiter", "dates", "amounts", "empty", "columns", "totals"}
_SOURCE = {"from", "constant", "derive", "codes", "otherwise", "dates", "amounts", "empty"}
_AMOUNTS = {"thousands", "decimal", "full_width", "symbols", "credit", "debit", "minor_units", "negate"}
_TOTALS = {"marker", "rows", "sums", "required"}


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping as read. An empty one means: the file is laid out as its contract says."""

    data: dict[str, Any] = field(default_factory=dict)
    name: str = ""

    @property
    def sha256(self) -> str:
        """The hash of what it says; empty for the empty one."""
        if not self.data:
            return ""
        return hashlib.sha256(yaml.safe_dump(self.data, allow_unicode=True).encode()).hexdigest()

    @property
    def contract(self) -> str:
        return str(self.data.get("contract", ""))

    def of(self, key: str, default: Any = None) -> Any:
        return self.data.get(key, default)


def load(path: Path) -> Mapping:
    """Read a mapping file; Refused (`mapping`) names the key that is wrong."""
    return read(path.read_text("utf-8-sig"), name=path.name)


def read(text: str, *, name: str = "") -> Mapping:
    """Read a mapping's text; Refused (`mapping`) names the key that is wrong."""
    try:
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise wrong(name, f"line {mark.line + 1}" if mark else "", "is not YAML") from error
    if not isinstance(data, dict):
        raise wrong(name, "", "is not a list of keys with values")
    _known(name, "", data, _TOP)
    if data.get("contract") not in contracts.KINDS:
        raise wrong(name, "contract", f"is one of {', '.join(contracts.KINDS)}")
    names = set(contracts.load(data["contract"]).names)
    _known(name, "columns", data.get("columns") or {}, names)
    for column, source in (data.get("columns") or {}).items():
        if isinstance(source, dict):
            _known(name, f"columns.{column}", source, _SOURCE)
            if len({"from", "constant", "derive"} & set(source)) != 1:
                raise wrong(name, f"columns.{column}", "needs one of from, constant, derive")
            _known(name, f"columns.{column}.amounts", source.get("amounts") or {}, _AMOUNTS)
    _known(name, "amounts", data.get("amounts") or {}, _AMOUNTS)
    _known(name, "totals", data.get("totals") or {}, _TOTALS)
    return Mapping(data, name)


def wrong(name: str, key: str, what: str) -> Refused:
    """The refusal of a mapping: file, key, and what is wrong with it."""
    return Refused("mapping", mapping=name or "mapping", key=key, detail=what)


def _known(name: str, place: str, given: Any, known: set[str]) -> None:
    if not isinstance(given, dict):
        raise wrong(name, place, "is not a list of keys with values")
    for key in given:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise wrong(name, f"{place}.{key}".strip("."), f"is not known here{hint}")


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """An SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def texts(contract: Contract, mapping: Mapping, header: list[str]) -> dict[str, str]:
    """For each column of the contract, SQL that makes its canonical text from the source's columns.

    Refused when a required column is missing from the header (`missing_column`, with the nearest name that is
    there) or when the mapping names a column that the file does not have.
    """
    given = mapping.of("columns") or {}
    found = {name.strip().lower(): name for name in header}
    return {
        column.name: _text(column, given.get(column.name, column.name), mapping, header, found)
        for column in contract.columns
    }


def _text(column: Column, source: Any, mapping: Mapping, header: list[str], found: dict[str, str]) -> str:
    explicit = column.name in (mapping.of("columns") or {})
    spec = source if isinstance(source, dict) else {"from": source}
    if "constant" in spec:
        return literal(spec["constant"])
    if "derive" in spec:
        return _derived(column, str(spec["derive"]), mapping, header)
    name = found.get(str(spec["from"]).strip().lower())
    if name is None:
        if column.required or explicit:
            near = get_close_matches(str(spec["from"]).lower(), found, n=1, cutoff=0.5)
            nearest = found[near[0]] if near else ""
            code = "missing_column_near" if nearest else "missing_column"
            raise Refused(code, column=spec["from"], nearest=nearest, present=", ".join(header[:12]))
        return "NULL"
    sql = quoted(name)
    sql = _without_empty(sql, spec.get("empty", mapping.of("empty", [])))
    if "codes" in spec:
        return _coded(sql, spec)
    if column.type == "date":
        return _dated(sql, spec.get("dates", mapping.of("dates")))
    if column.type in ("money", "integer"):
        return _amount(sql, spec.get("amounts", mapping.of("amounts")))
    if column.type in ("text", "card", "currency"):
        return f"nullif(trim({sql}), '')"
    return sql


def _without_empty(sql: str, empty: Any) -> str:
    for value in [empty] if isinstance(empty, str) else empty:
        sql = f"nullif({sql}, {literal(value)})"
    return sql


def _derived(column: Column, text: str, mapping: Mapping, header: list[str]) -> str:
    try:
        made = check_expression(text, dict.fromkeys(header, Type.TEXT))
    except ExpressionError as error:
        raise wrong(mapping.name, f"columns.{column.name}.derive", str(error)) from error
    if column.type == "yes_no" and made.type is Type.BOOLEAN:
        return f"CASE WHEN {made.sql} THEN 'yes' ELSE 'no' END"
    if column.type == "money":
        return f"CAST(TRY_CAST({made.sql} AS DECIMAL(18,2)) AS VARCHAR)"
    return f"CAST({made.sql} AS VARCHAR)"


def _coded(sql: str, spec: dict[str, Any]) -> str:
    branches = " ".join(f"WHEN {literal(code)} THEN {literal(value)}" for code, value in spec["codes"].items())
    otherwise = literal(spec["otherwise"]) if "otherwise" in spec else f"{literal(UNKNOWN)} || trim({sql})"
    return f"CASE WHEN trim({sql}) = '' THEN NULL ELSE CASE trim({sql}) {branches} ELSE {otherwise} END END"


def _dated(sql: str, formats: Any) -> str:
    if not formats:
        return sql
    listed = ", ".join(literal(each) for each in ([formats] if isinstance(formats, str) else formats))
    read = f"translate(trim({sql}), {literal(FULL_WIDTH)}, {literal(HALF_WIDTH)})"
    return f"coalesce(CAST(CAST(TRY_STRPTIME({read}, [{listed}]) AS DATE) AS VARCHAR), {sql})"


def _amount(sql: str, how: dict[str, Any] | None) -> str:
    if not how:
        return sql
    text = f"trim({sql})"
    if how.get("full_width", True):
        text = f"trim(translate({text}, {literal(FULL_WIDTH)}, {literal(HALF_WIDTH)}))"
    for symbol in how.get("symbols", ["¥", "￥"]):  # noqa: RUF001
        text = f"replace({text}, {literal(symbol)}, '')"
    if how.get("thousands"):
        text = f"replace({text}, {literal(how['thousands'])}, '')"
    if how.get("decimal", ".") != ".":
        text = f"replace({text}, {literal(how['decimal'])}, '.')"
    for marks, sign in ((how.get("credit", []), "-"), (how.get("debit", []), "")):
        for mark in [marks] if isinstance(marks, str) else marks:
            cut = f"trim(left({text}, length({text}) - {len(mark)}))"
            ends = f"upper({text}) LIKE {literal('%' + mark.upper())}"
            text = f"CASE WHEN {ends} THEN {literal(sign)} || {cut} ELSE {text} END"
    text = f"CASE WHEN {text} LIKE '%-' THEN '-' || rtrim({text}, '- ') ELSE {text} END"
    text = f"CASE WHEN {text} LIKE '(%)' THEN '-' || replace(replace({text}, '(', ''), ')', '') ELSE {text} END"
    if how.get("minor_units"):
        text = f"coalesce(CAST(CAST(TRY_CAST({text} AS DECIMAL(18,0)) * 0.01 AS DECIMAL(18,2)) AS VARCHAR), {text})"
    if how.get("negate"):
        text = f"coalesce(CAST(-TRY_CAST({text} AS DECIMAL(18,2)) AS VARCHAR), {text})"
    return text
