"""Reports as tables, for the command line and for download: the same rows as CSV, JSON and XLSX."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

import xlsxwriter

from dunwell.arrears.models import DifferenceExplanation, HostDifference
from dunwell.oversight import queries, rules
from dunwell.oversight.models import BucketDay
from dunwell.oversight.queries import inspection

Cell = str | int | Decimal | date | None


@dataclass(frozen=True, slots=True)
class Table:
    """A report's rows under code names that scripts may count on."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


class NoFigures(Exception):
    """Nothing was published for that business date."""


def bucket_table(day: date) -> Table:
    """`buckets`: by account, at the close of the business date; every currency by itself, all eight buckets."""
    found = {(row.currency, row.bucket): row for row in BucketDay.objects.filter(business_date=day)}
    if not found:
        raise NoFigures(day)
    rows: list[Sequence[Cell]] = []
    for currency in sorted({currency for currency, _ in found}):
        for bucket in rules.BUCKETS:
            row = found.get((currency, bucket))
            rows.append(
                (
                    currency,
                    bucket,
                    row.accounts if row else 0,
                    row.balance if row else Decimal("0.00"),
                    row.past_due if row else Decimal("0.00"),
                )
            )
    return Table("buckets", ("currency", "bucket", "accounts", "balance", "past_due"), rows)


def roll_rate_table(day: date, currency: str | None = None) -> Table:
    """`roll-rates`: every month end up to the business date; the balance is that of the month's start.

    Currencies are never added: it is the table of `currency`, by default the one with most accounts.
    """
    latest = queries.last_day(up_to=day)
    if latest is None:
        raise NoFigures(day)
    chosen = currency or queries.currencies(latest)[0]
    months = sorted(queries.roll_months(chosen, up_to=day))
    made = queries.matrices(months, chosen)
    order = {bucket: place for place, bucket in enumerate((*rules.BUCKETS, "none"))}
    rows = [
        (
            f"{month:%Y-%m}",
            cell.from_bucket,
            cell.to_bucket,
            cell.accounts,
            cell.share_of_accounts,
            cell.balance,
            cell.share_of_balance,
        )
        for month in months
        for cell in sorted(made[month].cells.values(), key=lambda c: (order[c.from_bucket], order[c.to_bucket]))
    ]
    columns = ("month", "from_bucket", "to_bucket", "accounts", "share_of_accounts", "balance", "share_of_balance")
    return Table("roll-rates", columns, rows)


def vintage_table(day: date, currency: str | None = None) -> Table:
    """`vintages`: recovery by cohort of entry, months counted from the month of entry."""
    latest = queries.last_day(up_to=day)
    if latest is None:
        raise NoFigures(day)
    found = queries.curves(currency or queries.currencies(latest)[0], up_to=day)
    rows = [
        (f"{each.cohort:%Y-%m}", age, each.accounts, each.entry_balance, value)
        for each in found
        for age, value in each.points
        if age
    ]
    return Table("vintages", ("cohort", "months", "accounts", "entry_balance", "recovery_rate"), rows)


def collector_table(day: date, currency: str | None = None, *, entity_id: int, now: datetime) -> Table:
    """`collectors`: each collector's day; the money in one currency, by default the one with most accounts."""
    latest = queries.last_close()
    chosen = currency or (latest[1][0] if latest else "CNY")
    columns = (
        "staff_no", "name_zh", "name_en", "contacts", "reached", "promises", "currency", "promised", "received", "cases",
    )  # fmt: skip
    rows = [
        (
            row.staff_no, row.name_zh, row.name_en, row.contacts, row.reached, row.promises, chosen, row.promised,
            row.received, row.cases,
        )
        for row in queries.collectors(queries.Scope(day, now, entity_id, chosen))
    ]  # fmt: skip
    return Table("collectors", columns, rows)


#: The reports by name. Those of the book are what a night published; the collectors' is counted from an entity's facts.
def difference_table(day: date, *, entity_id: int) -> Table:
    """`differences`: what lay beyond the tolerance at the close of the business date, and how it was explained."""
    if not BucketDay.objects.filter(business_date=day).exists():
        raise NoFigures(day)
    found = HostDifference.objects.filter(business_date=day, account__entity_id=entity_id).select_related("account")
    said = {
        (one.account_id, one.component, one.expected, one.found): one.reason
        for one in DifferenceExplanation.objects.filter(business_date=day)
    }
    rows = [
        (
            one.account.account_no, one.account.currency, one.component, one.expected, one.found, one.difference, one.cause,
            said.get((one.account_id, one.component, one.expected, one.found), ""),
        )
        for one in found.order_by("account__account_no", "component")
    ]  # fmt: skip
    columns = ("account_no", "currency", "component", "expected", "found", "difference", "cause", "explanation")
    return Table("differences", columns, rows)


