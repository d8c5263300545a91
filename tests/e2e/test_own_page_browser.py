"""The cardholder's own page on a telephone: from the message to the payment, and what the desk makes of it."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from dunwell.channels import services as channels
from dunwell.channels.models import Letter, Message
from dunwell.compliance import services as compliance
from dunwell.evidence import services as evidence
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import BANK_ZONE
from dunwell.payments.models import Payment
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import Card
from dunwell.selfservice import services
from dunwell.selfservice.models import Request, Session
from tests import build
from tests.cardholders import KNOWN, Provider, identify, plan_in_force, served
from tests.e2e.conftest import PATIENCE
from tests.e2e.test_desk_browser import sign_in
from tests.peers import Gateway
from tests.running import until
from tests.sizes import some

BY = Actor.program("test")
PUBLIC = "https://own.bank.example.cn"
SECRET = "a-secret-of-the-line"
WORDS = {
    "zh-hans": {
        "go": "继续", "open": "打开", "to": "前往示例支付付款", "own": "尾号 6027", "got": "已收到", "wrong": "信息不正确",
        "back": "回到我的页面", "page": "本人页面",
    },
    "en": {
        "go": "Go on", "open": "Open", "to": "Go to Sample Pay", "own": "Card ending 6027", "got": "Received",
        "wrong": "That is not right", "back": "To my page", "page": "Own page",
    },
}  # fmt: skip


def now() -> datetime:
    return datetime.now(UTC)


def daytime() -> datetime:
    """The next 15:00 of the debtor, at which a message may leave."""
    today = now().astimezone(BANK_ZONE).replace(hour=15, minute=0, second=0)
    return today if today > now().astimezone(BANK_ZONE) else today + timedelta(days=1)


@pytest.fixture
def own(site, settings, tmp_path):
    """The page's process, its provider's, and a line for its messages. Yields the page's address on this machine."""
    settings.PROVIDER_FILE, settings.CARDHOLDER_URL = tmp_path / "payments.yaml", PUBLIC
    settings.LINES_FILE = tmp_path / "lines.yaml"
    build.entity()
    compliance.register_domain(domain="own.bank.example.cn", registration="鲁ICP备00000000号", by=BY, now=now())
    with served(site.database) as url:
        yield url


@pytest.fixture
def provider(own, settings, tmp_path):
    made = Provider(tmp_path / "payments.yaml", tmp_path / "provider.key")
    yield made
    made.end()


@pytest.fixture
def gateway(own, settings):
    made = Gateway(SECRET)
    line = {
        "code": "sms-http", "channel": "sms", "adapter": "http_sms", "signature": "测试银行", "secret": SECRET,
        "templates": {"SMS-LINK": "SMS_1", "SMS-CODE": "SMS_2"}, "url": f"http://127.0.0.1:{made.port}/send",
        "account": "bank", "prices": [{"from": date(2026, 1, 1), "amount": "0.045", "currency": "CNY"}],
    }  # fmt: skip
    folder = settings.LINES_FILE.parent / "jobs"
    shop = {"code": "shop", "channel": "letter", "adapter": "print_shop", "folder": str(folder),
            "prices": [{"from": date(2026, 1, 1), "amount": "12.5", "currency": "CNY"}]}  # fmt: skip
    settings.LINES_FILE.write_text(yaml.safe_dump([line, shop], allow_unicode=True), encoding="utf-8")
    with made:
        yield made


