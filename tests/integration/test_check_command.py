"""`dunwell check` as it is typed: what is printed, written and answered by the exit code. No database, no home."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

DUNWELL = Path(sys.executable).with_name("dunwell")
DATA = Path(__file__).parent.parent / "data"


@pytest.fixture
def check(tmp_path):
    """Runs `dunwell check WHAT` on a text in an environment that names neither a database nor a home that exists."""

    def run(what: str, text: str | bytes | Path, *more: str) -> subprocess.CompletedProcess:
        file = text if isinstance(text, Path) else tmp_path / "cases.csv"
        if not isinstance(text, Path):
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("DUNWELL", "DATABASE", "DJANGO"))
        }
        return subprocess.run(
            [DUNWELL, "check", what, file, *more],
            capture_output=True,
            env={**kept, "DUNWELL_HOME": str(tmp_path / "home"), "LC_ALL": "C", "PYTHONUTF8": "0"},
            cwd=tmp_path,
        )

    return run


def table(done: subprocess.CompletedProcess) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(done.stdout.decode("utf-8"))))


def test_the_inputs_columns_come_first_and_only_empty_cells_are_filled(check, tmp_path):
    done = check(
        "numbers",
        "\ufeffcase_id,note,kind,valid,value\r\n"
        "7,北京,resident_id,,11010519491231002X\r\n"
        '8,"a ""b"", c",card,perhaps,4111 1111 1111 1111\r\n\r\n'
        "9,,mobile,,123\r\n",
    )
    assert done.returncode == 0, done.stderr
    header = done.stdout.decode().splitlines()[0]
    assert header == "case_id,note,kind,valid,value,normalised,birth_date,province,county,error"
    first, second, third = table(done)
    assert (first["valid"], first["birth_date"], first["province"]) == ("yes", "1949-12-31", "北京市")
    assert (second["note"], second["valid"], second["normalised"]) == ('a "b", c', "perhaps", "4111111111111111")
    assert (third["valid"], third["normalised"], third["error"]) == ("no", "", "")  # not valid is an answer
    assert not (tmp_path / "home").exists()


def test_days_of_the_arrangement_of_record(check):
    done = check(
        "days", "case_id,date,calendar\na,2026-02-14,\nb,2026-02-16,cn\nc,2026-11-24,\nd,2027-01-04,\ne,2026-11-24,us\n"
    )
    found = table(done)
    assert done.returncode == 1
    assert [(row["working_day"], row["name"]) for row in found[:3]] == [
        ("yes", "Spring Festival"), ("no", "Spring Festival"), ("yes", ""),
    ]  # fmt: skip
    assert found[3]["error"] == "Row 5, date: the calendar ends on 2026-12-31; 2027-01-04 is not in it."
    assert found[4]["error"] == 'Row 6, calendar: found "us", expected cn.'
    assert {row["working_day"] + row["name"] for row in found[3:]} == {""}


def test_contacts_by_the_gate_of_the_desk(check, tmp_path):
    done = check("contacts", DATA / "contact_rules.csv", "--out", str(tmp_path / "answers.csv"))
    assert (done.returncode, done.stdout) == (0, b""), done.stderr
    rows = list(csv.DictReader((tmp_path / "answers.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["decision"], row["primary_reason"]) for row in rows] == [
        (row["expected"], row["reason_id"]) for row in rows
    ]
    by_id = {row["id"]: row for row in rows}
    assert by_id["CN13"]["retry_after"] == "2026-11-25T08:00:00+08:00"
    assert by_id["CN15"]["retry_after"] == ""
    assert {row["pack_version"] for row in rows if row["pack"] == "CN"} == {"cn-2026-01"}
    assert by_id["US17"]["pack_version"] == "us-2021-11+us-ma-2012"


def test_ageing_answers_beside_the_question(check):
    done = check(
        "ageing",
        "case_id,as_of,oldest_unpaid_due_date,dues,payments,grace_days,grace_policy,pauses\n"
        "1,2023-10-20,,2023-10-01:250.00;2023-10-16:250.00,2023-10-17:250.00,3,,\n"
        "2,2023-10-12,2023-10-01,,,,subtract,2023-10-06..2023-10-10\n"
        "3,2023-10-12,,,,,,\n",
    )
    assert done.returncode == 1
    assert done.stdout.decode().splitlines()[1:] == [
        "1,2023-10-20,2023-10-16,2023-10-01:250.00;2023-10-16:250.00,2023-10-17:250.00,3,,,250.00,4,4,1,M1,special_mention,",
        "2,2023-10-12,2023-10-01,,,,subtract,2023-10-06..2023-10-10,,11,7,,M1,special_mention,",
        '3,2023-10-12,,,,,,,,,,,,,"Row 4: found neither oldest_unpaid_due_date nor dues, expected one of them."',
    ]


@pytest.mark.parametrize(
    ("what", "text", "sentence"),
    [
        ("days", "case_id,day\n1,2026-01-01\n", "has no column date; there are case_id, day."),
        ("days", "", "has no header."),
        ("days", "case_id,date,date\n1,2,3\n", "has the column date twice."),
        ("days", b"case_id,date\n\xd5\xc5,2026-01-01\n", "is not UTF-8: byte 14 is 0xd5."),
        ("days", 'case_id,date\n1,"2026-01-01\n', "is not CSV: line 2: unexpected end of data."),
        ("days", Path("/nowhere/cases.csv"), "cannot be read: No such file or directory."),
    ],
)
def test_wrong_usage_is_one_sentence(check, what, text, sentence):
    done = check(what, text)
    assert (done.returncode, done.stdout) == (2, b"")
    [line] = done.stderr.decode().splitlines()
    assert line.startswith("dunwell: ") and line.endswith(sentence)


def test_a_rule_that_is_not_there_is_wrong_usage(check):
    assert check("astrology", "case_id\n1\n").returncode == 2


def test_a_table_that_cannot_be_written_is_wrong_usage(check, tmp_path):
    done = check("days", "case_id,date\n1,2026-01-01\n", "--out", str(tmp_path / "no" / "where.csv"))
    assert done.returncode == 2
    assert b"cannot be written: No such file or directory." in done.stderr


def test_rows_with_too_many_or_too_few_fields_are_named_and_the_rest_is_answered(check):
    done = check("days", "case_id,date\n1,2026-01-01,x\n2\n3,2026-01-01\n")
    assert done.returncode == 1
    assert [row["error"] for row in table(done)] == [
        "Row 2: found 3 fields, expected 2 as in the header.", "Row 3: found 1 fields, expected 2 as in the header.", "",
    ]  # fmt: skip


def test_a_header_alone_is_answered_with_a_header(check):
    done = check("ageing", "case_id,as_of\n")
    assert (done.returncode, done.stdout.decode().count("\n")) == (0, 1)
