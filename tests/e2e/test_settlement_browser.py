"""A settlement from the night's list to the certificate: offered at the desk, agreed to and paid on the telephone that read
the code of a letter, through the provider's process, booked by the host's."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Page, expect

from dunwell.arrangements import services as arrangements
from dunwell.arrangements.models import Arrangement, Certificate
from dunwell.casework.models import Case
from dunwell.channels import services as channels
from dunwell.channels.models import Letter
from dunwell.compliance.models import Hold
from dunwell.evidence import services as evidence
from dunwell.identity.models import Role
from dunwell.kernel.times import business_date
from dunwell.nightly import services as nightly
from dunwell.payments import services as payments
from dunwell.payments.models import Payment
from dunwell.portfolio.models import Card
from dunwell.selfservice import services
from dunwell.strategy import services as strategy
from tests import build, nights, plans
from tests.cardholders import KNOWN, identify
from tests.e2e.test_desk_browser import open_zone, sign_in
from tests.e2e.test_law_browser import aside
from tests.e2e.test_own_page_browser import BY, PUBLIC, gateway, looks_right, own, phone, provider  # noqa: F401
from tests.running import until
from tests.sizes import some

WORDS = {
    "zh-hans": {
        "go": "继续", "see": "查看并同意", "agree": "我同意此方案及其费用", "pay": "按约定还款", "to": "前往示例支付付款",
        "done": "已按约定全部还清", "ask": "申请证明", "load": "下载结清证明", "fetch": "下载", "ended": "已履行完毕",
    },
    "en": {
        "go": "Go on", "see": "See the offer and agree", "agree": "I agree to this", "pay": "Pay what was agreed",
        "to": "Go to Sample Pay", "done": "All is paid as agreed", "ask": "Ask for a certificate",
        "load": "Fetch the certificate", "fetch": "Fetch it", "ended": "Performed",
    },
}  # fmt: skip


def now() -> datetime:
    return datetime.now(UTC)


def night(day: date, **owed: object) -> None:
    """The host's book of a day, and the night over it."""
    nights.taken("accounts", day, [nights.position("A1", "P1", **owed)])
    nightly.run(business_date=day, now=now(), by=BY)
    arrangements.follow(now=now())


def host(folder: Path) -> None:
    """The host's process books what it was asked, and what follows is on the pages."""
    folder.mkdir(exist_ok=True)
    plans.host_answers(folder, day=business_date(now()), at=now())
    nightly.reassess(now=now(), party_ids=[Arrangement.objects.get().party_id])


def code_of(pdf: bytes) -> str:
    """What a telephone's camera reads of a printed letter: the address in one of its codes."""
    with pypdfium2.PdfDocument(pdf) as document:
        page = document[0].render(scale=3, grayscale=True)
        pixels = memoryview(bytes(page.buffer)).cast("B", (page.height, page.stride))
    return next(one.text for one in zxingcpp.read_barcodes(pixels) if one.text.startswith("http"))


