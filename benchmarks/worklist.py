"""How soon a payment is on the screens it concerns, and the case page while everybody works.

    DUNWELL_BENCH_DATABASE_URL=postgresql://superuser@host/postgres python -m benchmarks.worklist --accounts 1300000

Every account of the book is late; the first night opens a case for each party (1.3 accounts each) and is not measured. A web
server and a worker run as `dunwell serve` starts them. 200 collectors own forty cases each and have their worklists open: each
browser asks for its event stream again as the stream tells it to. Then 50 payments a second arrive (an open loop: a late one
does not slow the next), each announced for a case that stands on somebody's screen. What is told is the time from a payment's
arrival until that collector's screen has been sent a worklist without the case.

At the end, all of it still running, the collectors open case pages at a fixed rate: in turn a case with everything on it (entries
of the log, promises, holds, notes) and one that has nothing but its account. p95 of both, in the same minute.
"""

from __future__ import annotations

import argparse
import http.client
import os
import queue
import re
import sys
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks import publishing
from benchmarks.parts import measuring
from benchmarks.parts.measuring import figure

COLLECTORS, OWN, PAYMENTS, SECONDS, PAGES = 200, 40, 50, 60.0, 10
BROWSERS = 40  # threads, each asking for five screens
OWNERS = """
WITH picked AS (
    SELECT id, row_number() OVER (ORDER BY rank, id) - 1 AS n FROM casework_case WHERE queue = 'call' AND closed_on IS NULL
    ORDER BY rank, id LIMIT {cases}
), people AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM identity_user WHERE role = 'collector')
UPDATE casework_case AS c SET owner_id = people.id
FROM picked JOIN people ON people.n = picked.n % {collectors} WHERE picked.id = c.id
"""
ACCOUNTS = """
SELECT c.case_no, a.id, a.currency, s.past_due FROM casework_case AS c
JOIN portfolio_account AS a ON a.party_id = c.party_id JOIN arrears_accountstate AS s ON s.account_id = a.id
WHERE c.owner_id IS NOT NULL AND s.past_due > 0
"""
CASE = re.compile(rb'href="/cases/([^"]+)"')


@contextmanager
def serving(folder: Path):
    """A web server and a worker of their own, as the supervisor starts them; yields the port."""
    from dunwell.cli import supervisor

    listening = supervisor._listen("127.0.0.1", None)
    children = supervisor._children(folder, listening)[:2]
    for child in children:
        child.start()
    try:
        supervisor._wait_until_ready(supervisor._url("127.0.0.1", listening), children)
        yield listening.getsockname()[1]
    finally:
        for child in children:
            child.stop()
        for child in children:
            child.wait(15)


class Screen:
    """A collector's open worklist: what it shows, and which payments it still shows the case of."""

    def __init__(self, port: int, cookie: str) -> None:
        self.port, self.cookie, self.mark = port, cookie, ""
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.shown: list[str] = []
        self.waiting: dict[str, float] = {}
        self.took: list[float] = []
        self.paid: set[str] = set()

    def ask(self) -> None:
        """The event stream once more; what it says of cases that were paid for is noted with the time of the answer."""
        pending = dict(self.waiting)
        headers = {"Cookie": self.cookie, **({"Last-Event-ID": self.mark} if self.mark else {})}
        for again in (True, False):
            try:
                self.line.request("GET", "/desk/worklist", headers=headers)
                with self.line.getresponse() as answer:
                    text, status = answer.read(), answer.status
                break
            except (http.client.HTTPException, OSError):
                self.line.close()  # the server closes what is idle
                if not again:
                    raise
        if status != 200:
            raise RuntimeError(f"the worklist answered {status}")
        if b"event: show" in text:
            self.mark = re.search(rb"^id: (\w+)", text, re.MULTILINE)[1].decode()
            self.shown = [found.decode() for found in CASE.findall(text)]
            now = time.time()
            for case_no, due in pending.items():
                if case_no not in self.shown:
                    self.took.append(now - due)
                    del self.waiting[case_no]

    def next_case(self) -> str | None:
        """A case on this screen that nobody paid for yet."""
        return next((case_no for case_no in self.shown if case_no not in self.paid), None)


