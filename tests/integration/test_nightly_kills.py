"""The night is killed at random moments and run again: every table as after an undisturbed one, nothing twice."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.db import connections

from dunwell.casework.models import Case
from dunwell.cli.roles import address
from dunwell.engine import content, lake, session
from dunwell.kernel.actor import Actor
from dunwell.nightly import services
from dunwell.nightly.models import PublishedPartition, Run
from dunwell.nightly.services import publishing
from dunwell.oversight.models import BucketDay
from dunwell.payments import services as payments
from dunwell.portfolio.models import Account
from dunwell.strategy import services as strategy
from tests import build, nights
from tests.sizes import in_the_soak, size

BY = Actor.program("tests")
D = date(2026, 11, 22)
PARTIES = 900  # more than one partition

#: A process that begins the night again and again, each time in a child of its own that kills itself before a statement
#: drawn at random; at last it lets one end. Prints how many were killed, and how many statements the last one made.
KILLER = """
import json, mmap, os, random, signal, sys
import django
django.setup()
from datetime import date
from django.db.backends.utils import CursorWrapper
from dunwell.kernel.actor import Actor
from dunwell.nightly import services
from tests import build

made, real = mmap.mmap(-1, 8), CursorWrapper.execute

def night(last):
    made[:] = (0).to_bytes(8)
    def execute(self, sql, params=None):
        made[:] = (int.from_bytes(made) + 1).to_bytes(8)
        if int.from_bytes(made) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(self, sql, params)
    child = os.fork()
    if child == 0:
        CursorWrapper.execute = execute
        try:
            services.run(business_date=date(2026, 11, 22), now=build.NOW, by=Actor.program("tests"))
        finally:
            os._exit(int(sys.exc_info()[0] is not None))
    return os.waitpid(child, 0)[1]