@pytest.mark.parametrize(("language", "theme"), some([("zh-hans", "light")], [("en", "dark")]))
def test_a_settlement_is_paid_from_the_phone_by_the_code_of_a_letter(
    site, own, provider, gateway, phone: Page, page: Page, settings, tmp_path: Path, language: str, theme: str  # noqa: F811
):  # fmt: skip
    words, today = WORDS[language], business_date(now())
    settings.LAKE = tmp_path / "lake"

    def begin() -> Case:
        party = identify(build.party("P1", timezone=open_zone(), language=language))
        build.contact_point(party=party, kind="address", value="山东省济南市历下区解放路1号3单元502室")
        for role in (Role.TEAM_LEADER, Role.MANAGER):
            build.user(role, username=role.value, language=language, theme=theme)
        strategy.approve(text=strategy.shipped(), by=BY, now=now() - timedelta(days=2))
        night(
            today - timedelta(1), balance="12000.00", past_due="7000.00", since=today - timedelta(120),
            principal_retail=Decimal("10000.00"), interest_on_balance=Decimal("1400.00"), late_charge=Decimal("600.00"),
        )  # fmt: skip
        case = Case.objects.get()
        Card.objects.create(
            entity=party.entity, account_no="A1", token="t1", last4="6027", digest=b"", digest_version=1, kind="primary",
            status="active",
        )  # fmt: skip
        return case

    case = aside(begin)
    sign_in(page, site.url, "team_leader")
    page.goto(f"{site.url}/lists")
    page.get_by_role("link", name=case.case_no).click()
    page.wait_for_url(f"**/cases/{case.case_no}")
    page.keyboard.press("k")
    page.wait_for_url("**/arrangement")
    page.locator("input[name=willing]").check()
    page.keyboard.press("Control+Enter")
    page.locator("form:has(input[name=code][value=settlement]) button").first.click()
    expect(page.locator("article.plan")).to_have_count(1)
    page.context.clear_cookies()
    sign_in(page, site.url, "manager")
    page.goto(f"{site.url}/arrangements")
    page.locator("tbody a").first.click()
    page.locator("button[value=approve]").first.click()
    expect(page.locator("button[value=approve]")).to_have_count(0)
    page.context.clear_cookies()
    sign_in(page, site.url, "team_leader")
    page.goto(f"{site.url}/cases/{case.case_no}/arrangement")
    page.locator("form[action$='/send'] button").click()
    expect(page.locator("form[action$='/send']")).to_be_visible()

    def printed() -> bytes:
        channels.send_letters(now=now() + timedelta(seconds=1))
        return evidence.read_file(Letter.objects.get().file)

    address = code_of(aside(printed))
    assert address.startswith(f"{PUBLIC}/l/")
    settings.CARDHOLDER_URL = own  # the name that the provider can reach on this machine
    phone.context.add_cookies([{"name": "language", "value": language, "url": own}])
    phone.emulate_media(color_scheme=theme)
    phone.goto(own + urlsplit(address).path)
    phone.get_by_role("button", name=words["go"]).click()
    phone.fill("#known", KNOWN)
    phone.keyboard.press("Enter")
    expect(phone.locator("main")).to_contain_text("10,000.00")  # 12,000 less all interest and fees
    looks_right(phone)
    phone.get_by_role("link", name=words["see"]).click()
    expect(phone.locator(".sum")).to_contain_text("−1,400.00")
    looks_right(phone)
    phone.get_by_role("button", name=words["agree"]).click()
    phone.wait_for_url("**/asked/*")
    aside(lambda: services.handle(now=now()))
    aside(lambda: host(tmp_path / "host"))
    assert aside(lambda: Hold.objects.filter(kind="plan", lift=None).exists())
    phone.goto(f"{own}/")
    phone.get_by_role("link", name=words["pay"]).click()
    expect(phone.locator("input[name=how]").first).to_be_checked()
    looks_right(phone)
    phone.locator("form.ask button").click()
    phone.wait_for_url("**/asked/*")
    aside(lambda: services.handle(now=now()))
    phone.reload()
    phone.get_by_role("link", name=words["to"]).click()
    phone.get_by_role("button", name="Pay").click()
    phone.wait_for_url("**/pay/back/*")
    until(lambda: provider.events("told"))
    aside(lambda: services.book_call_backs(now=now()))

    def booked() -> None:
        announced = Payment.objects.get()
        assert (announced.amount, announced.provisional) == (Decimal("10000.00"), True)
        payments.receive(
            account_id=announced.account_id, amount=announced.amount, currency="CNY", posting_date=today,
            transaction_date=today, business_date=today, host_ref=announced.host_ref, source="file", by=BY, now=now(),
        )  # fmt: skip
        night(today, balance="0.00")

    aside(booked)
    page.goto(f"{site.url}/cases/{case.case_no}/arrangement")
    expect(page.locator(".plan .tag")).to_contain_text(words["ended"])
    phone.goto(f"{own}/")
    expect(phone.locator("main")).to_contain_text(words["done"])
    phone.get_by_role("button", name=words["ask"]).click()
    phone.wait_for_url("**/asked/*")

    def certified() -> str:
        services.handle(now=now())
        host(tmp_path / "host")
        arrangements.issue_certificates(now=now())
        return Certificate.objects.get().token

    token = aside(certified)
    phone.goto(f"{own}/")
    expect(phone.locator(".now")).to_have_count(0)
    looks_right(phone)
    phone.get_by_role("button", name=words["load"]).click()
    phone.wait_for_url("**/asked/*")
    aside(lambda: services.handle(now=now()))
    phone.reload()
    with phone.expect_download() as loaded:
        phone.get_by_role("link", name=words["fetch"]).click()
    assert code_of(Path(loaded.value.path()).read_bytes()).endswith(f"/verify/{token}")
