"""Handing instructions over, killed at every one of its lines: each instruction is in one file, and no file is cut off."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

from django.db import connections

from dunwell.arrangements.models import Instruction, InstructionBatch
from dunwell.arrangements.services import instructing
from tests import build
from tests.sizes import size

#: For each n: a new instruction, and a hand-over that is killed at its n-th line; until one comes to its end. Each in a child
#: of its own. Prints how many were killed.
KILLER = """
import json, os, signal, sys
import django
django.setup()
from decimal import Decimal
from pathlib import Path
from dunwell.arrangements import services
from dunwell.arrangements.services import instructing
from dunwell.kernel.actor import Actor
from dunwell.portfolio.models import Account
from tests import build

folder, every = Path(sys.argv[1]), int(sys.argv[2])

def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            sys.settrace(None)
            os._exit(int(sys.exc_info()[0] is not None))
    return os.waitpid(pid, 0)[1]

def ask(n):
    services.instruct(account_id=Account.objects.get().pk, kind="stop_of_interest", amount=Decimal("0.00"), payload={},
                      by=Actor.program("tests"), now=build.NOW, key=f"i-{n}")

def hand_over_until(n):
    seen = 0
    def lines(frame, event, _):
        nonlocal seen
        if frame.f_code.co_filename != instructing.__file__:
            return None
        seen += event == "line"
        if seen == n:
            os.kill(os.getpid(), signal.SIGKILL)
        return lines
    sys.settrace(lines)
    services.hand_over(now=build.NOW, folder=folder)

killed, n = 0, 1
while True:
    assert child(lambda: ask(n)) == 0
    status = child(lambda: hand_over_until(n))
    if status == 0:
        break
    assert status == signal.SIGKILL, status
    killed, n = killed + 1, n + every
    if every == 1:  # what is left over is lines too: with a line more at each turn the end would never come
        assert child(lambda: services.hand_over(now=build.NOW, folder=folder)) == 0
print(json.dumps(killed))
"""


def test_each_instruction_is_in_one_whole_file(fresh_database, tmp_path: Path):
    build.account()
    connections.close_all()
    done = subprocess.run(
        [sys.executable, "-c", KILLER, str(tmp_path), str(size(4, 1))], env=fresh_database.environment, cwd=Path.cwd(),
        capture_output=True, text=True, timeout=600, check=True,
    )  # fmt: skip
    killed = json.loads(done.stdout)
    assert killed >= size(8, 30)
    assert instructing.hand_over(now=build.NOW, folder=tmp_path) == 0
    found: list[int] = []
    for path in sorted(tmp_path.glob("instructions_*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            found += [int(row["instruction_id"]) for row in csv.DictReader(file)]
    assert sorted(found) == sorted(Instruction.objects.values_list("pk", flat=True)) and len(found) == killed + 1
    assert not InstructionBatch.objects.filter(written_at=None).exists()
