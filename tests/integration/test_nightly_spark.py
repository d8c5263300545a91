"""The night on a real Spark: the same programs, and every column, type and value as DuckDB makes them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from django.db import connection

from benchmarks.parts import book
from dunwell.arrangements.models import Promise, PromisePart
from dunwell.arrears.models import AllocationLine
from dunwell.casework.models import Case
from dunwell.engine import content, lake, session, spark
from dunwell.kernel.actor import Actor
from dunwell.kernel.money import to_cent
from dunwell.nightly import program, services
from dunwell.nightly.models import Run, Step
from dunwell.nightly.services import freezing
from dunwell.payments import services as payments
from dunwell.portfolio.models import Account
from dunwell.strategy import services as strategy
from tests import build, nights
from tests.sizes import SOAK, size

ACCOUNTS = size(20_000, 1_000_000)
#: Java compiles quickly and no better than that: half the seconds of a short night, and no other value.
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
BY = Actor.program("tests")
D = date(2026, 1, 17)
BEFORE = D - timedelta(days=1)
STATEMENTS = f"""
    SELECT account_no, 'CNY' AS currency, statement_date, statement_date + 20 AS due_date,
           (minimum * 4)::DECIMAL(18,2) AS statement_balance, minimum::DECIMAL(18,2) AS minimum_payment
    FROM (
        SELECT account_no, (DATE '2025-12-01' + (i % 20)::INTEGER - (30 * n)::INTEGER)::DATE AS statement_date,
               200 + (i * 37 + n * 11) % 90000 / 100.0 AS minimum
        FROM (SELECT 'A' || lpad(i::VARCHAR, 12, '0') AS account_no, i FROM range({ACCOUNTS}) AS t(i)) CROSS JOIN range(4) AS m(n)
    )
"""
TRANSACTIONS = f"""
    SELECT account_no, 'T' || i || '-' || n AS host_ref,
           (DATE '2025-10-01' + ((i * 7 + n * 29) % 92)::INTEGER)::DATE AS posting_date, posting_date AS transaction_date,
           CASE (i + n) % 9 WHEN 0 THEN 'purchase' WHEN 1 THEN 'merchant_refund' WHEN 2 THEN 'chargeback'
               ELSE 'repayment' END AS type,
           ((i * 13 + n * 7919) % 60000 / 100.0 + 0.01)::DECIMAL(18,2) AS amount, 'CNY' AS currency
    FROM (SELECT 'A' || lpad(i::VARCHAR, 12, '0') AS account_no, i FROM range({ACCOUNTS}) AS t(i)) CROSS JOIN range(3) AS m(n)
    UNION ALL
    SELECT 'A' || lpad(i::VARCHAR, 12, '0'), 'R' || i, DATE '2025-12-20', DATE '2025-12-20', 'reversal', 1.00, 'CNY'
    FROM range(0, {ACCOUNTS}, 50) AS t(i)
