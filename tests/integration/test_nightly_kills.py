"""The night is killed at a line, and run again: equal tables, nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection

from dunwell.arrears.models import AccountState
from dunwell.casework.models import Case, PlannedAction
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.nightly import services
from dunwell.nightly.models import PublishedPartition, Run, Step
from dunwell.nightly.services import publishing
from dunwell.oversight.models import BucketDay
from dunwell.strategy import services as strategy
from tests import build, nights

BY = Actor.program("tests")
D = date(2026, 11, 22)
PARTIES = 900  # more than one partition

#: A night that kills itself at the n-th call of a function: what a power cut does.
KILLED = """
import os, signal, sys
import django
django.setup()
from datetime import date
from importlib import import_module
from dunwell.kernel.actor import Actor
from dunwell.nightly import services
from tests import build
module, name, nth = sys.argv[1], sys.argv[2], int(sys.argv[3])
place = import_module(module)
real, calls = getattr(place, name), 0
def counted(*given, **named):
    global calls
    calls += 1
    if calls == nth:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*given, **named)
setattr(place, name, counted)
services.run(business_date=date(2026, 11, 22), now=build.NOW, by=Actor.program("tests"))
"""


def kill_at(database, settings, module: str, name: str, nth: int) -> int:
    environment = {**database.environment, "DUNWELL_LAKE": str(settings.LAKE), "PYTHONPATH": os.getcwd()}
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, module, name, str(nth)], env=environment, capture_output=True, timeout=120
    )
    return ended.returncode


def book() -> None:
    parties = [build.Party(entity=build.entity(), party_no=f"P{n:05}", name_masked="张*", timezone="Asia/Shanghai")
               for n in range(PARTIES)]  # fmt: skip
    build.Party.objects.bulk_create(parties)
    nights.taken("accounts", D, [
        nights.position(f"A{n:05}", f"P{n:05}", balance=f"{5000 + n}.00", past_due="500.00" if n % 9 else "0.00",
                        since=date(2026, 11, 22 - n % 17) if n % 9 else None)
        for n in range(PARTIES)
    ])  # fmt: skip


def everything() -> dict[str, object]:
    return {
        "cases": list(
            Case.objects.order_by("party_id").values_list("party_id", "past_due", "bucket", "queue", "rank", "closed_on")
        ),
        "numbers": Case.objects.values("case_no").distinct().count(),
        "states": list(
            AccountState.objects.order_by("account__account_no").values_list(
                "account__account_no", "balance", "past_due", "days_delinquent"
            )
        ),
        "actions": list(PlannedAction.objects.order_by("party_id", "step").values_list("party_id", "step", "cycle", "state")),
        "buckets": list(BucketDay.objects.order_by("bucket").values_list("bucket", "accounts", "balance")),
        "log": sorted(Log.objects.exclude(kind__startswith="night.").values_list("kind", "party_id")),
        "steps": dict(Step.objects.values_list("name", "content_hash")),
    }  # fmt: skip


@pytest.fixture
def home(fresh_database, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    strategy.approve(text=strategy.shipped(), by=BY, now=build.NOW)
    book()
    return fresh_database


def run() -> Run:
    return services.run(business_date=D, now=build.NOW, by=BY)


def test_killed_again_and_again_the_night_ends_as_if_nothing_had_happened(home, settings, tmp_path):
    lines = [
        ("dunwell.engine.lake", "write_parquet", 3),  # in the freeze
        ("dunwell.nightly.services.running", "_keep_step", 2),  # the freeze is made, the first step is not
        ("dunwell.engine.content", "content_hash", 3),
        ("dunwell.engine.lake", "write_parquet", 6),
        ("dunwell.nightly.services.staging", "stage", 1),
        ("dunwell.evidence.services", "append_from", 1),  # the first partition's rows are written, not committed
        ("dunwell.nightly.services.publishing", "_publish_partition", 2),  # the first partition is committed
        ("dunwell.nightly.services.publishing", "figures", 1),
    ]
    for module, name, nth in lines:
        assert kill_at(home, settings, module, name, nth) == -signal.SIGKILL, (module, name, nth)
    killed = run()
    assert (killed.number, killed.epoch, killed.state) == (1, len(lines) + 1, Run.State.PUBLISHED)
    found = everything()
    assert len(found["cases"]) == found["numbers"] > 700
    assert PublishedPartition.objects.filter(run=killed).count() > 1

    with connection.cursor() as cursor:  # the same night, undisturbed, over the same files
        cursor.execute("DELETE FROM nightly_publishedpartition")
        cursor.execute("DELETE FROM nightly_step")
        cursor.execute("DELETE FROM nightly_run")
    Run.objects.all().delete()
    again = run()
    assert again.pk != killed.pk
    steps = dict(Step.objects.filter(run=again).values_list("name", "content_hash"))
    mended = {"freeze", "publish", "partition", "suppress", "choose", "queue", "cases"}  # see the cases made before
    assert {k: v for k, v in steps.items() if k not in mended} == {
        k: v for k, v in found["steps"].items() if k not in mended
    }
    after = everything()
    for what in ("cases", "numbers", "states", "actions", "buckets"):
        assert after[what] == found[what], what


def test_a_paused_runner_that_wakes_up_late_writes_nothing(home, monkeypatch):
    """Between two partitions another runner takes the run over: the first one is fenced off."""
    real, calls = publishing._publish_partition, []

    def paused(cursor, night, merge, partition):
        calls.append(partition)
        if len(calls) == 2:
            Run.objects.filter(pk=night.pk).update(epoch=night.epoch + 1)
        return real(cursor, night, merge, partition)

    monkeypatch.setattr(publishing, "_publish_partition", paused)
    with pytest.raises(services.Fenced):
        run()
    assert PublishedPartition.objects.count() == 1
    monkeypatch.undo()
    run()
    assert Case.objects.count() == Case.objects.values("party_id").distinct().count() > 700
    assert BucketDay.objects.count() == Decimal(len(set(BucketDay.objects.values_list("bucket", flat=True))))


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