seed, kills, longest = map(int, sys.argv[1:])
moments = random.Random(seed)
killed = sum(night(moments.randint(1, longest)) == signal.SIGKILL for _ in range(kills))
assert night(0) == 0
print(json.dumps({"killed": killed, "statements": int.from_bytes(made)}))
"""
#: What a killed transaction leaves behind: numbers of rows that are skipped, and how often the night was begun.
OWN = {"id", "case_id", "action_id", "hash", "epoch", "seconds", "step_id"}
NAMED = {"account_id": "(SELECT account_no FROM portfolio_account AS a WHERE a.id = t.account_id)"}

UNTIED = [
    field for model in apps.get_models() for field in model._meta.concrete_fields
    if field.is_relation and not field.db_constraint and model.__module__.startswith("dunwell.")
]  # fmt: skip


def book() -> None:
    parties = [build.Party(entity=build.entity(), party_no=f"P{n:05}", name_masked="张*", timezone="Asia/Shanghai")
               for n in range(PARTIES)]  # fmt: skip
    build.Party.objects.bulk_create(parties)
    nights.taken("accounts", D, [
        nights.position(f"A{n:05}", f"P{n:05}", balance=f"{5000 + n}.00", past_due="500.00" if n % 9 else "0.00",
                        since=date(2026, 11, 22 - n % 17) if n % 9 else None)
        for n in range(PARTIES)
    ])  # fmt: skip


@pytest.fixture
def home(fresh_database, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    strategy.approve(text=strategy.shipped(), by=BY, now=build.NOW)
    book()
    return fresh_database


def run(day: date = D) -> Run:
    return services.run(business_date=day, now=build.NOW, by=BY)


def yesterday() -> None:
    """The night before, payments since, one of them taken back in part."""
    nights.taken("accounts", D - timedelta(days=1), [
        nights.position(f"A{n:05}", f"P{n:05}", balance=f"{5000 + n}.00", past_due="450.00" if n % 7 else "0.00",
                        since=date(2026, 11, 20 - n % 17) if n % 7 else None)
        for n in range(0, PARTIES, 2)
    ])  # fmt: skip
    run(D - timedelta(days=1))
    for number, account in enumerate(Account.objects.order_by("account_no")[:60]):
        paid = payments.receive(
            account_id=account.pk, amount=Decimal("120.00"), currency="CNY", posting_date=D, transaction_date=D,
            business_date=D, host_ref=f"R{number}", source="typed", by=BY, now=build.NOW,
        )  # fmt: skip
        if number % 5 == 0:
            payments.reverse(payment_id=paid.pk, amount=Decimal("20.00"), posting_date=D, host_ref=f"V{number}", by=BY,
                             now=build.NOW)  # fmt: skip


class Copy:
    """The same start once more: a database copied from the prepared one, and a lake of its own."""

    def __init__(self, server, prepared, lake_of: Path, folder: Path) -> None:
        self.server, self.name, self.lake = server, f"{prepared.name}_{folder.name}", folder
        connections.close_all()
        with server.superuser() as superuser:
            superuser.execute(f'CREATE DATABASE "{self.name}" TEMPLATE "{prepared.name}" OWNER dunwell_owner')
        shutil.copytree(lake_of, folder)

    def night(self, *, seed: int, kills: int, longest: int) -> dict[str, int]:
        environment = {
            **os.environ, "DATABASE_URL": self.server.url(self.name),
            "DATABASE_OWNER_URL": self.server.url(self.name, "dunwell_owner"), "DUNWELL_LAKE": str(self.lake),
            "PYTHONPATH": os.getcwd(),
        }  # fmt: skip
        ended = subprocess.run(
            [sys.executable, "-c", KILLER, str(seed), str(kills), str(longest)], env=environment, capture_output=True,
            timeout=300, text=True,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def everything(self) -> dict[str, object]:
        """The rows of every table of the database, and the content of every file of the lake."""
        found: dict[str, object] = {}
        with psycopg.connect(address(self.server.superuser_url, database=self.name)) as database:
            for (table,) in database.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
            ).fetchall():
                columns = [row[0] for row in database.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = %s",
                    [table]) if row[0] not in OWN]  # fmt: skip
                spelled = ", ".join(NAMED.get(column, f'"{column}"::text') for column in sorted(columns)) or "1"
                found[table] = sorted(database.execute(f'SELECT {spelled} FROM "{table}" AS t').fetchall(), key=str)
        with session.connect(threads=1) as connection:
            for path in sorted((self.lake / f"date={D}").rglob("*.parquet")):
                lake.read_parquet(connection, "file", path)
                found[str(path.relative_to(self.lake))] = content.content_hash(connection, "file")
        return found

    def tied(self) -> dict[str, tuple[int, int]]:
        """What the database does not tie to the row it names (decision 0075): how many do, and how many name none."""
        found = {}
        with psycopg.connect(address(self.server.superuser_url, database=self.name)) as database:
            for field in UNTIED:
                table, of, key = (
                    field.model._meta.db_table,
                    field.related_model._meta.db_table,
                    field.target_field.column,
                )
                found[str(field)] = database.execute(
                    f'SELECT count(r."{key}"), count(*) - count(r."{key}") FROM "{table}" AS t'
                    f' LEFT JOIN "{of}" AS r ON r."{key}" = t."{field.column}"'
                ).fetchone()
        return found

    def drop(self) -> None:
        self.server.drop(self.name)


def test_killed_at_random_moments_the_night_ends_as_if_nothing_had_happened(server, home, settings, tmp_path):
    yesterday()
    copies = []

    def copy(name: str) -> Copy:
        copies.append(Copy(server, home, settings.LAKE, tmp_path / name))
        return copies[-1]

    try:
        undisturbed = copy("undisturbed")
        statements = undisturbed.night(seed=0, kills=0, longest=0)["statements"]
        expected = undisturbed.everything()
        assert len(expected["casework_case"]) > 700 and len(expected["nightly_publishedpartition"]) > 2
        assert len(expected["arrears_allocationline"]) >= 60 and f"date={D}/run=1/tables/case_now.parquet" in expected
        killed = 0
        for seed in range(size(1, 20)):
            disturbed = copy(f"disturbed{seed}")
            killed += disturbed.night(seed=seed, kills=size(4, 2), longest=statements // 3)["killed"]
            found = disturbed.everything()
            tied = disturbed.tied()
            assert not any(none for _, none in tied.values())
            assert sum(bool(named) for named, _ in tied.values()) == len(UNTIED) - 1 == 7  # this book has no statements
            assert set(found) == set(expected)
            for what in expected:
                assert found[what] == expected[what], (seed, what)
        assert killed >= size(3, 25)
    finally:
        for one in copies:
            one.drop()


def test_a_paused_runner_that_wakes_up_late_writes_nothing(home, monkeypatch):
    """Between two partitions another runner takes the run over: the first one is fenced off."""
    real, calls = publishing.write_partition, []

    def paused(cursor, merge, partition, *, of):
        calls.append(partition)
        if len(calls) == 2:
            Run.objects.filter(pk=of.pk).update(epoch=of.epoch + 1)
        return real(cursor, merge, partition, of=of)

    monkeypatch.setattr(publishing, "write_partition", paused)
    with pytest.raises(services.Fenced):
        run()
    assert PublishedPartition.objects.count() == 1
    monkeypatch.undo()
    run()
    assert Case.objects.count() == Case.objects.values("party_id").distinct().count() > 700
    assert BucketDay.objects.count() == Decimal(len(set(BucketDay.objects.values_list("bucket", flat=True))))


@in_the_soak
def test_two_nights_at_once_one_is_told_that_it_is_busy(home):
    from django.db import connections

    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('dunwell.nightly'))")
        with pytest.raises(services.Busy):
            run()
    finally:
        other.close()
