"""The department's commands as somebody's script sees them: what they print, as lines and JSON, and how they end."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from dunwell.nightly.services import running
from dunwell.portfolio.models import Party
from tests import build
from tests.acceptance.test_intake_broken_files import table
from tests.integration.test_portfolio_people import LIN, keep_people
from tests.sizes import in_the_soak

DUNWELL = Path(sys.executable).with_name("dunwell")
DAY = "2026-11-22"
LATE = {
    "past_due_amount": "12.50", "overdue_since": "2026-10-25", "periods_past_due": "1", "due_date": "2026-11-25",
}  # fmt: skip


@dataclass
class Commands:
    """`dunwell` with a home and a database of its own."""

    environment: dict[str, str]
    folder: Path

    def __call__(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [DUNWELL, *map(str, words)], env=self.environment, capture_output=True, text=True, timeout=300,
            cwd=self.folder,
        )  # fmt: skip

    def file(self, kind: str, *rows: dict[str, str], day: str = DAY, tail: str = "") -> Path:
        path = self.folder / f"{kind}_{day}.csv"
        path.write_text(with_columns(kind, rows) + tail, encoding="utf-8")
        return path


def with_columns(kind: str, rows: tuple[dict[str, str], ...]) -> str:
    """A file of the contract; columns that the plain row has not are added to the header."""
    plain = list(csv.DictReader(io.StringIO(table(kind, *({} for _ in rows)))))
    names = list(dict.fromkeys([*plain[0], *(name for row in rows for name in row)]))
    out = io.StringIO()
    write = csv.DictWriter(out, names, restval="", lineterminator="\n")
    write.writeheader()
    write.writerows({**before, **row} for before, row in zip(plain, rows, strict=True))
    return out.getvalue()


@pytest.fixture
def dunwell(fresh_database, tmp_path: Path) -> Commands:
    build.entity()
    home = tmp_path / "home"
    home.mkdir()
    environment = {**fresh_database.environment, "DUNWELL_HOME": str(home)}
    environment.pop("DUNWELL_LAKE", None)
    return Commands(environment, tmp_path)


@in_the_soak
def test_from_the_files_to_the_reason_of_a_figure(dunwell):
    """Files, night, report and why; each as lines and as JSON, each with the exit code that scripts rely on."""
    people = dunwell.file("parties", {}, {"party_no": "P2", "account_no": "A2", "name": "王芳"}, tail="#TOTAL,2\n")
    accounts = dunwell.file("accounts", LATE, {"account_no": "A2", "party_no": "P2"}, tail="#TOTAL,2,balance=203.00\n")
    wrong = {"account_no": "A2", "minimum_payment": "1O.00"}
    statements = dunwell.file("statements", {"due_date": "2026-11-25"}, wrong)

    done = dunwell("intake", "--business-date", DAY, accounts, people)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"parties_{DAY}.csv: 2 rows read, 2 taken, 0 warned, 0 in quarantine, control totals agreed",
        f"accounts_{DAY}.csv: 2 rows read, 2 taken, 0 warned, 0 in quarantine, control totals agreed",
    ]
    again = dunwell("intake", "--business-date", DAY, people)
    assert again.returncode == 0 and again.stdout.endswith("control totals agreed, taken before\n")
    told = json.loads(dunwell("intake", "--business-date", DAY, "--json", statements).stdout)
    assert told == [
        {
            "file": f"statements_{DAY}.csv", "kind": "statements", "business_date": DAY, "outcome": "taken",
            "rows_read": 2, "rows_taken": 1, "rows_warned": 0, "rows_in_quarantine": 1, "totals_agreed": None,
            "control": {}, "warnings": {}, "changes": {}, "refusal": {},
        }
    ]  # fmt: skip

    off = dunwell.file("transactions", {}, tail="#TOTAL,3\n")
    refused = dunwell("intake", "--business-date", DAY, off)
    assert (refused.returncode, refused.stdout) == (
        1,
        f"transactions_{DAY}.csv: The control total says 3 rows, 1 were read. The whole file was refused.\n",
    )
    refused = dunwell("intake", "--business-date", DAY, "--json", off, people)
    assert refused.returncode == 1
    assert [answer["outcome"] for answer in json.loads(refused.stdout)] == ["already", "refused"]

    stopped = dunwell("nightly", "--business-date", DAY, "--json")
    assert stopped.returncode == 3  # a refused file of the day stops the night until it is corrected
    assert json.loads(stopped.stdout)["state"] == "stopped"
    assert dunwell("intake", "--business-date", DAY, dunwell.file("transactions", {})).returncode == 0
    dry = dunwell("nightly", "--business-date", DAY, "--dry-run", "--json")
    assert dry.returncode == 0, dry.stderr
    assert json.loads(dry.stdout)["state"] == "dry run"
    nothing = dunwell("report", "buckets", "--business-date", DAY)

    night = dunwell("nightly", "--business-date", DAY)
    assert night.returncode == 0, night.stderr
    *steps, last = night.stdout.splitlines()
    assert last.startswith(f"{DAY}, run ") and last.endswith(": published")
    assert any(line.startswith("age ") and " rows " in line and line.endswith(" s") for line in steps)
    assert nothing.returncode == 1  # a dry run publishes nothing
    as_json = json.loads(dunwell("nightly", "--business-date", DAY, "--json").stdout)
    assert set(as_json) >= {"business_date", "run", "state", "steps"}
    assert {"step", "rows", "money", "seconds"} <= set(as_json["steps"][0])

    rows = list(csv.DictReader(io.StringIO(dunwell("report", "buckets", "--business-date", DAY).stdout)))
    assert list(rows[0]) == ["currency", "bucket", "accounts", "balance", "past_due"]
    assert sum(int(row["accounts"]) for row in rows) == 2
    assert sum(Decimal(row["balance"]) for row in rows) == Decimal("203.00")
    assert [row["past_due"] for row in rows if row["bucket"] == "M1"] == ["12.50"]
    told = json.loads(dunwell("report", "buckets", "--business-date", DAY, "--format", "json").stdout)
    assert [{name: str(cell) for name, cell in row.items()} for row in told] == rows
    excel = dunwell.folder / "buckets.xlsx"
    assert dunwell("report", "buckets", "--business-date", DAY, "--format", "xlsx", "--out", excel).returncode == 0
    assert excel.read_bytes()[:2] == b"PK"
    header = dunwell("report", "roll-rates", "--business-date", DAY).stdout.splitlines()[0]
    assert header == "month,from_bucket,to_bucket,accounts,share_of_accounts,balance,share_of_balance"
    stays = dunwell("report", "stays", "--business-date", DAY)
    assert stays.stdout.startswith("account_no,bucket,entered_on,left_on\n") and stays.returncode == 0, stays.stderr
    unknown = dunwell("report", "tea-leaves", "--business-date", DAY)
    assert unknown.returncode == 1 and "There is no report 'tea-leaves'" in unknown.stderr

    why = dunwell("why", "A1", "--business-date", DAY)
    assert why.returncode == 0, why.stderr
    assert why.stdout.startswith(f"account A1, CNY, business date {DAY}, run ")
    figures = [line.split() for line in why.stdout.splitlines()]
    assert ["balance", "101.50"] in figures and ["past_due", "12.50"] in figures
    assert ["risk_class", "special_mention"] in figures
    nobody = dunwell("why", "A9", "--business-date", DAY)
    assert nobody.returncode == 1 and nobody.stderr.startswith("dunwell: Account A9 ")


def test_a_proposed_mapping_takes_the_file(dunwell):
    source = dunwell.folder / "日终账户.txt"
    source.write_bytes(
        "账号\t客户编号\t币种\t产品\t账单日\t消费本金\t当前余额\t到期还款日\n"
        "6001\tC1\t156\tG1\t5\t1,000.00\t1,000.00\t20261125\n6002\tC2\t156\tG1\t7\t20.00\t20.00\t20261127\n".encode(
            "gb18030"
        )
    )
    guessed = dunwell("intake", "--guess", source)
    assert guessed.returncode == 0, guessed.stderr
    mapping = dunwell.folder / "bank.yaml"
    mapping.write_text(guessed.stdout, encoding="utf-8")
    taken = dunwell("intake", "--business-date", DAY, "--mapping", mapping, source)
    assert (taken.returncode, taken.stdout) == (
        0,
        "日终账户.txt: 2 rows read, 2 taken, 0 warned, 0 in quarantine, no control totals\n",
    ), guessed.stdout
    mapping.write_text(guessed.stdout + "nonsense: 1\n", encoding="utf-8")
    refused = dunwell("intake", "--business-date", DAY, "--mapping", mapping, source)
    assert refused.returncode == 1


def test_a_night_without_its_file_ends_with_3_and_says_which(dunwell):
    done = dunwell("nightly", "--business-date", DAY, "--json")
    assert done.returncode == 3
    said = json.loads(done.stdout)
    assert (said["state"], said["reason"]["code"]) == ("stopped", "file_missing")
    assert f"The night of {DAY} stopped before publishing: the file" in done.stderr


def test_a_night_beside_another_ends_with_4(dunwell):
    dunwell("intake", "--business-date", DAY, dunwell.file("parties", {}), dunwell.file("accounts", LATE))
    with contextlib.ExitStack() as held:
        held.enter_context(lock_of_the_night(dunwell))
        done = dunwell("nightly", "--business-date", DAY)
    assert (done.returncode, done.stderr) == (4, "dunwell: Another run holds the lock.\n")


@contextlib.contextmanager
def lock_of_the_night(dunwell: Commands):
    """The lock that a running night holds, held by somebody else."""
    with psycopg.connect(dunwell.environment["DATABASE_URL"], autocommit=True) as other:
        other.execute(running.LOCK)
        yield


def test_a_person_is_erased_by_command_or_the_reason_is_said(dunwell):
    keep_people(LIN)
    case = build.case(party=Party.objects.get(party_no="P1"))
    words = ["people", "erase", "P1", "--reason", "he asked"]
    refused = dunwell(*words)
    assert refused.returncode == 1
    assert refused.stderr.splitlines()[0] == f"party P1: case {case.case_no} is open"
    assert refused.stderr.splitlines()[-1] == "dunwell: Party P1 may not be erased."
    case.closed_on = case.opened_on = date(2020, 1, 1)
    case.save()
    assert dunwell("people", "erase", "P1", "--check").stdout == "party P1: nothing forbids it\n"
    done = dunwell(*words)
    assert (done.returncode, done.stdout) == (0, "party P1: erased; files that name it are taken without it\n")
    assert Party.objects.get(party_no="P1").name_masked == ""
    assert dunwell("people", "erase", "P9", "--reason", "x").stderr == "dunwell: There is no party P9.\n"
    assert dunwell("people", "readmit", "P1", "--reason", "new card").returncode == 0
    assert dunwell("people", "readmit", "P1", "--reason", "again").stderr == "dunwell: Party P1 was not erased.\n"


def test_keys_say_what_they_wrap(dunwell):
    assert dunwell("keys", "status").stdout == ("master key 1 (in force): 0 people, 0 files, 0 rows in quarantine\n")
    assert dunwell("keys", "rotate").stdout.startswith("master key 2 is in force: 0 people, 0 files and 0 rows")


LOWERED = """
import json, os
import django
django.setup()
from django.db import connection
from dunwell.nightly.services import behind_the_desks
connection.ensure_connection()
who = (0, connection.connection.info.backend_pid)
before = [os.getpriority(os.PRIO_PROCESS, one) for one in who]
behind_the_desks()
print(json.dumps([before, [os.getpriority(os.PRIO_PROCESS, one) for one in who]]))
"""


def test_the_night_and_its_session_stand_behind_the_desks(fresh_database):
    done = subprocess.run(
        [sys.executable, "-c", LOWERED], env=fresh_database.environment, capture_output=True, text=True, timeout=120
    )
    before, after = json.loads(done.stdout)
    assert after == [min(one + 10, 19) for one in before]
