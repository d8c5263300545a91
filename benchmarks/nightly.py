"""The night of a generated book beside its peers, all in one run.

    DUNWELL_BENCH_DATABASE_URL=postgresql://superuser@host/postgres python -m benchmarks.nightly --accounts 10000000

The book is that of benchmarks.parts.book. Its files of consecutive days are in the lake, its parties and holds in PostgreSQL,
receipts of accounts in work as intake keeps them. The first night opens all cases and has a line of its own; every further night is
a round: the whole night of a day, after the peer has copied the same day's account file. A night is a process of its own; its
CPU is that of the process and of its PostgreSQL session, its peak memory that of the process. Figures are medians of rounds:

- CPU and wall of the whole night against DuckDB copying the account file (schema, row group, compression and threads the same);
- freeze, steps and publishing apart;
- the steps as programs, each table written to the lake and hashed, against the same programs as one query, made of our own
  files, whose result is written the same way;
- with fewer than a million accounts as many, else a tenth: how the night grows with the book;
- peak memory, and wall with a ceiling of 2 GB against one of 8 GB;
- the core steps (who is late, how much, how many days, in which bucket) on PostgreSQL (up to a million accounts) and on
  Polars, answers compared.

How publishing compares is measured by benchmarks.publishing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.parts import book, measuring
from benchmarks.parts.measuring import figure, median

FIRST = date(2026, 1, 16)
COPY = "DuckDB copies the account file"
ON_POSTGRES = 1_000_000  # accounts; the core steps of more are not asked of PostgreSQL
HOLDS = """
INSERT INTO compliance_hold (party_id, kind, reason, evidence, starts_at, ends_at, recorded_at)
SELECT id, CASE WHEN id % 200 = 0 THEN 'dispute' ELSE 'hardship' END, 'bench', '', '2026-01-10+08', '2026-02-20+08', '2026-01-10+08'
FROM portfolio_party WHERE id % 100 = 0
"""
PARTIES = """
INSERT INTO portfolio_party (entity_id, party_no, kind, name_masked, id_masked, language, province, timezone, touches)
SELECT %s, 'P' || lpad(i::text, 12, '0'), 'person', '张*', '', 'zh-hans', '', 'Asia/Shanghai', 0
FROM generate_series(0, %s) AS i
"""


def _now(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)  # two o'clock of the day after, in China


def prepared(folder: Path, accounts: int, days: int) -> str:
    """The book's files of `days` days in the lake, parties and holds in PostgreSQL; answers the book's fingerprint."""
    from django.conf import settings
    from django.db import connection

    from dunwell.engine import lake, session
    from dunwell.identity.models import Entity
    from dunwell.kernel.actor import Actor
    from dunwell.strategy import services as strategy

    entity = Entity.objects.create(code=settings.BANK_ENTITY, kind="bank", name_zh="行", name_en="Bank")
    strategy.approve(text=strategy.shipped(), by=Actor.program("bench"), now=_now(FIRST))
    with connection.cursor() as cursor:
        cursor.execute(PARTIES, [entity.pk, book.parties(accounts) - 1])
        cursor.execute(HOLDS)
        cursor.execute("ANALYZE portfolio_party; ANALYZE compliance_hold")
    prints = []
    with session.connect(memory="6GB", spill=folder / "spill") as duck:
        for day in (FIRST + timedelta(days=n) for n in range(days)):
            files = book.write(duck, folder / "book", accounts=accounts, first=FIRST, day=day)
            prints.append(book.fingerprint(duck, [path for path, _ in files.values()]))
    lake_of = Path(settings.LAKE)
    for day in (FIRST + timedelta(days=n) for n in range(days)):
        path = f"intake/accounts/date={day}/{uuid.uuid4().hex}.parquet"
        lake.link(folder / "book" / f"accounts_{day}.parquet", lake_of / path)
        _taken(entity.pk, "accounts", day, folder, path)
    return prints[1]


def _taken(entity_id: int, kind: str, day: date, folder: Path, path: str) -> None:
    from dunwell.engine import content, session
    from dunwell.intake.models import IntakeFile

    source = f"read_parquet('{folder / 'book' / f'{kind}_{day}.parquet'}')"
    with session.connect() as duck:
        rows = duck.execute(f"SELECT count(*) FROM {source}").fetchone()[0]
        IntakeFile.objects.create(
            entity_id=entity_id, kind=kind, business_date=day, name=f"{kind}_{day}.parquet", sha256=uuid.uuid4().hex * 2,
            status="taken", rows_read=rows, rows_taken=rows, lake_path=path, recorded_at=_now(day),
            content_hash=content.content_hash(duck, source),
        )  # fmt: skip


def deliver(folder: Path, day: date) -> None:
    """Statements and transactions of a day through intake: receipts of accounts in work touch their parties."""
    from dunwell.kernel.actor import Actor
    from dunwell.nightly import services

    files = [folder / "book" / f"{kind}_{day}.parquet" for kind in ("statements", "transactions")]
    taken = services.take_files(files, business_date=day, now=_now(day), by=Actor.program("bench"))
    if wrong := [
        one.as_json() for one in taken if one.file.status != "taken" or one.file.rows_read != one.file.rows_taken
    ]:
        raise RuntimeError(f"not taken in whole: {wrong}")


def night(day: date) -> dict[str, Any]:
    """Run the night of a day; answers seconds by part, and how much was published."""
    from dunwell.kernel.actor import Actor
    from dunwell.nightly import services
    from dunwell.nightly.models import Step

    parts: dict[str, float] = {}
    marks = [(time.process_time(), measuring.backend_cpu())]

    def watch(progress: Any) -> None:
        cpu, server = time.process_time(), measuring.backend_cpu()
        before, there = marks[-1]
        marks.append((cpu, server))
        parts[progress.step] = cpu - before + server - there

    ran: list[Any] = []
    services.behind_the_desks()
    whole = measuring.cost(
        lambda: ran.append(services.run(business_date=day, now=_now(day), by=Actor.program("bench"), progress=watch)),
        server=measuring.backend_cpu,
    )
    if ran[0].state != "published":
        raise RuntimeError(f"the night of {day} is {ran[0].state}: {ran[0].stop_reason}")
    published = Step.objects.get(run=ran[0], name="publish").rows_out
    steps = sum(seconds for name, seconds in parts.items() if name not in ("freeze", "publish"))
    return {
        "cpu": whole.cpu, "wall": whole.wall, "freeze": parts["freeze"], "steps": steps, "publish": parts["publish"],
        "rows": published, "peak": measuring.peak_mb(), "by_step": parts,
    }  # fmt: skip


def copied(folder: Path, day: date) -> dict[str, float]:
    """The peer: the day's account file read and written by DuckDB."""
    from dunwell.engine import lake, session

    def copy() -> None:
        with session.connect() as duck:
            lake.write_parquet(
                duck, f"read_parquet('{folder / 'book' / f'accounts_{day}.parquet'}')", folder / "copied.parquet"
            )

    return measuring.cost(copy).as_dict()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    measuring.options(parser)
    parser.add_argument("--spark", action="store_true", help="the steps on Spark local[2] as well, once")
    parser.add_argument("--without", default="", help="parts to leave out, by name: high, one_query, core_on_polars …")
    parser.add_argument("--nights-only", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--day", type=date.fromisoformat, help=argparse.SUPPRESS)
    return parser


def _part(options: argparse.Namespace) -> None:
    """A child's share."""
    import django

    django.setup()
    if options.part == "night":
        answer = night(options.day)
    elif options.part == "copy":
        answer = copied(options.folder, options.day)
    else:
        from benchmarks.parts import steps

        answer = getattr(steps, options.part)(options.day)
        answer = answer | {"peak": measuring.peak_mb()}
    print(json.dumps(answer))


def measured(
    accounts: int,
    rounds: int,
    *,
    peers: bool,
    spark: bool = False,
    without: frozenset[str] = frozenset(),
    kept: Path | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Every part of every round. The night of day n is the round's; nights with a high ceiling come after, on further days.

    What each part answers is appended to `kept` at once: hours of a large book are not lost with a part that fails. A peer
    that fails is told and left out.
    """
    with measuring.scratch("nightly") as folder:
        high = rounds if peers and "high" not in without else 0
        days = [FIRST + timedelta(days=n) for n in range(1 + rounds + high)]
        fingerprint = prepared(folder, accounts, len(days))
        print(f"the book of {days[1]}: {accounts:,} accounts, {fingerprint}", file=sys.stderr)
        told: dict[str, list[dict[str, Any]]] = {"book": [{"fingerprint": fingerprint}]}

        def part(name: str, day: date, label: str = "", **environment: str) -> None:
            answer = measuring.child(
                "benchmarks.nightly", "--part", name, "--folder", folder, "--day", day, environment=environment
            )
            told.setdefault(label or name, []).append(answer)
            line = json.dumps({"part": label or name, "day": day.isoformat(), "accounts": accounts, **answer})
            print(line, file=sys.stderr)
            if kept is not None:
                with kept.open("a") as file:
                    file.write(line + "\n")

        def peer(name: str, day: date) -> None:
            if name not in without:
                try:
                    part(name, day)
                except subprocess.CalledProcessError as failed:
                    print(f"{name} of {accounts:,} accounts failed: {failed}", file=sys.stderr)

        deliver(folder, days[0])
        part("night", days[0], "first")
        vacuumed()
        for number, day in enumerate(days[1:]):
            deliver(folder, day)
            part("copy", day)
            if number % 2 and high:
                part("night", day, "high", DUNWELL_DUCKDB_MEMORY="8GB")
            else:
                part("night", day)
            shutil.rmtree(Path(os.environ["DUNWELL_LAKE"]) / f"date={day - timedelta(days=2)}", ignore_errors=True)
        if peers:
            for _ in range(rounds):
                for name in ("programs", "one_query", "core", "core_on_polars", "core_on_postgres"):
                    if name != "core_on_postgres" or accounts <= ON_POSTGRES:
                        peer(name, days[-1])
        if spark:
            peer("on_spark", days[-1])
    return told


def vacuumed() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def figures(
    accounts: int, rounds: int, *, spark: bool = False, without: frozenset[str] = frozenset(), kept: Path | None = None
) -> list[dict[str, Any]]:
    """The lines of the night's table."""
    whole = measured(accounts, rounds, peers=True, spark=spark, without=without, kept=kept)
    small = accounts // 10
    part = measuring.child("benchmarks.nightly", "--accounts", small, "--rounds", rounds, "--nights-only")
    nights, [first], name = whole["night"], whole["first"], f"{accounts:,} accounts"
    cpu, wall, peak = median(nights, "cpu"), median(nights, "wall"), max(one["peak"] for one in nights)
    shared = {"wall": wall, "cpu": cpu, "peak": peak, "rounds": rounds}
    copy, copy_wall = median(whole["copy"], "cpu"), median(whole["copy"], "wall")
    lines = [
        figure(f"night of {name}, CPU", "s", cpu, copy, COPY, aim=3, **shared),
        figure(f"night of {name}, wall", "s", wall, copy_wall, COPY, aim=3, **shared),
        figure(
            f"first night of {name}, which opens every case, CPU", "s", first["cpu"], copy, COPY, aim=6, wall=first["wall"],
            cpu=first["cpu"], peak=first["peak"], rounds=1,
        ),
    ]  # fmt: skip
    for key, words in (("freeze", "freeze"), ("steps", "steps"), ("publish", "publishing, PostgreSQL's CPU in it")):
        lines.append(figure(f"of it {words}", "s", median(nights, key), copy, COPY, aim=3, **shared))
    for ours, theirs, words, aim in (
        ("programs", "one_query", "steps, against one query made of the same files", 1.15),
        ("core", "core_on_polars", "core steps, against Polars on int64 cents, same answers", 1),
        ("core", "core_on_postgres", "core steps, against PostgreSQL, same answers", 1),
        ("programs", "on_spark", "steps, against Spark local[2]", 1),
    ):
        if ours in whole and theirs in whole:
            here = whole[ours]
            lines.append(
                figure(
                    words, "CPU s", median(here, "cpu"), median(whole[theirs], "cpu"), theirs.replace("_", " "), aim=aim,
                    wall=median(here, "wall"), cpu=median(here, "cpu"), peak=max(one["peak"] for one in here),
                    rounds=len(whole[theirs]),
                )
            )  # fmt: skip
    lines += [
        figure(
            f"from {small:,} to {accounts:,}, CPU",
            "s",
            cpu,
            median(part["night"], "cpu"),
            f"{small:,} accounts",
            aim=10.5,
            **shared,
        ),
        figure("peak memory, ceiling 2 GB", "MB", peak, 2500, "2.5 GB", aim=1, **shared),
    ]
    if "high" in whole:
        lines.append(
            figure("wall with a ceiling of 2 GB", "s", wall, median(whole["high"], "wall"), "8 GB", aim=1.1, **shared)
        )
    fingerprint = whole["book"][0]["fingerprint"]
    return [line | {"book": fingerprint} for line in lines]


def main() -> None:
    options = _parser().parse_args()
    if options.part:
        _part(options)
    elif options.nights_only:
        print(json.dumps(measured(options.accounts, options.rounds, peers=False)))
    else:
        without = frozenset(filter(None, options.without.split(",")))
        kept = options.json.with_suffix(".parts.jsonl") if options.json else None
        measuring.told(
            figures(options.accounts, options.rounds, spark=options.spark, without=without, kept=kept), options.json
        )


if __name__ == "__main__":
    main()
