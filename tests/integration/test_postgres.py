"""The embedded PostgreSQL's share of the machine's memory."""

from __future__ import annotations

import psycopg
import pytest

from dunwell.cli import postgres
from tests import running


@pytest.mark.parametrize(("memory", "buffers"), [(0, 128), (512, 128), (4096, 512), (24_000, 2048), (512_000, 2048)])
def test_its_cache_is_an_eighth_of_the_memory_within_limits(memory, buffers):
    assert postgres.buffers_mb(memory) == buffers


def test_the_server_runs_with_it(tmp_path):
    embedded = postgres.Embedded(tmp_path)
    embedded.start()
    try:
        with psycopg.connect(embedded.superuser_url) as connection:
            said = connection.execute("SELECT pg_size_bytes(current_setting('shared_buffers')) / 2 ^ 20").fetchone()
    finally:
        embedded.stop()
        running.remove(tmp_path)  # where root's stands elsewhere, that as well
    assert said == (postgres.buffers_mb(postgres.machine_memory_mb()),)
