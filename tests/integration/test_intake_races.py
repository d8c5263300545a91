"""Takers at once: one file, one winner."""

from __future__ import annotations

import threading
from pathlib import Path

from django.db import connection

from dunwell.intake.models import IntakeFile
from dunwell.intake.services import take
from dunwell.kernel.actor import Actor
from tests import build
from tests.acceptance.test_intake_broken_files import DAY, GOOD, table

FULL = table("accounts", {}, *GOOD["accounts"])
BY = Actor.program("test")


def test_of_two_takers_at_once_one_wins(fresh_database, tmp_path: Path) -> None:
    entity = build.entity()
    path = tmp_path / "accounts_2026-11-22.csv"
    path.write_text(FULL)
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def taker() -> None:
        start.wait()
        outcomes.append(
            take(
                path=path, business_date=DAY, entity=entity, now=build.NOW, by=BY, keep=lambda duck, name: None
            ).outcome
        )
        connection.close()

    threads = [threading.Thread(target=taker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["already", "already", "already", "taken"]
    assert IntakeFile.objects.count() == 1
