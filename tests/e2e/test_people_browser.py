"""When they object, in a browser: a fraud, a complaint against a collector, a bereavement, a forged paper; in both languages."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
import typst
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from dunwell.casework import services as casework
from dunwell.casework.models import Case, Cluster, Complaint, DepartmentRequest, Dispute
from dunwell.casework.services.looks import look_through
from dunwell.compliance.models import Hold
from dunwell.kernel.times import business_date
from tests import build
from tests.e2e.test_desk_browser import sign_in
from tests.e2e.test_law_browser import aside
from tests.e2e.walking import from_the_list, of_the_night
from tests.sizes import in_the_soak, some

LANGUAGES = pytest.mark.parametrize("language", some(["zh-hans"], ["en"]))
SHOTS = os.environ.get("DUNWELL_SHOTS", "")  # a folder for pictures of the pages, to look at


@pytest.fixture
def walk(site, page: Page):
    """Goes somewhere as somebody, to a case from the night's list; whatever the browser or axe complains about fails the test."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    theme = {"now": "light"}

    def go(to: str | Case, user=None, *, look: bool = True) -> Page:
        if user is not None:
            page.context.clear_cookies()
            theme["now"] = user.theme
            sign_in(page, site.url, user.username)
        if isinstance(to, Case):
            from_the_list(page, site.url, to)
            return page
        page.goto(site.url + to)
        if look:
            found = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
            complaints.extend(f"{to} {one['id']}: {one['nodes'][0]['html'][:160]}" for one in found)
        if SHOTS:
            page.screenshot(path=Path(SHOTS) / f"{to.strip('/').replace('/', '-')}-{theme['now']}.png")
        return page

    yield go
    assert not complaints


@pytest.fixture
def late(settings, tmp_path):
    """Cases as last night made them."""
    return lambda people=1: of_the_night(settings, tmp_path, people)


def staff(language: str, role: str, name: str, **fields):
    theme = "dark" if language == "en" else "light"
    return build.user(role, username=name, language=language, theme=theme, **fields)


@in_the_soak
@LANGUAGES
def test_a_fraud_is_held_decided_against_the_bank_and_the_record_corrected(walk, late, language):
    [case], collector = late(), staff(language, "collector", "collector")
    officer, manager = staff(language, "compliance", "officer"), staff(language, "manager", "manager")
    page = walk(case, collector)
    page.keyboard.press("o")
    expect(page.locator("#dispute-dialog")).to_be_visible()
    page.locator("#dispute-kind").select_option("fraud")
    page.locator("#dispute-amount").fill("800.00")
    page.locator("#dispute-words").fill("异地交易，卡在本人手中")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/objections")
    made = Dispute.objects.get()
    expect(page.locator("body")).to_contain_text(made.number)
    assert Hold.objects.get(lift=None).amount == 800
    walk("/disputes", officer)
    page = walk(f"/disputes/{made.number}")
    page.locator("#x-outcome").select_option("upheld")
    page.locator("#x-words").fill("伪卡交易")
    page.locator("#x-words").press("Enter")
    expect(page.locator("input[name=answer]")).to_have_count(1)
    assert Hold.objects.get(lift=None).kind == "fraud"
    for user, department in ((officer, "bureau"), (manager, "cards")):
        page = walk("/requests", user)
        row = page.locator("tbody tr", has_text=case.case_no)
        row.locator("[name=words]").fill("已更正")
        row.locator("[name=words]").press("Enter")
        expect(page.locator("tbody tr", has_text=case.case_no)).to_have_count(0)
        assert DepartmentRequest.objects.get(department=department).answer.done
    assert not Hold.objects.filter(lift=None).exists()


