"""SMS: the session beside the codec's own client, and the whole sender with gate, claims and commits.

    DUNWELL_BENCH_DATABASE_URL=postgresql://superuser@host/postgres python -m benchmarks.sms --accounts 4000

The SMS centre is the server of the npm package `smpp`, a process of its own (tests/peers). Session and client submit the
same short messages through a window of 50, turn about. The sender then takes messages out of the outbox to the same
centre: each is filled anew, decided by the gate with its slot, handed over in two parts, and settled with its cost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.parts import measuring
from tests.peers import SmsCentre

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)  # 10:00 in Beijing
WINDOW, SHORTS, SESSIONS = 50, 10_000, 2
SESSION_AIM, SENDER_AIM = 0.8, 1_000.0


async def by_session(port: int, number: int) -> float:
    """Short messages a second through our session."""
    from smpp34 import SubmitSm

    from dunwell.channels.smpp import pdus
    from dunwell.channels.smpp.session import open_session

    session = await open_session("127.0.0.1", port, pdus.Account("b", "secret"), window=WINDOW, per_second=10**6)
    left, until = iter(range(number)), asyncio.get_running_loop().time() + 600

    async def one() -> None:
        for _ in left:
            answer = await session.submit(
                lambda sequence: SubmitSm("10690000", "19000000000", b"hello", sequence_number=sequence), until=until
            )
            assert answer.message_id

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(WINDOW)))
    taken = time.perf_counter() - began
    await session.close()
    return number / taken


async def by_client(port: int, number: int) -> float:
    """Short messages a second through the codec's own client."""
    from smpp34 import Client

    client = Client("127.0.0.1", port, "b", "secret", bind_type="TRX", window_size=WINDOW)
    centre = await client.connect()
    left = iter(range(number))

    async def one() -> None:
        for _ in left:
            answer = await centre.submit_sm("19000000000", b"hello", source_addr="10690000")
            assert answer.message_id

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(WINDOW)))
    taken = time.perf_counter() - began
    await centre.unbind()
    await client.stop()
    return number / taken


