"""Next under load, and the case page with a long history.

    DUNWELL_BENCH_DATABASE_URL=postgresql://superuser@host/postgres python -m benchmarks.next --accounts 1000000

200 collectors arrive at a fixed rate (an open loop: a late answer does not slow the arrivals, and its wait counts).
Each takes a case through casework.services.take_next, with log and hold, from a book of which half may not be called
now. Beside it, in the same run and with the same pool of connections, a bare SELECT ... FOR UPDATE SKIP LOCKED LIMIT 1
over as many rows that are all ready, with an index made for it. What is done with a case afterwards is not measured.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.parts import measuring

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
COLLECTORS, PROCESSES = 200, 2
FILL = """
INSERT INTO identity_entity (code, kind, name_zh, name_en) VALUES ('bench', 'bank', '行', 'Bank');
INSERT INTO identity_user (password, username, staff_no, name_zh, name_en, entity_id, role, language, theme,
    single_keys, is_active)
SELECT '', 'c' || n, 'S' || n, '员', 'S', (SELECT id FROM identity_entity WHERE code = 'bench'), 'collector', 'en',
    'system', true, true
FROM generate_series(1, {collectors}) AS n;
INSERT INTO portfolio_party (entity_id, party_no, kind, name_masked, id_masked, language, province, timezone, touches)
SELECT (SELECT id FROM identity_entity WHERE code = 'bench'), 'B' || n, 'person', '张*', '', 'zh-hans', '',
    'Asia/Shanghai', 0
FROM generate_series(1, {cases}) AS n;
INSERT INTO casework_case (entity_id, party_id, case_no, opened_on, close_reason, run_id, business_date, entry_balance,
    currency, balance, past_due, days_delinquent, bucket, stage, segment, first_payment_default, promise_state, queue,
    rank, next_rule, next_reason, ready_at)
SELECT entity_id, id, 'C-' || id, '2026-11-01', '', 1, '2026-11-22', 0, 'CNY', 9000, 900, 34, 'M2', 'early', 'standard',
       false, '', 'call', ((id * 7919) % 100000)::int, 'CALL-30',
       '{{"code": "day_in_bucket", "params": {{"days": 34, "bucket": "M2"}}}}',
       -- every other case waits: until a quarter of an hour of today's evening, or tomorrow
       timestamptz '2026-11-23 00:00+00'
           + CASE WHEN id % 2 = 0 THEN interval '4 hours' + (id % 48) * interval '15 minutes' ELSE interval '0' END
