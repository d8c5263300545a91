"""`dunwell demo` as somebody starts it: stopped and killed in the middle of loading, started again, signed in to."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import urllib.parse
import urllib.request
from datetime import date, timedelta

import psycopg

from dunwell.cli.postgres import Embedded
from dunwell.identity.models import Role
from tests.running import Serving, dunwell, one, processes, until
from tests.sizes import size

DEMO = ("demo", "--accounts", str(size(25, 2_000)))


def sign_in(url: str, username: str, password: str) -> str:
    """The page that a user comes to after signing in."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    form = browser.open(f"{url}/login", timeout=60).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[1]
    fields = {"csrfmiddlewaretoken": token, "username": username, "password": password}
    request = urllib.request.Request(
        f"{url}/login", urllib.parse.urlencode(fields).encode(), headers={"Referer": f"{url}/login"}
    )
    with browser.open(request, timeout=60) as answer:
        return answer.url + "\n" + answer.read().decode()


def test_stopped_and_killed_in_mid_load_the_demo_goes_on_and_every_role_can_sign_in(home):
    first = Serving(home, *DEMO)
    first.said("Taking files in, running the nights: 0 of 41")
    until(lambda: (home / "lake" / "intake" / "transactions").exists(), 120)
    assert first.stop() == 0
    until(lambda: processes(home) == {})

    second = Serving(home, *DEMO)
    second.said("Taking files in, running the nights: ")
    until(lambda: list((home / "lake").glob("date=*/run=*/tables/*.parquet")), 120)
    os.kill(one(home, "bin/postgres -D"), signal.SIGKILL)
    second.kill()
    until(lambda: processes(home) == {})

    third = Serving(home, *DEMO)
    url = third.ready()
    logins = [third.said(r"(\w+) +(\w+) +(\S+)$").groups() for _ in Role.values]
    last = third.said(r"The demo's files end with (\S+);")[1]
    assert {role for role, _, _ in logins} == set(Role.values)
    for _, username, password in logins:
        page = sign_in(url, username, password)
        assert "/login" not in page.splitlines()[0]
        assert "/logout" in page
    assert date.today() - timedelta(days=2) <= date.fromisoformat(last) <= date.today()
    with psycopg.connect(Embedded(home).superuser_url.replace("/postgres?", "/dunwell?")) as database:
        (called,) = database.execute("SELECT count(*) FROM compliance_contact").fetchone()
    assert called > 0  # the staff worked on the days between the nights
    assert third.stop() == 0

    again = Serving(home, "demo")  # without a number it has the accounts it began with
    again.ready()
    assert not any(line.startswith("Taking files in") for line in again.lines)
    assert dunwell(home, "evidence", "verify").stdout.endswith(" records, 0 changed\n")
    assert again.stop() == 0