"""


def people() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portfolio_party (entity_id, party_no, kind, name_masked, id_masked, language, province, timezone,"
            " touches) SELECT %s, 'P' || lpad(n::text, 12, '0'), 'person', '张*', '', 'zh-hans', '', 'Asia/Shanghai', 0"
            " FROM generate_series(0, %s) AS n",
            [build.entity().pk, ACCOUNTS],
        )


def money_comes_back() -> None:
    """Between the two nights: payments of every size, some over everything owed, some taken back; promises."""
    late = list(Account.objects.order_by("account_no")[: size(300, 3_000)])
    for number, account in enumerate(late):
        paid = payments.receive(
            account_id=account.pk, amount=Decimal(number * number % 4_000_000 + 1) / 100, currency=account.currency,
            posting_date=D, transaction_date=D, host_ref=f"H{number}", source="file", by=BY, now=build.NOW,
            business_date=D,
        )  # fmt: skip
        if number % 7 == 0:
            payments.reverse(
                payment_id=paid.pk, amount=paid.amount if number % 2 else Decimal("0.01"), posting_date=D,
                host_ref=f"V{number}", by=BY, now=build.NOW,
            )  # fmt: skip
        if number % 3 == 0:
            promise = Promise.objects.create(
                entity=build.entity(),
                party_id=account.party_id,
                currency="CNY",
                made_on=BEFORE,
                recorded_at=build.NOW,
                key=f"promise{number}",
            )
            for position, due in enumerate((D - timedelta(days=1), D, D + timedelta(days=5))):
                PromisePart.objects.create(
                    promise=promise,
                    position=position,
                    due_date=due,
                    amount=Decimal(100 + number),
                    state="open",
                    received=0,
                )


def test_a_night_on_spark_makes_what_duckdb_makes(fresh_database, settings, tmp_path, monkeypatch):
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "" if SOAK else JAVA)
    settings.LAKE = tmp_path / "lake"
    strategy.approve(text=strategy.shipped(), by=BY, now=build.NOW)
    people()
    nights.taken_from("statements", BEFORE, STATEMENTS)
    nights.taken_from("transactions", BEFORE, TRANSACTIONS)
    with session.connect() as duck:
        for day in (BEFORE, D):
            path, _ = book.write(duck, tmp_path, accounts=ACCOUNTS, first=BEFORE, day=day)["accounts"]
            nights.taken_from("accounts", day, f"SELECT * FROM read_parquet('{path}')")
    services.run(business_date=BEFORE, now=build.NOW, by=BY)
    money_comes_back()

    run = services.run(business_date=D, now=build.NOW, by=BY, engine="spark", master="local[2]")

    assert (run.state, run.engine) == (Run.State.PUBLISHED, "spark")
    assert Case.objects.filter(run_id=run.pk).count() > ACCOUNTS // 20
    assert AllocationLine.objects.exists()
    folder = freezing.folder_of(run)
    assert not (folder / "work").exists()
    told = differences(run, folder)
    assert told == []


def test_half_a_cent_goes_away_from_nothing_on_spark_as_in_duckdb(tmp_path):
    """The one way in which a step rounds a share: of amounts on both sides of zero, those of half a cent among them."""
    amounts = [Decimal(n) / 10 for n in range(-2_000, 2_001, 7)] + [Decimal("0.1"), Decimal("-0.1"), Decimal("-53.5")]
    rounds = program.Program(
        "round", "CREATE OR REPLACE TABLE shared AS SELECT amount, round(amount * share, 2) AS part FROM told;"
    )
    with session.connect() as duck:
        duck.execute("CREATE TABLE told AS SELECT CAST(unnest($given) AS DECIMAL(15, 2)) AS amount,"
            " CAST(0.05 AS DECIMAL(9, 8)) AS share",
                     {"given": amounts})  # fmt: skip
        rounds.run(duck)
        of_duck = duck.execute("SELECT * FROM shared ORDER BY ALL").fetchall()
        duck.execute("DROP TABLE shared")
        with spark.OnSpark(duck, master="local[1]", work=tmp_path / "work", files={}) as there:
            there.run(rounds)
            of_spark = duck.execute("SELECT * FROM shared ORDER BY ALL").fetchall()
    assert of_spark == of_duck == [(a, to_cent(a * Decimal("0.05"))) for a in sorted(amounts)]
    assert to_cent(Decimal("-0.005")) == Decimal("-0.01")


def differences(run: Run, folder: Path) -> list[str]:
    """Every step again on DuckDB over the same frozen inputs: what Spark wrote otherwise."""
    duck = session.connect()
    freezing.load(duck, folder, run.business_date)
    wrong, seen = [], 0
    for step in program.whole_night(program.frozen_strategy(run.manifest)):
        step.run(duck)
        for table in step.outputs:
            path = folder / "tables" / f"{table}.parquet"
            if path.exists():
                seen += 1
                lake.read_parquet(duck, "of_spark", path)
                if content.content_hash(duck, "of_spark") != content.content_hash(duck, table):
                    wrong.append(table)
    assert seen > 20 and Step.objects.filter(run=run).count() > 20
    duck.close()
    return wrong
