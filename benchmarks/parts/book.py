"""A bank's book on one day and what moved on it: the same for the same size, day and first day, on every machine.

How an account goes from one count of periods past due to the next is drawn from the month-on-month moves of the 30,000 real
accounts of the UCI set (src/dunwell/demo/data). Everything else is made up:

- 1.3 accounts a party; 20 due days, the 5th to the 24th, so one account in twenty passes its due date on each of them;
- before `first` 22 in 100 accounts are past due, by the set's own shares of periods; an account moves on the day after its
  due date, and only those: yesterday's book and today's come from the same draws, so what differs between them is real;
- one account in twenty pays on a day (on every twentieth of its days): of the late ones one in five a due or all of them,
  the rest a fifth of a due; others one due or more; one payment in fifty is taken back two days later; one account in
  twenty-five buys something;
- one account in fifty has a credit balance and owes nothing; one party in a hundred has a hold (written by the benchmark);
- statements twenty days before the due date; a minimum is the unpaid dues and one more; a due is 5 % of what is owed at
  first, at least 100.00. All amounts in yuan.

The book begins on `first`: there are no statements and payments of before. Files are those of the intake's contracts.
"""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

from duckdb import DuckDBPyConnection

from dunwell.demo.replay import SOURCE
from dunwell.engine import content, lake

KINDS = ("accounts", "statements", "transactions")

#: From the source: shares of periods past due among late accounts, and of the moves from each count (3 stands for more).
MOVES = """
CREATE OR REPLACE MACRO chance(i, salt) AS CAST(md5_number_lower(concat(salt, ':', i)) >> 11 AS DOUBLE) / 9007199254740992.0;
CREATE OR REPLACE MACRO cents(x) AS CAST(round(x, 2) AS DECIMAL(18, 2));
CREATE OR REPLACE TABLE month_state AS
SELECT ID AS id, m, CASE WHEN bill <= 0 OR state < 1 THEN 0 WHEN state <= 2 THEN 1 ELSE state - 1 END AS periods
FROM (
    SELECT ID, unnest([1, 2, 3, 4, 5, 6]) AS m, unnest([PAY_6, PAY_5, PAY_4, PAY_3, PAY_2, PAY_1]) AS state,
           unnest([BILL_AMT6, BILL_AMT5, BILL_AMT4, BILL_AMT3, BILL_AMT2, BILL_AMT1]) AS bill
    FROM read_parquet('{source}')
);
CREATE OR REPLACE TABLE late_share AS
SELECT periods, sum(share) OVER (ORDER BY periods) - share AS low, sum(share) OVER (ORDER BY periods) AS high
FROM (
    SELECT periods, count(*) / sum(count(*)) OVER () AS share FROM month_state WHERE periods BETWEEN 1 AND 7 GROUP BY periods
);
CREATE OR REPLACE TABLE move AS
SELECT least(a.periods, 3) AS periods, avg(CAST(b.periods > a.periods AS INTEGER)) AS roll,
       avg(CAST(b.periods = 0 AND a.periods > 0 AS INTEGER)) AS cure
FROM month_state AS a JOIN month_state AS b ON b.id = a.id AND b.m = a.m + 1
GROUP BY least(a.periods, 3);
"""

