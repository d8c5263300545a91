"""Figures made ready for a template: text, address, formula and time stamp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from dunwell.compliance.rules.pack import Pack
from dunwell.compliance.words import rule
from dunwell.frame.templatetags.frame import sentence
from dunwell.kernel.times import BANK_ZONE
from dunwell.oversight.queries import Scope
from dunwell.oversight.rules import BUCKETS, LEFT, Matrix

SHOWN = 200


def now() -> datetime:
    """This moment on the bank's clock."""
    return timezone.now().astimezone(BANK_ZONE)


def table(
    request: HttpRequest,
    *,
    rows: list[list[Cell]],
    sums: list[Cell] | None = None,
    back: str = "/reports",
    **context: object,
) -> HttpResponse:
    """A report's page: figures, formula, rows and their sums, and the files to take away for those who may."""
    may_export = request.user.may("report.export")
    shown = {**context, "rows": rows, "sums": sums if rows else None, "back": back, "may_export": may_export}
    return render(request, "oversight/table.html", shown)


@dataclass(frozen=True, slots=True)
class Figure:
    """A key figure: its value in words, the formula it follows, its time stamp, and the rows behind it."""

    label: object
    value: str
    unit: str
    formula: object
    beside: str = ""
    tone: str = ""
    stamp: str = ""
    href: str = ""
    beside_href: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """`code` is what scripts and auditors call what the text says in words."""

    text: object
    number: bool = False
    href: str = ""
    code: str = ""


def rule_cell(codes: str, pack: Pack, *, others: Mapping[str, object] | None = None) -> Cell:
    """Rules (their codes with a space between) by what /rules calls them, and their codes; a dash for none.

    `others` are codes of other things that stand in the same column.
    """
    known = {code: str(others[code]) if others and code in others else rule(code, pack) for code in codes.split()}
    named = [code for code in known if code in pack.rules]
    return Cell(sentence(known.values()) or "–", code=" ".join(named))


@dataclass(frozen=True, slots=True)
class Column:
    label: object
    number: bool = False


def rows_behind(figure: str, scope: Scope, *, collector: int | None = None, form: str = "") -> str:
    """The address of the rows behind a figure of a day (queries.FIGURES); of their file with `form`."""
    asked: dict[str, object] = {"day": scope.day.isoformat(), "currency": scope.currency}
    if collector is not None:
        asked["collector"] = collector
    return f"/reports/behind/{figure}{f'.{form}' if form else ''}?{urlencode(asked)}"


def heat_table(matrix: Matrix, before: Matrix | None, *, currency: str) -> dict[str, object]:
    """The heat map of a month: every cell with its number and its accounts, the roll rate and its change in points."""
    rows = []
    for source in BUCKETS:
        cells = []
        for to in (*BUCKETS, LEFT):
            found = matrix.cell(source, to)
            value = found.share_of_balance * 100 if found and found.share_of_balance is not None else None
            asked = urlencode({"month": matrix.month.isoformat(), "from": source, "to": to, "currency": currency})
            cells.append(
                {
                    "value": value,
                    "heat": _heat(value),
                    "is_roll": bool(found and found.is_roll),
                    "href": f"/portfolio/accounts?{asked}",
                }
            )
        worse, earlier = matrix.roll(source), before.roll(source) if before else None
        gain = (worse - earlier) * 100 if worse is not None and earlier is not None else None
        rows.append(
            {
                "bucket": source,
                "cells": cells,
                "worse": None if worse is None else worse * 100,
                "worse_href": next((cell["href"] for cell in cells if cell["is_roll"]), ""),
                "gain": gain,
                "gain_bad": gain is not None and gain >= Decimal("0.05"),
            }
        )
    return {"buckets": BUCKETS, "rows": rows, "month": matrix.month}


def _heat(value: Decimal | None) -> str:
    return "h0" if value is None else f"h{sum(value >= edge for edge in (1, 5, 20, 50, 80))}"
