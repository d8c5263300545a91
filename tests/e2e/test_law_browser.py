"""The law in a browser: what it stops is refused with its article, what it permits leaves, and what left can be proved."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from dunwell.casework import services as casework
from dunwell.channels import services as channels
from dunwell.channels.models import Message
from dunwell.compliance import services as compliance
from dunwell.compliance.models import Contact
from dunwell.evidence.models import Log
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import AccountRole, PartyIdentity
from tests import build
from tests.e2e.conftest import PATIENCE
from tests.e2e.test_desk_browser import sign_in
from tests.integration.test_channels_letters import shop  # noqa: F401  (a fixture)
from tests.integration.test_channels_smpp import connected, kept, until  # noqa: F401  (a fixture)
from tests.integration.test_desk_calls import lose
from tests.peers import SmsCentre

BY = Actor.program("test")
DAY = date(2026, 11, 24)  # a Tuesday
REPLY = {
    "zh-hans": ("投诉回复", "【{bank}】尊敬的{name}：您的投诉已收到，编号{case_no}，我们将在十五日内答复您。"),
    "en": (
        "Reply to a complaint",
        "【{bank}】Dear {name}: we have your complaint {case_no} and answer within 15 days.",
    ),
}


def at(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BANK_ZONE)


@pytest.fixture
def clock(monkeypatch, page: Page):
    """The clock of the server and of the browser, set to a moment; it goes on from there."""
    begun, moment = datetime.now(UTC), [at(10)]
    monkeypatch.setattr(timezone, "now", lambda: moment[0] + (datetime.now(UTC) - begun))
    page.clock.install(time=moment[0])

    def turn(hour: int, minute: int = 0, day: date = DAY) -> datetime:
        moment[0] = at(hour, minute, day) - (datetime.now(UTC) - begun)
        page.clock.set_system_time(at(hour, minute, day))
        return at(hour, minute, day)

    return turn


@pytest.fixture
def desk(site, page: Page, clock):
    """The desk of a collector, and who he is; whatever the browser complains about fails the test."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    user = build.user(username="collector", language="en", theme="light")
    yield page, site.url, user
    assert not complaints


def open_case(page: Page, url: str, case, user) -> None:
    casework.hold(case_id=case.pk, user=user, now=timezone.now())
    page.goto(f"{url}/cases/{case.case_no}")
    if "/login" in page.url:
        sign_in(page, url, user.username)
        page.goto(f"{url}/cases/{case.case_no}")


def point_of(page: Page, point):
    return page.locator(f".point:has(#point-{point.pk})")


def dialled_in_vain(case, point, nr: int) -> None:
    """A dial of the bank's dialler that nobody answered."""
    now = timezone.now()
    contact = compliance.reserve(
        party_id=case.party_id,
        contact_point_id=point.pk,
        channel="call",
        case_id=case.pk,
        key=f"dial-{nr}",
        by=BY,
        now=now,
    ).contact
    compliance.record_outcome(contact_id=contact.pk, outcome="no_answer", by=BY, now=now, key=f"dial-{nr}")


def aside(work):
    """What a worker does, in a thread of its own: the browser's driver runs an event loop in this one."""

    def done():
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(done).result()


def test_a_call_is_refused_at_ten_at_night_with_its_article_and_so_is_the_seventh_of_a_day(desk, clock):
    page, url, user = desk
    _party, point, case = build.debtor()
    clock(21, 58)
    open_case(page, url, case, user)
    live = point_of(page, point).locator(".btn.live")
    expect(live).to_be_visible()
    clock(22, 1)
    live.click()
    refused = page.locator("#right .strip.err")
    for said in ("Not dialled", "allowed from 2026-11-25 08:00", "CN-TIME-NIGHT", "2026-01-30"):
        expect(refused).to_contain_text(said)
    assert not Contact.objects.exists()

    tomorrow = DAY + timedelta(days=1)
    clock(9, 0, tomorrow)
    for nr in range(5):
        dialled_in_vain(case, point, nr)
    clock(11, 0, tomorrow)
    open_case(page, url, case, user)
    live.click()
    page.locator("[data-group=not_reached]").click()
    page.locator("input[name=code][value=no_answer]").check()
    page.locator("#save").click()
    expect(page.locator("#work-form")).to_have_count(0)
    assert Contact.objects.count() == 6
    clock(14, 0, tomorrow)
    open_case(page, url, case, user)
    expect(point_of(page, point).locator(".btn[aria-disabled=true]")).to_be_visible()
    expect(point_of(page, point)).to_contain_text("CN-CALL-6-PER-POINT")
    expect(point_of(page, point)).to_contain_text("2026-11-26 08:00")
    page.keyboard.press("w")
    expect(page.locator("#why-dialog")).to_contain_text("the gate does not allow it now: Dials a number a day")
    assert Contact.objects.count() == 6


