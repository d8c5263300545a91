"""Control totals: what the bank says a file holds, against what was read."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from dunwell.intake.checking import UNREADABLE, Wrong
from dunwell.intake.contract import Contract
from dunwell.intake.mapping import Mapping, quoted
from dunwell.intake.refusal import Refused

SIDE_FILE = ".ctl"
_ROWS = ("rows", "count", "records", "笔数", "总笔数")
_LINE = re.compile(r"\s*([^=:,\t|]+?)\s*[=:,\t|]\s*([-+\d,.]+)\s*$")


def said(
    path: Path, trailer: list[str] | None, mapping: Mapping, contract: Contract, side_file: Path | None = None
) -> dict[str, Any]:
    """{"rows": n, "sums": {column: Decimal}} from the trailer or the side file; empty when there is neither."""
    beside = side_file or path.with_name(path.name + SIDE_FILE)
    if trailer is not None:
        return _of_trailer(trailer, mapping, contract)
    if beside.exists():
        return _of_side_file(beside.read_text("utf-8-sig"), contract)
    return {}


def _of_trailer(cells: list[str], mapping: Mapping, contract: Contract) -> dict[str, Any]:
    layout = mapping.of("totals") or {}
    sums: dict[str, Decimal] = {}
    if "rows" in layout or "sums" in layout:  # positions, counted from 1
        rows = _whole(_cell(cells, layout.get("rows", 2)))
        for column, position in (layout.get("sums") or {}).items():
            sums[column] = _amount(_cell(cells, position), column)
    else:
        rows = _whole(_cell(cells, 2))
        for cell in cells[2:]:
            if cell:
                name, _, amount = cell.partition("=")
                sums[name.strip()] = _amount(amount, name)
    return {"rows": rows, "sums": _summable(sums, contract)}


def _of_side_file(text: str, contract: Contract) -> dict[str, Any]:
    rows, sums = None, {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.match(line)
        if not found:
            raise Refused("totals_unreadable", found=line.strip()[:60])
        name, value = found[1], found[2]
        if name.lower() in _ROWS:
            rows = _whole(value)
        else:
            sums[name] = _amount(value, name)
    return {"rows": rows, "sums": _summable(sums, contract)}


def _summable(sums: dict[str, Decimal], contract: Contract) -> dict[str, Decimal]:
    amounts = {column.name for column in contract.columns if column.type == "money"}
    for name in sums:
        if name not in amounts:
            raise Refused("totals_unreadable", found=name)
    return sums


def _cell(cells: list[str], position: int) -> str:
    if position > len(cells):
        raise Refused("totals_unreadable", found=" ".join(cells)[:60])
    return cells[position - 1]


def _whole(text: str) -> int:
    try:
        return int(text.replace(",", ""))
    except ValueError:
        raise Refused("totals_unreadable", found=text[:60]) from None


def _amount(text: str, name: str) -> Decimal:
    try:
        return Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        raise Refused("totals_unreadable", found=f"{name}={text}"[:60]) from None


def agree(connection: DuckDBPyConnection, told: dict[str, Any], rows: int, wrong: list[Wrong]) -> dict[str, Any]:
    """Compare; answers {"rows": [said, found], "sums": {column: [said, found]}, "unproved": [columns]}.

    Refused (`rows_disagree`, `sum_disagrees`) with both figures. A sum over a column in which a value cannot be
    read is neither proved nor disproved: it is named as unproved, and the row stands in quarantine.
    """
    if not told:
        return {}
    if told["rows"] is not None and told["rows"] != rows:
        raise Refused("rows_disagree", said=told["rows"], found=rows)
    control: dict[str, Any] = {"rows": [told["rows"], rows], "sums": {}, "unproved": []}
    for column, amount in told["sums"].items():
        found = connection.execute(f"SELECT coalesce(sum({quoted(column)}), 0) FROM checked").fetchone()[0]
        if found != amount:
            if not any(each.code in UNREADABLE and each.column in (column, "") for each in wrong):
                raise Refused("sum_disagrees", column=column, said=amount, found=found)
            control["unproved"].append(column)
        control["sums"][column] = [str(amount), str(found)]
    return control
