"""Verifying the log beside hashing each record's text with hashlib.

    python -m benchmarks.verify --accounts 1000000 --rounds 3        (--accounts: how many records)

Ours is `evidence.services.verify` over a database of so many sealed records, as `dunwell evidence verify` calls it: each
record's hash from its fields, its leaf, every root, the chain, the days' signatures, the rows that records hold. The peer reads
the same rows from the same PostgreSQL, their text made by the server (data as it stands there, not put into order), and takes
hashlib.sha256 of each. One process each, turn about, medians of rounds. One record in ten holds a row of another table.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from benchmarks.parts import measuring

AIM = 3.0  # times as long as the peer, at most
DAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
CHUNK = 10_000


def fill(count: int) -> None:
    """So many records like those of a working day, sealed and signed."""
    from dunwell.evidence import services
    from dunwell.evidence.models import StoredFile
    from dunwell.kernel.actor import Actor

    by = Actor(user_id=17, name="S00017", entity_id=1)
    for begin in range(0, count, CHUNK):
        numbers = range(begin, min(begin + CHUNK, count))
        files = StoredFile.objects.bulk_create(
            StoredFile(sha256=f"{nr:064x}", name="x", size=nr, path=f"files/{nr}", wrapped_key=b"k" * 60, key_version=1,
                       recorded_at=NOW)
            for nr in numbers if nr % 10 == 0
        )  # fmt: skip
        rows = iter(files)
        services.write_many(
            [
                services.Entry(
                    kind="contact.recorded", now=NOW + timedelta(milliseconds=nr), by=by, party_id=nr // 5, case_id=nr // 5,
                    data={"contact": nr, "channel": "call", "direction": "out", "purpose": "demand", "party_type": "debtor",
                          "contact_point": nr, "outcome": "no_answer", "identified": False, "seconds": None, "result": ""},
                    rows=(next(rows),) if nr % 10 == 0 else (),
                )
                for nr in numbers
            ]
        )  # fmt: skip
    services.sign_day(day=DAY, now=NOW + timedelta(hours=4))


def hashed() -> int:
    """The peer: read every record's text, and hash it."""
    import psycopg
    from django.db import connection

    from dunwell.evidence.reading import HEAD

    count = 0
    connection.ensure_connection()
    text = f"SELECT convert_to({HEAD} || data::text || ']', 'UTF8') FROM evidence_log AS log ORDER BY id"
    with connection.connection.transaction(), psycopg.ServerCursor(connection.connection, "peer") as cursor:
        cursor.itersize = CHUNK
        cursor.execute(text, binary=True)
        for (text,) in cursor:
            hashlib.sha256(text).digest()
            count += 1
    return count


def timed(work) -> tuple[float, object]:
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def main() -> None:
    parser = argparse.ArgumentParser(prog="dunwell bench verify")
    parser.add_argument("--accounts", type=int, default=1_000_000, help="records")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    options = parser.parse_args()
    from benchmarks.parts.measuring import scratch

    with scratch("verify"):
        from dunwell.evidence import services

        fill(options.accounts)
        ours, peer, began, cpu = [], [], time.perf_counter(), time.process_time()
        for _ in range(options.rounds):
            seconds, count = timed(hashed)
            peer.append(seconds)
            seconds, found = timed(services.verify)
            ours.append(seconds)
            if count != options.accounts or str(found) != f"{options.accounts} records, 0 changed":
                raise SystemExit(f"{count} hashed, {found}")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    took, reference = statistics.median(ours), statistics.median(peer)
    row = {
        "figure": f"verifying {options.accounts:,} records", "unit": "s", "ours": round(took, 2),
        "reference": round(reference, 2), "reference_name": "reading and hashlib.sha256 of each text",
        "ratio": round(took / reference, 2), "aim": AIM, "met": took <= AIM * reference,
        "wall_s": round(time.perf_counter() - began, 2), "cpu_s": round(time.process_time() - cpu, 2),
        "peak_rss_mb": round(measuring.peak_mb(), 1), "rounds": options.rounds,
        "commit": commit,
    }  # fmt: skip
    print(
        f"{row['figure']}: {row['ours']} s; {row['reference_name']} {row['reference']} s; ratio {row['ratio']} (aim {AIM:g})"
    )
    if options.json:
        Path(options.json).write_text(json.dumps([row], indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
