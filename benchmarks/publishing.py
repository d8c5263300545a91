"""Publishing beside a bare COPY and MERGE, and what collectors feel of it.

    DUNWELL_BENCH_DATABASE_URL=postgresql://superuser@host/postgres python -m benchmarks.publishing --accounts 1000000

Every account of the book is late, so all are in work, with their cases in PostgreSQL. The first night publishes them and is not
measured. Then, in turn:

- a night in which 3 accounts in 100 have another balance, and nothing else but the calendar moves. CPU of publishing (this process
  and its PostgreSQL session) against COPY into temporary tables and MERGE, in one transaction, of the very rows that it wrote,
  into tables of the same columns and indexes that hold as many rows;
- 200 collectors at their desks, arriving at a fixed rate (an open loop: waiting counts): each takes the next case, opens its page
  and lets it go, through the services. p95 in half a minute without a night, and while a night of 30 changed accounts in 100
  publishes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import nightly
from benchmarks.parts import book, measuring
from benchmarks.parts.measuring import figure, median

FIRST = nightly.FIRST
#: The book with every account late, and `share` in 100 of them with a few yuan more than the day before.
LATE = """
SELECT * REPLACE (
    balance + more AS balance, principal_retail + more AS principal_retail, greatest(past_due_amount, 100) AS past_due_amount,
    coalesce(overdue_since, DATE '2025-12-07') AS overdue_since, greatest(periods_past_due, 1) AS periods_past_due
)
FROM (
    SELECT *, CASE WHEN md5_number_lower(account_no) % 100 < {share} THEN {step} ELSE 0 END::DECIMAL(18,2) AS more
    FROM read_parquet('{source}') WHERE balance > 0
)
"""
COLLECTORS, PROCESSES, RATE = 200, 2, 10.0
QUIET = 30.0


def prepared(folder: Path, accounts: int) -> None:
    """The first night, published; 200 collectors."""
    from django.conf import settings
    from django.db import connection

    from dunwell.engine import session
    from dunwell.identity.models import Entity, User
    from dunwell.kernel.actor import Actor
    from dunwell.strategy import services as strategy

    entity = Entity.objects.create(code=settings.BANK_ENTITY, kind="bank", name_zh="行", name_en="Bank")
    strategy.approve(text=strategy.shipped(), by=Actor.program("bench"), now=nightly._now(FIRST))
    with connection.cursor() as cursor:
        cursor.execute(nightly.PARTIES, [entity.pk, book.parties(accounts) - 1])
        cursor.execute("ANALYZE portfolio_party")
    User.objects.bulk_create(
        User(
            username=f"c{n}",
            staff_no=f"S{n}",
            name_zh="员",
            name_en="S",
            entity=entity,
            role="collector",
            language="en",
        )
        for n in range(COLLECTORS)
    )
    with session.connect(memory="6GB", spill=folder / "spill") as duck:
        book.write(duck, folder / "book", accounts=accounts, first=FIRST, day=FIRST)
    (folder / "book" / f"accounts_{FIRST}.parquet").rename(folder / "source.parquet")
    delivered(folder, FIRST, share=0, step=0)
    measuring.child("benchmarks.publishing", "--part", "night", "--day", FIRST, "--folder", folder)
    nightly.vacuumed()


def delivered(folder: Path, day: date, *, share: int, step: int) -> None:
    """The account file of a day in the lake: `share` in 100 accounts differ by `step` yuan from the source."""
    from django.conf import settings

    from dunwell.engine import lake, session
    from dunwell.identity.models import Entity

    path = f"intake/accounts/date={day}/accounts.parquet"
    with session.connect(spill=folder / "spill") as duck:
        rows = LATE.format(share=share, step=step, source=folder / "source.parquet")
        lake.write_parquet(duck, f"({rows})", Path(settings.LAKE) / path)
    lake.link(Path(settings.LAKE) / path, folder / "book" / f"accounts_{day}.parquet")
    nightly._taken(Entity.objects.get().pk, "accounts", day, folder, path)


def night(folder: Path, day: date) -> dict[str, Any]:
    """A night, with the moments between which it published."""
    moments: list[float] = []
    from dunwell.nightly.services import publishing

    real = publishing.publish

    def watched(*given: Any, **named: Any) -> Any:
        moments.append(time.time())
        try:
            return real(*given, **named)
        finally:
            moments.append(time.time())

    publishing.publish = watched
    return nightly.night(day) | {"began": moments[0], "ended": moments[1]}


def bare(folder: Path, day: date) -> dict[str, float]:
    """COPY and MERGE of the rows that the night of a day wrote, into as large a table of the same kind."""
    from django.db import connection

    from dunwell.nightly.models import Run

    run = Run.objects.get(business_date=day, state="published").pk
    tables = {"arrears_accountstate": "account_id", "casework_case": "id"}
    with connection.cursor() as cursor:
        for table, key in tables.items():
            cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")
            cursor.execute(f"INSERT INTO bench_{table} SELECT * FROM {table}")
            cursor.execute(f"VACUUM ANALYZE bench_{table}")
            with (
                (folder / f"{table}.csv").open("wb") as file,
                cursor.copy(
                    f"COPY (SELECT * FROM {table} WHERE run_id = {run} ORDER BY {key}) TO STDOUT (FORMAT csv)"
                ) as copy,
            ):
                for block in copy:
                    file.write(block)

        def work() -> None:
            cursor.execute("BEGIN")
            for table, key in tables.items():
                cursor.execute(f"CREATE TEMP TABLE rows_{table} (LIKE {table}) ON COMMIT DROP")
                with (
                    cursor.copy(f"COPY rows_{table} FROM STDIN (FORMAT csv)") as copy,
                    (folder / f"{table}.csv").open("rb") as file,
                ):
                    while block := file.read(1 << 18):
                        copy.write(block)
                cursor.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
                    [table],
                )
                columns = [name for (name,) in cursor.fetchall()]
                cursor.execute(
                    f"MERGE INTO bench_{table} AS t USING rows_{table} AS s ON t.{key} = s.{key} WHEN MATCHED THEN UPDATE SET "
                    + ", ".join(f"{name} = s.{name}" for name in columns if name != key)
                    + f" WHEN NOT MATCHED THEN INSERT ({', '.join(columns)}) VALUES ({', '.join(f's.{name}' for name in columns)})"
                )
            cursor.execute("COMMIT")

        spent = measuring.cost(work, server=measuring.backend_cpu)
        for table in tables:
            cursor.execute(f"DROP TABLE bench_{table}")
    return spent.as_dict()


def _desk(index: int, begin: float, end: Any, answers: Any) -> None:
    """One web server's share of the collectors, until `end` is set."""
    import django

    django.setup()
    from django.db import connection

    from dunwell.casework import queries, services
    from dunwell.identity.models import User

    users = list(User.objects.order_by("id"))
    connection.close()
    waits: list[tuple[float, float]] = []
    errors: list[str] = []
    now = datetime(2026, 1, 22, 3, tzinfo=UTC)

    def collector(number: int) -> None:
        arrival = number
        try:
            while not end.is_set():
                due = begin + arrival / RATE
                time.sleep(max(0.0, due - time.time()))
                case = services.take_next(user=users[number], now=now)
                if case is not None:
                    queries.case_page(case.pk, users[number], now)
                    services.release(case_id=case.pk, user=users[number], now=now)
                waits.append((due, time.time() - due))
                connection.close()
                arrival += COLLECTORS
        except Exception as error:  # reported by the parent
            errors.append(repr(error))

    threads = [threading.Thread(target=collector, args=(n,), daemon=True) for n in range(index, COLLECTORS, PROCESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60 + COLLECTORS / RATE)
    answers.put((waits, errors))


def at_their_desks(folder: Path, day: date) -> dict[str, float]:
    """p95 seconds of a collector's round before the night of a day and while it publishes."""
    from django.db import connections

    connections.close_all()
    spawned = multiprocessing.get_context("spawn")
    answers, end, begin = spawned.Queue(), spawned.Event(), time.time() + 10
    desks = [spawned.Process(target=_desk, args=(n, begin, end, answers)) for n in range(PROCESSES)]
    for desk in desks:
        desk.start()
    time.sleep(max(0.0, begin + QUIET - time.time()))
    one = measuring.child("benchmarks.publishing", "--part", "night", "--day", day, "--folder", folder)
    time.sleep(2)
    end.set()
    told = [answers.get() for _ in desks]
    for desk in desks:
        desk.join()
    if errors := [error for _, some in told for error in some]:
        raise RuntimeError(f"{len(errors)} collectors failed: {errors[0]}")
    waits = [wait for some, _ in told for wait in some]

    def p95(first: float, last: float) -> float:
        found = sorted(seconds for due, seconds in waits if first <= due < last)
        return found[int(len(found) * 0.95)] if found else 0.0

    return {
        "before": p95(begin, begin + QUIET), "during": p95(one["began"], one["ended"]),
        "takes": sum(one["began"] <= due < one["ended"] for due, _ in waits), "seconds": one["ended"] - one["began"],
    }  # fmt: skip


def measured(accounts: int, rounds: int) -> Iterator[dict[str, Any]]:
    with measuring.scratch("publishing") as folder:
        prepared(folder, accounts)
        day = FIRST
        for number in range(rounds):
            day += timedelta(days=1)
            delivered(folder, day, share=3, step=number + 1)
            ours = measuring.child("benchmarks.publishing", "--part", "night", "--day", day, "--folder", folder)
            theirs = measuring.child("benchmarks.publishing", "--part", "bare", "--day", day, "--folder", folder)
            day += timedelta(days=1)
            delivered(folder, day, share=30, step=100 * number + 1)
            desks = at_their_desks(folder, day)
            shutil.rmtree(folder / "lake" / f"date={day - timedelta(days=2)}", ignore_errors=True)
            told = {
                "ours": ours["publish"],
                "rows": ours["rows"],
                "bare": theirs["cpu"],
                "wall": ours["wall"],
                "peak": ours["peak"],
            }
            print(json.dumps(told | desks), file=sys.stderr)
            yield told | desks


def figures(accounts: int, rounds: int) -> list[dict[str, Any]]:
    found = list(measured(accounts, rounds))
    shared = {
        "wall": median(found, "wall"),
        "cpu": median(found, "ours"),
        "peak": median(found, "peak"),
        "rounds": rounds,
    }
    rows = f"{median(found, 'rows'):,.0f} rows"
    return [
        figure(
            f"publishing 3 % changed of {accounts:,} accounts in work, {rows}", "CPU s", median(found, "ours"),
            median(found, "bare"), "COPY and MERGE of the same rows", aim=1.5, **shared,
        ),
        figure(
            f"p95 of {COLLECTORS} collectors while a night publishes, {median(found, 'seconds'):.0f} s", "ms",
            median(found, "during") * 1000, median(found, "before") * 1000, "before the night", aim=1.5, **shared,
        ),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    measuring.options(parser)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--day", type=date.fromisoformat, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        import django

        django.setup()
        print(json.dumps({"night": night, "bare": bare}[options.part](options.folder, options.day)))
        return
    measuring.told(figures(options.accounts, options.rounds), options.json)


if __name__ == "__main__":
    main()
