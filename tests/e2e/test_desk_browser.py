"""The desk in a real browser: keys, a lost line, a double press, and axe in both themes and languages."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from dunwell.casework.models import Case, Note
from dunwell.compliance.models import Contact, ContactOutcome
from tests import build
from tests.e2e.conftest import PATIENCE
from tests.sizes import some

ZONES = ("Asia/Shanghai", "Pacific/Auckland", "America/New_York", "Europe/Berlin", "Pacific/Honolulu")


def open_zone() -> str:
    """A place where people may be called now, whenever the tests run, and for a quarter of an hour more."""
    now = timezone.now()
    return next(zone for zone in ZONES if 9 <= now.astimezone(ZoneInfo(zone)).hour < 21)


@pytest.fixture
def desk(site, page: Page):
    """A collector at the start of the day, two cases waiting; whatever the browser complains about fails the test."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    zone = open_zone()
    for rank in range(2):
        person, _point, case = build.debtor(timezone=zone)
        build.identity(party=person)
        Case.objects.filter(pk=case.pk).update(rank=rank)
    user = build.user(username="collector", language="en", theme="light")
    sign_in(page, site.url, user.username)
    yield page
    assert not complaints


def sign_in(page: Page, url: str, name: str) -> None:
    page.goto(f"{url}/login")
    page.fill("#username", name)
    page.fill("#password", build.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/login" not in address)


def dial(page: Page) -> None:
    page.keyboard.press("n")
    page.wait_for_url("**/cases/*")
    page.keyboard.press("d")
    expect(page.locator("#work-form .number")).to_be_visible()


def identify(page: Page, answers: dict[str, str] = build.ANSWERS) -> None:
    """He answers what he is asked, by keys alone."""
    expect(page.locator("[data-question]").first).to_be_visible()
    page.keyboard.press("i")
    for box in page.locator("[data-question]").all():
        expect(box).to_be_focused()
        page.keyboard.type(answers[box.get_attribute("data-question")])
        page.keyboard.press("Tab")
    page.locator("[data-question]").last.press("Enter")
    expect(page.locator("#identified")).to_be_checked()


def test_a_call_and_a_promise_by_keys_alone(desk: Page):
    dial(desk)
    first = desk.url
    desk.keyboard.press("p")
    expect(desk.locator("#missing")).to_have_text("Identity not checked")
    expect(desk.locator("#save")).to_have_attribute("aria-disabled", "true")
    identify(desk)
    for box in desk.locator("input[name=disclosed]").all():
        box.check()
    desk.locator(".cal button").nth(0).click()
    desk.locator(".cal button").nth(2).click()
    expect(desk.locator("[data-sum]")).to_have_text("1,500.00")
    assert [field.input_value() for field in desk.locator("[name=part_amount]").all()][:2] == ["750.00", "750.00"]
    desk.locator("h2", has_text="Promise to pay").click()
    desk.keyboard.press("Control+Enter")
    desk.wait_for_url(lambda address: "/cases/" in address and address != first)
    assert ContactOutcome.objects.get().result == "promise"


def test_nothing_typed_is_lost_when_the_line_is_and_it_is_saved_once(desk: Page):
    dial(desk)
    # a copy has none of htmx's listeners: the form as it is in the moment after it was shown
    desk.evaluate("form => form.replaceWith(form.cloneNode(true))", desk.query_selector("#work-form"))
    desk.keyboard.press("x")
    desk.keyboard.press("1")
    desk.fill("#note", "He works nights.")
    desk.route("**/contact", lambda route: route.abort())
    desk.keyboard.press("Control+Enter")
    expect(desk.locator("#offline")).to_be_visible()
    expect(desk.locator("#note")).to_have_value("He works nights.")
    desk.unroute("**/contact")
    desk.locator("[data-retry]").click()
    expect(desk.locator("#work-form")).to_have_count(0)
    assert ContactOutcome.objects.count() == 1 and Note.objects.count() == 1


def test_a_double_press_is_one_dial_and_one_result(desk: Page):
    desk.keyboard.press("n")
    desk.wait_for_url("**/cases/*")
    desk.locator("#points .btn.live").first.dblclick()
    expect(desk.locator("#work-form .number")).to_be_visible()
    desk.locator("[data-group=not_reached]").click()
    desk.keyboard.press("2")
    desk.locator("#save").dblclick()
    expect(desk.locator("#work-form")).to_have_count(0)
    assert Contact.objects.count() == 1 and ContactOutcome.objects.count() == 1


def test_single_keys_rest_while_one_types_composes_or_has_turned_them_off(desk: Page):
    address = desk.url
    desk.keyboard.press("Control+k")
    desk.keyboard.type("n?")
    expect(desk.locator("#palette input[name=q]")).to_have_value("n?")
    expect(desk.locator("#keys")).to_be_hidden()
    desk.keyboard.press("Escape")
    expect(desk.locator("#palette")).to_be_hidden()
    desk.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'n', isComposing: true, bubbles: true}))")
    desk.evaluate("document.body.dataset.singleKeys = 'off'")
    desk.keyboard.press("n")
    assert desk.url == address and not Case.objects.filter(held_by__isnull=False).exists()
    desk.evaluate("document.body.dataset.singleKeys = 'on'")
    desk.keyboard.press("?")
    expect(desk.locator("#keys dt", has_text="Ctrl K")).to_be_visible()


