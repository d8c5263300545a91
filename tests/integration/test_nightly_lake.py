"""The lake: documented, readable with anyone's tools, packed, pruned, and enough to build PostgreSQL's columns again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from django.conf import settings
from django.db import connection

from dunwell.arrears.models import AccountState, AllocationLine, Due
from dunwell.casework.models import Case
from dunwell.cli import why
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.nightly import services
from dunwell.nightly.models import Run
from dunwell.nightly.services import freezing, keeping
from dunwell.oversight.models import BucketDay, CohortMonth, RollRate
from dunwell.payments import services as payments
from dunwell.portfolio.models import Account
from dunwell.strategy import services as strategy
from tests import build, nights
from tests.sizes import in_the_soak

BY = Actor.program("tests")
D = date(2026, 10, 31)
NEXT = D + timedelta(days=1)
PAGE = Path(__file__).resolve().parents[2] / "docs" / "lake.md"


@pytest.fixture
def home(fresh_database, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    strategy.approve(text=strategy.shipped(), by=BY, now=build.NOW)
    for number in range(1, 41):
        build.party(f"P{number}")
    book(D - timedelta(days=31))
    book(D)
    return fresh_database


def book(day: date, *, more: int = 0) -> None:
    nights.taken("statements", day, [
        {"account_no": f"A{n}", "currency": "CNY", "statement_date": day - timedelta(days=40),
         "due_date": day - timedelta(days=20 + n % 3), "statement_balance": Decimal(9000), "minimum_payment": Decimal(800 + n)}
        for n in range(1, 41)
    ])  # fmt: skip
    nights.taken("accounts", day, [
        nights.position(f"A{n}", f"P{n}", balance=f"{12000 + n + more}.00", past_due=f"{800 + n + more}.00" if n % 4 else None,
                        since=day - timedelta(days=20) if n % 4 else None)
        for n in range(1, 41)
    ])  # fmt: skip
    night(day)


def night(day: date) -> Run:
    return services.run(business_date=day, now=build.NOW, by=BY)


def pay(account_no: str, amount: str, day: date):
    return payments.receive(
        account_id=Account.objects.get(account_no=account_no).pk, amount=Decimal(amount), currency="CNY", posting_date=day,
        transaction_date=day, business_date=day, host_ref=f"R-{account_no}-{day}", source="typed", by=BY, now=build.NOW,
    )  # fmt: skip


def told_of(run: Run, table: str, *, folder: str = "tables") -> list[tuple]:
    path = freezing.folder_of(run) / folder / f"{table}.parquet"
    return duckdb.connect().sql(f"SELECT * FROM '{path}' ORDER BY ALL").fetchall()


def documented() -> dict[str, list[tuple[str, str]]]:
    """The page's tables: file below a run's folder -> (column, type)."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in PAGE.read_text("utf-8").splitlines():
        if heading := re.match(r"### `([\w/]+)\.parquet`", line):
            columns = found.setdefault(heading[1], [])
        elif (row := re.match(r"\| `(\w+)` \| ([A-Z]+(?:\(\d+,\d+\))?) \| [^|]+ \| [^|]+ \|$", line)) and found:
            columns.append((row[1], row[2]))
    return found


def test_the_page_names_every_file_with_its_columns_and_types(home):
    run = Run.objects.get(business_date=D)
    folder = freezing.folder_of(run)
    there = {}
    for path in folder.rglob("*.parquet"):
        described = (
            duckdb.connect().sql(f"DESCRIBE SELECT * FROM read_parquet('{path}', hive_partitioning = false)").fetchall()
        )
        there[str(path.relative_to(folder).with_suffix(""))] = [(name, kind) for name, kind, *_ in described]
    page = documented()
    assert set(page) == set(there)
    for name, columns in there.items():
        assert page[name] == columns, name


def test_anyone_reads_a_nights_book_by_its_path_alone(home):
    """DuckDB as it comes, without ours: the sums of the file are the figures that were published."""
    rows = (
        duckdb.connect()
        .sql(
            f"SELECT bucket, count(*), sum(balance) FROM '{settings.LAKE}/date={D}/run=*/tables/book.parquet' GROUP BY bucket"
        )
        .fetchall()
    )
    assert sorted(rows) == sorted(
        BucketDay.objects.filter(business_date=D).values_list("bucket", "accounts", "balance")
    )


def snapshot() -> dict[str, object]:
    skipped = {"id"}

    def rows(model, **where) -> list[dict]:
        found = model.objects.filter(**where).values()
        return sorted(({k: v for k, v in row.items() if k not in skipped} for row in found), key=str)

    return {
        "states": rows(AccountState), "dues": rows(Due), "lines": rows(AllocationLine), "cases": rows(Case),
        "buckets": rows(BucketDay), "rolls": rows(RollRate), "cohorts": rows(CohortMonth),
    }  # fmt: skip


