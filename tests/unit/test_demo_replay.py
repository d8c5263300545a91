"""The replay against the source file it is made from: totals, states, and people who cannot exist."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from dunwell.demo import replay
from dunwell.kernel import numbers

YESTERDAY = date(2026, 11, 22)
ACCOUNTS = 600


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp("replay")
    replay.write_files(made, YESTERDAY, accounts=ACCOUNTS)
    return made


@pytest.fixture(scope="module")
def db(folder):
    """`source` straight from the packaged file; `months`, `days` and the people from the files written."""
    connection = duckdb.connect()
    texts = "types = {'account_no': 'VARCHAR', 'balance': 'DECIMAL(18,2)'}"
    connection.execute(f"CREATE TABLE source AS SELECT * FROM read_parquet('{replay.SOURCE}') WHERE ID <= {ACCOUNTS}")
    connection.execute(
        f"CREATE TABLE months AS SELECT *, CAST(regexp_extract(filename, '\\d{{4}}-\\d\\d-\\d\\d') AS DATE) AS as_of "
        f"FROM read_csv('{folder}/accounts_*.csv', filename = true, {texts}, union_by_name = true)"
    )
    connection.execute(
        f"CREATE TABLE days AS SELECT *, CAST(regexp_extract(filename, '\\d{{4}}-\\d\\d-\\d\\d') AS DATE) AS as_of "
        f"FROM read_parquet('{folder}/accounts_*.parquet', filename = true)"
    )
    yield connection
    connection.close()


def rows(db, query: str) -> list[tuple]:
    return db.execute(query).fetchall()


def test_the_dates_are_six_month_ends_and_thirty_five_days():
    months, days = replay.business_dates(YESTERDAY)
    assert [str(day) for day in months] == [
        "2026-04-30", "2026-05-31", "2026-06-30", "2026-07-31", "2026-08-31", "2026-09-30",
    ]  # fmt: skip
    assert (len(days), days[0], days[-1]) == (35, date(2026, 10, 19), YESTERDAY)


@pytest.mark.parametrize("yesterday", [date(2026, 2, 4), date(2026, 3, 7), date(2027, 1, 31), date(2028, 4, 4)])
def test_the_last_month_end_is_before_the_first_day(yesterday):
    months, days = replay.business_dates(yesterday)
    assert months[-1] < days[0]
    assert (days[0] - months[-1]).days <= 31
    assert all((month + timedelta(days=1)).day == 1 for month in months)


def test_balances_of_each_month_end_are_the_bills_of_the_source(db):
    written = rows(db, "SELECT as_of, count(*), sum(balance) FROM months GROUP BY as_of ORDER BY as_of")
    bills = ["BILL_AMT6", "BILL_AMT5", "BILL_AMT4", "BILL_AMT3", "BILL_AMT2", "BILL_AMT1"]
    for (_, accounts, balance), bill in zip(written, bills, strict=True):
        assert (accounts, balance) == rows(db, f"SELECT count(*), sum({bill}) FROM source")[0]


BUCKET = """CASE WHEN {days} IS NULL OR {days} <= 3 THEN 'M0' WHEN {days} <= 30 THEN 'M1' WHEN {days} <= 60 THEN 'M2'
    WHEN {days} <= 90 THEN 'M3' WHEN {days} <= 120 THEN 'M4' WHEN {days} <= 150 THEN 'M5' WHEN {days} <= 180 THEN 'M6'
    ELSE 'M7+' END"""
STATE = """CASE WHEN {bill} <= 0 OR {state} < 1 THEN 'M0' WHEN {state} <= 2 THEN 'M1' WHEN {state} >= 8 THEN 'M7+'
    ELSE concat('M', {state} - 1) END"""


def test_roll_rates_of_the_files_are_those_of_the_source(db):
    bucket = BUCKET.format(days="date_diff('day', overdue_since, as_of)")
    written = rows(
        db,
        f"""WITH b AS (SELECT account_no, as_of, balance, {bucket} AS bucket FROM months)
        SELECT e.as_of, s.bucket, e.bucket, count(*), sum(s.balance) FROM b AS s
        JOIN b AS e ON e.account_no = s.account_no AND e.as_of = last_day(s.as_of + 1) GROUP BY ALL ORDER BY ALL""",
    )
    months, _ = replay.business_dates(YESTERDAY)
    expected = []
    for step in range(5):
        a, b = 6 - step, 5 - step
        source = STATE.format(bill=f"BILL_AMT{a}", state=f"PAY_{a}")
        to = STATE.format(bill=f"BILL_AMT{b}", state=f"PAY_{b}")
        found = rows(db, f"SELECT {source}, {to}, count(*), sum(BILL_AMT{a}) FROM source GROUP BY ALL ORDER BY ALL")
        expected += [(months[step + 1], *row) for row in found]
    assert written == expected


@pytest.mark.parametrize("table", ["months", "days"])
def test_every_position_is_consistent_in_itself(db, table):
    wrong = rows(
        db,
        f"""SELECT account_no, as_of FROM {table} WHERE round(principal_retail + principal_cash + principal_instalment_billed
            + principal_instalment_unbilled + interest_on_balance + interest_off_balance + late_charge + other_fees
            - credit_balance - balance, 2) <> 0
            OR minimum_payment > greatest(statement_balance, 0) OR past_due_amount > greatest(balance, 0)
            OR (periods_past_due > 0) <> (past_due_amount > 0) OR (periods_past_due > 0) <> (overdue_since IS NOT NULL)
            OR overdue_since >= as_of OR statement_date > as_of OR due_date <= statement_date
            OR least(principal_retail, principal_cash, principal_instalment_billed, principal_instalment_unbilled) < 0""",
    )
    assert wrong == []


def test_a_day_s_balance_moves_only_by_what_was_posted(folder, db):
    posted = f"read_parquet('{folder}/transactions_*.parquet', union_by_name = true)"
    wrong = rows(
        db,
        f"""WITH b AS (SELECT account_no, as_of, balance,
            lag(balance) OVER (PARTITION BY account_no ORDER BY as_of) AS before FROM days),
        m AS (SELECT account_no, posting_date,
            sum(CASE WHEN type IN ('repayment', 'merchant_refund') THEN -amount ELSE amount END) AS moved
              FROM {posted} GROUP BY ALL)
        SELECT b.account_no, b.as_of, b.balance - b.before, m.moved FROM b
        LEFT JOIN m ON m.account_no = b.account_no AND m.posting_date = b.as_of
        WHERE b.before IS NOT NULL AND b.balance - b.before <> coalesce(m.moved, 0)""",
    )
    assert wrong == []


def test_somebody_pays_on_every_day_and_no_day_has_more_than_twice_its_share_of_a_month(folder, db):
    """The days before a cycle's first possible one were once all on that one: a fifth of a month in a day."""
    posted = f"read_parquet('{folder}/transactions_*.parquet', union_by_name = true)"
    found = rows(
        db,
        f"""SELECT posting_date, count(*) FROM {posted}
            WHERE type = 'repayment' AND posting_date BETWEEN DATE '2026-11-01' AND DATE '{YESTERDAY}' GROUP BY ALL""",
    )
    assert len(found) == YESTERDAY.day
    assert max(paid for _, paid in found) <= 2 * sum(paid for _, paid in found) / len(found)


