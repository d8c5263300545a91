"""`make soak`: every test at full size (tests/sizes.py), and its figures in docs/soak.md.

python -m tests.soak --reports A.xml B.xml    # the page of a run in parts: each one's `--junitxml`, with DUNWELL_SOAK=1
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "soak.md"


def main() -> None:
    if sys.argv[1:2] == ["--reports"]:
        PAGE.write_text(written([Path(name) for name in sys.argv[2:]]), encoding="utf-8")
        return
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *sys.argv[1:]],
            cwd=ROOT,
            env={**os.environ, "DUNWELL_SOAK": "1"},
        )
        if report.exists():
            PAGE.write_text(written([report]), encoding="utf-8")
    sys.exit(done.returncode)


def written(reports: list[Path]) -> str:
    """The page: what ran, how long, what failed, and the longest."""
    suites = [suite for report in reports for suite in ElementTree.parse(report).iter("testsuite")]
    cases = sorted(
        (case for suite in suites for case in suite.iter("testcase")), key=lambda c: -float(c.get("time", 0))
    )

    def sum_of(what: str) -> float:
        return sum(float(suite.get(what, 0)) for suite in suites)

    failed = [c for c in cases if c.find("failure") is not None or c.find("error") is not None]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout
    lines = [
        "# Soak",
        "",
        "The tests of `make test` with their histories, races and kills at full size, and those that it leaves out for time. Written by `make soak`.",
        "",
        "| figure | value |",
        "|---|---|",
        f"| run | {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit.strip() or 'unknown'} |",
        f"| machine | {platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()} |",
        f"| tests | {sum_of('tests'):.0f}, failed {len(failed)}, skipped {sum_of('skipped'):.0f} |",
        f"| seconds | {sum_of('time'):.0f}{f', in {len(reports)} parts' if len(reports) > 1 else ''} |",
        "",
        "## The longest",
        "",
        "| test | seconds |",
        "|---|---|",
        *(f"| `{case.get('name')}` | {float(case.get('time', 0)):.1f} |" for case in cases[:20]),
    ]
    if failed:
        lines += ["", "## Failed", "", *(f"- `{case.get('classname')}.{case.get('name')}`" for case in failed)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