def test_a_third_party_is_reached_once_refuses_and_is_never_called_again(desk, clock):
    page, url, user = desk
    party, _point, case = build.debtor()
    friend = build.party(name_masked="王*")
    AccountRole.objects.create(
        account_no=party.accounts.get().account_no, party=friend, role="declared_contact", relation="friend"
    )
    number = build.contact_point(party=friend, source="declared_contact")
    open_case(page, url, case, user)
    expect(point_of(page, number).locator(".btn.live")).to_have_count(0)  # he himself is not out of contact
    lose(case)
    open_case(page, url, case, user)
    point_of(page, number).locator(".btn.live").click()
    expect(page.locator(".script")).to_contain_text("Say no word of an account or a debt")
    page.locator("input[name=code][value=tp_refused]").check()
    page.locator("#save").click()
    expect(page.locator("#work-form")).to_have_count(0)
    for day in (DAY, DAY + timedelta(days=1), DAY + timedelta(days=90)):
        clock(15, 0, day)
        open_case(page, url, case, user)
        expect(point_of(page, number).locator(".btn.live")).to_have_count(0)
        expect(point_of(page, number)).to_contain_text("CN-TP-REFUSED")
    assert Contact.objects.filter(person=friend).count() == 1


def test_a_payment_at_noon_stops_the_call_at_one(desk, clock, browser):
    page, url, user = desk
    _party, point, case = build.debtor()
    clock(11, 55)
    open_case(page, url, case, user)
    clock(12)
    with browser.new_context() as other:
        other.set_default_timeout(PATIENCE)
        leader = other.new_page()
        sign_in(leader, url, build.user("team_leader", username="leader", language="en").username)
        leader.goto(f"{url}/cases/{case.case_no}")
        leader.keyboard.press("m")
        leader.fill("#payment-amount", "1500.00")
        leader.fill("#payment-ref", "COUNTER-1")
        leader.locator("#payment-dialog .btn.main").click()
        expect(leader.locator("#timeline")).to_contain_text("1,500.00")
    clock(13)
    point_of(page, point).locator(".btn.live").click()
    expect(page.locator("#right .strip.err")).to_contain_text("G-PAID")
    assert not Contact.objects.exists()


def test_a_complaint_stops_demands_and_its_reply_leaves_by_a_text_that_two_people_made(desk, clock, connected, browser):  # noqa: F811
    page, url, user = desk
    _party, point, case = build.debtor()
    with browser.new_context() as other:
        other.set_default_timeout(PATIENCE)
        office = other.new_page()
        sign_in(office, url, build.user("team_leader", username="leader", language="en").username)
        office.goto(f"{url}/outbox/texts")
        office.fill("#code", "SMS-COMPLAINT")
        office.select_option("#channel", "sms")
        office.select_option("#purpose", "service")
        for language, (title, body) in REPLY.items():
            office.fill(f"#title-{language}", title)
            office.fill(f"#body-{language}", body)
        office.locator("#new .btn.main").click()
        row = office.locator("tr", has_text="SMS-COMPLAINT 1").first
        expect(row).to_contain_text("draft")
        office.context.clear_cookies()
        sign_in(office, url, build.user("compliance", username="officer", language="en").username)
        office.goto(f"{url}/outbox/texts")
        office.get_by_role("button", name="Approve").click()
        expect(row).to_contain_text("in force")

    open_case(page, url, case, user)
    page.keyboard.press("r")
    page.select_option("#incoming-point", str(point.pk))
    page.locator("#incoming-dialog .btn.main").click()
    page.locator("input[name=code][value=complains]").check()
    page.fill("#note", "rang at six in the morning")
    page.locator("#save").click()
    expect(page.locator("#work-form")).to_have_count(0)
    clock(10, 30)
    open_case(page, url, case, user)
    page.keyboard.press("s")
    page.select_option("#sms-template", "SMS-DEMAND-1")
    expect(page.locator("#sms-preview")).to_contain_text("CN-COMPLAINT")
    page.locator("#sms-dialog .btn.main").click()
    expect(page.locator("#sms-dialog .answer")).to_contain_text("CN-COMPLAINT")
    open_case(page, url, case, user)
    page.keyboard.press("s")
    page.select_option("#sms-template", "SMS-COMPLAINT")
    expect(page.locator("#sms-preview")).to_contain_text("The gate would let it pass now.")
    with SmsCentre(receipts="DELIVRD") as centre:
        connected(centre)
        page.locator("#sms-dialog .btn.main").click()
        reply = Message.objects.filter(purpose="service")
        until(reply.exists)
        with kept(timezone.now()):
            until(lambda: reply.get().state == "delivered")
        (sent,) = {"".join(one["text"] for one in centre.of("submit"))}
    assert sent == f"【测试银行】尊敬的张*：您的投诉已收到，编号{case.case_no}，我们将在十五日内答复您。"
    assert list(Message.objects.filter(purpose="demand").values_list("state", "refusal_rule")) == [
        ("refused", "CN-COMPLAINT")
    ]