def test_people_pass_every_check_but_exist_nowhere(folder):
    text = (folder / "parties_2026-04-30.csv").read_bytes().decode("gb18030")
    numbers_found = set(re.findall(r"9901\d{13}[\dX]", text))
    assert len(numbers_found) > ACCOUNTS / 2
    assert all(numbers.check("resident_id", number).valid for number in numbers_found)
    points = (folder / "contact_points_2026-04-30.csv").read_text(encoding="utf-8")
    assert not re.search(r",mobile,(?!1540)", points)
    assert not re.search(r",email,(?![^,]*@example\.com,)", points)
    cards = re.findall(r",(9999\d{12}),", (folder / "cards_2026-04-30.csv").read_text(encoding="utf-8"))
    assert len(cards) >= ACCOUNTS
    assert all(numbers.check("card", card).valid for card in cards)


def test_the_same_seed_writes_the_same_bytes_and_another_seed_other_people(folder, tmp_path):
    replay.write_files(tmp_path / "same", YESTERDAY, accounts=60)
    replay.write_files(tmp_path / "again", YESTERDAY, accounts=60)
    replay.write_files(tmp_path / "other", YESTERDAY, accounts=60, seed=2)

    def read(name: str) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}

    assert read("same") == read("again")
    assert read("same")["parties_2026-04-30.csv"] != read("other")["parties_2026-04-30.csv"]


def test_control_totals_stand_beside_every_file(folder):
    files = [path for path in folder.iterdir() if path.suffix in (".csv", ".parquet")]
    assert len(files) > 100
    assert all(path.with_name(path.name + ".ctl").read_text().startswith("rows,") for path in files)


def test_days_that_are_added_leave_those_before_as_they_were(tmp_path):
    last = YESTERDAY - timedelta(days=2)
    once = replay.write_files(tmp_path / "once", YESTERDAY, accounts=60)
    on = list(
        replay.deliveries(tmp_path / "on", YESTERDAY, accounts=60, until=YESTERDAY + timedelta(days=40), after=last)
    )
    assert [one.business_date for one in on] == [last + timedelta(days=nr) for nr in range(1, 43)]
    for before, after in zip(once[-2:], on[:2], strict=True):
        assert [file.name for file in before.files] == [file.name for file in after.files]
        assert [file.read_bytes() for file in before.files] == [file.read_bytes() for file in after.files]
