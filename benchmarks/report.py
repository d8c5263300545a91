"""Put measured figures into docs/performance.md, each table between its two marks.

    python -m benchmarks.report FILE.json …      # the files that `dunwell bench WHAT --json` wrote, named WHAT.json

The words around the tables are written by hand and stay; only what stands between `<!-- WHAT -->` and `<!-- /WHAT -->`
is replaced.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"


def table(what: str, figures: list[dict[str, Any]], *, machine: str, day: str) -> str:
    """One benchmark's figures as Markdown, with the command that makes them again."""
    first = figures[0]
    lines = [
        f"`dunwell bench {what}`, {day}, commit {first['commit']}, {first['rounds']} round(s); {machine}.",
        "",
        "| figure | ours | peer | ratio | aim | wall s | CPU s | peak MB |",
        "|---|---:|---:|---:|---|---:|---:|---:|",
    ]
    for one in figures:
        met = "met" if one["met"] else "**not met**"
        lines.append(
            f"| {one['figure']} | {one['ours']:g} {one['unit']} | {one['reference']:g} ({one['reference_name']}) |"
            f" {one['ratio']:g} | {one['aim']:g}: {met} | {one['wall_s']:g} | {one['cpu_s']:g} | {one['peak_rss_mb']:g} |"
        )
    return "\n".join(lines)


def replaced(page: str, what: str, text: str) -> str:
    """The page with the table of `what` replaced; ValueError where it has no place for it."""
    place = re.compile(rf"(<!-- {what} -->\n).*?(<!-- /{what} -->)", re.DOTALL)
    if not place.search(page):
        raise ValueError(f"docs/performance.md has no place <!-- {what} --> … <!-- /{what} -->")
    return place.sub(lambda found: f"{found[1]}{text}\n{found[2]}", page)


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    for name in sys.argv[1:]:
        figures = json.loads(Path(name).read_text(encoding="utf-8"))
        what = Path(name).stem
        page = replaced(page, what, table(what, figures, machine=machine, day=f"{datetime.now(UTC):%Y-%m-%d}"))
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
