"""The whole road, in a browser, on the real portfolio: log in, next, call, promise, file, night, kept, closed, figures.

One collector walks it in Chinese and one in English; the bank's last files and the night are the commands themselves.
"""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from dunwell.arrangements.models import PromisePart
from dunwell.casework.models import Case
from dunwell.casework.services import identity
from dunwell.compliance.models import Contact
from dunwell.demo import people, replay
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE
from dunwell.nightly import services as nightly
from dunwell.oversight.models import BucketDay
from dunwell.portfolio.models import Account

ACCOUNTS = 400
DAY = date(2026, 11, 23)  # a Monday
DUNWELL = Path(sys.executable).with_name("dunwell")
WALKS = {  # who walks -> language, what the button that saves says, what the timeline says of a promise kept
    "collector1": ("zh", "保存并取下一个", "承诺已兑现"),
    "collector2": ("en", "Save and next", "promise kept"),
}
NIGHT = timedelta(hours=26)  # two in the morning of the next day
BY = Actor.program("test")


def at(day: date, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=BANK_ZONE)


def take(day: date, files: list[Path]) -> None:
    now = at(day) + NIGHT
    for one in nightly.take_files(paths=files, business_date=day, now=now, by=BY):
        assert one.outcome == "taken", one


def night(day: date, files: list[Path]) -> None:
    take(day, files)
    nightly.run(business_date=day, now=at(day) + NIGHT, by=BY)


def rewrite(path: Path, sql: str, sums: tuple[str, ...]) -> None:
    """The file once more, as the bank would deliver it with this difference, its control totals with it."""
    db = duckdb.connect()
    db.execute(f"CREATE TABLE t AS SELECT * FROM '{path}'")
    db.execute(f"CREATE TABLE n AS {sql}")
    db.execute(f"COPY n TO '{path}' (FORMAT parquet)")
    found = db.execute(f"SELECT {', '.join(['count(*)', *(f'sum({column})' for column in sums)])} FROM n").fetchone()
    lines = [f"{name},{value}" for name, value in zip(("rows", *sums), found, strict=True)]
    path.with_name(path.name + ".ctl").write_text("\n".join(lines) + "\n")


def dunwell(database, *command: object) -> str:
    """A command as the bank's scheduler starts it."""
    done = subprocess.run(
        [DUNWELL, *map(str, command)], env=database.environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pay_all(files: list[Path], accounts: list[str], amount: Decimal, reference: str) -> None:
    """The day's files as they would be had the cardholder paid `amount` and so all that was past due."""
    account = accounts[0]
    numbers = ", ".join(f"'{number}'" for number in accounts)
    for path in files:
        if path.name.startswith("accounts"):
            rewrite(
                path,
                "SELECT * EXCLUDE (late) REPLACE (CASE WHEN late THEN 0 ELSE past_due_amount END AS past_due_amount,"
                " CASE WHEN late THEN NULL ELSE overdue_since END AS overdue_since,"
                " CASE WHEN late THEN 0 ELSE periods_past_due END AS periods_past_due)"
                f" FROM (SELECT *, account_no IN ({numbers}) AS late FROM t)",
                replay.SUMS["accounts"],
            )
        elif path.name.startswith("transactions"):
            columns = {
                "account_no": f"'{account}'",
                "host_ref": f"'{reference}'",
                "posting_date": f"DATE '{DAY}'",
                "transaction_date": f"DATE '{DAY}'",
                "type": "'repayment'",
                "amount": str(amount),
                "currency": "'CNY'",
                "counts_to_minimum": "true",
            }
            named = ", ".join(f"{value} AS {name}" for name, value in columns.items())
            rewrite(path, f"SELECT * FROM t UNION ALL BY NAME SELECT {named}", replay.SUMS["transactions"])


@pytest.fixture
def clock(monkeypatch):
    """The server's clock, set to a moment; it goes on from there."""
    begun = datetime.now(UTC)
    moment = [at(DAY, 10)]
    monkeypatch.setattr(timezone, "now", lambda: moment[0] + (datetime.now(UTC) - begun))
    return moment


def sign_in(page: Page, site: str, username: str, language: str = "zh") -> None:
    page.context.clear_cookies()
    page.goto(f"{site}/login")
    page.locator("#username").fill(username)
    page.locator("#password").fill(people.PASSWORD)
    page.locator("form button.btn.main").click()
    page.wait_for_url(lambda url: "/login" not in url)
    if language == "en":
        page.get_by_role("button", name="EN").click()
        expect(page.locator("html")).to_have_attribute("lang", "en")


def promise_by_telephone(page: Page, site: str, username: str) -> Case:
    """The collector's morning: one key, the next right case, the call, a promise of all that is past due."""
    language, save, _kept = WALKS[username]
    sign_in(page, site, username, language)
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r"/cases/C-"))
    case = Case.objects.get(case_no=page.url.rsplit("/", 1)[1].split("?")[0])
    expect(page.locator(".why")).to_be_visible()
    expect(page.locator("body")).to_contain_text(case.party.name_masked)

    # the gate allows it, the number is shown, the person is identified and promises
    page.locator("#points .btn.live").first.click()
    expect(page.locator(".number")).to_be_visible()
    expect(page.locator(".number")).not_to_contain_text("*")
    expect(page.locator("[data-question]").first).to_be_visible()
    right, _ = identity.on_file(contact=Contact.objects.latest("id"), now=timezone.now())
    for box in page.locator("[data-question]").all():
        box.fill(right[box.get_attribute("data-question")][0])
    page.locator("#check-identity").click()
    expect(page.locator("#identified")).to_be_checked()
    for box in page.locator("input[name=disclosed]").all():
        box.check()
    page.locator("input[name=code][value=promise]").check()
    page.locator("input[name=part_date]").first.fill("2026-11-24")
    page.locator("input[name=part_amount]").first.fill(str(case.past_due))
    expect(page.locator("#save")).to_contain_text(save)
    page.locator("#save").click()
    page.wait_for_url(lambda url: case.case_no not in url)
    part = PromisePart.objects.get(promise__party=case.party)
    assert (part.amount, part.due_date, part.state) == (case.past_due, date(2026, 11, 24), "open")
    return case