def test_a_letter_is_opened_and_read(site, page: Page, clock, shop):  # noqa: F811
    party, _point, case = build.debtor()
    PartyIdentity.objects.create(
        party=party, name_sealed=portfolio.seal_text(party_id=party.pk, text="林致远"), digest=b""
    )
    address = build.contact_point(party=party, kind="address", value="山东省济南市历下区解放路1号3单元502室")
    message = channels.queue_message(
        party_id=party.pk, contact_point_id=address.pk, template_code="LETTER-DEMAND", by=BY, now=timezone.now(),
        key="l1", case_id=case.pk, case_no=case.case_no,
    )  # fmt: skip
    now = clock(10, 1)
    assert aside(lambda: channels.send_letters(now=now)).sent == 1
    sign_in(page, site.url, build.user("team_leader", username="leader", language="en").username)
    page.goto(f"{site.url}/outbox")
    link = page.locator(f"a[href='/outbox/letters/{message.pk}']")
    expect(link).to_have_text("open")
    answer = page.request.get(f"{site.url}{link.get_attribute('href')}")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'inline; filename="letter-{message.pk}.pdf"'
    text = "\n".join(one.extract_text() for one in PdfReader(BytesIO(answer.body())).pages)
    for said in ("林致远", "12,000.00", "1,500.00", f"dw-{message.pk}", case.case_no):
        assert said in text, said
    assert Log.objects.get(kind="letter.read").party_id == party.pk


def test_a_set_of_proof_is_verified_by_itself_and_one_changed_byte_is_found(site, page: Page, clock, tmp_path):
    party, point, case = build.debtor()
    PartyIdentity.objects.create(
        party=party, name_sealed=portfolio.seal_text(party_id=party.pk, text="林致远"), digest=b""
    )
    dialled_in_vain(case, point, 1)
    account = party.accounts.get().account_no
    clock(16)
    sign_in(page, site.url, build.user("legal", username="lawyer", language="en").username)
    page.goto(f"{site.url}/legal/accounts/{account}")
    page.fill("#first", "2026-11-01")
    page.fill("#cut_off", DAY.isoformat())
    page.fill("#bundle_reason", "for the court of Lixia")
    page.get_by_role("button", name="Make").click()
    with page.expect_download() as handed:
        page.locator("a[href^='/legal/bundles/']").click()
    assert handed.value.suggested_filename.endswith(".zip")
    folder = tmp_path / "proof"
    zipfile.ZipFile(BytesIO(Path(handed.value.path()).read_bytes())).extractall(folder)

    def verified() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", str(folder / "verify.py")]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    whole = verified()
    assert whole.returncode == 0, whole.stdout + whole.stderr
    (index,) = folder.glob("*.pdf")
    changed = bytearray(index.read_bytes())
    changed[len(changed) // 2] ^= 1
    index.write_bytes(changed)
    broken = verified()
    assert broken.returncode != 0 and re.search(re.escape(index.name), broken.stdout + broken.stderr)
