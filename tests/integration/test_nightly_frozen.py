"""What a night reads is what stood there at the freeze, whatever is installed, written or short of room afterwards."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from dunwell.arrears.models import AccountState
from dunwell.engine import passing, session
from dunwell.kernel.actor import Actor
from dunwell.nightly import computed, program, services
from dunwell.nightly.models import Run
from dunwell.nightly.services import running
from tests import build, nights

BY = Actor.program("tests")
D = date(2026, 11, 22)


@pytest.fixture
def home(fresh_database, settings, tmp_path):
    settings.LAKE = tmp_path / "lake"
    build.party("P1")
    nights.taken("accounts", D, [nights.position("A1", "P1", past_due="800.00", since=date(2026, 10, 20))])


def night() -> Run:
    return services.run(business_date=D, now=build.NOW, by=BY)


def broken_off_after_the_freeze(monkeypatch) -> None:
    def off(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(running.Stepping, "run", off)
    with pytest.raises(KeyboardInterrupt):
        night()
    monkeypatch.undo()


def other_buckets(connection, as_of) -> None:
    """As if an upgrade had brought another parameters.yaml."""
    _installed(connection, as_of)
    connection.execute("UPDATE bucket_edge SET bucket = 'X' || bucket")


_installed = program.numbers


def test_a_run_that_is_gone_on_with_and_the_history_read_the_numbers_of_its_freeze(home, monkeypatch):
    broken_off_after_the_freeze(monkeypatch)
    monkeypatch.setattr(program, "numbers", other_buckets)
    run = night()
    assert (run.number, run.epoch, AccountState.objects.get().bucket) == (1, 2, "M2")
    assert {"parameter", "bucket_edge", "allocation_order", "risk_day"} <= set(run.manifest["numbers"])
    told = computed.compute(account_no="A1", business_date=D).stays
    assert [stay[1] for stay in told] == ["M0", "M1", "M2"]


def test_a_run_begun_by_other_programs_is_not_gone_on_with(home, monkeypatch):
    broken_off_after_the_freeze(monkeypatch)
    monkeypatch.setattr(program, "sha256", lambda: "other programs")
    run = night()
    first = Run.objects.get(number=1)
    assert (run.number, run.state) == (2, Run.State.PUBLISHED)
    assert (first.state, first.stop_reason) == (Run.State.SUPERSEDED, {"code": "programs_changed"})


MUCH = (
    "SELECT count(*) FROM (SELECT md5(i::VARCHAR) AS k, sum(i) FROM range(600_000) AS t (i) GROUP BY 1 ORDER BY 2 DESC)"
)


def test_what_does_not_fit_into_memory_is_spilled_to_a_folder_of_the_processs_own(tmp_path, monkeypatch):
    monkeypatch.setenv("DUNWELL_DUCKDB_MEMORY", "40MB")
    monkeypatch.setenv("DUNWELL_SPILL", str(tmp_path / "spill"))
    with session.connect(threads=2) as connection:
        connection.execute("SET max_temp_directory_size = '0B'")
        with pytest.raises(duckdb.OutOfMemoryException):
            connection.execute(MUCH)
    with session.connect(threads=2) as connection:
        assert connection.execute(MUCH).fetchone() == (600_000,)
    assert list(passing.own().parent.iterdir()) == []