def fill(number: int) -> None:
    """So many debtors, each with a message in the outbox and four in the month before it."""
    from django.conf import settings

    from dunwell.arrears.models import AccountState
    from dunwell.channels import services
    from dunwell.channels.models import Message, Template
    from dunwell.compliance.models import Contact, ContactOutcome, GateDecision
    from dunwell.identity.models import Entity
    from dunwell.kernel import sealing
    from dunwell.portfolio import rules
    from dunwell.portfolio.models import Account, AccountRole, ContactPoint, Party, PartyKey
    from dunwell.portfolio.services.people import place, wrapped_new

    services.load_templates()
    template = Template.objects.get(code="SMS-REMIND-1", language="zh-hans")
    bank = Entity.objects.create(code="bank", kind="bank", name_zh="测试银行", name_en="Bank of Tests")
    parties = Party.objects.bulk_create(
        Party(entity=bank, party_no=f"B{n}", name_masked="张*", id_masked="", timezone="Asia/Shanghai")
        for n in range(number)
    )
    keys = {party.pk: wrapped_new(party.pk) for party in parties}
    PartyKey.objects.bulk_create(
        PartyKey(party_id=pk, wrapped=wrapped, master_version=version) for pk, (_, wrapped, version) in keys.items()
    )

    def sealed(party: Party, text: str) -> bytes:
        return sealing.seal(keys[party.pk][0], text.encode(), place(party.pk))

    points = []
    for n, party in enumerate(parties):
        value = f"190{n:08}"
        digest, version = rules.digest(settings.KEYS.search(), "mobile", value)
        points.append(
            ContactPoint(
                party=party, kind="mobile", source="contract", value_sealed=sealed(party, value), masked="190****",
                digest=digest, digest_version=version,
            )
        )  # fmt: skip
    ContactPoint.objects.bulk_create(points)
    accounts = Account.objects.bulk_create(
        Account(entity=bank, account_no=f"A{n:08}", currency="CNY", product="standard", cycle_day=5, party=party)
        for n, party in enumerate(parties)
    )
    AccountRole.objects.bulk_create(
        AccountRole(account_no=account.account_no, party_id=account.party_id, role="primary") for account in accounts
    )
    nothing = (
        "principal_cash principal_instalment_billed principal_instalment_unbilled interest_on_balance paid_since "
        "interest_off_balance late_charge other_fees disputed_amount credit_balance"
    )
    AccountState.objects.bulk_create(
        AccountState(
            account=account, run_id=0, business_date=date(2026, 11, 23), principal_retail=Decimal(12000),
            credit_limit=Decimal(20000), minimum_payment=Decimal(1500), host_past_due=Decimal(1500),
            balance=Decimal(12000), past_due=Decimal(1500), oldest_due_date=date(2026, 10, 19), periods_past_due=2,
            days_delinquent=35, bucket="M2", stage="early", **dict.fromkeys(nothing.split(), Decimal(0)),
        )
        for account in accounts
    )  # fmt: skip
    decisions: list[GateDecision] = []
    outcomes: list[ContactOutcome] = []
    Contact.objects.bulk_create(
        Contact(
            entity=bank, party=point.party, person=point.party, contact_point=point, point_digest=point.digest,
            channel="sms", purpose=template.purpose, token=uuid.uuid4(), expires_at=before, local_date=before.date(),
            reserved_at=before, key=f"before-{point.pk}-{before.date()}",
        )
        for point in points
        for before in (NOW - timedelta(days=days) for days in (4, 11, 18, 25))
    )  # fmt: skip
    for contact in Contact.objects.all():  # as every contact of before: decided, and what came of it is known
        decisions.append(
            GateDecision(
                entity=bank, party_id=contact.party_id, contact_point_id=contact.contact_point_id, channel="sms",
                purpose=template.purpose, decided_at=contact.reserved_at, verdict="allow", primary_rule="", reasons=[],
                pack_id="cn", pack_version="cn-2026-01", pack_sha256="", facts={},
            )
        )  # fmt: skip
        outcomes.append(
            ContactOutcome(
                contact=contact, outcome="delivered", recorded_at=contact.reserved_at, key=f"before-{contact.pk}"
            )
        )
    GateDecision.objects.bulk_create(decisions)
    ContactOutcome.objects.bulk_create(outcomes)
    Message.objects.bulk_create(
        Message(
            entity=bank, party=point.party, contact_point=point, channel="sms", purpose=template.purpose,
            template=template, text_sealed=sealed(point.party, "as it was planned"), state="planned", not_before=NOW,
            wanted_at=NOW, message_id=f"<{point.pk}@b>", recorded_at=NOW, key=f"b{point.pk}",
        )
        for point in points
    )  # fmt: skip


def keep_session(number: int, go: Any) -> None:
    """A process of the lines: a session of the line, from the word on until it is ended."""
    import django

    django.setup()
    from dunwell.channels.lines import line_named
    from dunwell.channels.services.session_line import SessionLine
    from dunwell.compliance import shipped
    from dunwell.kernel.heap import keep_loaded

    shipped.packs()
    keep_loaded()
    go.wait()
    began = time.monotonic()
    line = SessionLine(line_named("bench"), lambda: NOW + timedelta(seconds=time.monotonic() - began), number=number)
    asyncio.run(line.run())


def by_sender(number: int) -> tuple[float, float]:
    """Messages a second from the outbox to `sent`, all of them, and the CPU seconds of the processes that send."""
    import multiprocessing

    import psutil
    from django.db import connection

    from dunwell.channels.models import Message

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    started = multiprocessing.get_context("spawn")
    go = started.Barrier(SESSIONS + 1)
    processes = [started.Process(target=keep_session, args=(one + 1, go)) for one in range(SESSIONS)]
    for process in processes:
        process.start()
    go.wait()
    began, cpu = time.monotonic(), [sum(psutil.Process(one.pid).cpu_times()[:2]) for one in processes]
    while Message.objects.filter(state="sent").count() < number:
        if time.monotonic() - began > 30 + number / 20 or not all(one.is_alive() for one in processes):
            raise RuntimeError("the sender stands still")
        time.sleep(0.1)
    taken = time.monotonic() - began
    spent = sum(sum(psutil.Process(one.pid).cpu_times()[:2]) for one in processes) - sum(cpu)
    for process in processes:
        process.kill()
    return number / taken, spent


