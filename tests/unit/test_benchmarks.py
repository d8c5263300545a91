"""The measured figures go into docs/performance.md, and nothing else there changes."""

from datetime import date
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.parts import book, steps
from dunwell.engine import session
from dunwell.nightly import program

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
    with pytest.raises(ValueError, match="<!-- nightly -->"):
        report.replaced("nothing", "nightly", "")


def test_the_page_has_a_place_for_each_benchmark():
    page = report.PAGE.read_text("utf-8")
    for what in ("nightly", "publishing", "intake", "next", "worklist", "gate", "offers", "sending", "sms", "verify"):
        report.replaced(page, what, "")


def written(folder: Path, day: date) -> dict[str, Path]:
    with session.connect(threads=1) as duck:
        files = book.write(duck, folder, accounts=2_000, first=date(2026, 1, 16), day=day)
    return {kind: path for kind, (path, _) in files.items()}


def test_the_book_is_the_same_on_every_machine(tmp_path):
    with session.connect(threads=1) as duck:
        found = book.fingerprint(duck, [*written(tmp_path, date(2026, 1, 17)).values()])
    assert found == "016af4cd6808bdbc7124ea3a774f50e6d9520864562d84cdf9364946b194aeb9"


def test_what_differs_between_two_days_of_the_book_is_what_happened_on_the_second(tmp_path):
    """Payments, purchases, reversals, and due dates that passed; shares as the book promises them."""
    before, after = written(tmp_path, date(2026, 1, 17)), written(tmp_path, date(2026, 1, 18))
    with session.connect(threads=1) as duck:
        accounts = f"read_parquet('{after['accounts']}')"
        late, credit, a_party = duck.execute(
            "SELECT avg((past_due_amount > 0)::INT), avg((balance < 0)::INT), count(*) / count(DISTINCT party_no)"
            f" FROM {accounts}"
        ).fetchone()
        assert (round(late, 1), round(credit, 2), round(a_party, 1)) == (0.2, 0.02, 1.3)
        wrong = duck.execute(
            f"""
            SELECT count(*) FILTER (WHERE a.balance <> b.balance AND t.account_no IS NULL AND passed IS NULL),
                   count(*) FILTER (WHERE a.periods_past_due > b.periods_past_due AND passed IS NULL
                                    AND NOT coalesce(t.back, FALSE)),
                   count(*) FILTER (WHERE a.balance <> b.balance),
                   count(*) FILTER (WHERE a.periods_past_due > b.periods_past_due)
            FROM {accounts} AS a
            JOIN read_parquet('{before["accounts"]}') AS b USING (account_no)
            LEFT JOIN (SELECT account_no, bool_or(type = 'reversal') AS back FROM read_parquet('{after["transactions"]}')
                       GROUP BY account_no) AS t USING (account_no)
            LEFT JOIN (SELECT account_no, TRUE AS passed FROM {accounts} WHERE cycle_day = 17) AS d USING (account_no)
            """
        ).fetchone()
        assert wrong[:2] == (0, 0)
        assert min(wrong[2:]) > 0
        off = duck.execute(
            f"SELECT count(*) FROM {accounts} WHERE balance <> principal_retail + principal_cash"
            " + principal_instalment_billed + interest_on_balance + late_charge - credit_balance"
            " OR past_due_amount > greatest(balance, 0)"
        ).fetchone()
        assert off == (0,)


def test_one_query_of_the_steps_makes_what_the_steps_make():
    """The peer of the steps: our own files joined, over inputs without rows, has every kept table's columns."""
    text = steps.joined((program.MOVEMENTS,), keep=["movement", "received"])
    assert text.count(" AS (SELECT") >= 3
    assert "UNION ALL BY NAME" in text
