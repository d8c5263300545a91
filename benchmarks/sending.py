"""Sending decisions on PostgreSQL, 200 clients, beside a bare insert with the same indexes.

    DUNWELL_BENCH_DATABASE_URL=postgresql://superuser@host/postgres python -m benchmarks.sending --rounds 3

A client asks the gate for a message that may leave: locks, facts, the count over the ledger, decision, log and the slot, as
a dialler does over the API (compliance.services.reserve_shared: who waits at the same time in one process shares a
transaction), or a batch of a hundred as the sender does (reserve_many). The bare insert
writes a row of the same table with the same indexes, one a transaction or a hundred. Both take their connections from a
server's pool, and both tables hold four earlier contacts of each person. Turn about in one run, medians of rounds.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import statistics
import subprocess
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.next import Scratch
from benchmarks.parts import measuring

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
CLIENTS, PROCESSES, BATCH = 200, 2, 100
AIM = 0.5
FILL = """
INSERT INTO portfolio_account (entity_id, account_no, currency, party_id, product, cycle_day)
SELECT entity_id, 'A' || party_no, 'CNY', id, 'standard', 5 FROM portfolio_party WHERE party_no LIKE 'B%';
INSERT INTO portfolio_contactpoint (party_id, kind, source, value_sealed, masked, digest, digest_version, status,
    status_reason, label, timezone)
SELECT id, 'mobile', 'contract', '\\x00', '190****0000', sha256(party_no::bytea), 1, 'valid', '', '', ''
FROM portfolio_party WHERE party_no LIKE 'B%';
INSERT INTO compliance_contact (entity_id, party_id, person_id, party_type, contact_point_id, point_digest, channel,
    direction, purpose, token, expires_at, local_date, reserved_at, key)
SELECT party.entity_id, party.id, party.id, 'debtor', point.id, point.digest, 'sms', 'out', 'reminder', gen_random_uuid(),
    timestamptz '2026-11-23 02:30+00' - before, date '2026-11-23' - before, timestamptz '2026-11-23 02:30+00' - before,
    gen_random_uuid()
FROM portfolio_party AS party JOIN portfolio_contactpoint AS point ON point.party_id = party.id
    CROSS JOIN unnest(ARRAY[interval '4 days', '11 days', '18 days', '25 days']) AS before WHERE party.party_no LIKE 'B%';
INSERT INTO compliance_contactoutcome (contact_id, outcome, identified, result, recorded_at, key, record)
SELECT id, 'delivered', false, '', reserved_at, key, '' FROM compliance_contact;
INSERT INTO compliance_gatedecision (entity_id, party_id, contact_point_id, channel, purpose, decided_at, verdict, reasons)
SELECT entity_id, party_id, contact_point_id, channel, purpose, reserved_at, 'allow', '[]' FROM compliance_contact;
CREATE TABLE bench_contact (LIKE compliance_contact INCLUDING ALL);
WITH these AS (INSERT INTO bench_contact SELECT * FROM compliance_contact RETURNING id)
SELECT setval(pg_get_serial_sequence('bench_contact', 'id'), max(id)) FROM these;
GRANT ALL ON bench_contact TO PUBLIC;
"""
STATES = """
INSERT INTO arrears_accountstate ({columns}) SELECT {values} FROM portfolio_account
"""


def fill(url: str) -> None:
    """Accounts with something past due, and a number each."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in filter(str.strip, FILL.split(";\n")):
            connection.execute(_with_defaults(connection, statement))
        told = {"account_id": "id", "past_due": "1500", "balance": "12000"}
        columns, values = [], []
        for name, kind, empty in connection.execute(
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns "
            "WHERE table_name = 'arrears_accountstate' AND column_default IS NULL AND is_identity = 'NO'"
        ).fetchall():
            if name in told or empty == "NO":
                usual = {"date": "'2026-11-01'", "boolean": "false", "jsonb": "'{}'", "character varying": "''"}
                usual |= {"timestamp with time zone": "'2026-11-22 00:00+00'", "text": "''"}
                columns.append(name)
                values.append(told.get(name, usual.get(kind, "0")))
        connection.execute(STATES.format(columns=", ".join(columns), values=", ".join(values)))
        connection.execute("VACUUM ANALYZE")


