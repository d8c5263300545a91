"""The demo as a bank's first weeks: files in, nights run, figures published that agree with the source."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dunwell.arrangements.models import Arrangement, PromisePart
from dunwell.compliance.models import Contact
from dunwell.demo import loading, replay
from dunwell.identity.models import Role, User
from dunwell.intake.models import IntakeFile, QuarantinedRow
from dunwell.nightly.models import Run
from dunwell.oversight import drilldown, queries
from dunwell.oversight.models import BucketDay, RollRate
from tests import build
from tests.sizes import in_the_soak, size

TODAY = date(2026, 11, 23)
ACCOUNTS = size(300, 30_000)
BUCKET = """CASE WHEN {bill} <= 0 OR {state} < 1 THEN 'M0' WHEN {state} <= 2 THEN 'M1' WHEN {state} >= 8 THEN 'M7+'
    ELSE concat('M', {state} - 1) END"""


def source(query: str) -> list[tuple]:
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW source AS SELECT * FROM read_parquet('{replay.SOURCE}') WHERE ID <= {ACCOUNTS}")
    found = connection.execute(query).fetchall()
    connection.close()
    return found


def tables(day: date) -> Path:
    from django.conf import settings

    run = Run.objects.get(business_date=day, state=Run.State.PUBLISHED)
    return Path(settings.LAKE) / f"date={day}" / f"run={run.number}" / "tables"


@in_the_soak
def test_the_demo_s_figures_are_those_of_the_source_and_of_the_rows_below_them(fresh_database, tmp_path, settings):
    settings.LAKE = tmp_path / "lake"
    logins = loading.load(today=TODAY, accounts=ACCOUNTS, folder=tmp_path / "demo", worked=True)
    months, days = replay.business_dates(date(2026, 11, 22))

    assert {login.role for login in logins} == set(Role.values)
    assert all(User.objects.get(username=login.username).check_password(login.password) for login in logins)
    assert not IntakeFile.objects.exclude(status=IntakeFile.Status.TAKEN).exists()
    assert not QuarantinedRow.objects.exists()

    for place, month in enumerate(months):
        column = 6 - place
        bucket = BUCKET.format(bill=f"BILL_AMT{column}", state=f"PAY_{column}")
        expected = source(f"SELECT {bucket}, count(*), sum(BILL_AMT{column}) FROM source GROUP BY ALL")
        found = BucketDay.objects.filter(business_date=month).values_list("bucket", "accounts", "balance")
        assert sorted(found) == sorted((b, n, Decimal(int(owed))) for b, n, owed in expected)
    for place, month in enumerate(months[1:]):
        a, b = 6 - place, 5 - place
        before, after = (
            BUCKET.format(bill=f"BILL_AMT{a}", state=f"PAY_{a}"),
            BUCKET.format(bill=f"BILL_AMT{b}", state=f"PAY_{b}"),
        )
        expected = source(f"SELECT {before}, {after}, count(*), sum(BILL_AMT{a}) FROM source GROUP BY ALL")
        found = RollRate.objects.filter(month=month).values_list("from_bucket", "to_bucket", "accounts", "balance")
        assert sorted(found) == sorted((x, y, n, Decimal(int(owed))) for x, y, n, owed in expected)
        for x, y, n, owed in found:
            rows = drilldown.moved(
                tables(month), tables(months[place]), currency="CNY", from_bucket=x, to_bucket=y, limit=ACCOUNTS
            )
            assert (rows.accounts, rows.balance) == (n, owed)
            assert (len(rows.rows), sum(row.balance for row in rows.rows)) == (n, owed)

    book = queries.buckets(days[-1], "CNY")
    for row in book.rows:
        below = drilldown.in_bucket(tables(days[-1]), currency="CNY", bucket=row.bucket, limit=ACCOUNTS)
        assert (below.accounts, below.balance, below.past_due) == (row.accounts, row.balance, row.past_due)
        assert sum((each.past_due for each in below.rows), Decimal(0)) == row.past_due
    for curve in queries.curves("CNY", up_to=days[-1]):
        entered = drilldown.entered(tables(days[-1]), currency="CNY", cohort=curve.cohort)
        assert (entered.accounts, entered.balance) == (curve.accounts, curve.entry_balance)

    worked = Contact.objects.count()
    assert worked > 20 and Contact.objects.filter(outcomes=None).count() == 0
    assert PromisePart.objects.exclude(state="open").exists() and Arrangement.objects.exists()
    runs = Run.objects.count()
    assert loading.load(today=TODAY, accounts=ACCOUNTS, folder=tmp_path / "demo", worked=True) == logins
    assert (Run.objects.count(), Contact.objects.count()) == (runs, worked)

    # on a later day the days between are taken in; what the lost mark said is found again in the files
    (tmp_path / "demo" / "last_business_date").unlink()
    loading.load(today=date(2026, 11, 25), folder=tmp_path / "demo")
    assert (Run.objects.count(), loading.last_date()) == (runs + 2, date(2026, 11, 24))
    taken = IntakeFile.objects.filter(kind="accounts").order_by("business_date")
    assert [file.rows_read for file in taken] == [ACCOUNTS] * 43
    assert not IntakeFile.objects.exclude(status=IntakeFile.Status.TAKEN).exists()


@in_the_soak
def test_a_load_that_was_cut_short_goes_on_where_it_stopped(fresh_database, tmp_path, settings):
    settings.LAKE = tmp_path / "lake"

    class Killed(Exception):
        pass

    def kill_after(nights: int):
        def watch(part: str, done: int, of: int) -> None:
            if part == loading.NIGHTS and done == nights:
                raise Killed

        return watch

    with pytest.raises(Killed):
        loading.load(kill_after(2), today=TODAY, accounts=40, folder=tmp_path / "demo")
    first = list(Run.objects.order_by("id").values_list("id", "business_date"))
    with pytest.raises(Killed):  # two days later: the dates are counted from the same first day
        loading.load(kill_after(3), today=date(2026, 11, 25), accounts=40, folder=tmp_path / "demo")
    assert [day for _, day in first] == [date(2026, 4, 30), date(2026, 5, 31)]
    assert list(Run.objects.order_by("id").values_list("id", "business_date"))[:2] == first
    assert Run.objects.last().business_date == date(2026, 6, 30)
    files = IntakeFile.objects.values_list("kind", "business_date")
    assert len(files) == len(set(files))


def test_the_demo_is_not_loaded_beside_another_portfolio(fresh_database, tmp_path):
    IntakeFile.objects.create(
        entity=build.entity(), kind="accounts", business_date=date(2026, 11, 22), name="accounts.csv", sha256="0" * 64,
        status=IntakeFile.Status.TAKEN, recorded_at=datetime(2026, 11, 23, tzinfo=UTC),
    )  # fmt: skip
    with pytest.raises(loading.NotTheDemo):
        loading.load(today=TODAY, accounts=20, folder=tmp_path / "demo")