def test_a_draft_comes_back_in_another_browser(desk: Page, site, browser):
    dial(desk)
    desk.fill("#note", "half a sen")
    expect(desk.locator("[data-draft-state]")).to_contain_text("draft saved")
    with browser.new_context() as other:
        other.set_default_timeout(PATIENCE)
        elsewhere = other.new_page()
        sign_in(elsewhere, site.url, "collector")
        elsewhere.goto(desk.url)
        expect(elsewhere.locator("#note")).to_have_value("half a sen")


@pytest.mark.parametrize(
    ("language", "theme"),
    some([("zh-hans", "light"), ("en", "dark")], [("zh-hans", "dark"), ("en", "light")]),
)
def test_axe_finds_nothing(site, page: Page, language: str, theme: str):
    _person, point, case = build.debtor(timezone=open_zone())
    leader = build.user("team_leader", username="leader", language=language, theme=theme)
    build.user("administrator", username="administrator", language=language, theme=theme)
    Case.objects.filter(pk=case.pk).update(held_by=leader, held_until=timezone.now() + timedelta(minutes=20))
    page.context.add_cookies([{"name": "theme", "value": theme, "url": site.url}])
    found: dict[str, list[str]] = {}

    def look(name: str) -> None:
        said = Axe().run(page).response["violations"]
        if said:
            found[name] = [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in said]

    page.goto(f"{site.url}/login")
    look("login")
    sign_in(page, site.url, "leader")
    for address in ("/desk", "/lists", "/search", "/team", "/profile", f"/cases/{case.case_no}"):
        page.goto(site.url + address)
        look(address)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for key, dialog in (("w", "why-dialog"), ("z", "snooze-dialog"), ("h", "hold-dialog"), ("m", "payment-dialog")):
        page.keyboard.press(key)
        expect(page.locator(f"#{dialog}")).to_be_visible()
        look(dialog)
        page.keyboard.press("Escape")
    page.keyboard.press("d")
    expect(page.locator("#work-form .number")).to_be_visible()
    page.keyboard.press("p")
    expect(page.locator(".cal")).to_be_visible()
    look("call")
    assert page.locator(f"#point-{point.pk}").inner_text() == point.masked
    page.context.clear_cookies()
    sign_in(page, site.url, "administrator")
    for address in ("/users", "/profile/code"):
        page.goto(site.url + address)
        look(address)
    assert not found
