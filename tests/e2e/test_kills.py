"""Web server, worker, night and database are killed while collectors save: nothing is lost, nothing is there twice."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from dunwell.cli.postgres import Embedded
from dunwell.cli.roles import address
from tests.running import DUNWELL, ROOT, Serving, answer, dunwell, environment, one, processes, until
from tests.sizes import size

COLLECTORS = 4
ROUNDS = size(2, 12)
ACCOUNTS = size(120, 3_000)
VICTIMS = ("bin/postgres -D", "gunicorn", "dunwell.cli worker", " nightly ")

#: The portfolio of one night, the files of the next, and a key of the API for each collector.
MADE = """
import json, sys
from datetime import date, datetime, UTC
from pathlib import Path
from dunwell.cli.environment import database
with database():
    import django
    django.setup()
    from dunwell.api.auth import make_key
    from dunwell.casework.models import Case
    from dunwell.demo import people, replay
    from dunwell.demo.loading import _night as night
    from dunwell.identity.models import User
    from dunwell.kernel.actor import Actor
    from dunwell.nightly import services as nightly
    from dunwell.portfolio.models import Account
    from dunwell.strategy import services as strategy
    by = Actor.program("tests")
    people.make_staff()
    made = replay.deliveries(Path(sys.argv[1]), date(2026, 11, 22), int(sys.argv[2]))
    first, second = next(made), next(made)
    strategy.approve(text=strategy.shipped(), by=by, now=night(first.business_date))
    for one in (first, second):
        nightly.take_files(one.files, business_date=one.business_date, now=night(one.business_date), by=by)
        if one is first:
            nightly.run(business_date=one.business_date, now=night(one.business_date), by=by)
    keys = {}
    for role, names in (("collector", "collector1 collector2 collector3 collector4"), ("leader", "leader1")):
        keys[role] = [
            make_key(user=User.objects.get(username=name), name="test", now=datetime.now(UTC)) for name in names.split()
        ]
    cases = list(Case.objects.filter(closed_on=None).values_list("case_no", "party_id"))
    accounts = list(Account.objects.filter(party_id__in=[party for _, party in cases]).values_list("account_no", flat=True))
    print(json.dumps({
        "keys": keys, "cases": [case for case, _ in cases], "accounts": accounts, "night": str(second.business_date),
    }))
"""

#: The night's tables computed anew from what it had frozen, and those that it left.
SAME = """
import json, sys
from dunwell.cli.environment import database
with database():
    import django
    django.setup()
    from dunwell.engine import content, lake, session
    from dunwell.engine.programs import OnDuckDB
    from dunwell.nightly import program
    from dunwell.nightly.models import Run
    from dunwell.nightly.services import freezing
    run = Run.objects.get(business_date=sys.argv[1], state="published")
    folder, connection = freezing.folder_of(run), session.connect()
    freezing.load(connection, folder, run.business_date)
    for step in program.whole_night(program.frozen_strategy(run.manifest)):
        OnDuckDB(connection).run(step)
    found = {}
    for path in sorted((folder / "tables").glob("*.parquet")):
        lake.read_parquet(connection, "night_left", path)
        found[path.stem] = [content.content_hash(connection, "night_left"), content.content_hash(connection, path.stem)]
    print(json.dumps(found))
