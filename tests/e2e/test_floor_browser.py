"""How those who work cases work together, in a real browser and both languages."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from dunwell.casework import services as casework
from dunwell.casework.models import Absence, Trace
from dunwell.kernel.times import business_date
from dunwell.portfolio.models import AccountRole
from tests import build
from tests.e2e.test_desk_browser import identify, open_zone, sign_in
from tests.e2e.walking import of_the_night
from tests.integration.test_desk_calls import lose
from tests.sizes import some


def looked_at(page: Page, name: str) -> None:
    """A picture for whoever wants to look: DUNWELL_PICTURES names the folder."""
    if folder := os.environ.get("DUNWELL_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png")


def sign_out(page: Page) -> None:
    page.locator("form[action='/logout'] button").click()
    page.wait_for_url("**/login**")


@pytest.mark.parametrize(("language", "theme"), some([("en", "light")], [("zh-hans", "dark")]))
def test_a_team_leader_covers_an_absence(site, page: Page, settings, tmp_path, language: str, theme: str):
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    shown = {"language": language, "theme": theme}
    leader, absent = build.user("team_leader", **shown), build.user(**shown)
    cover = build.user(**shown)
    [case] = of_the_night(settings, tmp_path)
    now = timezone.now()
    casework.hand_out(cases=[case.pk], owners=[absent.pk], by=leader.actor, now=now, key="h")
    sign_in(page, site.url, leader.username)
    page.goto(f"{site.url}/lists")
    expect(page.get_by_role("row", name=case.case_no)).to_contain_text(absent.name(language))
    page.goto(f"{site.url}/team")
    page.locator("th a", has_text=absent.name(language)).click()
    page.fill("#ends_on", (business_date(now) + timedelta(days=2)).isoformat())
    page.locator("label", has_text=cover.staff_no).locator("input").check()
    looked_at(page, f"member-{language}")
    page.locator("form[hx-post$='/away'] .btn.main").click()
    expect(page.locator("form[hx-post$='/back']")).to_be_visible()
    assert Absence.objects.get().cover_id == cover.pk
    page.goto(f"{site.url}/team")
    expect(page.locator(".tag.warn")).to_have_count(1)
    looked_at(page, f"team-{language}")
    sign_out(page)
    sign_in(page, site.url, cover.username)
    expect(page.locator(".strip.hold", has_text=absent.name(language))).to_be_visible()
    looked_at(page, f"day-{language}")
    page.keyboard.press("n")
    page.wait_for_url(f"**/cases/{case.case_no}")
    expect(page.locator("#points .btn.live").first).to_be_visible()
    assert not complaints


@pytest.mark.parametrize(("language", "theme"), some([("en", "light")], [("zh-hans", "dark")]))
def test_the_script_follows_the_call_and_help_comes_from_the_board(site, page: Page, language: str, theme: str):
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    shown = {"language": language, "theme": theme}
    leader, collector = build.user("team_leader", **shown), build.user(**shown)
    person, _point, case = build.debtor(timezone=open_zone())
    build.identity(party=person)
    sign_in(page, site.url, collector.username)
    page.keyboard.press("n")
    page.wait_for_url("**/cases/*")
    page.keyboard.press("d")
    expect(page.locator("#work-form .number")).to_be_visible()
    assert page.locator("[data-step-words]").count() == 0
    identify(page)
    expect(page.locator("[data-step-words=purpose]")).to_contain_text("1,500.00")
    page.locator("h2").first.click()
    page.keyboard.press("2")
    expect(page.locator("[data-said=ask_plan]")).to_be_visible()
    looked_at(page, f"script-{language}")
    page.locator("h2").first.click()
    page.keyboard.press("/")
    page.fill("#knowledge-dialog input", "70")
    expect(page.locator("#knowledge-dialog .found section").first).to_be_visible()
    looked_at(page, f"law-{language}")
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    looked_at(page, f"why-{language}")
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    expect(page.locator("#help-words")).to_be_focused()
    page.fill("#help-words", "He asks for a lawyer")
    page.keyboard.press("Control+Enter")
    expect(page.locator("form[hx-post$='/help/withdraw']")).to_be_visible()
    sign_out(page)
    sign_in(page, site.url, leader.username)
    page.goto(f"{site.url}/team/board")
    looked_at(page, f"board-{language}")
    page.locator("button[value=took_over]").click()
    page.wait_for_url(f"**/cases/{case.case_no}")
    case.refresh_from_db()
    assert case.held_by_id == leader.pk
    assert not complaints


@pytest.mark.parametrize(("language", "theme"), some([("zh-hans", "light")], [("en", "dark")]))
def test_lost_contact_is_found_again_by_a_declared_contact(
    site, page: Page, settings, tmp_path, language: str, theme: str
):
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    zone, shown = open_zone(), {"language": language, "theme": theme}
    [case] = of_the_night(settings, tmp_path)
    person = case.party
    friend = build.party(timezone=zone, name_masked="王*")
    account = person.accounts.get().account_no
    AccountRole.objects.create(account_no=account, party=friend, role="declared_contact", relation="friend")
    build.contact_point(party=friend, source="declared_contact")
    lose(case)
    sign_in(page, site.url, build.user(**shown).username)
    page.keyboard.press("n")
    page.wait_for_url("**/cases/*")
    looked_at(page, f"lost-{language}")
    page.locator("#points .point", has_text="王*").locator(".btn.live").click()  # out of contact: he may be asked
    expect(page.locator("#work-form .number")).to_be_visible()
    page.keyboard.press("2")
    page.fill("#note", "He moved to his sister and has a new number")
    page.locator("h2").first.click()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/desk**")
    page.goto(f"{site.url}/cases/{case.case_no}/trace")
    page.select_option("#step", "declared_contact")
    page.select_option("#result", "found")
    page.fill("#value", "19000008888")
    page.locator("form[hx-post$='/tried'] .btn.main").click()
    expect(page.locator("td", has_text="190****8888").first).to_be_visible()
    looked_at(page, f"trace-{language}")
    found = Trace.objects.get().contact_point
    assert (found.party_id, found.source, found.status) == (person.pk, "declared_contact", "valid")
    page.goto(f"{site.url}/cases/{case.case_no}")
    expect(page.locator("#points", has_text="190****8888")).to_be_visible()
    assert not complaints
