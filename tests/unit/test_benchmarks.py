"""The measured figures go into docs/performance.md, and nothing else there changes."""

import pytest

from benchmarks import report

FIGURE = {
    "figure": "takes", "unit": "ms", "ours": 4.9, "reference": 2.0, "reference_name": "bare", "ratio": 2.45, "aim": 3,
    "met": True, "wall_s": 10.0, "cpu_s": 1.0, "peak_rss_mb": 90.0, "rounds": 1, "commit": "abc",
}  # fmt: skip


def test_a_table_takes_the_place_of_the_one_before():
    page = "words\n<!-- next -->\nold\n<!-- /next -->\nmore words\n"
    text = report.table("next", [FIGURE], machine="2 cores", day="2026-11-24")
    told = report.replaced(page, "next", text)
    assert told.startswith("words\n<!-- next -->\n`dunwell bench next`")
    assert told.endswith("<!-- /next -->\nmore words\n")
    assert "old" not in told
    assert "| takes | 4.9 ms | 2 (bare) | 2.45 | 3: met |" in told


def test_a_figure_that_falls_short_says_so():
    assert "3: **not met**" in report.table("next", [FIGURE | {"met": False}], machine="", day="")


def test_a_benchmark_without_a_place_is_an_error():
    with pytest.raises(ValueError, match="<!-- night -->"):
        report.replaced("nothing", "night", "")


def test_the_page_has_a_place_for_each_benchmark():
    page = report.PAGE.read_text("utf-8")
    for what in ("night", "intake", "next", "gate", "sending"):
        report.replaced(page, what, "")
