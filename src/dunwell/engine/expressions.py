"""The one expression language: what mappings, segments and rule tables may say.

A subset of DuckDB's SQL expressions: columns, literals, comparison, arithmetic, AND/OR/NOT, CASE, IN,
BETWEEN, LIKE, IS NULL and the functions in `FUNCTIONS`. It is parsed, every column is looked up, every
operand is typed, and what comes out is SQL that sqlglot also carries to Spark. No statement, sub-query,
table, clock or random number can be written in it. A cast that fails and a division by zero are NULL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError


class Type(StrEnum):
    """What a value is. NULL is the type of the literal NULL, which fits everywhere."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    BOOLEAN = "boolean"
    NULL = "null"


_ALIASES: dict[object, Type] = {
    "money": Type.DECIMAL,
    "rate": Type.DECIMAL,
    "code": Type.TEXT,
    str: Type.TEXT,
    int: Type.INTEGER,
    Decimal: Type.DECIMAL,
    date: Type.DATE,
    bool: Type.BOOLEAN,
}
_NUMBERS = {Type.INTEGER, Type.DECIMAL, Type.NULL}
_TEXTS = {Type.TEXT, Type.NULL}
_DATES = {Type.DATE, Type.NULL}
_BOOLEANS = {Type.BOOLEAN, Type.NULL}

FUNCTIONS: tuple[str, ...] = (
    *("abs", "round", "floor", "ceil", "least", "greatest", "coalesce", "nullif", "if", "cast"),
    *("length", "lower", "upper", "trim", "replace", "substring", "left", "right", "lpad", "rpad"),
    *("concat", "starts_with", "contains", "year", "month", "day", "last_day", "date_diff"),
)
"""Every function of the language, by its name as written."""

_NAMES: dict[type[exp.Expression], str] = {
    exp.Abs: "abs",
    exp.Round: "round",
    exp.Floor: "floor",
    exp.Ceil: "ceil",
    exp.Least: "least",
    exp.Greatest: "greatest",
    exp.Coalesce: "coalesce",
    exp.Nullif: "nullif",
    exp.If: "if",
    exp.Length: "length",
    exp.Lower: "lower",
    exp.Upper: "upper",
    exp.Trim: "trim",
    exp.Replace: "replace",
    exp.Substring: "substring",
    exp.Left: "left",
    exp.Right: "right",
    exp.Concat: "concat",
    exp.StartsWith: "starts_with",
    exp.Contains: "contains",
    exp.Year: "year",
    exp.Month: "month",
    exp.Day: "day",
    exp.LastDay: "last_day",
}
# name -> (types of the arguments, type of the answer); what depends on its arguments is in _Checker
_SIGNATURES: dict[str, tuple[tuple[set[Type], ...], Type]] = {
    "length": ((_TEXTS,), Type.INTEGER),
    "lower": ((_TEXTS,), Type.TEXT),
    "upper": ((_TEXTS,), Type.TEXT),
    "trim": ((_TEXTS, _TEXTS), Type.TEXT),
    "replace": ((_TEXTS, _TEXTS, _TEXTS), Type.TEXT),
    "substring": ((_TEXTS, _NUMBERS, _NUMBERS), Type.TEXT),
    "left": ((_TEXTS, _NUMBERS), Type.TEXT),
    "right": ((_TEXTS, _NUMBERS), Type.TEXT),
    "starts_with": ((_TEXTS, _TEXTS), Type.BOOLEAN),
    "contains": ((_TEXTS, _TEXTS), Type.BOOLEAN),
    "year": ((_DATES,), Type.INTEGER),
    "month": ((_DATES,), Type.INTEGER),
    "day": ((_DATES,), Type.INTEGER),
    "last_day": ((_DATES,), Type.DATE),
    "floor": ((_NUMBERS,), Type.INTEGER),
    "ceil": ((_NUMBERS,), Type.INTEGER),
}
_CASTS = {
    exp.DType.DECIMAL: Type.DECIMAL,
    exp.DType.DATE: Type.DATE,
    exp.DType.INT: Type.INTEGER,
    exp.DType.BIGINT: Type.INTEGER,
    exp.DType.TEXT: Type.TEXT,
    exp.DType.VARCHAR: Type.TEXT,
}
_MAX_LENGTH = 4000