def main() -> None:
    parser = argparse.ArgumentParser(prog="dunwell bench sms")
    parser.add_argument("--accounts", type=int, default=14_000, help="messages in the outbox")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json")
    options = parser.parse_args()
    rows: list[dict] = []
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()

    def row(figure: str, ours: float, reference: float, name: str, aim: float, met: bool, began: tuple) -> None:
        rows.append(
            {
                "figure": figure, "unit": "1/s", "ours": round(ours), "reference": round(reference),
                "reference_name": name, "ratio": round(ours / reference, 3), "aim": aim, "met": met,
                "wall_s": round(time.perf_counter() - began[0], 2), "cpu_s": round(time.process_time() - began[1], 2),
                "peak_rss_mb": round(measuring.peak_mb(), 1), "rounds": options.rounds,
                "commit": commit,
            }
        )  # fmt: skip
        print(f"{figure}: {ours:,.0f} a second; {name}: {reference:,.0f}; aim {aim:g}, {'met' if met else 'not met'}")

    server = os.environ.get("DUNWELL_BENCH_DATABASE_URL") or os.environ["DATABASE_OWNER_URL"]
    with SmsCentre(quiet=True) as centre, tempfile.TemporaryDirectory(prefix="dunwell-bench-") as home:
        began = time.perf_counter(), time.process_time()
        asyncio.run(by_session(centre.port, 500)), asyncio.run(by_client(centre.port, 500))
        ours, client = [], []
        for _ in range(options.rounds):
            ours.append(asyncio.run(by_session(centre.port, SHORTS)))
            client.append(asyncio.run(by_client(centre.port, SHORTS)))
        session, bare = statistics.median(ours), statistics.median(client)
        row("session alone, short messages", session, bare, "the codec's own client", SESSION_AIM,
            session / bare >= SESSION_AIM, began)  # fmt: skip

        import psycopg

        from dunwell.cli import roles

        name = f"dunwell_bench_{os.getpid()}"
        lines = Path(home) / "lines.yaml"
        lines.write_text(
            f"- {{code: bench, channel: sms, adapter: smpp, host: 127.0.0.1, port: {centre.port}, system_id: b,"
            f" password: secret, per_second: 100000, window: 50, batch: 200, sessions: {SESSIONS},"
            " prices: [{from: 2026-01-01, to: null, amount: '0.045', currency: CNY}]}\n"
        )
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
            url = roles.address(server, database=name)
            os.environ.update(
                DATABASE_URL=url, DATABASE_OWNER_URL=url, DUNWELL_HOME=home, DUNWELL_LINES=str(lines),
                DJANGO_SETTINGS_MODULE="dunwell.settings", DUNWELL_LOG="WARNING",
            )  # fmt: skip
            try:
                migrate = [sys.executable, "-m", "django", "migrate", "--database", "owner", "--verbosity", "0"]
                subprocess.run(migrate, check=True, stderr=subprocess.DEVNULL)
                import django

                django.setup()
                fill(options.accounts)
                began = time.perf_counter(), time.process_time()
                rate, spent = by_sender(options.accounts)
                print(f"{spent / options.accounts * 1000:.2f} ms CPU of the sender a message")
                row(f"sender, {options.accounts:,} messages of two parts, {SESSIONS} sessions, with gate, claims and commits",
                    rate, session, "the session alone, in parts", SENDER_AIM, rate >= SENDER_AIM, began)  # fmt: skip
            finally:
                from django.db import connections

                connections.close_all()
                admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
