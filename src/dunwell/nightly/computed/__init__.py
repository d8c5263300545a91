"""A receipt for every figure of an account on a date: the night's own programs, run anew on that night's frozen inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from duckdb import DuckDBPyConnection

from dunwell.arrears.rules import history
from dunwell.arrears.rules.interest import Figure, figures
from dunwell.arrears.rules.interest_terms import in_force
from dunwell.arrears.rules.judgment import CourtCut, court_cut
from dunwell.engine import lake, session
from dunwell.intake.models import IntakeFile
from dunwell.nightly import numbers, program, sources
from dunwell.nightly.models import Run
from dunwell.nightly.services import freezing

Row = Mapping[str, Any]
SHAPES = {
    "posting": sources.POSTING,
    "position_last": sources.POSITION_LAST,
    "booking": sources.BOOKING,
    "statement": sources.STATEMENT,
}


class NotKnown(Exception):
    """Nothing can be computed; `code` says why: no_night, not_kept, no_account."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Computed:
    """What the programs made of one account, and the rows behind it. `asked` is the date asked for, `run` the night used:
    that of the date, or else the last one before it."""

    account_no: str
    asked: date
    run: Run
    state: Row
    closing: Row
    movements: Sequence[Row]
    dues: Sequence[Row]
    risk: Row
    interest: Row | None
    statements: Sequence[Figure]  # the last one is the close, where no statement was made on it
    late_charges: Sequence[Row]
    differences: Sequence[Row]
    stays: Sequence[history.Stay]
    court: CourtCut | None
    in_work: bool = field(default=True)

    @property
    def as_of(self) -> date:
        return self.run.business_date


def run_of(business_date: date) -> Run:
    """The published night of a date, or else the last one before it. NotKnown when there is none."""
    found = (
        Run.objects.filter(business_date__lte=business_date, state=Run.State.PUBLISHED)
        .order_by("-business_date", "-number")
        .first()
    )
    if found is None:
        raise NotKnown("no_night")
    return found


def compute(*, account_no: str, business_date: date) -> Computed:
    """Everything of an account on a date, whether it was in work or not. Raises NotKnown."""
    run = run_of(business_date)
    folder = freezing.folder_of(run)
    if not (folder / "inputs" / "position.parquet").exists():
        raise NotKnown("not_kept")
    with session.connect(threads=1) as connection:
        known = _load(connection, run, folder, account_no)
        program.of_one_account(connection)
        first = connection.execute(
            "SELECT min(day) FROM (SELECT due_date AS day FROM due UNION ALL SELECT overdue_since FROM candidate) AS told"
        ).fetchone()[0]
        as_of = run.business_date
        stays = [] if first is None or first > as_of else history.stays(connection, first=first, last=as_of)

        def rows(query: str) -> list[dict[str, Any]]:
            cursor = connection.execute(query)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        state = rows("SELECT * FROM account_state")[0]
        statements = next(iter(figures(connection, with_lines=True).values()), [])  # of the one account there is
        late = rows(f"SELECT * FROM late_charge WHERE charged_on <= DATE '{as_of}' ORDER BY charged_on")
        court = None
        if any(figure.lines for figure in statements):
            terms = in_force(as_of, product=state["product"], issuer=settings.BANK_ENTITY)
            charges = sum((row["amount"] for row in late), Decimal(0)) + state["other_fees"]
            court = court_cut(statements, charges=charges, ceiling=terms.court_ceiling)
        return Computed(
            account_no=account_no,
            asked=business_date,
            run=run,
            state=state,
            closing=rows("SELECT * FROM closing")[0],
            movements=rows("SELECT * FROM movement WHERE since_position ORDER BY posting_date, amount"),
            dues=rows("SELECT * FROM due ORDER BY due_date DESC"),
            risk=rows("SELECT * FROM account_risk")[0],
            interest=next(iter(rows("SELECT * FROM account_interest")), None),
            statements=statements,
            late_charges=late,
            differences=rows("SELECT * FROM host_difference ORDER BY component"),
            stays=stays,
            court=court,
            in_work=known,
        )


def _load(connection: DuckDBPyConnection, run: Run, folder: Path, account_no: str) -> bool:
    """The account's rows of the frozen inputs; answers whether the night looked at it."""
    party = None
    for name, path in freezing.inputs(folder).items():
        if not path.exists():  # a night of before this input was kept
            sources.empty(connection, name, SHAPES.get(name) or sources.SOURCES[name][1])
            continue
        lake.read_parquet(connection, "frozen", path)
        columns = {column[0] for column in connection.execute("SELECT * FROM frozen LIMIT 0").description}
        where, given = "TRUE", []
        if name == "position" or ("account_no" in columns and name not in ("hold", "pause")):
            where, given = "account_no = ?", [account_no]
        elif "party_no" in columns and name != "working_party" or name == "working_party":
            where, given = "party_no = ?", [party]
        connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM frozen WHERE {where}", given)
        for column, kind in SHAPES.get(name, {}).items():
            connection.execute(f"ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {column} {kind}")
        if name == "position":
            found = connection.execute("SELECT party_no FROM position").fetchone()
            if found is None:
                raise NotKnown("no_account")
            party = found[0]
    numbers.load(connection, folder, run.business_date)
    known = connection.execute(
        "SELECT count(*) > 0 FROM (SELECT party_no FROM working_party UNION ALL SELECT party_no FROM position"
        " WHERE past_due_amount > 0 OR (past_due_amount IS NULL AND balance > 0))"
    ).fetchone()[0]
    if not known:
        connection.execute("INSERT INTO working_party VALUES (?)", [party])
        _postings(connection, run, account_no)
    return known


def _postings(connection: DuckDBPyConnection, run: Run, account_no: str) -> None:
    """What the host booked on an account that the night did not look at: from the files that the night had."""
    files = IntakeFile.objects.filter(pk__in=list(run.manifest.get("files", {})), kind="transactions")
    for file in files.order_by("business_date"):
        path = Path(settings.LAKE) / file.lake_path
        if path.exists():
            lake.read_parquet(connection, "told_file", path)
            connection.execute(
                "INSERT INTO posting SELECT account_no, host_ref, type, amount, posting_date, transaction_date, ?"
                " FROM told_file AS t WHERE account_no = ? AND posting_date <= ?"
                " AND type NOT IN ('repayment', 'merchant_refund', 'chargeback', 'reversal')"
                " AND NOT EXISTS (SELECT 1 FROM posting AS p WHERE p.host_ref = t.host_ref)",
                [file.business_date, account_no, run.business_date],
            )