@in_the_soak
@LANGUAGES
def test_a_complaint_takes_the_case_from_the_collector_until_it_is_closed(walk, late, language):
    [case], collector = late(), staff(language, "collector", "collector")
    leader = staff(language, "team_leader", "leader")
    officer = staff(language, "compliance", "officer", team=build.team("team-2"))
    page = walk(case, leader)
    page.keyboard.press("u")
    page.wait_for_url("**/objections")
    page.locator("summary").nth(1).click()
    page.locator("#c-source").select_option("12378")
    page.locator("#c-against").select_option(str(collector.pk))
    page.locator("#c-words").fill("深夜辱骂")
    page.locator("#c-words").press("Enter")
    expect(page.locator("a[href^='/complaints/T-']")).to_have_count(1)
    row = Complaint.objects.get()
    assert casework.take_next(user=collector, now=timezone.now()) is None
    walk("/complaints", officer)
    page = walk(f"/complaints/{row.number}")
    page.locator("#h-who").select_option(str(officer.pk))
    page.locator("#h-who").locator("xpath=ancestor::form").locator("button").click()
    expect(page.locator("#a-words")).to_be_visible(timeout=60_000)
    walk(f"/complaints/{row.number}")
    page.locator("#a-words").fill("录音属实")
    page.locator("form:has(#a-words) button").click()
    page.locator("#z-words").fill("已致歉并培训")
    page.locator("#z-words").press("Enter")
    expect(page.locator("#z-words")).to_have_count(0)
    assert row.steps.filter(kind="closed", founded=True).exists() and not Hold.objects.filter(lift=None).exists()
    assert casework.take_next(user=collector, now=timezone.now()).pk == case.pk


@LANGUAGES
def test_a_bereavement_stops_demands_and_tells_how_to_talk(walk, late, language):
    [case], collector = late(), staff(language, "collector", "collector")
    page = walk(case, collector)
    page.keyboard.press("j")
    page.wait_for_url("**/situation")
    page.locator("select[name=path]").select_option("bereavement")
    page.locator("[name=words]").fill("父亲上周去世")
    page.locator("[name=words]").press("Enter")
    said = "表达慰问" if language == "zh-hans" else "Give condolences"
    expect(page.locator(".say")).to_contain_text(said)
    assert Hold.objects.get(lift=None).kind == "bereavement"
    page = walk(f"/cases/{case.case_no}", look=False)
    expect(page.locator(".strip.hold")).to_be_visible()


@in_the_soak
@LANGUAGES
def test_a_forged_paper_of_two_strangers_is_found_and_shown_with_its_pages(walk, late, tmp_path, language):
    cases, collector = late(2), staff(language, "collector", "collector")
    officer = staff(language, "compliance", "officer")
    paper = tmp_path / "unemployment.pdf"
    paper.write_bytes(typst.compile(b"= Certificate of unemployment", format="pdf"))
    day = (business_date(timezone.now()) - timedelta(days=2)).isoformat()
    user = collector
    for case in cases:
        walk(case, user)
        page = walk(f"/cases/{case.case_no}/means")
        user = None
        page.locator("summary").click()
        page.locator("#p-kind").select_option("unemployment")
        page.locator("#p-day").fill(day)
        page.locator("#p-file").set_input_files(paper)
        page.locator("#p-day").press("Enter")
        expect(page.locator("tbody tr")).to_have_count(1)
    aside(lambda: look_through(now=timezone.now()))
    page = walk("/clusters", officer)
    expect(page.locator("a[href^='/clusters/K-']")).to_have_count(1)
    page = walk(f"/clusters/{Cluster.objects.get().number}")
    for case in cases:
        expect(page.locator("body")).to_contain_text(case.case_no)
    page = walk(f"/cases/{cases[0].case_no}/means", look=False)
    page.locator("select[name=verdict]").select_option("release:released")
    page.locator("[name=detail]").fill("隔离机查看")
    page.locator("[name=detail]").press("Enter")
    picture = page.locator(".pages img")
    expect(picture).to_be_visible(timeout=60_000)
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("img => img.naturalWidth") > 100
    walk(f"/cases/{cases[0].case_no}/means")


@LANGUAGES
def test_the_bar_of_who_may_much_leaves_the_search_its_room(site, walk, language):
    for role, address, pages in (
        ("team_leader", "/team", ["/team", "/team/board", "/results", "/campaigns", "/team/sources", "/team/macros"]),
        ("compliance", "/rules", None),
    ):
        page = walk(address, staff(language, role, role))
        page.set_viewport_size({"width": 1440, "height": 900})
        assert page.locator(".find").bounding_box()["width"] > 190
        beside = page.locator("#strips nav a")
        shown = [one.get_attribute("href") for one in beside.all()]
        assert shown == pages if pages else address in shown
        expect(page.locator("#strips nav a[aria-current]")).to_have_attribute("href", address)