#: One row an account at the close of {day}: what was before {first}, and what happened from then on.
CLOSE = """
CREATE OR REPLACE TABLE drawn AS
SELECT i, 5 + CAST(floor(chance(i, 'due') * 20) AS INTEGER) AS due_day, chance(i, 'late') AS draw, chance(i, 'move') AS move,
       CAST(floor(chance(i, 'pays') * 20) AS INTEGER) AS pays, CAST(floor(chance(i, 'buys') * 25) AS INTEGER) AS buys,
       md5_number_lower(concat('a:', i)) AS a, md5_number_lower(concat('b:', i)) AS b
FROM range({accounts}) AS t(i);

CREATE OR REPLACE VIEW started AS
SELECT d.*, b % 50 = 7 AS in_credit, coalesce(s.periods, 0) AS before,
       CAST(CASE WHEN b % 50 = 7 THEN 0 ELSE (40000 + a % 2500000) / 100.0 END AS DECIMAL(18, 2)) AS owed
FROM drawn AS d
LEFT JOIN late_share AS s ON d.b % 50 <> 7
    AND d.draw * 0.98 / 0.22 >= s.low AND d.draw * 0.98 / 0.22 < s.high;

CREATE OR REPLACE VIEW moved AS
SELECT s.*, cents(greatest(100, s.owed * 0.05)) AS one_due,
       CASE WHEN s.in_credit THEN 0
            WHEN s.move < v.roll THEN s.before + 1 WHEN s.move < v.roll + v.cure THEN 0 ELSE s.before END AS after,
       make_date({year}, {month}, s.due_day) AS due_on,
       CASE WHEN ({number} + s.pays) % 20 <= {number} - {first_number} AND NOT s.in_credit
            THEN DATE '{day}' - CAST(({number} + s.pays) % 20 AS INTEGER) END AS paid_on,
       CASE WHEN ({number} + s.buys) % 25 <= {number} - {first_number} AND NOT s.in_credit
            THEN DATE '{day}' - CAST(({number} + s.buys) % 25 AS INTEGER) END AS bought_on,
       CAST(s.a % 100000 / 100.0 + 1 AS DECIMAL(18, 2)) AS bought
FROM started AS s JOIN move AS v ON v.periods = least(s.before, 3);

CREATE OR REPLACE TABLE account AS
SELECT *, CASE WHEN taken_back THEN paid_on + 2 END AS reversed_on, CASE WHEN dues_paid > 0 THEN dues_paid * one_due
       WHEN late_paid > 0 THEN cents(one_due * 0.2) ELSE cents(one_due * (1 + b % 100 / 100.0)) END AS paid,
       greatest(0, late_now - CASE WHEN paid_on IS NULL OR taken_back AND paid_on + 2 <= DATE '{day}' THEN 0 ELSE dues_paid END)
           AS periods
FROM (
    SELECT *, CASE WHEN due_on < DATE '{day}' AND due_on >= DATE '{first}' - 1 THEN after ELSE before END AS late_now,
           coalesce(b % 1000 BETWEEN 100 AND 119 AND paid_on IS NOT NULL, FALSE) AS taken_back,
           CASE WHEN paid_on IS NULL OR a % 100 >= 20 THEN 0 WHEN a % 100 < 15 THEN least(1, late_paid) ELSE late_paid END
               AS dues_paid
    FROM (
        SELECT *, CASE WHEN paid_on IS NULL THEN 0 WHEN due_on < paid_on AND due_on >= DATE '{first}' - 1 THEN after ELSE before END
                   AS late_paid
        FROM moved
    )
);

CREATE OR REPLACE VIEW closed AS
SELECT *, owed + late_now * one_due - CASE WHEN paid_on IS NULL OR reversed_on <= DATE '{day}' THEN 0
               ELSE least(paid, owed * 0.9 + late_now * one_due)::DECIMAL(18, 2) END
           + CASE WHEN bought_on IS NULL THEN 0 ELSE bought END AS debt,
       CASE WHEN due_on < DATE '{day}' THEN due_on ELSE CAST(due_on - to_months(1) AS DATE) END AS last_due,
       CASE WHEN due_on + to_months(1) - INTERVAL 20 DAY <= DATE '{day}' THEN CAST(due_on + to_months(1) AS DATE)
            ELSE due_on END AS billed_due,
       CASE WHEN due_on + to_months(1) - INTERVAL 20 DAY <= DATE '{day}' AND due_on >= DATE '{first}' - 1 THEN after ELSE before END
           AS billed_periods
FROM account;

CREATE OR REPLACE VIEW accounts AS
SELECT 'A' || lpad(i::VARCHAR, 12, '0') AS account_no, 'P' || lpad((i * 10 // 13)::VARCHAR, 12, '0') AS party_no,
    'CNY' AS currency, ['classic', 'gold', 'platinum'][CAST(1 + a % 3 AS INTEGER)] AS product,
    lpad((b % 300)::VARCHAR, 4, '0') AS branch, due_day AS cycle_day, DATE '2015-01-01' + CAST(a % 3600 AS INTEGER) AS open_date,
    CAST(5000 + b % 90 * 1000 AS DECIMAL(18,2)) AS credit_limit, CASE WHEN b % 40 = 0 THEN 'B' END AS block_code,
    CAST(debt - cash - billed - interest - late AS DECIMAL(18,2)) AS principal_retail, cash AS principal_cash,
    billed AS principal_instalment_billed,
    0::DECIMAL(18,2) AS principal_instalment_unbilled, interest AS interest_on_balance,
    0::DECIMAL(18,2) AS interest_off_balance, late AS late_charge, 0::DECIMAL(18,2) AS other_fees,
    0::DECIMAL(18,2) AS disputed_amount, credit AS credit_balance, CAST(debt - credit AS DECIMAL(18,2)) AS balance,
    CAST(billed_due - 20 AS DATE) AS statement_date, billed_due AS due_date,
    CAST(owed + billed_periods * one_due AS DECIMAL(18,2)) AS statement_balance,
    CASE WHEN in_credit THEN 0 ELSE CAST((billed_periods + 1) * one_due AS DECIMAL(18,2)) END AS minimum_payment,
    CAST(periods * one_due - CASE WHEN periods > 0 AND dues_paid = 0 AND paid_on IS NOT NULL
        AND coalesce(reversed_on > DATE '{day}', TRUE) AND late_paid > 0 THEN paid ELSE 0 END AS DECIMAL(18,2)) AS past_due_amount,
    CASE WHEN periods > 0 THEN CAST(last_due - to_months(periods - 1) AS DATE) END AS overdue_since,
    CAST(periods AS INTEGER) AS periods_past_due, b % 3 = 0 AS auto_debit, CASE WHEN b % 3 = 0 THEN 'paid' END AS auto_debit_result,
    coalesce(paid_on, DATE '{first}' - 1 - CAST(b % 28 AS INTEGER)) AS last_payment_date,
    CAST(CASE WHEN paid_on IS NOT NULL THEN paid ELSE one_due END AS DECIMAL(18,2)) AS last_payment_amount
FROM (
    SELECT *, CAST(debt * (b % 20) / 100 AS DECIMAL(18,2)) AS cash, CAST(debt * (a % 15) / 100 AS DECIMAL(18,2)) AS billed,
           CAST(debt * 0.012 AS DECIMAL(18,2)) AS interest, CAST(debt * 0.001 * least(periods, 4) AS DECIMAL(18,2)) AS late,
           CASE WHEN in_credit THEN CAST((a % 50000 + 1) / 100.0 AS DECIMAL(18,2)) ELSE 0 END AS credit
    FROM (SELECT * REPLACE (CASE WHEN in_credit THEN 0 ELSE debt END::DECIMAL(18,2) AS debt) FROM closed)
);

CREATE OR REPLACE VIEW statements AS
SELECT account_no, currency, statement_date, due_date, statement_balance, minimum_payment
FROM accounts WHERE statement_date = DATE '{day}';

CREATE OR REPLACE VIEW transactions AS
SELECT 'A' || lpad(i::VARCHAR, 12, '0') AS account_no,
       kind || strftime(posted, '%y%m%d') || i AS host_ref, posted AS posting_date,
       posted AS transaction_date, kind AS code, type, amount, 'CNY' AS currency, type = 'repayment' AS counts_to_minimum,
       reverses_ref
FROM (
    SELECT i, 'T' AS kind, 'repayment' AS type, paid_on AS posted, paid AS amount, NULL AS reverses_ref
    FROM account WHERE paid_on = DATE '{day}'
    UNION ALL
    SELECT i, 'R', 'reversal', reversed_on, paid, 'T' || strftime(paid_on, '%y%m%d') || i
    FROM account WHERE reversed_on = DATE '{day}'
    UNION ALL
    SELECT i, 'B', 'purchase', bought_on, bought, NULL FROM account WHERE bought_on = DATE '{day}'
);
"""


def parties(accounts: int) -> int:
    """How many parties so many accounts have; they are numbered from P000000000000."""
    return (accounts - 1) * 10 // 13 + 1


def write(
    connection: DuckDBPyConnection, folder: Path, *, accounts: int, first: date, day: date
) -> dict[str, tuple[Path, int]]:
    """The files of a day, by kind, with their rows. `first` and `day` lie in one month, less than twenty days apart."""
    if first > day or (first.year, first.month) != (day.year, day.month):
        raise ValueError(f"a book of {first} does not reach {day}")
    connection.execute(MOVES.format(source=SOURCE))
    connection.execute(
        CLOSE.format(
            accounts=accounts, first=first, day=day, year=day.year, month=day.month, number=day.toordinal(),
            first_number=first.toordinal(),
        )
    )  # fmt: skip
    written = {}
    for kind in KINDS:
        path = folder / f"{kind}_{day}.parquet"
        written[kind] = (path, lake.write_parquet(connection, kind, path))
    return written


def fingerprint(connection: DuckDBPyConnection, files: list[Path]) -> str:
    """One hash of what the files hold, whatever the order of their rows."""
    told = (content.content_hash(connection, f"read_parquet('{path}')") for path in files)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
