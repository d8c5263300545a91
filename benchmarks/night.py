"""The first night of a generated book against DuckDB merely copying the same Parquet file.

    DUNWELL_BENCH_DATABASE_URL=postgresql://superuser@host/postgres python -m benchmarks.night --accounts 1000000

8 in 100 accounts are late, 7 of them a bucket or more. Three figures: the whole night (freeze, steps, publishing into an
empty PostgreSQL; its backend's CPU counted in where it runs on this machine), the steps alone (freeze to totals: what
DuckDB and this process use), and publishing alone. The reference reads and writes the same Parquet file with the same
schema, row group and compression (engine.lake.FORMAT) in the same process. Every round begins with an empty database.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from benchmarks.intake import GENERATED

AIM = 6.0
DAY = date(2026, 1, 1)
#: Late ones: 8 in 100, since days spread over seven months.
BOOK = (
    GENERATED.replace("b % 5 = 0 AS overdue", "b % 25 < 2 AS overdue")
    .replace("DATE '2025-11-01' + (a % 20)::INTEGER END", "DATE '2025-12-28' - (a % 210)::INTEGER END")
    .replace("THEN 100.00 ELSE 0 END", "THEN 100 + b % 90000 / 100.0 ELSE 0 END")
)


def _prepared(folder: Path) -> str:
    """An empty database and Django for this process; answers its name, to be dropped."""
    import psycopg

    from dunwell.cli import roles

    server = os.environ.get("DUNWELL_BENCH_DATABASE_URL") or os.environ["DATABASE_OWNER_URL"]
    name = f"dunwell_bench_night_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    url = roles.address(server, database=name)
    os.environ.update(
        DATABASE_URL=url, DATABASE_OWNER_URL=url, DUNWELL_HOME=str(folder / "home"), DUNWELL_LOG="WARNING",
        DJANGO_SETTINGS_MODULE="dunwell.settings",
    )  # fmt: skip
    migrate = [sys.executable, "-m", "django", "migrate", "--database", "owner", "--verbosity", "0"]
    subprocess.run(migrate, check=True, stderr=subprocess.DEVNULL)
    import django

    django.setup()
    return name


def _dropped(name: str) -> None:
    import psycopg
    from django.db import connections

    connections.close_all()
    server = os.environ.get("DUNWELL_BENCH_DATABASE_URL") or os.environ["DATABASE_OWNER_URL"]
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _backend_cpu() -> float:
    """CPU seconds of this session's server process; 0 where it runs on another machine."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        path = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    try:
        fields = path.read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _one_round(parquet: Path, accounts: int, lake_of: Path) -> dict[str, float]:
    from django.conf import settings
    from django.db import connection

    from dunwell.engine import content, lake, session
    from dunwell.identity.models import Entity
    from dunwell.intake.models import IntakeFile
    from dunwell.kernel.actor import Actor
    from dunwell.nightly import services
    from dunwell.nightly.services import publishing

    measured: dict[str, float] = {}
    began = time.process_time()
    duck = session.connect()
    lake.write_parquet(duck, f"read_parquet('{parquet}')", lake_of / "copied.parquet")
    duck.close()
    measured["copy"] = time.process_time() - began

    entity, _ = Entity.objects.get_or_create(
        code=settings.BANK_ENTITY, defaults={"kind": "bank", "name_zh": "行", "name_en": "Bank"}
    )
    settings.LAKE = lake_of
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO portfolio_party (entity_id, party_no, kind, name_masked, id_masked, language, province, timezone,"
            " touches) SELECT %s, 'P' || lpad(i::text, 12, '0'), 'person', '张*', '', 'zh-hans', '', 'Asia/Shanghai', 0"
            " FROM generate_series(0, %s) AS i",
            [entity.pk, accounts * 7 // 8],
        )
        cursor.execute("ANALYZE portfolio_party")
    path = f"intake/accounts/date={DAY}/{uuid.uuid4().hex}.parquet"
    lake.link(parquet, lake_of / path)
    duck = session.connect()
    IntakeFile.objects.create(
        entity=entity, kind="accounts", business_date=DAY, name="accounts.parquet", sha256="0" * 64, status="taken",
        rows_read=accounts, rows_taken=accounts, lake_path=path, recorded_at=datetime.now(UTC),
        content_hash=content.content_hash(duck, f"read_parquet('{parquet}')"),
    )  # fmt: skip
    duck.close()
    parts = {"publish": 0.0}
    for name in ("publish", "figures"):
        real = getattr(publishing, name)

        def counted(*given: object, real: Any = real, **named: object) -> object:
            before = time.process_time()
            try:
                return real(*given, **named)
            finally:
                parts["publish"] += time.process_time() - before

        setattr(publishing, name, counted)
    wall, cpu, server = time.perf_counter(), time.process_time(), _backend_cpu()
    night = services.run(business_date=DAY, now=datetime.now(UTC), by=Actor.program("bench"))
    cpu = time.process_time() - cpu
    measured["server"] = _backend_cpu() - server
    measured["wall"] = time.perf_counter() - wall
    measured["whole"] = cpu + measured["server"]
    measured["publish"] = parts["publish"] + measured["server"]
    measured["steps"] = cpu - parts["publish"]
    if night.state != "published":
        raise RuntimeError(f"the night is {night.state}: {night.stop_reason}")
    return measured


def figures(accounts: int, rounds: int) -> list[dict[str, Any]]:
    """The figures as contracts.md has them: CPU seconds, medians over the rounds, each round in a process of its own."""
    measured: list[dict[str, float]] = []
    for _ in range(rounds):
        child = [sys.executable, "-m", "benchmarks.night", "--accounts", str(accounts), "--one-round"]
        measured.append(
            json.loads(subprocess.run(child, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        )
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    median = {key: statistics.median(one[key] for one in measured) for key in measured[0]}
    told = []
    for key, figure in (
        ("whole", f"first night of {accounts:,} accounts"),
        ("steps", f"first night of {accounts:,} accounts, freeze and steps"),
        ("publish", f"first night of {accounts:,} accounts, publishing with PostgreSQL"),
    ):
        ratio = median[key] / median["copy"]
        told.append(
            {
                "figure": figure, "unit": "CPU s", "ours": round(median[key], 3), "reference": round(median["copy"], 3),
                "reference_name": "DuckDB copies the same Parquet file", "ratio": round(ratio, 2), "aim": AIM,
                "met": ratio <= AIM, "wall_s": round(median["wall"], 3), "cpu_s": round(median[key], 3),
                "peak_rss_mb": round(median["rss"], 1), "rounds": rounds, "commit": commit,
            }
        )  # fmt: skip
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one-round", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one_round:
        folder = Path(tempfile.mkdtemp(prefix="dunwell-bench-"))
        name = _prepared(folder)
        try:
            from dunwell.engine import lake, session

            duck = session.connect()
            lake.write_parquet(duck, f"({BOOK.format(accounts=options.accounts)})", folder / "source.parquet")
            duck.close()
            measured = _one_round(folder / "source.parquet", options.accounts, folder / "lake")
        finally:
            _dropped(name)
            shutil.rmtree(folder, ignore_errors=True)
        measured["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(measured))
        return
    told = figures(options.accounts, options.rounds)
    for each in told:
        print(
            f"{each['figure']}: {each['ours']} CPU s, {each['reference_name']} {each['reference']} CPU s, "
            f"ratio {each['ratio']} (aim {each['aim']}), wall {each['wall_s']} s, peak {each['peak_rss_mb']} MB"
        )
    if options.json:
        options.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
