"""The columns and exit codes of every `dunwell check WHAT` that others script against, read from the table below."""

from __future__ import annotations

import csv
from argparse import Namespace
from pathlib import Path

import pytest

from dunwell.cli import check

#: WHAT | what it reads | a good case | beside the question or a table of its own | answers. A `!` column must be there.
TABLE = """
ageing | case_id! as_of! oldest_unpaid_due_date dues payments grace_days grace_policy pauses | 1,2026-11-23,2026-11-01,,,3,subtract,2026-11-05..2026-11-07 | beside | oldest_unpaid_due_date past_due_amount days_past_due days_delinquent periods_past_due bucket risk_class
interest | case_id! entry! date! amount! daily_rate! method! | 1,purchase,2026-04-02,2000.00,0.0005,full_balance 1,statement,2026-04-07,,, 1,due,2026-04-25,200.00,, 1,statement,2026-05-07,,, | own | interest
allocation | case_id! penalty fee interest principal payment! order days_delinquent instalments payment_date future_rule | 1,1.00,2.00,3.00,4.00,5.00,penalty>fee>interest>principal,,,, | beside | paid_penalty paid_fee paid_interest paid_principal left_over paid_per_instalment
schedule | case_id! principal! annual_rate_percent! periods! period_unit every start_date! first_due_date method! day_count rounding rounding_unit | 1,1000.00,12,2,months,1,2026-01-16,2026-02-16,level,30/360,half_up,0.01 | own | nr due_date principal interest payment balance_after
rate | case_id! date! amount! convention! unit | 1,2026-01-01,-1000.00,reg_z,month 1,2026-02-01,1010.00,, | own | annual_rate_percent
contacts | id! pack! now_local! tz! channel! actor! party! point! debt! history! flags! | 1,CN,2026-11-24T12:00:00,Asia/Shanghai,call,bank,debtor,p1,d1,, | beside | decision primary_reason all_reasons retry_after pack_version
numbers | case_id! kind! value! | 1,mobile,13912345678 | beside | valid normalised birth_date province county
days | case_id! date! calendar | 1,2026-10-01,cn | beside | working_day name
"""  # noqa: E501
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]


def asked(folder: Path, what: str, columns: list[str], rows: list[list[str]]) -> tuple[int, list[list[str]]]:
    """The exit code, and the table that was written."""
    file, out = folder / "cases.csv", folder / "answers.csv"
    with file.open("w", newline="", encoding="utf-8") as written:
        csv.writer(written).writerows([columns, *rows])
    out.unlink(missing_ok=True)
    code = check.run(Namespace(what=what, file=str(file), out=str(out)))
    return code, list(csv.reader(out.read_text("utf-8").splitlines())) if out.exists() else []


def test_every_check_stands_in_the_table():
    assert [row[0] for row in ROWS] == list(check.CHECKS)


@pytest.mark.parametrize(("what", "reads", "good", "shape", "answers"), ROWS, ids=[row[0] for row in ROWS])
def test_columns_and_exit_codes(tmp_path, capsys, what, reads, good, shape, answers):
    columns = [name.rstrip("!") for name in reads.split()]
    key, told = columns[0], answers.split()
    case = [line.split(",") for line in good.split(" ")]
    assert {len(line) for line in case} == {len(columns)}
    bad = [["2", *("no such" for _ in columns[1:])]]

    code, [header, *rows] = asked(tmp_path, what, ["note", *columns], [["kept", *line] for line in case])
    added = [name for name in told if name not in columns]
    assert header == (["note", *columns, *added, "error"] if shape == "beside" else [key, *told, "error"])
    assert (code, {row[-1] for row in rows}) == (0, {""})
    first = dict(zip(header, rows[0], strict=True))
    assert any(first[name] for name in told) and first[key] == "1"
    if shape == "beside":
        assert [row[: len(columns) + 1] for row in rows] == [["kept", *case[0]]]

    code, [header, *rows] = asked(tmp_path, what, columns, bad + case)
    failed, *others = [dict(zip(header, row, strict=True)) for row in rows]
    assert (code, failed[key], bool(failed["error"]), {row["error"] for row in others}) == (1, "2", True, {""})
    assert not any(failed[name] for name in told if name not in columns or shape == "own")

    for name in reads.split():
        if name.endswith("!"):
            without = [column for column in columns if column != name[:-1]]
            found = asked(tmp_path, what, without, [["1"] * len(without)])
            assert found == (2, []) and f"has no column {name[:-1]};" in capsys.readouterr().err
