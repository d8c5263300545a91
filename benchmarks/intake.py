"""Intake with validation against DuckDB merely copying the same file.

    DUNWELL_BENCH_DATABASE_URL=postgresql://superuser@host/postgres python -m benchmarks.intake --accounts 1000000

The file is generated: accounts of the contract, all columns filled, deterministic. `take` reads it, checks every row,
keeps the file encrypted, writes the lake, hashes the content and commits. The reference reads and writes the same
Parquet file in the same process with the same schema, row group and compression (engine.lake.FORMAT), turn about.
CPU is this process's; PostgreSQL's share is a handful of rows. The same rows as CSV are a figure of their own, and so are a
twentieth as many transactions, of which one in a thousand is bad and goes to quarantine. Each file has its control totals
beside it.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.parts import measuring

AIM = 10.0
DAY = date(2026, 1, 1)
#: Components from a hash of the number, so that columns neither repeat nor compress better than a bank's own.
GENERATED = """
WITH raw AS (
    SELECT i, ('0x' || left(md5(i::VARCHAR), 8))::BIGINT AS a, ('0x' || right(md5(i::VARCHAR), 8))::BIGINT AS b
    FROM range({accounts}) AS t(i)
), parts AS (
    SELECT *, (a % 2500000 / 100.0)::DECIMAL(18,2) AS retail, (b % 400000 / 100.0)::DECIMAL(18,2) AS cash,
        (a % 77777 / 100.0)::DECIMAL(18,2) AS billed, (b % 1000000 / 100.0)::DECIMAL(18,2) AS unbilled,
        (a % 30011 / 100.0)::DECIMAL(18,2) AS interest, (b % 7 * 10)::DECIMAL(18,2) AS late, b % 5 = 0 AS overdue
    FROM raw
)
SELECT 'A' || lpad(i::VARCHAR, 12, '0') AS account_no, 'P' || lpad((i * 7 // 8)::VARCHAR, 12, '0') AS party_no,
    'CNY' AS currency, ['standard', 'gold', 'platinum'][1 + a % 3] AS product,
    lpad((b % 300)::VARCHAR, 4, '0') AS branch,
    (1 + a % 20)::INTEGER AS cycle_day, DATE '2015-01-01' + (a % 3600)::INTEGER AS open_date,
    (5000 + b % 90 * 1000)::DECIMAL(18,2) AS credit_limit, CASE WHEN b % 40 = 0 THEN 'B' END AS block_code,
    retail AS principal_retail, cash AS principal_cash, billed AS principal_instalment_billed,
    unbilled AS principal_instalment_unbilled, interest AS interest_on_balance,
    0::DECIMAL(18,2) AS interest_off_balance,
    late AS late_charge, 0::DECIMAL(18,2) AS other_fees, 0::DECIMAL(18,2) AS disputed_amount,
    0::DECIMAL(18,2) AS credit_balance, (retail + cash + billed + unbilled + interest + late)::DECIMAL(18,2) AS balance,
    DATE '2025-12-01' + (a % 20)::INTEGER AS statement_date, DATE '2025-12-21' + (a % 20)::INTEGER AS due_date,
    (retail + cash + billed + interest + late)::DECIMAL(18,2) AS statement_balance,
    ((retail + cash + billed + interest + late) / 10)::DECIMAL(18,2) AS minimum_payment,
    CASE WHEN overdue THEN 100.00 ELSE 0 END::DECIMAL(18,2) AS past_due_amount,
    CASE WHEN overdue THEN DATE '2025-11-01' + (a % 20)::INTEGER END AS overdue_since,
    CASE WHEN overdue THEN 1 ELSE 0 END::INTEGER AS periods_past_due, b % 3 = 0 AS auto_debit,
    CASE WHEN b % 3 = 0 THEN 'paid' END AS auto_debit_result,
    DATE '2025-11-01' + (b % 50)::INTEGER AS last_payment_date,
    (b % 300000 / 100.0)::DECIMAL(18,2) AS last_payment_amount
FROM parts
"""
#: One in a thousand names a currency that does not exist.
TRANSACTIONS = """
SELECT 'A' || lpad((i * 17 % 1000003)::VARCHAR, 12, '0') AS account_no, 'T' || i AS host_ref, DATE '2026-01-01' AS posting_date,
    DATE '2026-01-01' AS transaction_date, 'PAY' AS code, 'repayment' AS type,
    (1 + i * 7919 % 500000 / 100.0)::DECIMAL(18,2) AS amount, CASE WHEN i % 1000 = 7 THEN 'XQZ' ELSE 'CNY' END AS currency
FROM range({transactions}) AS t(i)
"""


def _measured(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _generated(folder: Path, accounts: int) -> tuple[Path, Path, Path]:
    from dunwell.engine import lake, session

    duck = session.connect()
    parquet, text = folder / "source.parquet", folder / "source.csv"
    lake.write_parquet(duck, f"({GENERATED.format(accounts=accounts)})", parquet)
    duck.execute(f"COPY (FROM read_parquet('{parquet}')) TO '{text}' (FORMAT csv, HEADER)")
    transactions = folder / "transactions.csv"
    duck.execute(
        f"COPY ({TRANSACTIONS.format(transactions=max(1000, accounts // 20))}) TO '{transactions}' (FORMAT csv, HEADER)"
    )
    money = ("balance", "past_due_amount")
    for path, sums in ((parquet, money), (text, money), (transactions, ("amount",))):
        read = f"read_{path.suffix.removeprefix('.')}('{path}')"
        told = ", ".join(f"sum({column}::DECIMAL(18,2))" for column in sums)
        found = duck.execute(f"SELECT count(*), {told} FROM {read}").fetchone()
        lines = zip(("rows", *sums), found, strict=True)
        _totals(path).write_text("".join(f"{name},{value}\n" for name, value in lines), encoding="ascii")
    duck.close()
    return parquet, text, transactions


def _totals(path: Path) -> Path:
    return path.with_name(f"{path.name}.ctl")


def _rounds(folder: Path, accounts: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    from dunwell.engine import lake, session
    from dunwell.identity.models import Entity
    from dunwell.intake.services import take
    from dunwell.kernel.actor import Actor

    entity = Entity.objects.create(code="bench", kind="bank", name_zh="行", name_en="Bank")
    parquet, text, transactions = _generated(folder, accounts)
    measured: dict[str, list[tuple[float, float]]] = {
        "copy": [], "parquet": [], "csv": [], "copy_transactions": [], "transactions": [],
    }  # fmt: skip

    def copy() -> None:
        duck = session.connect()
        lake.write_parquet(duck, f"read_parquet('{parquet}')", folder / "copied.parquet")
        duck.close()

    def copy_transactions() -> None:
        duck = session.connect()
        lake.write_parquet(duck, f"read_csv('{transactions}')", folder / "copied.parquet")
        duck.close()

    def intake(source: Path, day: date, *, kind: str = "accounts", bad: int = 0) -> None:
        path = folder / f"{kind}_{day}{source.suffix}"
        shutil.copyfile(source, path)
        shutil.copyfile(_totals(source), _totals(path))
        taken = take(
            path=path, business_date=day, entity=entity, now=datetime.now(UTC), by=Actor.program("bench"),
        )  # fmt: skip
        path.unlink()
        _totals(path).unlink()
        file = taken.file
        if file.status != "taken" or file.rows_read - file.rows_taken != bad:
            raise RuntimeError(f"{file.rows_taken} of {file.rows_read} rows were taken: {taken.as_json()}")

    for number in range(rounds):
        measured["copy"].append(_measured(copy))
        measured["parquet"].append(_measured(lambda n=number: intake(parquet, DAY + timedelta(days=2 * n))))
        measured["copy_transactions"].append(_measured(copy_transactions))
        measured["transactions"].append(
            _measured(
                lambda n=number: intake(
                    transactions,
                    DAY + timedelta(days=2 * n),
                    kind="transactions",
                    bad=max(1000, accounts // 20) // 1000,
                )
            )
        )
        measured["csv"].append(_measured(lambda n=number: intake(text, DAY + timedelta(days=2 * n + 1))))
    return measured


def figures(accounts: int, rounds: int) -> list[dict[str, Any]]:
    """The figures as contracts.md has them: CPU seconds, medians over the rounds."""
    with measuring.scratch("intake") as folder:
        measured = _rounds(folder, accounts, rounds)
    told = []
    for kind, peer, figure in (
        ("parquet", "copy", f"intake with validation, {accounts:,} accounts, Parquet"),
        ("csv", "copy", f"intake with validation, {accounts:,} accounts, CSV"),
        ("transactions", "copy_transactions", f"the same, {accounts // 20:,} transactions with a quarantine, CSV"),
    ):
        reference = statistics.median(cpu for _, cpu in measured[peer])
        ours = statistics.median(cpu for _, cpu in measured[kind])
        told.append(
            {
                "figure": figure, "unit": "CPU s", "ours": round(ours, 3), "reference": round(reference, 3),
                "reference_name": "DuckDB copies the same rows to Parquet", "ratio": round(ours / reference, 2),
                "aim": AIM, "met": ours / reference <= AIM,
                "wall_s": round(statistics.median(wall for wall, _ in measured[kind]), 3), "cpu_s": round(ours, 3),
                "peak_rss_mb": round(measuring.peak_mb(), 1),
                "rounds": rounds, "commit": measuring.commit(),
            }
        )  # fmt: skip
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    measuring.options(parser)
    options = parser.parse_args()
    measuring.told(figures(options.accounts, options.rounds), options.json)


if __name__ == "__main__":
    main()