def _cookies() -> list[str]:
    from django.test import Client

    from dunwell.identity.models import User

    made = []
    for user in User.objects.filter(role="collector").order_by("id"):
        browser = Client(headers={"host": "127.0.0.1"})
        browser.force_login(user)
        made.append("; ".join(f"{name}={morsel.value}" for name, morsel in browser.cookies.items()))
    return made


def _look(screens: list[Screen], end: threading.Event, errors: list[str]) -> None:
    """Five browsers' streams, each again two seconds after its last answer."""
    due = {n: time.time() + 2 * n / len(screens) for n in range(len(screens))}
    try:
        while not end.is_set():
            n = min(due, key=due.__getitem__)
            if end.wait(max(0.0, due[n] - time.time())):
                return
            screens[n].ask()
            due[n] = time.time() + 2
    except Exception as error:  # reported by the run
        errors.append(repr(error))


def paid(screens: list[Screen], seconds: float) -> tuple[int, list[str]]:
    """50 payments a second for so long; how many, and what went wrong."""
    from django.db import connection

    from dunwell.kernel.actor import Actor
    from dunwell.payments import services

    with connection.cursor() as cursor:
        cursor.execute(ACCOUNTS)
        accounts: dict[str, list[tuple[int, str, Decimal]]] = {}
        for case_no, account, currency, past_due in cursor.fetchall():
            accounts.setdefault(case_no, []).append((account, currency, past_due))
    jobs: queue.Queue[tuple[Screen, str, float] | None] = queue.Queue()
    errors: list[str] = []

    def pay() -> None:
        try:
            while job := jobs.get():
                screen, case_no, due = job
                for account, currency, past_due in accounts[case_no]:
                    now = datetime.now(UTC)
                    services.receive(
                        account_id=account, amount=past_due, currency=currency, posting_date=publishing.FIRST + timedelta(days=1),
                        transaction_date=publishing.FIRST + timedelta(days=1), host_ref=f"B{case_no}-{account}", source="api",
                        by=Actor.program("bench"), now=now, provisional=True,
                    )  # fmt: skip
                screen.waiting[case_no] = due
                connection.close()
        except Exception as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=pay) for _ in range(8)]
    for thread in threads:
        thread.start()
    begin, number = time.time(), 0
    while (due := begin + number / PAYMENTS) < begin + seconds:
        time.sleep(max(0.0, due - time.time()))
        screen = screens[number * 7 % len(screens)]
        case_no = screen.next_case()
        if case_no is None:
            errors.append("a screen has nothing more to pay for")
            break
        screen.paid.add(case_no)
        jobs.put((screen, case_no, due))
        number += 1
    for _ in threads:
        jobs.put(None)
    for thread in threads:
        thread.join()
    return number, errors


def filled(cases: list[Any]) -> None:
    """Everything that a case page can show, on these cases."""
    from dunwell.compliance import services as compliance
    from dunwell.evidence import services as evidence
    from dunwell.identity.models import User
    from dunwell.kernel.actor import Actor

    user = User.objects.filter(role="collector").order_by("id").first()
    now = datetime.now(UTC)
    for case in cases:
        for n in range(200):
            evidence.write(
                kind="contact.recorded", now=now - timedelta(hours=n), by=user.actor, party_id=case.party_id,
                case_id=case.pk, data={"channel": "call", "outcome": "no_answer", "number": n},
            )  # fmt: skip
        compliance.place_hold(
            party_id=case.party_id, kind="dispute", reason="bench", by=Actor.program("bench"), now=now
        )