@pytest.fixture
def phone(browser, own):
    """A small telephone; whatever its browser complains about, or asks of another host, fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert not complaints


def debtor():
    party, point, case = build.debtor(past_due="2186.40")
    account = party.accounts.get()
    Card.objects.create(
        entity=party.entity, account_no=account.account_no, token=f"t{account.pk}", last4="6027", digest=b"",
        digest_version=1, kind="primary", status="active",
    )  # fmt: skip
    return identify(party), point, case


def message(party, point, case, code: str) -> Message:
    return channels.queue_message(
        party_id=party.pk, contact_point_id=point.pk, template_code=code, case_id=case.pk, case_no=case.case_no, by=BY,
        now=daytime(), key=f"{code}-{party.pk}", not_before=daytime() + timedelta(seconds=1),
    )  # fmt: skip


def by_sms(gateway, party, point, case) -> str:
    """The path of the link in the message that left; what is kept of it does not have it."""
    sent = message(party, point, case, "SMS-LINK")
    channels.send_due(now=daytime() + timedelta(seconds=2), limit=10)
    link = gateway.wait("message")["templateParam"]["link"]
    assert link.startswith(f"{PUBLIC}/l/")
    sent.refresh_from_db()
    kept = portfolio.open_text(party_id=party.pk, sealed=bytes(sent.text_sealed))
    assert sent.state == "sent" and link not in kept and f"{PUBLIC}/l/{'*' * 26}" in kept
    return urlsplit(link).path


def looks_right(page: Page) -> None:
    """Axe finds nothing, and it fits; a picture for whoever wants to look: DUNWELL_PICTURES names the folder."""
    if folder := os.environ.get("DUNWELL_PICTURES"):
        number = len(list(Path(folder).glob("own-*.png")))
        page.screenshot(path=f"{folder}/own-{number:02}.png", full_page=True)
    found = Axe().run(page).response["violations"]
    assert found == [], [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, f"{page.url} is wider than the telephone"


@pytest.mark.parametrize("language", some(["en"], ["zh-hans"]))
def test_from_the_message_to_the_payment_and_demands_stop(
    site, own, provider, gateway, phone: Page, page: Page, settings, language
):
    words = WORDS[language]
    party, point, case = debtor()
    phone.context.add_cookies([{"name": "language", "value": language, "url": own}])
    phone.goto(own + by_sms(gateway, party, point, case))
    looks_right(phone)
    phone.get_by_role("button", name=words["go"]).click()
    phone.fill("#known", "000000")
    phone.get_by_role("button", name=words["open"], exact=True).click()
    expect(phone.get_by_role("alert")).to_contain_text(words["wrong"])
    expect(phone.locator("main")).not_to_contain_text("2,186.40")
    looks_right(phone)
    phone.fill("#known", KNOWN)
    phone.keyboard.press("Enter")
    expect(phone.locator(".now")).to_contain_text("2,186.40")
    expect(phone.locator("main")).to_contain_text(words["own"])
    looks_right(phone)
    for path in ("/tell", "/wishes", "/arrange", "/pay"):
        phone.goto(own + path)
        looks_right(phone)
    phone.check("input[name=how][value=other]")
    phone.fill("#amount", "500.00")
    phone.keyboard.press("Enter")
    settings.CARDHOLDER_URL = own  # the name that the provider can reach on this machine
    phone.wait_for_url("**/asked/*")
    services.handle(now=now())
    phone.reload()
    expect(phone.get_by_role("link", name=words["to"])).to_be_visible()
    looks_right(phone)
    provider.be(times=2)
    phone.get_by_role("link", name=words["to"]).click()
    phone.get_by_role("button", name=re.compile("Pay")).click()
    phone.wait_for_url("**/pay/back/*")
    until(lambda: [one["status"] for one in provider.events("told")] == [200, 200])
    services.book_call_backs(now=now())
    phone.reload()
    expect(phone.get_by_role("status")).to_contain_text(words["got"])
    phone.get_by_role("link", name=words["back"]).click()
    expect(phone.locator("main")).to_contain_text("500.00")
    assert Payment.objects.get().provisional
    user = build.user("collector", username="collector", language=language)
    sign_in(page, site.url, user.username)
    page.goto(f"{site.url}/cases/{case.case_no}")
    expect(page.locator("main")).to_contain_text("500.00")
    expect(page.locator("main")).to_contain_text(words["page"])
    _, decision = compliance.judge(
        party_id=party.pk, contact_point_id=point.pk, channel="call", purpose="demand", by=BY, now=daytime()
    )
    assert decision.primary.rule == "G-PAID"


def test_the_code_of_a_letter_opens_it_and_a_code_by_text_message_is_the_second_factor(own, gateway, phone: Page):
    party, mobile, case = debtor()
    address = build.contact_point(party=party, kind="address", value="山东省济南市历下区解放路1号3单元502室")
    letter = message(party, address, case, "LETTER-LINK")
    channels.send_letters(now=daytime() + timedelta(seconds=2))
    printed = evidence.read_file(Letter.objects.get(message=letter).file)
    text = "".join(PdfReader(BytesIO(printed)).pages[0].extract_text().split())
    path = re.search(rf"{re.escape(PUBLIC)}(/l/[a-z2-7]{{26}})", text)[1]
    phone.context.add_cookies([{"name": "language", "value": "zh-hans", "url": own}])
    phone.goto(own + path)
    phone.get_by_role("button", name="继续").click()
    phone.get_by_role("button", name="发送验证码").click()
    expect(phone.locator("#code")).to_be_visible()
    services.handle(now=daytime())
    assert Request.objects.get(kind="code").answer.done
    channels.send_due(now=daytime() + timedelta(seconds=2), limit=10)
    code = gateway.wait("message")["templateParam"]["code"]
    phone.fill("#code", code)
    phone.keyboard.press("Enter")
    expect(phone.locator(".now")).to_contain_text("2,186.40")
    assert Session.objects.get().passed_at is not None
    phone.goto(own + path)
    phone.get_by_role("button", name="继续").click()
    expect(phone.get_by_role("heading")).to_contain_text("链接无法打开")
    looks_right(phone)
    phone.get_by_role("button", name="给我发送新链接").click()
    expect(phone.get_by_role("heading")).to_contain_text("已提交")


@pytest.mark.parametrize("scheme", some(["dark"], ["light"]))
def test_every_page_is_walked_by_keyboard_and_axe_finds_nothing(own, phone: Page, settings, scheme):
    settings.CARDHOLDER_URL = own
    party, _, _ = debtor()
    plan = plan_in_force(party, term=6)
    phone.emulate_media(color_scheme=scheme)
    phone.goto(services.make_link(party_id=party.pk, channel="hand", by=BY, now=now()).address)
    for _ in range(2):  # past the language, to the button
        phone.keyboard.press("Tab")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/door")
    for _ in range(2):
        phone.keyboard.press("Tab")
    phone.keyboard.type(KNOWN)
    phone.keyboard.press("Enter")
    expect(phone.locator(".now")).to_be_visible()
    phone.goto(own + "/tell")
    phone.check("input[value=complaint]")
    expect(phone.locator("#category")).to_be_visible()
    looks_right(phone)
    phone.fill("#text", "来电太多")
    phone.keyboard.press("Tab")
    phone.locator("form[enctype] button").press("Enter")
    phone.wait_for_url("**/asked/*")
    services.handle(now=now())
    phone.goto(own + "/heard")
    services.handle(now=now())
    phone.reload()
    expect(phone.locator("main")).to_contain_text("T-")
    phone.goto(f"{own}/agreed/{plan.pk}")
    expect(phone.locator("main")).to_contain_text("CNY ends it.")
    looks_right(phone)
    phone.goto(f"{own}/agreed/{plan.pk}/change")
    looks_right(phone)
    for _ in range(3):  # past the language and the way back, to the first field
        phone.keyboard.press("Tab")
    phone.keyboard.type("400")
    phone.keyboard.press("Enter")
    phone.wait_for_url("**/asked/*")
    services.handle(now=now())
    phone.reload()
    expect(phone.locator("section.offer").first).to_be_visible()
    looks_right(phone)
    shown = phone.url
    phone.locator("section.offer button").first.press("Enter")
    phone.wait_for_url(lambda address: "/asked/" in address and address != shown)
    services.handle(now=now())
    phone.reload()
    expect(phone.get_by_role("heading")).to_contain_text("The plan that runs now goes on")
    for path in ("", "/", "/why", "/pay", "/arrange", "/wishes", "/over", "/nowhere"):
        if path:
            phone.goto(own + path)
        looks_right(phone)
