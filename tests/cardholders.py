"""The cardholders' process as it is served, its payment provider, and a browser's worth of HTTP for it."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from dunwell.arrangements import services as arrangements
from dunwell.arrangements.models import Arrangement
from dunwell.arrangements.rules.offers import Wish
from dunwell.arrangements.services.instructing import Told
from dunwell.arrears.models import AccountState
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Party, PartyIdentity
from tests import plans
from tests.running import DUNWELL, ROOT, until

ID_NO = "99010119900101317X"
KNOWN = ID_NO[-6:]


def identify(party: Party, number: str = ID_NO) -> Party:
    """Give a party a name and the number of a document."""
    PartyIdentity.objects.create(
        party=party, name_sealed=portfolio.seal_text(party_id=party.pk, text="张三"), id_kind="resident_id",
        id_sealed=portfolio.seal_text(party_id=party.pk, text=number), digest=b"test",
    )  # fmt: skip
    return party


def plan_in_force(party, *, term: int = 12) -> Arrangement:
    """An instalment plan of his in force, whose balance the host does not tell as instalments yet."""
    state = AccountState.objects.get(account__party=party)
    state.balance, state.principal_retail, state.days_delinquent = Decimal("4000.00"), Decimal("4000.00"), 35
    state.save()
    now = datetime.now(UTC)
    wish = Wish("instalment_plan", term, Decimal("400.00"))
    plan = plans.propose(state.account, wish, now=now, key=f"plan-{party.pk}", left=Decimal("2000.00"))
    plans.agree(plan, now=now)
    for one in plan.instructions.all():
        arrangements.answer_instruction(told=Told(one.pk, True, now.date()), source="api", by=plans.BY, now=now)
    Arrangement.objects.filter(pk=plan.pk).update(standing="in_force", standing_on=now.date())
    plan.refresh_from_db()
    return plan


class Process:
    """A child that writes lines; the one that says where it listens is waited for."""

    def __init__(self, command: list[object], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        self.lines.extend(self.process.stdout)

    def said(self, words: str) -> re.Match[str]:
        found: list[re.Match[str]] = []
        until(lambda: found or found.extend(m for line in [*self.lines] if (m := re.search(words, line))))
        return found[0]

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(60)


class Provider(Process):
    """The sample provider: told by lines of JSON what it does wrong."""

    def __init__(self, file: Path, key: Path) -> None:
        settings.KEYS.merchant()
        command = [sys.executable, "-m", "dunwell.demo.provider", "--merchant", settings.HOME / "keys" / "merchant.pub"]
        super().__init__([*command, "--key", key, "--tell-us", file], {**os.environ})
        self.url = self.said(r'"address": "([^"]+)"')[1]

    def events(self, name: str) -> list[dict[str, object]]:
        return [found for line in [*self.lines] if (found := json.loads(line))["event"] == name]

    def be(self, **to: object) -> None:
        before = len(self.events("obeyed"))
        self.process.stdin.write(json.dumps({"to": to}) + "\n")
        self.process.stdin.flush()
        until(lambda: len(self.events("obeyed")) > before)


@contextmanager
def served(database: object) -> Iterator[str]:
    """`dunwell cardholders` over a test's database, under the outsiders' role alone. Yields its address."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATABASE_")}
    environment = {
        **kept, "DATABASE_OUTSIDE_URL": database.outside_url, "DUNWELL_PROVIDER": str(settings.PROVIDER_FILE),
        "DUNWELL_CARDHOLDER_WAIT": "0",  # the tests are the worker, and read the page again
        "DUNWELL_BEHIND_PROXY": "1",  # each visitor of a test comes from an address of his own
    }  # fmt: skip
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    process = Process([DUNWELL, "cardholders", "--port", "0"], environment)
    try:
        yield process.said(r"Ready: (http://\S+)")[1]
    finally:
        process.end()


_visitors = itertools.count(1)


class Visitor:
    """Somebody with a browser: cookies, forms with their token, no scripts."""

    def __init__(self, url: str, language: str = "en") -> None:
        self.number = next(_visitors)
        self.place = urlsplit(url).netloc
        self.cookies: dict[str, str] = {"language": language}
        self.status, self.text, self.head, self.data = 0, "", {}, b""

    def get(self, path: str) -> str:
        return self._ask("GET", path, None)

    def post(self, path: str, **fields: object) -> str:
        """Post a form as the page that was read last has it, and follow where it leads."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.text)
        typed = {"csrfmiddlewaretoken": token[1] if token else "", **fields}
        if any(isinstance(one, SimpleUploadedFile) for one in fields.values()):
            said = self._ask("POST", path, encode_multipart(BOUNDARY, typed), MULTIPART_CONTENT)
        else:
            said = self._ask("POST", path, urlencode(typed, doseq=True))
        return self.get(self.head["Location"]) if self.status in (302, 303) else said

    def _ask(
        self, method: str, path: str, body: str | bytes | None, kind: str = "application/x-www-form-urlencoded"
    ) -> str:
        connection = http.client.HTTPConnection(self.place, timeout=60)
        head = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "X-Forwarded-For": f"192.0.2.{self.number % 250}",
        }
        if body is not None:
            head |= {"Content-Type": kind, "Origin": f"http://{self.place}"}
        connection.request(method, path, body, head)
        answer = connection.getresponse()
        self.status, self.data = answer.status, answer.read()
        self.head = dict(answer.getheaders())
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
        connection.close()
        self.text = self.data.decode(errors="replace")
        return self.text

    def come_in(self, address: str, known: str = KNOWN) -> str:
        """From the link through the second factor."""
        path = urlsplit(address).path
        self.get(path)
        self.post(path)
        return self.post("/door", known=known)