"""


class Collector(threading.Thread):
    """Saves one thing after the other, each under a key of its own, again and again until it is told that it is kept."""

    def __init__(self, url: str, made: dict, number: int) -> None:
        super().__init__(daemon=True)
        self.url, self.made, self.number = url, made, number
        self.kept: dict[str, list[str]] = {"notes": [], "reminders": [], "payments": [], "dials": []}
        self.tries, self.refused = 0, Counter()
        self.leaving = threading.Event()

    def run(self) -> None:
        chance, nr = random.Random(self.number), 0
        while not self.leaving.is_set():
            nr += 1
            key = f"c{self.number}-{nr:05}"
            kind = chance.choice(("notes", "notes", "reminders", "payments", "payments", "dials"))
            case = chance.choice(self.made["cases"])
            if kind == "payments":
                account = chance.choice(self.made["accounts"])
                body = {"account_no": account, "amount": "10.00", "host_ref": key}
                saved = self.save("payments", body, self.made["keys"]["leader"][0])
            elif kind == "dials":
                saved = self.dial(case, key)
            else:
                at = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
                body = {"text": f"note {key}", "key": key} if kind == "notes" else {"at": at, "key": key}
                saved = self.save(f"cases/{case}/{kind}", body)
            if saved is not None:
                self.kept[kind].append(key)

    def dial(self, case: str, key: str) -> object | None:
        """A number that the gate gave out, and what came of it."""
        shown = self.save(f"cases/{case}", None)
        points = [point["id"] for point in (shown or {}).get("points", [])]
        if not points:
            return None
        dialled = self.save(f"cases/{case}/dials", {"contact_point": points[0], "key": key})
        if not dialled or not dialled["contact"]:
            return None
        return self.save(
            f"cases/{case}/contacts", {"contact": dialled["contact"], "code": "no_answer", "key": f"out-{key}"}
        )

    def save(self, path: str, body: dict | None, token: str = "") -> dict | None:
        """What the server answered when it kept it; None when it refused."""
        token = token or self.made["keys"]["collector"][self.number % COLLECTORS]
        request = urllib.request.Request(
            f"{self.url}/api/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        while True:
            self.tries += 1
            try:
                with urllib.request.urlopen(request, timeout=30) as got:
                    return json.loads(got.read() or b"{}") or {}
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    self.refused[path.rpartition("/")[2], error.code] += 1
                    return None
            except (OSError, ValueError, urllib.error.URLError):
                pass  # killed before it said anything: nobody knows whether it was kept
            except Exception:  # http.client's own, of an answer cut short
                pass
            time.sleep(0.1)


def script(home: Path, text: str, *words: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", text, *words],
        env=environment(home),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def kill(home: Path, words: str) -> bool:
    try:
        os.kill(one(home, words), signal.SIGKILL)
        return True
    except (ValueError, ProcessLookupError):  # it is being started again, or has ended
        return False


def port_of_its_own() -> int:
    """A port that nobody takes while this server is down: no other `dunwell serve`, nor the system for who connects."""
    for port in range(9_000, 10_000):
        with contextlib.suppress(OSError), socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port from 9000 to 9999 is free")


def test_nothing_is_lost_and_nothing_is_there_twice(home, tmp_path):
    made = script(home, MADE, str(tmp_path / "files"), str(ACCOUNTS))
    assert len(made["cases"]) > 10
    serving = Serving(home, "serve", "--port", str(port_of_its_own()))
    url = serving.ready()
    collectors = [Collector(url, made, number) for number in range(COLLECTORS)]
    for collector in collectors:
        collector.start()

    def night() -> subprocess.Popen:
        return subprocess.Popen(
            [DUNWELL, "nightly", "--business-date", made["night"]],
            env=environment(home), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    moments, nights = random.Random(7), night()

    def strikes(victim: str) -> bool:
        nonlocal nights
        if nights.poll() is not None:  # it has ended, or lost its database
            nights = night()
        time.sleep(moments.uniform(0.3, 3.0))
        return kill(home, victim)

    for _ in range(ROUNDS):
        for victim in moments.sample(VICTIMS, len(VICTIMS)):
            until(lambda victim=victim: strikes(victim), 120)
    nights.kill()
    nights.wait()
    serving.kill()  # the process that holds them all together
    until(lambda: processes(home) == {})
    serving = Serving(home, "serve", "--port", url.rsplit(":", 1)[1])
    serving.ready()
    until(lambda: answer(f"{url}/health")["worker"] == "running", 180)

    time.sleep(1)
    for collector in collectors:
        collector.leaving.set()
    for collector in collectors:
        collector.join(180)
        assert not collector.is_alive()
    ended = dunwell(home, "nightly", "--business-date", made["night"], seconds=600)
    assert ended.returncode == 0, ended.stderr

    embedded = Embedded(home)
    with psycopg.connect(address(embedded.superuser_url, database="dunwell")) as connection:

        def there(query: str) -> Counter:
            return Counter(key for (key,) in connection.execute(query).fetchall())

        found = {
            "notes": there("SELECT key FROM casework_note WHERE key LIKE 'c_-%'"),
            "reminders": there("SELECT key FROM casework_reminder WHERE key LIKE 'c_-%'"),
            "payments": there("SELECT host_ref FROM payments_payment WHERE host_ref LIKE 'c_-%'"),
            "dials": there(
                "SELECT c.key FROM compliance_contact AS c JOIN compliance_contactoutcome AS o ON o.contact_id = c.id"
                " WHERE c.key LIKE 'c_-%'"
            ),
        }
        said = there("SELECT data->>'host_ref' FROM evidence_log WHERE kind = 'payment.provisional'")
        published = connection.execute(
            "SELECT count(*) FROM nightly_run WHERE business_date = %s AND state = 'published'", [made["night"]]
        ).fetchone()
        told = connection.execute(
            "SELECT count(*) FROM evidence_log WHERE kind = 'night.published' AND business_date = %s", [made["night"]]
        ).fetchone()
    for kind, keys in found.items():
        kept = {key for collector in collectors for key in collector.kept[kind]}
        assert kept <= set(keys), kind  # what was acknowledged is there
        assert max(keys.values(), default=1) == 1, kind  # once
    assert sum(len(keys) for keys in found.values()) > 20
    assert sum(collector.tries for collector in collectors) > sum(len(keys) for keys in found.values())
    assert said == found["payments"]  # and so is what the log says of it
    assert (published, told) == ((1,), (1,))
    left = script(home, SAME, made["night"])
    assert {name for name, (kept, anew) in left.items() if kept != anew} == set()
    assert len(left) > 5
    verified = dunwell(home, "evidence", "verify")
    assert (verified.returncode, verified.stdout.endswith(" records, 0 changed\n")) == (0, True), verified.stdout
    assert serving.stop() == 0