def test_the_published_columns_are_built_again_from_the_lake_and_the_facts_since(home):
    """Lost: all that publishing wrote. Payments of three times: before a night, reassessed by day, since the last night."""
    pay("A1", "300.00", NEXT)
    pay("A2", "350.00", NEXT)
    services.reassess(now=build.NOW, party_ids=[Account.objects.get(account_no="A1").party_id])
    book(NEXT, more=5)
    back = pay("A3", "9000.00", NEXT + timedelta(days=1))
    payments.reverse(
        payment_id=back.pk,
        amount=Decimal("8000.00"),
        posting_date=NEXT + timedelta(days=1),
        host_ref="V",
        by=BY,
        now=build.NOW,
    )
    pay("A5", "805.00", NEXT + timedelta(days=1))
    services.reassess(now=build.NOW)
    before, logged = snapshot(), Log.objects.exclude(kind="lake.rebuilt").count()
    assert len(before["lines"]) >= 4 and len(before["dues"]) > 40 and before["rolls"] and before["cohorts"]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM arrears_accountstate; DELETE FROM arrears_due; DELETE FROM arrears_allocationline")
        cursor.execute(
            "DELETE FROM oversight_bucketday; DELETE FROM oversight_rollrate; DELETE FROM oversight_cohortmonth"
        )
        cursor.execute(
            "UPDATE casework_case SET balance = 0, past_due = 0, bucket = 'M7+', queue = '', segment = ''"
            " WHERE closed_on IS NULL"
        )
    services.rebuild(now=build.NOW, by=BY)
    after = snapshot()
    for what, rows in before.items():
        assert after[what] == rows, what
    services.rebuild(now=build.NOW, by=BY)
    assert snapshot() == before and Log.objects.exclude(kind="lake.rebuilt").count() == logged


KILLED = """
import os, signal, sys
import django
django.setup()
from datetime import date
from dunwell.engine import lake
from dunwell.nightly import services
real, calls = os.replace, 0
def replaced(*given):
    global calls
    calls += 1
    if calls == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    real(*given)
os.replace = replaced
services.compact(today=date(2026, 11, 20))
"""


@in_the_soak
def test_packing_changes_no_content_and_loses_nothing_when_it_is_killed(home, settings):
    run = Run.objects.get(business_date=D)
    tables = {path: duckdb.connect().sql(f"SELECT * FROM '{path}' ORDER BY ALL").fetchall()
              for path in settings.LAKE.rglob("*.parquet")}  # fmt: skip
    environment = {**home.environment, "DUNWELL_LAKE": str(settings.LAKE), "PYTHONPATH": os.getcwd()}
    ended = subprocess.run([sys.executable, "-c", KILLED, "40"], env=environment, capture_output=True, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert list(services.check()) == []
    drafts = [path for path in settings.LAKE.rglob(".*")]
    assert len(drafts) == 1
    assert services.compact(today=date(2026, 11, 20)).files > 40
    assert services.compact(today=date(2026, 11, 20)).files == 0
    assert list(services.check()) == []
    for path, rows in tables.items():
        assert duckdb.connect().sql(f"SELECT * FROM '{path}' ORDER BY ALL").fetchall() == rows
    taken = keeping._taken(run)
    assert (freezing.folder_of(run) / "inputs" / "position.parquet").samefile(taken)

    book_file = freezing.folder_of(run) / "tables" / "book.parquet"
    book_file.write_bytes((freezing.folder_of(run) / "tables" / "episode.parquet").read_bytes())
    assert list(services.check()) == [f"date={D}/run=1/tables/book.parquet does not hold what was written there."]


def test_what_is_kept_no_longer_goes_and_why_and_drill_down_still_read_the_rest(home, settings):
    said = list(why.lines(account_no="A1", business_date=D))
    with pytest.raises(services.Refused):
        night(NEXT)  # no file: nothing was frozen
    os.makedirs(settings.LAKE / "dry-left")
    os.utime(settings.LAKE / "dry-left", (0, 0))
    services.prune(today=D + timedelta(days=29), now=build.NOW, by=BY)
    assert not (settings.LAKE / "dry-left").exists()
    run = Run.objects.get(business_date=D)
    assert list(why.lines(account_no="A1", business_date=D)) == said
    assert list(services.check()) == []
    (freezing.folder_of(run) / "inputs").mkdir(exist_ok=True)
    assert services.prune(today=D + timedelta(days=1857), now=build.NOW, by=BY).files > 0  # the night a month before
    assert freezing.folder_of(run).exists()
    services.prune(today=D + timedelta(days=1858), now=build.NOW, by=BY)
    assert not freezing.folder_of(run).exists()
    assert [row.data["what"] for row in Log.objects.filter(kind="lake.pruned").order_by("id")] == [
        "all", "all",
    ]  # fmt: skip
