"""A little book in the lake, and the night over it: for tests that need the whole road behind the intake."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
from django.conf import settings

from dunwell.engine import content, lake, session
from dunwell.identity.models import Entity
from dunwell.intake.models import IntakeFile
from tests import build

MONEY = "DECIMAL(18,2)"
COLUMNS = {
    "accounts": {
        "account_no": "VARCHAR", "party_no": "VARCHAR", "currency": "VARCHAR", "product": "VARCHAR", "branch": "VARCHAR",
        "cycle_day": "BIGINT", "open_date": "DATE", "credit_limit": MONEY, "block_code": "VARCHAR",
        "principal_retail": MONEY, "principal_cash": MONEY, "principal_instalment_billed": MONEY,
        "principal_instalment_unbilled": MONEY, "interest_on_balance": MONEY, "interest_off_balance": MONEY,
        "late_charge": MONEY, "other_fees": MONEY, "disputed_amount": MONEY, "credit_balance": MONEY, "balance": MONEY,
        "statement_date": "DATE", "due_date": "DATE", "statement_balance": MONEY, "minimum_payment": MONEY,
        "past_due_amount": MONEY, "overdue_since": "DATE", "periods_past_due": "BIGINT", "auto_debit": "BOOLEAN",
        "auto_debit_result": "VARCHAR", "last_payment_date": "DATE", "last_payment_amount": MONEY,
    },
    "statements": {
        "account_no": "VARCHAR", "currency": "VARCHAR", "statement_date": "DATE", "due_date": "DATE",
        "statement_balance": MONEY, "minimum_payment": MONEY,
    },
    "transactions": {
        "account_no": "VARCHAR", "host_ref": "VARCHAR", "posting_date": "DATE", "transaction_date": "DATE",
        "code": "VARCHAR", "type": "VARCHAR", "amount": MONEY, "currency": "VARCHAR", "counts_to_minimum": "BOOLEAN",
        "reverses_ref": "VARCHAR",
    },
}  # fmt: skip


def taken(
    kind: str, business_date: date, rows: list[dict], *, now: datetime = build.NOW, of: Entity | None = None
) -> IntakeFile:
    """A file of a contract, taken in: its Parquet in the lake and the row that commits it."""
    entity = of or build.entity()
    connection = session.connect(threads=1)
    columns = COLUMNS[kind]
    connection.execute(f"CREATE TABLE t ({', '.join(f'{name} {type}' for name, type in columns.items())})")
    for row in rows:
        connection.execute(f"INSERT INTO t ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    return _commit(connection, "t", kind, business_date, now, entity)


def taken_from(kind: str, business_date: date, query: str) -> IntakeFile:
    """The rows of a DuckDB query over nothing, taken in as a file of a contract; columns that it lacks are empty."""
    connection = session.connect(threads=1)
    connection.execute(f"CREATE TABLE t ({', '.join(f'{name} {type}' for name, type in COLUMNS[kind].items())})")
    connection.execute(f"INSERT INTO t BY NAME {query}")
    return _commit(connection, "t", kind, business_date, build.NOW, build.entity())


def _commit(
    connection: duckdb.DuckDBPyConnection, table: str, kind: str, business_date: date, now: datetime, entity: Entity
) -> IntakeFile:
    path = f"intake/{kind}/date={business_date}/{uuid.uuid4()}.parquet"
    count = lake.write_parquet(connection, table, Path(settings.LAKE) / path)
    IntakeFile.objects.filter(entity=entity, kind=kind, business_date=business_date, status="taken").update(
        status="superseded"
    )
    return IntakeFile.objects.create(
        entity=entity, kind=kind, business_date=business_date, name=f"{kind}_{business_date}.csv",
        sha256=uuid.uuid4().hex * 2, status=IntakeFile.Status.TAKEN, rows_read=count, rows_taken=count, lake_path=path,
        content_hash=content.content_hash(connection, table), recorded_at=now,
    )  # fmt: skip


def position(account_no: str, party_no: str, *, balance: str = "12000.00", past_due: str | None = "0.00",
             since: date | None = None, **fields: object) -> dict:  # fmt: skip
    """One account at the close, as the host tells it."""
    total = Decimal(balance)
    return {
        "account_no": account_no, "party_no": party_no, "currency": "CNY", "product": "standard", "cycle_day": 5,
        "open_date": date(2022, 3, 1), "credit_limit": Decimal("30000.00"), "principal_retail": max(total, Decimal(0)),
        "credit_balance": max(-total, Decimal(0)), "balance": total,
        "past_due_amount": None if past_due is None else Decimal(past_due), "overdue_since": since, **fields,
    }  # fmt: skip