class ExpressionError(ValueError):
    """What is wrong, and where: line and column count from 1 in the text of the expression.

    `code` and `params` let a page say it in the reader's language; `str()` is the English sentence.
    """

    def __init__(self, code: str, sentence: str, *, line: int, column: int, where: str = "", **params: str) -> None:
        self.code, self.sentence, self.where, self.params = code, sentence, where, params
        self.line, self.column = line, column
        place = f"{where}, " if where else ""
        super().__init__(f"{place}line {line}, column {column}: {sentence}")


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression as SQL, with the type of its value and the columns that it reads."""

    sql: str
    type: Type
    columns: frozenset[str]


def type_of(name: object) -> Type:
    """The Type meant by its name (`text`, `money`, ...) or by a Python type (str, Decimal, date, int, bool)."""
    found = _ALIASES.get(name)
    return found if found is not None else Type(str(name))


def compile_expression(
    text: str,
    columns: Mapping[str, object],
    *,
    expect: object = None,
    values: Mapping[str, Collection[str]] | None = None,
    where: str = "",
) -> str:
    """The SQL of an expression (see `check_expression` for the arguments and errors)."""
    return check_expression(text, columns, expect=expect, values=values, where=where).sql


def check_expression(
    text: str,
    columns: Mapping[str, object],
    *,
    expect: object = None,
    values: Mapping[str, Collection[str]] | None = None,
    where: str = "",
) -> Compiled:
    """Parse, type-check and compile an expression.

    `columns` names every column it may read with its type; `expect` is the type its value must have
    (an integer fits where a decimal is expected); `values` lists the only values of a text column, so
    that a misspelt one is found here; `where` stands in front of the error (file and key). Raises
    ExpressionError.
    """
    tree = parsed(text, where=where)
    checker = _Checker(text, columns, values or {}, where)
    found = checker.type(tree)
    if expect is not None:
        wanted = type_of(expect)
        fits = found in (wanted, Type.NULL) or (wanted is Type.DECIMAL and found is Type.INTEGER)
        if not fits:
            raise checker.error("wrong_type", f"gives {found}, and {wanted} is needed here", tree)
    return Compiled(checker.rewritten(tree).sql(dialect="duckdb", identify=True), found, frozenset(checker.read))


def parsed(text: str, *, where: str = "") -> exp.Expression:
    """The tree of an expression, of which nothing is checked yet. Raises ExpressionError."""
    if not isinstance(text, str) or not text.strip():
        raise ExpressionError("empty", "the expression is empty", line=1, column=1, where=where)
    if len(text) > _MAX_LENGTH:
        raise ExpressionError("too_long", f"longer than {_MAX_LENGTH} characters", line=1, column=1, where=where)
    try:
        return sqlglot.parse_one(text, dialect="duckdb")
    except SqlglotError as error:
        raise _unreadable(error, text, where) from error


def function_name(node: exp.Expression) -> str:
    """A function by its name as written."""
    if isinstance(node, exp.Pad):
        return "lpad" if node.args.get("is_left") else "rpad"
    return _NAMES.get(type(node), "concat" if isinstance(node, exp.DPipe) else node.key)


def _unreadable(error: SqlglotError, text: str, where: str) -> ExpressionError:
    details = (getattr(error, "errors", None) or [{}])[0]
    line, column = details.get("line") or 1, details.get("col") or 1
    near = (details.get("highlight") or "").strip()
    sentence = f"cannot be read near {near!r}" if near else f"cannot be read: {text.strip()[:60]!r}"
    return ExpressionError("unreadable", sentence, line=line, column=column, where=where, near=near)


class _Checker:
    """Types a tree from its leaves up; the first thing that is wrong ends it."""

    def __init__(
        self, text: str, columns: Mapping[str, object], values: Mapping[str, Collection[str]], where: str
    ) -> None:
        self.text, self.values, self.where = text, values, where
        self.columns = {name: type_of(kind) for name, kind in columns.items()}
        self.folded = {name.lower(): name for name in self.columns}
        self.read: set[str] = set()

    def error(self, code: str, sentence: str, node: exp.Expression, **params: str) -> ExpressionError:
        place = next((n.meta for n in _walk(node) if "line" in n.meta), None)
        if place is None:
            return ExpressionError(code, sentence, line=1, column=1, where=self.where, **params)
        column = place["start"] - self.text.rfind("\n", 0, place["start"])
        return ExpressionError(code, sentence, line=place["line"], column=column, where=self.where, **params)

    def type(self, node: exp.Expression) -> Type:
        """The type of a node, or ExpressionError."""
        visit = _VISITS.get(type(node))
        if visit is not None:
            return visit(self, node)
        name = _NAMES.get(type(node))
        if name in _SIGNATURES:
            return self._signature(node, name)
        raise self._not_allowed(node)

    def rewritten(self, tree: exp.Expression) -> exp.Expression:
        """The checked tree, its casts and divisions made to give NULL instead of stopping the run."""

        def safe(node: exp.Expression) -> exp.Expression:
            if isinstance(node, exp.Column):
                return exp.column(exp.to_identifier(self.folded[node.name.lower()], quoted=True))
            if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast):
                if isinstance(node.this, exp.Literal):
                    return node
                return exp.TryCast(this=node.this, to=node.args["to"])
            if isinstance(node, exp.Div):
                below = exp.Nullif(this=node.expression, expression=exp.Literal.number(0))
                divided = exp.Div(this=node.this, expression=below, typed=node.args.get("typed"), safe=True)
                return exp.TryCast(this=exp.Paren(this=divided), to=exp.DataType.build("DECIMAL(28, 8)"))
            return node

        return _bottom_up(tree.copy(), safe)

    def _not_allowed(self, node: exp.Expression) -> ExpressionError:
        if isinstance(node, exp.Anonymous | exp.Func):
            name = node.name if isinstance(node, exp.Anonymous) else node.sql_name().lower()
            near = get_close_matches(name.lower(), FUNCTIONS, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; allowed are: {', '.join(FUNCTIONS)}"
            return self.error("function", f"the function {name} is not part of the language{hint}", node, name=name)
        return self.error("not_allowed", f"not part of the expression language: {node.sql('duckdb')[:60]}", node)

    def _need(self, node: exp.Expression, allowed: set[Type], meant: str) -> Type:
        found = self.type(node)
        if found not in allowed:
            raise self.error("operand", f"{node.sql('duckdb')} is {found}, and {meant} is needed here", node)
        return found

    def _signature(self, node: exp.Expression, name: str) -> Type:
        wanted, answer = _SIGNATURES[name]
        arguments = [part for part in node.args.values() if isinstance(part, exp.Expression)]
        if len(arguments) > len(wanted):
            raise self.error("arguments", f"{name} takes at most {len(wanted)} arguments", node)
        for argument, allowed in zip(arguments, wanted, strict=False):
            self._need(argument, allowed, _meant(allowed))
        return answer

    def _column(self, node: exp.Column) -> Type:
        name = self.folded.get(node.name.lower())
        if name is None or node.table:
            written = node.sql("duckdb")
            near = get_close_matches(written.lower(), self.folded, n=1, cutoff=0.6)
            hint = f"; did you mean {self.folded[near[0]]}?" if near else ""
            raise self.error("column", f"there is no column {written}{hint}", node, name=written)
        self.read.add(name)
        return self.columns[name]

    def _literal(self, node: exp.Literal) -> Type:
        if node.is_string:
            return Type.TEXT
        if not re.fullmatch(r"\d+(\.\d+)?|\.\d+", node.name):
            raise self.error("number", f"{node.name} is not a plain number", node)
        return Type.DECIMAL if "." in node.name else Type.INTEGER

    def _comparison(self, node: exp.Expression) -> Type:
        self._comparable(node.this, [node.expression])
        return Type.BOOLEAN

    def _comparable(self, left: exp.Expression, others: list[exp.Expression]) -> None:
        first = self.type(left)
        for other in others:
            found = self.type(other)
            if not _same(first, found):
                sentence = f"{left.sql('duckdb')} is {first} and {other.sql('duckdb')} is {found}: they do not compare"
                if Type.DATE in (first, found) and Type.TEXT in (first, found):
                    sentence += "; write a date as DATE '2026-11-23'"
                raise self.error("compare", sentence, other)
            self._known_value(left, other)
            self._known_value(other, left)

    def _known_value(self, column: exp.Expression, value: exp.Expression) -> None:
        if isinstance(column, exp.Column) and isinstance(value, exp.Literal) and value.is_string:
            allowed = self.values.get(self.folded.get(column.name.lower(), ""))
            if allowed is not None and value.name not in allowed:
                near = get_close_matches(value.name, allowed, n=1)
                hint = f"; did you mean '{near[0]}'?" if near else f"; its values are: {', '.join(sorted(allowed))}"
                raise self.error("value", f"{column.name} is never '{value.name}'{hint}", value, value=value.name)

    def _arithmetic(self, node: exp.Expression) -> Type:
        left, right = self.type(node.this), self.type(node.expression)
        dates = [side is Type.DATE for side in (left, right)]
        if isinstance(node, exp.Sub) and all(dates):
            return Type.INTEGER
        if isinstance(node, exp.Add | exp.Sub) and dates[0] and right is Type.INTEGER:
            return Type.DATE
        for side, found in ((node.this, left), (node.expression, right)):
            if found not in _NUMBERS:
                raise self.error("operand", f"{side.sql('duckdb')} is {found}, and a number is needed here", side)
        if isinstance(node, exp.Div) or Type.DECIMAL in (left, right):
            return Type.DECIMAL
        return Type.INTEGER

    def _logic(self, node: exp.Expression) -> Type:
        for part in (node.this, node.args.get("expression")):
            if part is not None:
                self._need(part, _BOOLEANS, "a condition")
        return Type.BOOLEAN

    def _in(self, node: exp.In) -> Type:
        if {key for key, value in node.args.items() if value} - {"this", "expressions"}:
            raise self.error("not_allowed", "IN needs a list of values", node)
        self._comparable(node.this, node.expressions)
        return Type.BOOLEAN

    def _between(self, node: exp.Between) -> Type:
        self._comparable(node.this, [node.args["low"], node.args["high"]])
        return Type.BOOLEAN

    def _is(self, node: exp.Is) -> Type:
        self.type(node.this)
        if not isinstance(node.expression, exp.Null | exp.Boolean):
            raise self.error("not_allowed", "IS is followed by NULL, TRUE or FALSE", node)
        return Type.BOOLEAN

    def _like(self, node: exp.Like) -> Type:
        self._need(node.this, _TEXTS, "text")
        self._need(node.expression, _TEXTS, "text")
        return Type.BOOLEAN

    def _one_type(self, parts: list[exp.Expression]) -> Type:
        answer = Type.NULL
        for part in parts:
            found = self.type(part)
            if not _same(answer, found):
                raise self.error("mixed", f"{part.sql('duckdb')} is {found}, the values before it are {answer}", part)
            if answer in (Type.NULL, Type.INTEGER) and found is not Type.NULL:
                answer = found
        return answer

    def _case(self, node: exp.Case) -> Type:
        branches = node.args["ifs"]
        for branch in branches:
            if node.this is not None:
                self._comparable(node.this, [branch.this])
            else:
                self._need(branch.this, _BOOLEANS, "a condition")
        default = node.args.get("default")
        return self._one_type([branch.args["true"] for branch in branches] + ([default] if default else []))

    def _if(self, node: exp.If) -> Type:
        self._need(node.this, _BOOLEANS, "a condition")
        return self._one_type([part for key in ("true", "false") if (part := node.args.get(key)) is not None])

    def _same_types(self, node: exp.Expression) -> Type:
        parts = [node.this, *node.expressions, *filter(None, [node.args.get("expression")])]
        return self._one_type(parts)

    def _number_kept(self, node: exp.Expression) -> Type:
        decimals = node.args.get("decimals")
        if decimals is not None and not (isinstance(decimals, exp.Literal) and not decimals.is_string):
            raise self.error("arguments", "round takes a plain number of decimals", node)
        return self._need(node.this, _NUMBERS, "a number")

    def _pad(self, node: exp.Pad) -> Type:
        self._need(node.this, _TEXTS, "text")
        self._need(node.expression, _NUMBERS, "a number")
        self._need(node.args["fill_pattern"], _TEXTS, "text")
        return Type.TEXT

    def _concat(self, node: exp.Expression) -> Type:
        for part in node.expressions or [node.this, node.expression]:
            self._need(part, _TEXTS, "text")
        return Type.TEXT

    def _cast(self, node: exp.Cast) -> Type:
        found = self.type(node.this)
        to = node.args["to"]
        answer = _CASTS.get(to.this)
        if answer is None or node.args.get("format"):
            raise self.error("cast", f"no cast to {to.sql('duckdb')}: decimal(p, s), integer, date or varchar", node)
        if answer is Type.DATE and isinstance(node.this, exp.Literal):
            try:
                date.fromisoformat(node.this.name)
            except ValueError:
                raise self.error("date", f"'{node.this.name}' is not a date like 2026-11-23", node.this) from None
        if answer is Type.DATE and found not in _TEXTS | _DATES:
            raise self.error("cast", f"{found} does not become a date", node)
        return answer

    def _date_diff(self, node: exp.DateDiff) -> Type:
        unit = node.args.get("unit")
        if unit is None or unit.name.upper() not in ("DAY", "MONTH", "YEAR"):
            raise self.error("unit", "date_diff counts 'day', 'month' or 'year'", node)
        self._need(node.this, _DATES, "a date")
        self._need(node.expression, _DATES, "a date")
        return Type.INTEGER

    def _paren(self, node: exp.Paren) -> Type:
        return self.type(node.this)

    def _boolean(self, node: exp.Boolean) -> Type:
        return Type.BOOLEAN

    def _null(self, node: exp.Null) -> Type:
        return Type.NULL


_VISITS = {
    exp.Column: _Checker._column,
    exp.Literal: _Checker._literal,
    exp.Boolean: _Checker._boolean,
    exp.Null: _Checker._null,
    exp.Paren: _Checker._paren,
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE), _Checker._comparison),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), _Checker._arithmetic),
    **dict.fromkeys((exp.And, exp.Or, exp.Not), _Checker._logic),
    exp.In: _Checker._in,
    exp.Between: _Checker._between,
    exp.Is: _Checker._is,
    exp.Like: _Checker._like,
    exp.Case: _Checker._case,
    exp.If: _Checker._if,
    **dict.fromkeys((exp.Coalesce, exp.Least, exp.Greatest, exp.Nullif), _Checker._same_types),
    **dict.fromkeys((exp.Abs, exp.Round, exp.Neg), _Checker._number_kept),
    exp.Pad: _Checker._pad,
    **dict.fromkeys((exp.Concat, exp.DPipe), _Checker._concat),
    **dict.fromkeys((exp.Cast, exp.TryCast), _Checker._cast),
    exp.DateDiff: _Checker._date_diff,
}


def _same(left: Type, right: Type) -> bool:
    return left is right or Type.NULL in (left, right) or {left, right} <= _NUMBERS


def _meant(allowed: set[Type]) -> str:
    if allowed is _TEXTS:
        return "text"
    return "a date" if allowed is _DATES else "a number"


def _walk(node: exp.Expression) -> Iterator[exp.Expression]:
    """The node and what is below it, leftmost first."""
    yield node
    for child in node.iter_expressions():
        yield from _walk(child)


def _bottom_up(node: exp.Expression, change: Callable[[exp.Expression], exp.Expression]) -> exp.Expression:
    for child in list(node.iter_expressions()):
        new = _bottom_up(child, change)
        if new is not child:
            child.replace(new)
    return change(node)