FROM portfolio_party WHERE party_no LIKE 'B%';
CREATE TABLE bench_bare AS SELECT id, rank, 'call'::varchar AS queue FROM casework_case;
ALTER TABLE bench_bare ADD PRIMARY KEY (id);
CREATE INDEX bench_bare_next ON bench_bare (rank, id) WHERE queue = 'call';
GRANT ALL ON bench_bare TO PUBLIC;
"""
BARE = "SELECT id FROM bench_bare WHERE queue = 'call' ORDER BY rank, id LIMIT 1 FOR UPDATE SKIP LOCKED"


class Scratch:
    """A database of the benchmark's own."""

    def __init__(self, cases: int) -> None:
        import psycopg

        from dunwell.cli import roles

        server = os.environ.get("DUNWELL_BENCH_DATABASE_URL") or os.environ["DATABASE_OWNER_URL"]
        self.name = f"dunwell_bench_{os.getpid()}"
        self.admin = psycopg.connect(server, autocommit=True)
        self.admin.execute(f'CREATE DATABASE "{self.name}"')
        self.url = roles.address(server, database=self.name)
        self.home = tempfile.mkdtemp(prefix="dunwell-bench-")
        self.environment = {
            "DATABASE_URL": self.url, "DATABASE_OWNER_URL": self.url, "DUNWELL_HOME": self.home, "DUNWELL_POOL": "1",
            "DJANGO_SETTINGS_MODULE": "dunwell.settings", "DUNWELL_LOG": "WARNING",
        }  # fmt: skip
        migrate = [sys.executable, "-m", "django", "migrate", "--database", "owner", "--verbosity", "0"]
        subprocess.run(migrate, env={**os.environ, **self.environment}, check=True, stderr=subprocess.DEVNULL)
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(FILL.format(cases=cases, collectors=COLLECTORS))
            connection.execute("VACUUM ANALYZE")

    def drop(self) -> None:
        self.admin.execute(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        self.admin.close()


def _process(index: int, environment: dict, kind: str, takes: int, rate: float, begin: float, answers) -> None:
    """One web server's share: its threads are collectors, its connections come from one pool."""
    os.environ.update(environment)
    import django

    django.setup()
    from django.db import connection, transaction

    from dunwell.casework import services
    from dunwell.identity.models import User

    users = list(User.objects.order_by("id"))
    connection.close()
    waits: list[float] = []
    taken: list[int] = []
    errors: list[str] = []

    def bare() -> int | None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BARE)
            row = cursor.fetchone()
        return row[0] if row else None

    def next_case(user) -> int | None:
        case = services.take_next(user=user, now=NOW)
        return case.pk if case else None

    table = "bench_bare" if kind == "bare" else "casework_case"
    done = f"UPDATE {table} SET queue = ''" + ("" if kind == "bare" else ", held_by_id = NULL, held_until = NULL")

    def collector(number: int) -> None:
        try:
            for arrival in range(number, takes, COLLECTORS):
                due = begin + arrival / rate
                time.sleep(max(0.0, due - time.time()))
                case = bare() if kind == "bare" else next_case(users[number])
                waits.append(time.time() - due)
                if case is not None:
                    taken.append(case)
                    with connection.cursor() as cursor:
                        cursor.execute(f"{done} WHERE id = %s", [case])
                connection.close()  # as at the end of a request: back into the pool
        except Exception as error:  # reported by the parent
            errors.append(repr(error))

    threads = [threading.Thread(target=collector, args=(n,)) for n in range(index, COLLECTORS, PROCESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = resource.getrusage(resource.RUSAGE_SELF)
    answers.put((waits, taken, errors, used.ru_utime + used.ru_stime, measuring.peak_mb()))


def load(environment: dict, kind: str, takes: int, rate: float) -> dict:
    """Run the collectors; answers waits (seconds, sorted), takes, duplicates, CPU seconds, peak memory (MB), wall."""
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    begin = time.time() + 6  # every process is up by then
    arguments = (environment, kind, takes, rate, begin, answers)
    processes = [spawn.Process(target=_process, args=(index, *arguments)) for index in range(PROCESSES)]
    for process in processes:
        process.start()
    parts = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    errors = [error for part in parts for error in part[2]]
    if errors:
        raise RuntimeError(f"{len(errors)} collectors stopped: {errors[0]}")
    taken = [case for part in parts for case in part[1]]
    return {
        "waits": sorted(wait for part in parts for wait in part[0]),
        "taken": len(taken),
        "twice": len(taken) - len(set(taken)),
        "cpu": sum(part[3] for part in parts),
        "memory": max(part[4] for part in parts),
        "wall": time.time() - begin,
    }


def percentile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


def case_page(environment: dict, rounds: int) -> tuple[float, float, int]:
    """Milliseconds of the case page over HTTP with 1,000 entries and with 10 (medians, in turns), and its queries."""
    os.environ.update({**environment, "DUNWELL_POOL": ""})
    import django

    django.setup()
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from dunwell.casework.models import Case
    from dunwell.evidence import services as evidence
    from dunwell.identity.models import User

    user = User.objects.order_by("id").first()
    cases = list(Case.objects.filter(held_by=None, queue="call").order_by("-id")[:2])
    for case, entries in zip(cases, (1000, 10), strict=True):
        for number in range(entries):
            data = {"channel": "call", "outcome": "no_answer", "number": number}
            evidence.write(
                kind="contact.recorded", now=NOW, by=user.actor, party_id=case.party_id, case_id=case.pk,
                data=data,
            )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE evidence_log")
    from dunwell.settings.wsgi import application

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    browser = Client(headers={"host": "127.0.0.1"})
    browser.force_login(user)
    headers = {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items())}
    web = ThreadedWSGIServer(("127.0.0.1", 0), Quiet, connections_override={})
    web.set_app(application)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    line = http.client.HTTPConnection("127.0.0.1", web.server_address[1])

    def page(case: Case) -> bytes:
        line.request("GET", f"/cases/{case.case_no}", headers=headers)
        with line.getresponse() as answer:
            text = answer.read()
            if answer.status != 200 or case.case_no.encode() not in text:
                raise RuntimeError(f"the case page answered {answer.status}")
            return text

    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(20 + 200 * rounds):
        for case, times in zip(cases, spent, strict=True):
            began = time.perf_counter()
            page(case)
            times.append(time.perf_counter() - began)
    with CaptureQueriesContext(connection) as asked:
        browser.get(f"/cases/{cases[0].case_no}")
    line.close()
    web.shutdown()
    web.server_close()
    many, few = (percentile(sorted(times[20:]), 0.5) * 1000 for times in spent)
    return many, few, sum(query["sql"] not in ("BEGIN", "COMMIT") for query in asked)


def figures(cases: int = 1_000_000, takes: int = 100_000, rounds: int = 1, rate: float = 100.0) -> list[dict]:
    """The figures of contracts.md: p95 of Next, cases given twice, the case page."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    scratch = Scratch(cases)
    try:
        ours, bare = [], []
        for _ in range(rounds):
            bare.append(load(scratch.environment, "bare", takes // rounds, rate))
            ours.append(load(scratch.environment, "next", takes // rounds, rate))
        many, few, asked = case_page(scratch.environment, rounds)
    finally:
        scratch.drop()

    def figure(name: str, unit: str, mine: float, other: float, other_name: str, aim: float, **more: object) -> dict:
        ratio = mine / other if other else mine
        return {
            "figure": name, "unit": unit, "ours": round(mine, 3), "reference": round(other, 3),
            "reference_name": other_name, "ratio": round(ratio, 2), "aim": aim, "met": ratio <= aim,
            "wall_s": round(sum(run["wall"] for run in ours), 1), "cpu_s": round(sum(run["cpu"] for run in ours), 1),
            "peak_rss_mb": round(max(run["memory"] for run in ours), 1), "rounds": rounds, "commit": commit, **more,
        }  # fmt: skip

    def middle(runs: list[dict], share: float) -> float:
        return percentile(sorted(percentile(run["waits"], share) for run in runs), 0.5) * 1000

    told = f"bare SELECT FOR UPDATE SKIP LOCKED LIMIT 1, {rate:.0f}/s, same pool"
    taken = sum(run["taken"] for run in ours)
    load_of = f"next, {cases:,} cases, {COLLECTORS} collectors"
    return [
        figure(f"{load_of}, p95", "ms", middle(ours, 0.95), middle(bare, 0.95), told, 3),
        figure(f"{load_of}, p50", "ms", middle(ours, 0.5), middle(bare, 0.5), told, 3),
        figure(f"cases given twice in {taken:,} takes", "cases", sum(run["twice"] for run in ours), 0, "none", 0),
        figure("case page, 1,000 timeline entries", "ms", many, few, "the same page with 10 entries", 1.3),
        figure("case page, queries", "queries", asked, 15, "15 queries", 1),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", "--cases", type=int, default=1_000_000, help="open cases")
    parser.add_argument("--takes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--rate", type=float, default=100.0, help="arrivals a second")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    told = figures(asked.accounts, asked.takes, asked.rounds, asked.rate)
    for each in told:
        print(
            f"{each['figure']}: {each['ours']} {each['unit']}, {each['reference_name']} {each['reference']}, "
            f"ratio {each['ratio']} (aim {each['aim']})"
        )
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