def _with_defaults(connection, statement: str) -> str:
    """An insert that names every column which may not be empty; what it leaves out is said as nothing."""
    if not statement.strip().startswith("INSERT"):
        return statement
    table = statement.split("INTO ")[1].split(" ")[0]
    named = {name.strip() for name in statement.split("(")[1].split(")")[0].split(",")}
    missing = connection.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s AND is_nullable = 'NO' "
        "AND column_default IS NULL AND is_identity = 'NO'",
        [table],
    ).fetchall()
    usual = {"boolean": "false", "character varying": "''", "text": "''", "jsonb": "'{}'"}
    usual |= {"date": "'2026-11-01'::date", "timestamp with time zone": "'2026-11-22 00:00+00'::timestamptz"}
    left = [(name, usual.get(kind, "0")) for name, kind in missing if name not in named]
    if not left:
        return statement
    statement = statement.replace(")\nSELECT ", f", {', '.join(n for n, _ in left)})\nSELECT ", 1)
    return statement.replace(" FROM ", f", {', '.join(v for _, v in left)} FROM ", 1).replace(
        "\nFROM ", f", {', '.join(v for _, v in left)}\nFROM ", 0 if " FROM " in statement else 1
    )


def _process(index: int, environment: dict, kind: str, each: int, begin: float, answers) -> None:
    """One process's share of the clients."""
    os.environ.update(environment)
    import django

    django.setup()
    from django.db import connection, transaction

    from dunwell.compliance import services
    from dunwell.compliance.models import Contact
    from dunwell.compliance.queries import Asking
    from dunwell.kernel.actor import Actor
    from dunwell.portfolio.models import ContactPoint

    by = Actor.program("bench")
    points = list(ContactPoint.objects.order_by("id").values_list("id", "party_id", "digest", "party__entity_id"))
    services.judge(  # the pack is read, and its text kept, before anything is measured
        party_id=points[-1][1], contact_point_id=points[-1][0], channel="sms", purpose="reminder", by=by, now=NOW
    )
    connection.close()
    lock, errors, done = threading.Lock(), [], []
    insert = "INSERT INTO bench_contact ({}) VALUES ({})".format(
        ", ".join(f.column for f in Contact._meta.concrete_fields if f.column != "id"),
        ", ".join("%s" for f in Contact._meta.concrete_fields if f.column != "id"),
    )

    def row(point) -> list:
        pk, party, digest, entity = point
        values = {
            "entity_id": entity, "party_id": party, "person_id": party, "party_type": "debtor", "contact_point_id": pk,
            "point_digest": digest, "case_id": None, "channel": "sms", "direction": "out", "purpose": "reminder",
            "decision_id": None, "token": uuid.uuid4(), "expires_at": NOW, "local_date": NOW.date(),
            "reserved_at": NOW, "by_id": None, "account_id": None, "allotment_id": None, "key": uuid.uuid4().hex,
        }  # fmt: skip
        return [values[f.column] for f in Contact._meta.concrete_fields if f.column != "id"]

    def one(point) -> int:
        if kind == "bare":
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(insert, row(point))
            return 1
        taken = services.reserve_shared(
            party_id=point[1], contact_point_id=point[0], channel="sms", purpose="reminder", key=uuid.uuid4().hex,
            by=by, now=NOW,
        )  # fmt: skip
        return int(taken.allowed)

    def many(some) -> int:
        if kind == "bare batch":
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.executemany(insert, [row(point) for point in some])
            return len(some)
        wanted = [(uuid.uuid4().hex, Asking(p[1], p[1], p[0], "sms", "reminder")) for p in some]
        return sum(slot.reserved.allowed for slot in services.reserve_many(wanted=wanted, by=by, now=NOW).values())

    def client(number: int) -> None:
        mine = points[number::CLIENTS]
        time.sleep(max(0.0, begin - time.time()))
        try:
            turn = 0
            while turn < each:
                if "batch" in kind:
                    done.append(many(mine[turn : turn + BATCH]))
                    turn += BATCH
                else:
                    done.append(one(mine[turn]))
                    turn += 1
                connection.close()  # as at the end of a request: back into the pool
        except Exception as error:  # reported by the parent
            with lock:
                errors.append(repr(error))

    threads = [threading.Thread(target=client, args=(n,)) for n in range(index, CLIENTS, PROCESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = resource.getrusage(resource.RUSAGE_SELF)
    answers.put((sum(done), time.time(), errors, used.ru_utime + used.ru_stime, measuring.peak_mb()))


def load(environment: dict, kind: str, each: int) -> dict:
    """Run the clients; answers the rate of what was allowed, CPU seconds, peak memory (MB) and wall seconds."""
    spawn = multiprocessing.get_context("spawn")
    answers, begin = spawn.Queue(), time.time() + 8
    processes = [
        spawn.Process(target=_process, args=(n, environment, kind, each, begin, answers)) for n in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    parts = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    errors = [error for part in parts for error in part[2]]
    if errors:
        raise RuntimeError(f"{len(errors)} clients stopped: {errors[0]}")
    wall = max(part[1] for part in parts) - begin
    return {
        "rate": sum(part[0] for part in parts) / wall, "allowed": sum(part[0] for part in parts), "wall": wall,
        "cpu": sum(part[3] for part in parts), "memory": max(part[4] for part in parts),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=40_000, help="persons, each with a number")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    scratch = Scratch(options.accounts)
    each = options.accounts // CLIENTS
    try:
        fill(scratch.url)
        runs: dict[str, list[dict]] = {}
        for _ in range(options.rounds):  # a person takes two texts a day, and is asked about once or twice a round
            for kind, share in (
                ("bare", each // 10),
                ("gate", each // 20),
                ("bare batch", each),
                ("gate batch", each // 2),
            ):
                runs.setdefault(kind, []).append(load(scratch.environment, kind, share))
            _yesterday(scratch.url)
    finally:
        scratch.drop()
    rows = []
    for mine, other, name in (
        ("gate", "bare", "sending decisions a second, asked one by one"),
        ("gate batch", "bare batch", f"sending decisions a second, {BATCH} a transaction"),
    ):
        rate = statistics.median(run["rate"] for run in runs[mine])
        reference = statistics.median(run["rate"] for run in runs[other])
        rows.append(
            {
                "figure": f"{name}, {CLIENTS} clients", "unit": "1/s", "ours": round(rate), "reference": round(reference),
                "reference_name": "bare insert, same indexes", "ratio": round(rate / reference, 3), "aim": AIM,
                "met": rate / reference >= AIM, "wall_s": round(sum(run["wall"] for run in runs[mine]), 1),
                "cpu_s": round(sum(run["cpu"] for run in runs[mine]), 1),
                "peak_rss_mb": round(max(run["memory"] for run in runs[mine])), "rounds": options.rounds,
                "commit": commit,
            }
        )  # fmt: skip
        print(
            f"{rows[-1]['figure']}: {rate:,.0f}/s, bare insert {reference:,.0f}/s, ratio {rate / reference:.3f} (aim {AIM})"
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _yesterday(url: str) -> None:
    """What was taken is moved to the day before, so that the next round is allowed again."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "UPDATE compliance_contact SET local_date = local_date - 1, reserved_at = reserved_at - interval '1 day'"
        )
        connection.execute("VACUUM ANALYZE compliance_contact")


if __name__ == "__main__":
    main()
