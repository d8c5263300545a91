"""`dunwell bench`: the measurements of a checkout's `benchmarks/`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dunwell.cli.environment import Refused, home

SERVER = "DUNWELL_BENCH_DATABASE_URL"  # a superuser's; without it an embedded server of its own


def run(options: argparse.Namespace) -> int:
    """Run one measurement in its own process, beside a PostgreSQL that holds nothing else."""
    root = Path(__file__).resolve().parents[3]
    known = sorted(p.stem for p in (root / "benchmarks").glob("*.py") if p.stem not in ("__init__", "report"))
    if not known:
        raise Refused("The benchmarks stand in the project's checkout (benchmarks/), not in the wheel.")
    if options.what not in known:
        raise Refused(f"There is no benchmark {options.what!r}; there are {', '.join(known)}.")
    command = [sys.executable, "-m", f"benchmarks.{options.what}"]
    for name in ("accounts", "rounds", "json"):
        value = getattr(options, name)
        if value is not None:
            command += [f"--{name}", str(Path(value).resolve()) if name == "json" else str(value)]
    with _server() as url:
        environment = {**os.environ, "PYTHONPATH": str(root), SERVER: url}
        return subprocess.run(command, cwd=root, env=environment).returncode


@contextmanager
def _server() -> Iterator[str]:
    from dunwell.cli.postgres import Embedded, Unavailable

    given = os.environ.get(SERVER, "")
    if given:
        yield given
        return
    server = Embedded(home() / "bench")
    try:
        server.start()
    except Unavailable as error:
        raise Refused(str(error)) from error
    try:
        yield server.superuser_url
    finally:
        server.stop()
