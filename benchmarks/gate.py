"""The gate's decision on one core, beside a bare loop over the same events.

    python -m benchmarks.gate --rounds 5

Each decision is of the CN pack, with a history of thirty events of three weeks in UTC moments (two numbers; calls, texts,
robot calls) and the flags that an ordinary case has; nothing is kept between decisions but the pack. The mix: allowed, the
seventh dial, three conversations, night, a plan being performed, a third party. The bare loop reads, of the same events,
the local day and counts those of today: what any counting has to do, conversion included. Turn about, medians of rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.parts import measuring

AIM = 20_000.0  # decisions a second
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)  # 16:00 in Beijing
EACH = 2_000


def cases() -> list[dict]:
    """Six questions, each with its own thirty events."""
    from dunwell.compliance.rules.values import Attempt, Event

    def events(today: int, outcome: str) -> tuple:
        ages = [timedelta(minutes=20 * (n + 1)) for n in range(today)]
        ages += [timedelta(hours=17 * (n + 1)) for n in range(30 - today)]
        kinds = [("call", outcome), ("sms", "sent"), ("ai_call", "no_answer")]
        return tuple(
            Event(NOW - age, *(("call", "out") if n < today else (kinds[n % 3][0], "out")), "bank", "debtor", "1",
                  "p" if n < today else "pq"[n % 2], outcome if n < today else kinds[n % 3][1], "d")
            for n, age in enumerate(ages)
        )  # fmt: skip

    usual = {"recording": "yes", "paid": "no", "point_source": "contract", "point_status": "valid"}
    debtor = Attempt("call", "bank", "debtor", "1", "p", "d", ("Asia/Shanghai",))
    third = Attempt("call", "bank", "third_unrelated", "2", "t", "d", ("Asia/Shanghai",), purpose="locate")
    few, dialled, talked = events(2, "no_answer"), events(6, "no_answer"), events(3, "connected_rpc")
    return [
        {"now": NOW, "attempt": debtor, "history": few, "flags": usual},
        {"now": NOW, "attempt": debtor, "history": dialled, "flags": usual},
        {"now": NOW, "attempt": debtor, "history": talked, "flags": usual},
        {"now": NOW + timedelta(hours=8), "attempt": debtor, "history": few, "flags": usual},
        {"now": NOW, "attempt": debtor, "history": few, "flags": usual | {"art70": "performed"}},
        {
            "now": NOW,
            "attempt": third,
            "history": few,
            "flags": usual | {"lost_contact": "days3", "content": "relay_only"},
        },
    ]


def decided(asked: list[dict], pack: object) -> float:
    """Decisions a second of this core (its own CPU seconds), every question as often."""
    from dunwell.compliance.rules.gate import decide

    began = time.process_time()
    for _ in range(EACH):
        for one in asked:
            decide(pack=pack, **one)
    return EACH * len(asked) / (time.process_time() - began)


def looped(asked: list[dict]) -> float:
    """The bare loop: how many histories a second."""
    began = time.process_time()
    for _ in range(EACH):
        for one in asked:
            today = one["now"].astimezone(ZONE).date()
            used = 0
            for event in one["history"]:
                if event.at.astimezone(ZONE).date() == today and event.channel == "call" and event.point == "p":
                    used += 1
    return EACH * len(asked) / (time.process_time() - began)


def main() -> None:
    parser = argparse.ArgumentParser(prog="dunwell bench gate")
    parser.add_argument("--accounts", type=int, help="not used")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json")
    options = parser.parse_args()
    from dunwell.compliance import shipped

    pack, asked = shipped.pack_on(date(2026, 11, 24)), cases()
    decided(asked, pack), looped(asked)
    ours, bare, allowed, wall, cpu = [], [], [], time.perf_counter(), time.process_time()
    for _ in range(options.rounds):
        ours.append(decided(asked, pack))
        bare.append(looped(asked))
        allowed.append(decided(asked[:1], pack))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    rows = []
    for figure, found in (("decisions a second, mixed", ours), ("decisions a second, allowed", allowed)):
        rate, reference = statistics.median(found), statistics.median(bare)
        rows.append(
            {
                "figure": figure,
                "unit": "1/s",
                "ours": round(rate),
                "reference": round(reference),
                "reference_name": "bare loop over the same events",
                "ratio": round(rate / reference, 3),
                "aim": AIM,
                "met": rate >= AIM,
                "wall_s": round(time.perf_counter() - wall, 2),
                "cpu_s": round(time.process_time() - cpu, 2),
                "peak_rss_mb": round(measuring.peak_mb(), 1),
                "rounds": options.rounds,
                "commit": commit,
            }
        )
    for row in rows:
        print(
            f"{row['figure']}: {row['ours']:,} (aim {AIM:,.0f}); bare loop {row['reference']:,}; ratio {row['ratio']}"
        )
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
