"""From the programs' tables to PostgreSQL: staged once by COPY, then merged party by party."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any

from duckdb import DuckDBPyConnection

from dunwell.compliance.rules import windows
from dunwell.compliance.rules.values import Attempt
from dunwell.engine import copying
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.portfolio.rules import COMPONENTS

STATE = [
    *COMPONENTS, "disputed_amount",
    "credit_balance", "credit_limit", "block_code", "statement_date", "due_date", "minimum_payment",
    "past_due_at_close", "overdue_since", "host_periods", "auto_debit", "auto_debit_result",
    "first_payment_default", "paid_since", "balance", "past_due", "oldest_due_date", "periods",
    "days_delinquent", "bucket", "stage", "risk_class", "risk_rule",
]  # fmt: skip
AS_STAGED = {
    "past_due_at_close": "host_past_due",
    "overdue_since": "host_overdue_since",
    "host_periods": "host_periods_past_due",
    "periods": "periods_past_due",
}
CLASSED = "(SELECT s.*, r.risk_class, r.risk_rule FROM account_state AS s JOIN account_risk AS r ON r.account_no = s.account_no)"
ACCOUNT = ["party_no", "account_no", "currency", "product", "branch", "cycle_day", "open_date"]
CASE = [
    "party_no", "fate", "close_reason", "currency", "balance", "past_due", "oldest_due_date", "days_delinquent",
    "bucket", "stage", "segment", "first_payment_default", "promise_state", "entered_on", "queue", "rank",
    "next_rule", "next_reason",
]  # fmt: skip
ACTION = ["party_no", "step", "cycle", "channel", "purpose", "template", "due_on", "segment", "rule"]
PART = [
    "party_no",
    "part_id",
    "promise_id",
    "state",
    "received",
    "judged_on",
    "judged_anew",
    "amount",
    "due_date",
    "currency",
]
INSTALMENT = ["party_no", "instalment_id", "state", "received", "paid_on"]
ARRANGEMENT = ["party_no", "arrangement_id", "account_no", "standing", "standing_on", "overdue", "next_due", "currency"]
TABLES = (
    "stage_party", "stage_state", "stage_due", "stage_case", "stage_action", "stage_part", "stage_instalment",
    "stage_arrangement", "stage_line",
)  # fmt: skip
PARTITION_TABLES = ("pub", "pub_step", "pub_said")


@cache
def statement(name: str) -> str:
    """A PostgreSQL statement of publishing, from its file."""
    return resources.files("dunwell.nightly").joinpath("publish", f"{name}.sql").read_text("utf-8")


@cache
def sha256() -> str:
    """What publishing does, as one hash: rows that another version wrote are written again, changed or not."""
    names = sorted(file.name for file in resources.files("dunwell.nightly").joinpath("publish").iterdir())
    told = [
        *STATE,
        *ACCOUNT,
        *CASE,
        *ACTION,
        *PART,
        *INSTALMENT,
        *ARRANGEMENT,
        *(statement(name.removesuffix(".sql")) for name in names),
    ]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Merge:
    """What the merge of a partition is told."""

    run_id: int
    entity_id: int
    as_of: date
    day: date  # on which cases close: the business date, or today's when reassessing
    now: datetime
    by: Actor
    strategy: str
    opens: dict[str, datetime | None]  # time zone -> the next lawful moment to call

    def values(self, partition: int) -> dict[str, Any]:
        return {
            "run": self.run_id, "entity": self.entity_id, "as_of": self.as_of, "day": self.day, "now": self.now,
            "strategy": self.strategy, "zones": list(self.opens), "opens": list(self.opens.values()),
            "partition": partition, "month": f"{self.as_of:%y%m}",
        }  # fmt: skip


def partitions(connection: DuckDBPyConnection) -> int:
    """How many partitions there are to publish."""
    return connection.execute("SELECT coalesce(max(partition) + 1, 0) FROM publish_party").fetchone()[0]


def stage(connection: DuckDBPyConnection, cursor: Any, *, some: range | None = None) -> None:
    """Bring what is to be published, of all partitions or of some, into temporary tables of this session."""
    cursor.execute(statement("stage"))
    for table in TABLES:
        # what is deleted stays there until somebody vacuums; a table that is made anew costs a reassessment more
        cursor.execute(f"DELETE FROM {table}" if some is None else f"TRUNCATE {table}")
    these = f" BETWEEN {some.start} AND {some.stop - 1}" if some is not None else " IS NOT NULL"

    def copy(table: str, source: str, columns: list[str], of: str) -> None:
        # what the host said and what follows from it carry one name in the programs: periods_past_due
        spelled = ["x.periods_past_due" if c == "host_periods" else f"x.{c}" for c in columns]
        copying.to_postgres(
            connection,
            f"SELECT y.partition, {', '.join(spelled)} FROM {source} AS x"
            f" JOIN publish_party AS y ON y.party_no = x.party_no AND y.partition{these} WHERE {of} ORDER BY 1, 2",
            cursor, table, ["partition", *(AS_STAGED.get(c, c) for c in columns)],
        )  # fmt: skip

    copying.to_postgres(
        connection, f"SELECT party_no, touches, partition, cases, actions FROM publish_party WHERE partition{these}",
        cursor, "stage_party", ["party_no", "touches", "partition", "cases", "actions"],
    )  # fmt: skip
    copy("stage_state", CLASSED, [*ACCOUNT, *STATE], "y.states")
    copying.to_postgres(
        connection,
        "SELECT y.partition, s.party_no, d.account_no, d.statement_date, d.due_date, d.minimum_payment, d.amount"
        " FROM due_kept AS d JOIN account_state AS s ON s.account_no = d.account_no"
        f" JOIN publish_party AS y ON y.party_no = s.party_no AND y.partition{these} AND y.dues",
        cursor, "stage_due",
        ["partition", "party_no", "account_no", "statement_date", "due_date", "minimum_payment", "amount"],
    )  # fmt: skip
    copy("stage_case", "case_now", CASE, "y.cases OR y.actions")
    copy("stage_action", "action_now", ACTION, "y.actions")
    copy("stage_part", "promise_settled", PART, "x.changed")
    copy("stage_instalment", "instalment_settled", INSTALMENT, "x.changed")
    copy("stage_arrangement", "arrangement_settled", ARRANGEMENT, "x.changed")
    copying.to_postgres(
        connection,
        "SELECT y.partition, b.party_no, l.payment_id, l.position, l.component, l.amount, l.rule FROM allocation_anew AS l"
        " JOIN position_before AS b ON b.account_no = l.account_no"
        f" JOIN publish_party AS y ON y.party_no = b.party_no AND y.partition{these}",
        cursor, "stage_line",
        ["partition", "party_no", "payment_id", "position", "component", "amount", "rule"],
    )  # fmt: skip


def index_stage(cursor: Any) -> None:
    """For many partitions: an index a table, made once."""
    for table in TABLES:
        cursor.execute(f"CREATE INDEX IF NOT EXISTS {table}_partition ON {table} (partition)")
        cursor.execute(f"ANALYZE {table} (partition, party_no)")


@dataclass(frozen=True, slots=True)
class There:
    """What stands in PostgreSQL for a locked partition, and what was staged for it."""

    fresh: int
    touched: int
    cases: bool
    actions: bool
    parts: bool
    plans: bool
    lines: bool


def lock_partition(cursor: Any, merge: Merge, partition: int) -> There:
    """Lock the partition's parties and look at what is there."""
    for table in PARTITION_TABLES:
        cursor.execute(f"DELETE FROM {table}")
    cursor.execute(statement("lock"), merge.values(partition))
    return look(cursor, merge, partition)


