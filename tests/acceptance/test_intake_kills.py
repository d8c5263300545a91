"""Intake killed in mid-work and run again: everything once."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from dunwell.evidence.models import Log
from dunwell.intake.models import IntakeFile
from tests import build
from tests.acceptance.test_intake_broken_files import ACCOUNT
from tests.sizes import size

ROWS = 60_000
MOMENTS = [0.05 + 1.2 * nr / size(4, 40) for nr in range(size(4, 40) + 1)]  # seconds after it begins
SCRIPT = """
import signal, sys, django
django.setup()
from datetime import date, datetime, UTC
from pathlib import Path
from dunwell.identity.models import Entity
from dunwell.intake.services import take
from dunwell.kernel.actor import Actor
if len(sys.argv) > 2:
    signal.setitimer(signal.ITIMER_REAL, float(sys.argv[2]))  # the system ends it, however busy who started it is
taken = take(path=Path(sys.argv[1]), business_date=date(2026, 11, 22), entity=Entity.objects.get(code="bank"),
             now=datetime(2026, 11, 23, 2, 30, tzinfo=UTC), by=Actor.program("test"))
print(taken.outcome, flush=True)
"""


def test_killed_at_any_moment_and_run_again_a_file_is_taken_once(fresh_database, tmp_path: Path) -> None:
    build.entity()
    path = tmp_path / "accounts_2026-11-22.csv"
    names = list(ACCOUNT)
    line = ",".join(ACCOUNT[name] for name in names[1:])
    broken = line.replace("101.50", "1O1.50", 1)
    rows = [f"A{number},{broken if number % 1000 == 0 else line}" for number in range(ROWS)]
    path.write_text("\n".join([",".join(names), *rows]) + "\n")

    def run(*moment: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", SCRIPT, str(path), *map(str, moment)], env=fresh_database.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=300,
        )  # fmt: skip

    killed = 0
    for moment in MOMENTS:
        killed += run(moment).returncode == -signal.SIGALRM
        assert IntakeFile.objects.count() in (0, 1)
    last = run()
    file = IntakeFile.objects.get()
    assert last.stdout.split()[-1] in ("taken", "already") and killed
    assert (file.rows_taken, file.rows_quarantined, file.quarantine.count()) == (ROWS - 60, 60, 60)
    assert Log.objects.filter(kind="intake.taken").count() == 1
