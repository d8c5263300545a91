"""`dunwell bench`: the measurements of a checkout's `benchmarks/`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from dunwell.cli.environment import Refused


def run(options: argparse.Namespace) -> int:
    """Run one measurement in its own process."""
    root = Path(__file__).resolve().parents[3]
    known = sorted(p.stem for p in (root / "benchmarks").glob("*.py") if not p.stem.startswith("_"))
    if not known:
        raise Refused("The benchmarks stand in the project's checkout (benchmarks/), not in the wheel.")
    if options.what not in known:
        raise Refused(f"There is no benchmark {options.what!r}; there are {', '.join(known)}.")
    command = [sys.executable, "-m", f"benchmarks.{options.what}"]
    for name in ("accounts", "rounds", "json"):
        value = getattr(options, name)
        if value is not None:
            command += [f"--{name}", str(Path(value).resolve()) if name == "json" else str(value)]
    return subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}).returncode