def look(cursor: Any, merge: Merge, partition: int) -> There:
    """What is there of the parties in `pub`; a statement of its own, so that it sees what the locks waited for."""
    cursor.execute(statement("look"), merge.values(partition))
    return There(*cursor.fetchone())


def merge_partition(cursor: Any, merge: Merge, partition: int, there: There) -> int:
    """Write the locked parties' rows and their log entries; answers how many rows were written."""
    values = merge.values(partition)
    written = 0

    def execute(name: str, **more: object) -> None:
        nonlocal written
        cursor.execute(statement(name), values | more)
        written += max(cursor.rowcount, 0)

    if there.lines:
        execute("lines")
        execute("new_lines")
    execute("accounts")
    execute("states")
    if there.touched:
        execute("states_of_touched")
    execute("dues")
    if there.fresh:
        if there.cases:
            execute("reopen")
            cursor.execute(statement("open_cases"))
        cursor.execute(statement("new_cases"), values)
        count = cursor.fetchone()[0]
        if count:
            execute("open", first=_numbers(cursor, values | {"count": count}) - count)
        if there.cases:
            execute("update")
            execute("close")
        if there.actions:
            execute("cancel")
        execute("plan")
        if there.parts:
            execute("parts")
        if there.plans:
            execute("instalments")
            execute("arrangements")
        cursor.execute(statement("say"), values)
        written += evidence.append_from(
            cursor, "pub_said", now=merge.now, by=merge.by, business_date=merge.day, entity_id=merge.entity_id
        )
    return written


def untouch(cursor: Any, merge: Merge, partition: int) -> None:
    """The fresh parties' touches are answered; those touched since the freeze wait for reassessment."""
    cursor.execute(statement("untouch"), merge.values(partition))


def _numbers(cursor: Any, values: dict[str, Any]) -> int:
    """The last of so many new case numbers; the month's row stays locked until the transaction ends."""
    cursor.execute(statement("number_cases"), values)
    row = cursor.fetchone()
    if row is None:
        cursor.execute(statement("first_number"), values)
        cursor.execute(statement("number_cases"), values)
        row = cursor.fetchone()
    return row[0]


def openings(cursor: Any, *, pack: Any, now: datetime) -> dict[str, datetime | None]:
    """The next lawful moment to call, by the parties' time zones; an unknown zone has none (the gate fails closed)."""
    cursor.execute("SELECT DISTINCT timezone FROM portfolio_party")
    answer: dict[str, datetime | None] = {}
    for (zone,) in cursor.fetchall():
        clocks = windows.zones_of(pack.clock, (zone,))
        attempt = Attempt("call", "bank", "debtor", "", "", "", clocks)
        answer[zone] = windows.next_open(now, clocks, windows.HoursOn(pack, attempt, {})) if clocks else None
    return answer