def risk_class_table(day: date, *, entity_id: int) -> Table:
    """`risk-classes`: accounts in work and their balance by five-tier class, as they stand now."""
    if queries.last_day(up_to=day) is None:
        raise NoFigures(day)
    rows = [
        (row.currency, row.risk_class, row.accounts, row.balance) for row in queries.risk_classes(entity_id=entity_id)
    ]
    return Table("risk-classes", ("currency", "risk_class", "accounts", "balance"), rows)


def inspection_table(first: date, last: date, *, entity_id: int, seed: str = "", size: int | None = None) -> Table:
    """`inspection`: contacts by chance, breaches (none, or named), third parties, releases, looks and lists of a period.

    Without a `seed` it is the two days: whoever draws again gets the same contacts.
    """
    period = inspection.Period(first, last, entity_id)
    lines = inspection.inspection(period, seed=seed or f"{first}/{last}", size=size or inspection.SAMPLE)
    rows = [tuple(getattr(line, name) for name in inspection.COLUMNS) for line in lines]
    return Table("inspection", inspection.COLUMNS, rows)


REPORTS = ("buckets", "roll-rates", "vintages", "collectors", "differences", "risk-classes")


def report(name: str, business_date: date, *, entity_id: int, now: datetime, currency: str | None = None) -> Table:
    """A report by its name (one of REPORTS; KeyError otherwise). NoFigures when nothing was published."""
    made: dict[str, Callable[[], Table]] = {
        "buckets": lambda: bucket_table(business_date),
        "roll-rates": lambda: roll_rate_table(business_date, currency),
        "vintages": lambda: vintage_table(business_date, currency),
        "collectors": lambda: collector_table(business_date, currency, entity_id=entity_id, now=now),
        "differences": lambda: difference_table(business_date, entity_id=entity_id),
        "risk-classes": lambda: risk_class_table(business_date, entity_id=entity_id),
    }
    return made[name]()


def as_csv(table: Table, mark: str = "") -> bytes:
    """UTF-8 without BOM, a header, empty cells for nothing; a `mark` stands in a line of its own above the header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if mark:
        writer.writerow([f"# {mark}"])
    writer.writerow(table.columns)
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    return out.getvalue().encode("utf-8")


def as_json(table: Table, mark: str = "") -> bytes:
    """A list of objects; amounts and shares as strings, so that nothing is lost on the way. A `mark` stands beside it."""
    rows = [
        {
            name: cell if isinstance(cell, int | None) else str(_plain(cell))
            for name, cell in zip(table.columns, row, strict=True)
        }
        for row in table.rows
    ]
    told = {"mark": mark, "rows": rows} if mark else rows
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def as_xlsx(table: Table, mark: str = "") -> bytes:
    """A workbook of one sheet; numbers as numbers, text as text (never a formula).

    A `mark` stands in the file's properties, above and below each printed page, and on a sheet of its own.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": table.name, "author": "Dunwell", "comments": mark})
    head = book.add_format({"bold": True, "bottom": 1})
    forms = {
        Decimal: book.add_format({"num_format": "#,##0.00"}),
        "share": book.add_format({"num_format": "0.0000%"}),
        int: book.add_format({"num_format": "#,##0"}),
    }
    sheet = book.add_worksheet(table.name[:31])
    sheet.freeze_panes(1, 0)
    if mark:
        sheet.set_header(f"&R{mark}")
        sheet.set_footer(f"&L{mark}&R&P/&N")
        book.add_worksheet("mark").write_string(0, 0, mark)
    for place, name in enumerate(table.columns):
        sheet.write_string(0, place, name, head)
        is_share = name.startswith("share") or name.endswith("rate")
        sheet.set_column(place, place, max(12, len(name) + 2))
        for line, row in enumerate(table.rows, 1):
            cell = row[place]
            if isinstance(cell, Decimal):
                sheet.write_number(line, place, float(cell), forms["share" if is_share else Decimal])
            elif isinstance(cell, int):
                sheet.write_number(line, place, cell, forms[int])
            elif cell is not None:
                sheet.write_string(line, place, str(_plain(cell)))
    book.close()
    return out.getvalue()


FORMATS: dict[str, tuple[Callable[[Table, str], bytes], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "json": (as_json, "application/json"),
    "xlsx": (as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def _plain(cell: Cell) -> str | int:
    if cell is None:
        return ""
    return cell.isoformat() if isinstance(cell, date) else cell if isinstance(cell, int) else str(cell)
