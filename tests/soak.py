"""`make soak`: every test at full size (tests/sizes.py), and its figures in docs/soak.md.

python -m tests.soak --reports A.xml B.xml    # the page of a run in parts, oldest first: each `--junitxml`, DUNWELL_SOAK=1
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
    last: dict[tuple[str | None, str | None], ElementTree.Element] = {}  # one that was mended and run again counts once
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):
            last[case.get("classname"), case.get("name")] = case
    cases = sorted(last.values(), key=lambda case: -float(case.get("time", 0)))
    failed = [c for c in cases if c.find("failure") is not None or c.find("error") is not None]
    skipped = [c for c in cases if c.find("skipped") is not None]
    seconds = sum(float(case.get("time", 0)) for case in cases)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout
    lines = [
        "# Soak",
        "",
        "The tests of `make test` with their histories, races and kills at full size, and those that it leaves out for time.",
        "Written by `make soak`; in parts, what was mended between them and run again counts as it went the last time.",
        "",
        "| figure | value |",
        "|---|---|",
        f"| run | {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit.strip() or 'unknown'} |",
        f"| machine | {platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()} |",
        f"| tests | {len(cases):,}, failed {len(failed)}, skipped {len(skipped)} |",
        f"| seconds | {seconds:.0f}{f', in {len(reports)} parts' if len(reports) > 1 else ''} |",
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
