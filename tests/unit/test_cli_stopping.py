"""What a signal ends is a stop, whatever a library raises in its place; a failure without one stays a failure."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from dunwell.cli.supervisor import until_told

WORKS = """
import duckdb
from dunwell.cli.supervisor import until_told

with until_told():
    print("works", flush=True)
    {work}
print("Stopped.")
"""
QUERY = (
    'duckdb.sql("select count(*) from range(100000) a, range(1000000) b where a.range * b.range % 7 = 3").fetchall()'
)


@pytest.mark.parametrize("work", ["__import__('time').sleep(60)", QUERY], ids=["Python", "DuckDB"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_what_is_under_way_without_a_failure(work, number):
    with subprocess.Popen(
        [sys.executable, "-c", WORKS.format(work=work)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "works\n"
        process.send_signal(number)
        assert process.stdout.read() == "Stopped.\n"
        assert process.wait(60) == 0


def test_a_failure_without_a_signal_is_raised():
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    try:
        with pytest.raises(RuntimeError, match="of its own"), until_told():
            raise RuntimeError("of its own")
    finally:
        for number, handler in before:
            signal.signal(number, handler)
