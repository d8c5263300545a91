"""Calls in a browser: a robot's result pulled in, a real telephone's call on the panel, and axe on the lists of the law."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from dunwell.casework import services as casework
from dunwell.casework.models import Case
from dunwell.casework.services.campaigns import take_over
from dunwell.channels.lines import diallers, lines
from dunwell.channels.models import CampaignEntry
from dunwell.channels.services import campaigns
from dunwell.channels.services.phone_line import PhoneLine
from dunwell.compliance.models import Contact
from dunwell.evidence import services as evidence
from dunwell.legal import services as legal
from tests import build, telephone
from tests.e2e.test_desk_browser import open_zone, sign_in
from tests.e2e.test_law_browser import aside, clock  # noqa: F401  (a fixture)
from tests.integration.test_channels_campaigns import connect
from tests.integration.test_desk_telephone import NUMBER
from tests.integration.test_desk_telephone import connect as connect_telephone
from tests.integration.test_retention import party  # noqa: F401  (a fixture)
from tests.sizes import some

RECORDS = (
    "reference,call_id,started_at,answered_at,ended_at,outcome,identified,intent,hand_over,transcript\n"
    "{reference},r1,2026-11-24T10:05:00,2026-11-24T10:05:06,2026-11-24T10:06:10,PTP,yes,pays_friday,yes,"
    "机器人：您好。客户：周五还。\n"
)


def test_a_robots_result_is_pulled_in_and_goes_to_a_person(site, page: Page, clock, settings, tmp_path):  # noqa: F811
    _party, _point, case = build.debtor()
    connect(settings, tmp_path)
    sign_in(page, site.url, build.user("team_leader", username="leader", language="en").username)
    page.goto(f"{site.url}/campaigns")
    page.fill("#title", "M2 by robot")
    page.select_option("#line", "robot")
    page.get_by_role("button", name="Give out").click()
    expect(page.locator("h1")).to_have_text("M2 by robot")
    entry = CampaignEntry.objects.get()
    clock(10, 5)
    aside(dialled_by(entry))
    clock(10, 10)
    told = RECORDS.format(reference=entry.reference).encode()
    page.set_input_files("#file", {"name": "robot.csv", "mimeType": "text/csv", "buffer": told})
    page.get_by_role("button", name="Take them in").click()
    expect(page.locator("main")).to_contain_text("right party spoke")
    assert Contact.objects.get().channel == "ai_call"
    page.goto(f"{site.url}/cases/{case.case_no}")
    for said in ("pays_friday", "客户：周五还"):
        expect(page.locator("#timeline")).to_contain_text(said)
    aside(lambda: take_over(now=timezone.now()))
    assert Case.objects.get().reminders.get().reason == "robot: pays_friday"


def dialled_by(entry: CampaignEntry):
    """The robot asks for its dial."""

    def dial() -> None:
        line = next(line for line in diallers() if line.code == "robot")
        answer = campaigns.dial(
            campaign_id=entry.campaign_id, line=line, reference=entry.reference, call_id="r1", now=timezone.now()
        )
        assert answer.contact is not None

    return dial


@contextlib.contextmanager
def keeper() -> Iterator[None]:
    """The process that keeps the telephones' line, in a thread of its own."""
    kept: list[PhoneLine] = []
    loop = asyncio.new_event_loop()

    async def keep() -> None:
        kept.append(PhoneLine(lines()[0], lambda: datetime.now(UTC)))
        await kept[0].run()

    thread = threading.Thread(target=lambda: loop.run_until_complete(keep()))
    thread.start()
    try:
        yield
    finally:
        while not kept and thread.is_alive():
            time.sleep(0.01)
        loop.call_soon_threadsafe(kept[0].stopping.set)
        thread.join(60)
        assert not thread.is_alive()


def test_a_call_by_the_collectors_telephone_is_seen_on_the_panel_and_its_end_proposed(
    site, page: Page, settings, tmp_path
):
    person, _, case = build.debtor(timezone=open_zone())
    point = build.contact_point(party=person, value=NUMBER)
    user = build.user(username="collector", language="en")
    type(user).objects.filter(pk=user.pk).update(staff_no="S00001")
    casework.hold(case_id=case.pk, user=user, now=timezone.now())
    sip = telephone.free_port(socket.SOCK_DGRAM)
    with telephone.seat(tmp_path) as (control, _):
        connect_telephone(settings, tmp_path, control, sip)
        sign_in(page, site.url, user.username)
        page.goto(f"{site.url}/cases/{case.case_no}")
        with telephone.debtor("busy", sip), keeper():
            page.locator(f".point:has(#point-{point.pk}) .btn.live").click()
            panel = page.locator("#telephone")
            expect(panel).to_have_attribute("data-propose", "busy")
    expect(panel).to_contain_text("486")
    assert NUMBER not in page.content()  # the collector never sees it
    expect(page.locator("input[name=code][value=busy]")).to_be_checked()
    found = Axe().run(page).response["violations"]
    assert found == [], [(one["id"], one["nodes"][0]["html"][:120]) for one in found]
    page.get_by_role("button", name="Save and next").click()
    page.wait_for_url(lambda address: f"/cases/{case.case_no}" not in address)
    assert Contact.objects.get().outcomes.get().outcome == "busy"


def test_records_are_destroyed_by_two_persons_with_keys_alone(site, page: Page, party):  # noqa: F811
    sign_in(page, site.url, build.user("legal", username="lawyer", language="en").username)
    page.goto(f"{site.url}/evidence/retention")
    page.locator("#propose_reason").focus()
    page.keyboard.type("their period has ended")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Somebody else has to approve it.")
    page.context.clear_cookies()
    sign_in(page, site.url, build.user("compliance", username="officer", language="en").username)
    page.goto(f"{site.url}/evidence/retention")
    page.get_by_role("button", name="Approve").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("being carried out")
    aside(lambda: legal.destroy_due(now=timezone.now()))
    page.reload()
    with page.expect_download() as handed:
        page.get_by_role("link", name="No. 1 (PDF)").focus()
        page.keyboard.press("Enter")
    assert handed.value.suggested_filename == "destruction-1.pdf"
    assert aside(lambda: evidence.verify().changed) == []


@pytest.mark.parametrize(("language", "theme"), some([("zh-hans", "light")], [("en", "dark")]))
def test_axe_finds_nothing_on_the_lists_of_the_law(site, page: Page, language, theme):
    person, _point, case = build.debtor()
    account = person.accounts.get()
    build.account_state(
        account=build.account(party=person), past_due="77.00"
    )  # a second one: a dial is about one of them
    found: dict[str, list[str]] = {}
    for role, addresses in (
        ("compliance", (
            "/outbox/texts", "/rules", "/rules/packs", "/rules/lists", "/rules/registers", "/rules/parameters",
            "/rules/decisions", "/rules/reviews", f"/rules/people/{person.pk}", "/legal", f"/legal/accounts/{account.account_no}",
            "/legal/papers", "/evidence/retention", f"/people/{person.party_no}",
        )),
        ("team_leader", ("/campaigns", "/campaigns/numbers", "/recordings/missing", "/outbox/lines")),
        ("collector", (f"/cases/{case.case_no}",)),
    ):  # fmt: skip
        page.context.clear_cookies()
        user = build.user(role, username=role, language=language, theme=theme)
        if role == "collector":
            casework.hold(case_id=case.pk, user=user, now=timezone.now())
        sign_in(page, site.url, user.username)
        for address in addresses:
            page.goto(site.url + address)
            said = Axe().run(page).response["violations"]
            if said:
                found[address] = [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in said]
    assert not found
