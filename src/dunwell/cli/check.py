"""`dunwell check WHAT FILE.csv`: the product's own rules on somebody else's cases. No database, no home, no keys."""

from __future__ import annotations

import argparse
import csv
import io
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from dunwell.kernel.cases import Check, Row, Unanswerable

if TYPE_CHECKING:
    from _csv import Reader

#: WHAT → the module in the room whose rule it is; imported when it is asked for.
CHECKS = {
    "ageing": "dunwell.arrears.checks.ageing",
    "interest": "dunwell.arrears.checks.interest",
    "allocation": "dunwell.arrears.checks.allocation",
    "schedule": "dunwell.arrears.checks.schedule",
    "rate": "dunwell.arrears.checks.rate",
    "contacts": "dunwell.compliance.checks.contacts",
    "numbers": "dunwell.portfolio.checks.numbers",
    "days": "dunwell.portfolio.checks.days",
}
ALL_ANSWERED, SOME_NOT, WRONG_USAGE = 0, 1, 2
CENT = Decimal("0.01")


class WrongUsage(Exception):
    """The file cannot be put to the rule at all; the text is one sentence."""


def run(options: argparse.Namespace) -> int:
    """Answer the file's cases; the exit code of `docs/check.md`."""
    try:
        check = load(options.what)
        columns, rows = read(Path(options.file), check)
        table, unanswered = answer(check, columns, rows)
        write(table, Path(options.out) if options.out else None)
    except WrongUsage as wrong:
        print(f"dunwell: {wrong}", file=sys.stderr)
        return WRONG_USAGE
    return SOME_NOT if unanswered else ALL_ANSWERED


def load(what: str) -> Check:
    """The check by its name. WrongUsage: this version has not got it."""
    from django.conf import settings

    if not settings.configured:  # reference tables look below the home for newer ones; nothing is made there
        from dunwell.cli.kept import default_home

        settings.configure(HOME=default_home(), USE_TZ=True)
    try:
        return import_module(CHECKS[what]).CHECK
    except ModuleNotFoundError as missing:
        if missing.name != CHECKS[what]:
            raise
        raise WrongUsage(f"This version has no check {what}.") from None


def read(path: Path, check: Check) -> tuple[list[str], list[Row]]:
    """The header's columns, and each row; one that has not as many fields as the header is at fault."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise WrongUsage(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{path} is not UTF-8: byte {error.start + 1} is {error.object[error.start]:#04x}.") from None
    csv.field_size_limit(1 << 30)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        columns = [name.strip() for name in next(reader, [])]
        if not any(columns):
            raise WrongUsage(f"{path} has no header.")
        if twice := sorted({name for name in columns if columns.count(name) > 1}):
            raise WrongUsage(f"{path} has the column {', '.join(twice)} twice.")
        if missing := [name for name in check.reads if name not in columns]:
            raise WrongUsage(f"{path} has no column {', '.join(missing)}; there are {', '.join(columns)}.")
        return columns, list(_rows(reader, columns))
    except csv.Error as error:
        raise WrongUsage(f"{path} is not CSV: line {reader.line_num}: {error}.") from None


def _rows(reader: Reader, columns: list[str]) -> Iterator[Row]:
    for number, fields in enumerate(reader, start=2):
        if not fields:  # an empty line
            continue
        fault = None
        if len(fields) != len(columns):
            fault = Unanswerable(f"Row {number}: found {len(fields)} fields, expected {len(columns)} as in the header.")
        yield Row(dict(zip_longest(columns, fields[: len(columns)], fillvalue="")), number, fault)


def answer(check: Check, columns: Sequence[str], rows: Sequence[Row]) -> tuple[list[list[str]], int]:
    """The table, header first, and how many cases have no answer."""
    return (_beside if check.beside else _own_table)(check, columns, rows)


def _answered(check: Check, cases: Sequence[Sequence[Row]]) -> list:
    faults = [next((row.fault for row in rows if row.fault), None) for rows in cases]
    good = iter(check.answered([rows for rows, fault in zip(cases, faults, strict=True) if fault is None]))
    return [fault if fault is not None else next(good) for fault in faults]


def _beside(check: Check, columns: Sequence[str], rows: Sequence[Row]) -> tuple[list[list[str]], int]:
    added = [name for name in (*check.answers, "error") if name not in columns]
    table, unanswered = [[*columns, *added]], 0
    for row, found in zip(rows, _answered(check, [[row] for row in rows]), strict=True):
        if isinstance(found, Unanswerable):
            unanswered += 1
            values: dict[str, str] = {"error": str(found)}
        else:
            values = {name: written(value) for name, value in found[0].items()}
        kept = [row[name] or values.get(name, "") for name in columns]
        table.append([*kept, *(values.get(name, "") for name in added)])
    return table, unanswered


def _own_table(check: Check, columns: Sequence[str], rows: Sequence[Row]) -> tuple[list[list[str]], int]:
    cases: dict[str, list[Row]] = {}
    for row in rows:
        if not row[check.key]:
            row.fault = row.fault or row.wrong(check.key, "what its case is called")
        cases.setdefault(row[check.key], []).append(row)
    table, unanswered = [[check.key, *check.answers, "error"]], 0
    for key, found in zip(cases, _answered(check, list(cases.values())), strict=True):
        if isinstance(found, Unanswerable):
            unanswered += 1
            table.append([key, *[""] * len(check.answers), str(found)])
            continue
        for line in found:
            table.append([key, *(written(line.get(name)) for name in check.answers), ""])
    return table, unanswered


def written(value: object) -> str:
    """A value as a cell: yes and no, at least two decimals, dates as ISO, lists joined by `;`."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return format(value.quantize(CENT) if isinstance(exponent, int) and exponent > -2 else value, "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ";".join(map(written, value))
    return str(value)


def write(table: Sequence[Sequence[str]], path: Path | None) -> None:
    """CSV, UTF-8, to the file, which is there whole or not at all, or to standard output."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(table)
    data = out.getvalue().encode()
    if path is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        descriptor, draft = tempfile.mkstemp(prefix=".", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    except OSError as error:
        raise WrongUsage(f"{path} cannot be written: {error.strerror}.") from None
