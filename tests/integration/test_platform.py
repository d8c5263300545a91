"""The command line, health and metrics, and a worker's turn."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from dunwell.cli.roles import address
from dunwell.cli.worker import DUTIES, Duty, Worker
from tests import build
from tests.database import OWNER
from tests.sizes import in_the_soak

DUNWELL = Path(sys.executable).with_name("dunwell")
NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


def dunwell(*words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [DUNWELL, *words], env=environment or dict(os.environ), capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "usage: dunwell"),
        (("nightly",), "--business-date"),
        (("nightly", "--business-date", "2026-13-01"), "'2026-13-01' is not a date"),
        (("intake", "file.csv"), "intake needs --business-date D"),
        (("dance",), "invalid choice: 'dance'"),
    ],
)
def test_wrong_usage_ends_with_2(words, said):
    done = dunwell(*words)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("report", "buckets", "--business-date", "2026-01-01"), "dunwell: No night was published for 2026-01-01.\n"),
        (("why", "A1", "--business-date", "2026-01-01"), "dunwell: No night was published for 2026-01-01.\n"),
        (("intake", "--business-date", "2026-01-01", "none.csv"), "dunwell: There is no file none.csv.\n"),
        (("user", "password", "nobody"), "dunwell: There is no user 'nobody'.\n"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_1(fresh_database, words, sentence):
    done = dunwell(*words, environment=fresh_database.environment)
    assert (done.returncode, done.stderr) == (1, sentence)


def test_a_night_without_files_is_refused_with_3(fresh_database):
    build.entity()
    done = dunwell("nightly", "--business-date", "2026-11-22", environment=fresh_database.environment)
    assert done.returncode == 3
    assert "The night of 2026-11-22 stopped before publishing: the file" in done.stderr


def test_an_empty_log_verifies(fresh_database):
    done = dunwell("evidence", "verify", environment=fresh_database.environment)
    assert (done.returncode, done.stdout) == (0, "0 records, 0 changed\n")


def test_the_owners_address_alone_is_enough(fresh_database, tmp_path):
    """The owner makes the application's role when it can; here the roles are there, with another home's password."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DATABASE_")}
    owner = {**environment, "DATABASE_URL": fresh_database.owner_url, "DUNWELL_HOME": str(tmp_path)}
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "database-dunwell_app").write_text("of-the-tests-alone")
    done = dunwell("migrate", environment=owner)
    assert (done.returncode, done.stdout) == (0, "0 migrations applied, rights set.\n"), done.stderr


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none"])
def test_a_database_that_does_not_answer_is_said_in_one_line(url, tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DATABASE_")}
    done = dunwell("migrate", environment={**environment, "DATABASE_URL": url, "DUNWELL_HOME": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr.startswith("dunwell: DATABASE_URL does not answer: ")
    assert done.stderr.count("\n") == 1


CATALOGUE = (
    "SELECT table_name, column_name, data_type, is_nullable, column_default, character_maximum_length, numeric_precision,"
    " numeric_scale FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2",
    "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
)


@in_the_soak
def test_new_models_rendered_alone_make_the_tables_that_django_alone_makes(server, fresh_database):
    made = f"{fresh_database.name}_whole"
    with server.superuser() as connection:
        connection.execute(f'CREATE DATABASE "{made}" OWNER {OWNER}')
    try:
        url = server.url(made, OWNER)
        subprocess.run([sys.executable, "-m", "django", "migrate", "--database", "owner", "--verbosity", "0"], check=True,
                       env={**os.environ, "DATABASE_URL": url, "DATABASE_OWNER_URL": url})  # fmt: skip
        with psycopg.connect(url) as whole, psycopg.connect(fresh_database.owner_url) as alone:
            for asked in CATALOGUE:
                rows = whole.execute(asked).fetchall()
                assert rows and rows == alone.execute(asked).fetchall()
    finally:
        server.drop(made)


def test_addresses_keep_the_server_and_change_role_and_database():
    assert address("postgresql://a:b@h:5/d?sslmode=require", role="x", password="y/z") == (
        "postgresql://x:y%2Fz@h:5/d?sslmode=require"
    )
    assert address("postgresql://a:b@/d?host=%2Frun", database="e") == "postgresql://a:b@/e?host=%2Frun"


def test_every_duty_is_a_service():
    for duty in DUTIES:
        module, _, function = duty.service.partition(":")
        assert callable(getattr(importlib.import_module(module), function)), duty


def test_a_worker_does_every_duty_once(fresh_database):
    build.entity()
    worker = Worker(clock=lambda: NOW)
    assert [duty.name for duty in DUTIES if not worker.attempt(duty)] == []


def test_a_duty_that_another_worker_does_is_left_alone(fresh_database):
    with psycopg.connect(fresh_database.url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('dunwell.duty.seal'))")
        seal = next(duty for duty in DUTIES if duty.name == "seal")
        assert Worker(clock=lambda: NOW).attempt(seal) is False


def test_a_failing_duty_does_not_stop_the_others(fresh_database):
    worker = Worker(clock=lambda: NOW)
    broken = Duty("broken", "dunwell.cli.worker:no_such_function", 1)
    worker.due["broken"] = 0
    assert worker.attempt(broken) is False
    assert worker.attempt(next(duty for duty in DUTIES if duty.name == "sessions")) is True


def test_health_tells_of_database_worker_and_night(db, client):
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"database": "answers", "worker": "not running", "last_night": None}
    assert answer.headers["Cache-Control"] == "no-store"


def test_metrics_are_for_this_machine_or_a_token(db, client, monkeypatch):
    text = client.get("/metrics").content.decode()
    assert "dunwell_up 1.0" in text
    assert "dunwell_open_cases 0.0" in text
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.9").status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 403
    monkeypatch.setenv("DUNWELL_METRICS_TOKEN", "of-the-monitor")
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer of-the-monitor"}).status_code == 200


def test_pages_carry_a_strict_policy(db, client):
    policy = client.get("/login").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