def figures(page: Page, site: str, account: str) -> tuple[str, str, bool]:
    """On the manager's page: late accounts, what is past due of them, and whether an account is among their rows."""
    page.goto(f"{site}/portfolio")
    late = page.locator("table.buckets tr.sum td.n")
    shown = late.nth(0).inner_text(), late.nth(3).inner_text()
    page.goto(f"{site}/portfolio/accounts?late=1&currency=CNY")
    return *shown, page.locator("tbody th", has_text=account).count() == 1


def late_accounts(day: date) -> int:
    rows = BucketDay.objects.filter(business_date=day, currency="CNY").exclude(bucket="M0")
    return sum(row.accounts for row in rows)


def test_from_the_banks_file_to_a_paid_account(site, page: Page, clock, tmp_path):
    people.make_staff()
    deliveries = replay.write_files(tmp_path, DAY, accounts=ACCOUNTS)
    for delivery in deliveries[:-2]:
        take(delivery.business_date, list(delivery.files))
    yesterday = deliveries[-2].business_date
    night(yesterday, list(deliveries[-2].files))
    assert Case.objects.filter(closed_on=None, queue="call").exists()
    page.clock.install(time=clock[0])

    cases = {username: promise_by_telephone(page, site.url, username) for username in WALKS}
    assert len({case.pk for case in cases.values()}) == len(WALKS)
    paid = {}
    for username, case in cases.items():
        late = Account.objects.filter(party=case.party, state__past_due__gt=0).values_list("account_no", flat=True)
        numbers = Account.objects.filter(party=case.party).values_list("account_no", flat=True)
        paid[username] = sorted(numbers, key=lambda number, late=frozenset(late): number not in late)
    account = paid["collector1"][0]
    before = {}
    for language in ("zh", "en"):
        sign_in(page, site.url, "manager", language)
        before[language] = figures(page, site.url, account)
        assert before[language][0] == f"{late_accounts(yesterday):,}" and before[language][2]

    # the bank's files of the evening, and the night: promises kept, cases closed
    files = list(deliveries[-1].files)
    for number, (username, case) in enumerate(cases.items(), 1):
        pay_all(files, paid[username], case.past_due, f"E2E-{number}")
    dunwell(site.database, "intake", "--business-date", DAY, *files)
    dunwell(site.database, "nightly", "--business-date", DAY)
    clock[0] = at(DAY + timedelta(days=1), 10)
    for username, case in cases.items():
        promised = case.past_due
        part = PromisePart.objects.get(promise__party=case.party)
        case.refresh_from_db()
        assert (part.state, part.received) == ("kept", promised)
        assert case.closed_on is not None
        assert Log.objects.filter(party_id=case.party_id, kind="case.closed").exists()

        # what stands on the page afterwards
        language, _save, kept = WALKS[username]
        sign_in(page, site.url, username, language)
        page.goto(f"{site.url}/cases/{case.case_no}")
        expect(page.locator("html")).to_have_attribute("lang", re.compile(language))
        expect(page.locator("#timeline")).to_contain_text(kept)

    # the manager sees it: the figures have moved, and the account is no more among the rows behind them
    for language in ("zh", "en"):
        sign_in(page, site.url, "manager", language)
        after = figures(page, site.url, account)
        assert after[0] == f"{late_accounts(DAY):,}"
        assert after[:2] != before[language][:2] and not after[2]
        page.goto(f"{site.url}/portfolio")
        expect(page.locator("body")).to_contain_text(str(DAY))
        page.get_by_role("button", name="中文").click()