def pages(port: int, cookies: list[str], seconds: float) -> tuple[list[float], list[float], list[str]]:
    """Seconds of each case page, full and empty, at a fixed rate by all collectors."""
    from dunwell.casework.models import Case

    free = list(
        Case.objects.filter(closed_on=None, owner=None, queue="call").select_related("party").order_by("-id")[:40]
    )
    full, empty = free[:20], free[20:]
    filled(full)
    times: tuple[list[float], list[float]] = ([], [])
    errors: list[str] = []
    begin = time.time() + 1

    def open_pages(first: int) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            for number in range(first, int(seconds * PAGES), 20):
                due = begin + number / PAGES
                time.sleep(max(0.0, due - time.time()))
                kind = number // 20 % 2
                case = (full, empty)[kind][number % 20]
                for again in (True, False):
                    try:
                        line.request(
                            "GET", f"/cases/{case.case_no}", headers={"Cookie": cookies[number % len(cookies)]}
                        )
                        with line.getresponse() as answer:
                            text, status = answer.read(), answer.status
                        break
                    except (http.client.HTTPException, OSError):
                        line.close()
                        if not again:
                            raise
                if status != 200 or case.case_no.encode() not in text:
                    raise RuntimeError(f"the case page answered {status}")
                times[kind].append(time.time() - due)
        except Exception as error:
            errors.append(repr(error))

    threads = [threading.Thread(target=open_pages, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(times[0]), sorted(times[1]), errors


def figures(accounts: int, seconds: float = SECONDS) -> list[dict[str, Any]]:
    os.environ.setdefault("DUNWELL_POOL", "1")
    with measuring.scratch("worklist") as folder:
        (folder / "home").mkdir(exist_ok=True)
        publishing.prepared(folder, accounts)
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(OWNERS.format(cases=COLLECTORS * OWN, collectors=COLLECTORS))
            cursor.execute("SELECT count(*) FROM casework_case WHERE closed_on IS NULL")
            cases = cursor.fetchone()[0]
            cursor.execute("VACUUM ANALYZE casework_case")
        cookies = _cookies()
        with serving(folder / "home") as port:
            screens = [Screen(port, cookie) for cookie in cookies]
            end, errors = threading.Event(), []
            lookers = [
                threading.Thread(target=_look, args=(screens[n::BROWSERS], end, errors)) for n in range(BROWSERS)
            ]
            for looker in lookers:
                looker.start()
            while not all(screen.shown for screen in screens) and not errors:
                time.sleep(0.5)
            began = time.time()
            number, wrong = paid(screens, seconds)
            errors += wrong
            deadline = time.time() + 60
            while any(screen.waiting for screen in screens) and time.time() < deadline and not errors:
                time.sleep(0.5)
            late = sum(len(screen.waiting) for screen in screens)
            full, empty, wrong = pages(port, cookies, 60.0)
            errors += wrong
            end.set()
            for looker in lookers:
                looker.join()
    if errors:
        raise RuntimeError(f"{len(errors)} failed: {errors[0]}")
    took = sorted([each for screen in screens for each in screen.took] + [60.0] * late)
    if len(took) != number:
        raise RuntimeError(f"{number} payments, {len(took)} seen")

    def at(values: list[float], share: float) -> float:
        return values[min(len(values) - 1, int(len(values) * share))]

    shared = {"wall": time.time() - began, "cpu": time.process_time(), "peak": measuring.peak_mb(), "rounds": 1}
    name = f"payment on the collector's screen, {cases:,} cases, {COLLECTORS} screens, {PAYMENTS} a second"
    print(
        f"{number} payments; slower than 5 s: {sum(each > 5 for each in took)}; slowest {took[-1]:.2f} s",
        file=sys.stderr,
    )
    return [
        figure(f"{name}, p95", "s", at(took, 0.95), 5, "five seconds", aim=1, **shared),
        figure(f"{name}, p50", "s", at(took, 0.5), 5, "five seconds", aim=1, **shared),
        figure(
            f"case page with everything on it, {COLLECTORS} collectors, p95", "ms", at(full, 0.95) * 1000,
            at(empty, 0.95) * 1000, "a case with nothing on it, same minute", aim=2, **shared,
        ),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    measuring.options(parser, accounts=1_300_000, rounds=1)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    measuring.told(figures(options.accounts, options.seconds), options.json)


if __name__ == "__main__":
    main()
