"""The contracts: what each kind of file must hold. They are data (`contracts/*.yaml`); this reads them.

A contract names its columns with their types, its key, what it refers to, and its checks, written in the one
expression language over the typed columns and `business_date`. `schema(...)` is the same as JSON Schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml

KINDS = ("parties", "accounts", "cards", "contact_points", "statements", "transactions", "instruction_answers")
"""Every kind of file."""

#: The column of the lake that stands for a key with a personal part, so that a row is known again.
KEY_DIGEST = "key_digest"
#: What a column of a type is in the lake and in expressions.
SQL_TYPES = {
    "text": "VARCHAR",
    "card": "VARCHAR",
    "currency": "VARCHAR",
    "date": "DATE",
    "integer": "INTEGER",
    "money": "DECIMAL(18,2)",
    "yes_no": "BOOLEAN",
}
EXPRESSION_TYPES = {
    "text": "text",
    "card": "text",
    "currency": "text",
    "date": "date",
    "integer": "integer",
    "money": "decimal",
    "yes_no": "boolean",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `zero`: an empty cell means 0.00. `personal`: never in the lake, masked in errors."""

    name: str
    type: str
    en: str
    zh: str
    required: bool = False
    personal: bool = False
    zero: bool = False
    max: int | None = None
    min: float | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule over one row: wrong (or, with `warning`, odd) when its condition holds; `expected` is an expression."""

    code: str
    column: str
    wrong_when: str
    expected: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a kind of file must hold."""

    kind: str
    meaning: dict[str, str]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    checks: tuple[Check, ...] = ()
    refers: dict[str, str] = field(default_factory=dict)
    numbers: tuple[dict[str, Any], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def about_people(self) -> bool:
        """Whether the file carries personal data, so that its rows are checked number by number."""
        return any(column.personal for column in self.columns)

    @property
    def lake_columns(self) -> tuple[str, ...]:
        """What goes to the lake: pseudonyms, codes, dates and amounts."""
        return tuple(column.name for column in self.columns if not column.personal)

    @property
    def key_in_lake(self) -> bool:
        """Whether the lake has the whole key; else it has a keyed hash of it (KEY_DIGEST)."""
        return set(self.key) <= set(self.lake_columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@cache
def load(kind: str) -> Contract:
    """The contract of a kind (one of KINDS); KeyError when there is none."""
    if kind not in KINDS:
        raise KeyError(kind)
    data = yaml.safe_load(resources.files("dunwell.intake").joinpath("contracts", f"{kind}.yaml").read_text("utf-8"))
    columns = tuple(Column(**{**given, "values": tuple(given.get("values", ()))}) for given in data.pop("columns"))
    checks = tuple(Check(**given) for given in data.pop("checks", ()))
    return Contract(
        kind=data["kind"],
        meaning=data["meaning"],
        key=tuple(data["key"]),
        columns=columns,
        checks=checks,
        refers=data.get("refers", {}),
        numbers=tuple(data.get("numbers", ())),
    )


def schema(contract: Contract) -> dict[str, Any]:
    """JSON Schema (2020-12) of one row as text cells, the way a CSV file carries it."""
    properties = {column.name: _cell(column) for column in contract.columns}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:dunwell:intake:{contract.kind}",
        "title": contract.meaning["en"],
        "type": "object",
        "properties": properties,
        "required": [column.name for column in contract.columns if column.required],
        "additionalProperties": True,
        "x-key": list(contract.key),
        "x-checks": [
            {"code": check.code, "column": check.column, "warning": check.warning} for check in contract.checks
        ],
    }


_PATTERNS = {
    "currency": "^[A-Z]{3}$",
    "card": r"^\d{13,19}$",
    "integer": r"^[+-]?\d{1,9}$",
    "money": r"^[+-]?\d{1,16}(\.\d{1,2})?$",
    "yes_no": "^(yes|no)$",
}


def _cell(column: Column) -> dict[str, Any]:
    cell: dict[str, Any] = {"type": "string", "title": column.zh, "description": column.en, "x-type": column.type}
    if column.values:
        cell["enum"] = list(column.values) if column.required else ["", *column.values]
    elif column.type in _PATTERNS:
        pattern = _PATTERNS[column.type]
        cell["pattern"] = pattern if column.required else f"^$|{pattern}"
    if column.type == "date":
        cell["format"] = "date"
    if column.type == "text" and column.max and not column.values:
        cell["maxLength"] = column.max
    if column.required and not column.values:
        cell["minLength"] = 1
    for name, bound in (("x-minimum", column.min), ("x-maximum", column.max if column.type == "integer" else None)):
        if bound is not None:
            cell[name] = bound
    if column.personal:
        cell["x-personal"] = True
    return cell
