"""What benchmarks share: a database of their own, CPU and memory of this process and of PostgreSQL, figures as JSON."""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SERVER = "DUNWELL_BENCH_DATABASE_URL"


@contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder, and an empty migrated database that this process and its children use; both are gone afterwards."""
    import psycopg

    from dunwell.cli import roles

    folder = Path(tempfile.mkdtemp(prefix="dunwell-bench-"))
    server = os.environ.get(SERVER) or os.environ["DATABASE_OWNER_URL"]
    database = f"dunwell_bench_{name}_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{database}"')
    url = roles.address(server, database=database)
    os.environ.update(
        DATABASE_URL=url, DATABASE_OWNER_URL=url, DUNWELL_HOME=str(folder / "home"), DUNWELL_LAKE=str(folder / "lake"),
        DUNWELL_LOG="WARNING", DJANGO_SETTINGS_MODULE="dunwell.settings",
    )  # fmt: skip
    migrate = [sys.executable, "-m", "django", "migrate", "--database", "owner", "--verbosity", "0"]
    try:
        subprocess.run(migrate, check=True, stderr=subprocess.DEVNULL)
        import django

        django.setup()
        yield folder
    finally:
        from django.db import connections

        connections.close_all()
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        shutil.rmtree(folder, ignore_errors=True)


def backend_cpu() -> float:
    """CPU seconds of this session's server process; 0 where it runs on another machine."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return process_cpu(cursor.fetchone()[0])


def process_cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children_cpu() -> float:
    """CPU seconds of what this process started, those that still run among them: a JVM outlives what it was started for."""
    times = os.times()

    def running(pid: int) -> float:
        found = [
            int(one) for tasks in Path(f"/proc/{pid}/task").glob("*/children") for one in tasks.read_text().split()
        ]
        return sum(process_cpu(one) + running(one) for one in found)

    return times.children_user + times.children_system + running(os.getpid())


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of CPU and of the clock."""

    cpu: float
    wall: float

    def as_dict(self) -> dict[str, float]:
        return {"cpu": self.cpu, "wall": self.wall}


def cost(work: Callable[[], object], *, server: Callable[[], float] = lambda: 0.0) -> Cost:
    """What `work` takes in this process, and with `server` in PostgreSQL as well."""
    wall, cpu, there = time.perf_counter(), time.process_time(), server()
    work()
    return Cost(time.process_time() - cpu + server() - there, time.perf_counter() - wall)


def peak_mb() -> float:
    """The most memory that this program ever held. (`ru_maxrss` is not asked: it starts with that of the parent.)"""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 1024


def child(module: str, *arguments: object, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """Run a part of a benchmark in a process of its own (for its peak memory); its last line is its answer."""
    ran = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        env={**os.environ, **(environment or {})}, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return json.loads(ran.stdout.splitlines()[-1])


def median(rounds: Iterable[dict[str, float]], key: str) -> float:
    return statistics.median(one[key] for one in rounds)


def commit() -> str:
    told = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return told or "unknown"


def figure(
    name: str, unit: str, ours: float, reference: float, reference_name: str, *, aim: float, wall: float, cpu: float,
    peak: float, rounds: int,
) -> dict[str, Any]:  # fmt: skip
    """One line as contracts have it. Met: the ratio is at most the aim."""
    ratio = ours / reference if reference else 0.0
    return {
        "figure": name, "unit": unit, "ours": round(ours, 3), "reference": round(reference, 3),
        "reference_name": reference_name, "ratio": round(ratio, 3), "aim": aim, "met": ratio <= aim,
        "wall_s": round(wall, 2), "cpu_s": round(cpu, 2), "peak_rss_mb": round(peak, 1), "rounds": rounds,
        "commit": commit(),
    }  # fmt: skip


def told(figures: list[dict[str, Any]], file: Path | None) -> None:
    """Print the figures, and write them to `file`."""
    for one in figures:
        print(
            f"{one['figure']}: {one['ours']} {one['unit']}; {one['reference_name']}: {one['reference']}; ratio "
            f"{one['ratio']} (aim {one['aim']}: {'met' if one['met'] else 'not met'}), wall {one['wall_s']} s, "
            f"CPU {one['cpu_s']} s, peak {one['peak_rss_mb']} MB, {one['rounds']} round(s)"
        )
    if file:
        file.write_text(json.dumps(figures, indent=1) + "\n")


def options(parser: argparse.ArgumentParser, *, accounts: int = 1_000_000, rounds: int = 3) -> None:
    """What `dunwell bench` passes on."""
    parser.add_argument("--accounts", type=int, default=accounts)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--json", type=Path)
