"""An SMS to a real SMPP server in the browser: its receipt, its cost, the reply; one in doubt, resolved by an operator."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from dunwell.channels.models import Inbound, Message
from dunwell.portfolio import services as portfolio
from tests import build
from tests.e2e.test_desk_browser import sign_in
from tests.integration.test_channels_smpp import connected, kept, queue, states, until  # noqa: F401  (a fixture)
from tests.peers import SmsCentre


@pytest.fixture
def leader(site, page: Page):
    """A team leader, signed in; whatever the browser complains about fails the test."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    sign_in(page, site.url, build.user("team_leader", username="leader", language="en", theme="light").username)
    yield page
    assert not complaints


def test_an_sms_its_receipt_its_cost_and_the_answer(leader: Page, site, connected):  # noqa: F811
    with SmsCentre(receipts="DELIVRD") as centre:
        connected(centre)
        (message,) = queue()
        number = portfolio.open_text(party_id=message.party_id, sealed=bytes(message.contact_point.value_sealed))
        with kept():
            until(lambda: states() == ["delivered"])
            text = {"source_addr": number, "destination_addr": "1", "short_message": "周五还款", "data_coding": 8}
            centre.tell(do="deliver", id=1, fields=text)
            until(Inbound.objects.exists)
    message.refresh_from_db()
    leader.goto(f"{site.url}/outbox")
    expect(leader.locator("tbody tr").first).to_contain_text("delivered")
    expect(leader.locator("tbody tr").first).to_contain_text(f"CNY {message.cost}")
    leader.locator("tbody tr a").first.click()
    expect(leader.locator("main")).to_contain_text("DELIVRD")
    expect(leader.locator("main")).to_contain_text("part 1 taken by the provider")
    leader.goto(f"{site.url}/cases/{message.case_no}")
    expect(leader.locator("main")).to_contain_text("周五还款")
    leader.goto(f"{site.url}/outbox/lines")
    expect(leader.locator("main")).to_contain_text("sms-main")


def test_a_doubt_is_resolved_by_the_providers_record_and_nothing_is_sent_again(leader: Page, site, connected):  # noqa: F811
    with SmsCentre(answer="die") as centre:
        connected(centre)
        (message,) = queue()
        with kept():
            until(lambda: states() == ["in_doubt"])
    leader.goto(f"{site.url}/outbox/{message.pk}")
    leader.select_option("#verdict", "left")
    leader.fill("#reason", "provider's record 2026-11-24, line 7")
    leader.get_by_role("button", name="Write down").click()
    expect(leader.locator("main")).to_contain_text("left: provider's record 2026-11-24, line 7")
    assert Message.objects.get().state == "sent"
    expect(leader.locator("#verdict")).to_have_count(0)


@pytest.mark.parametrize(("language", "theme"), [("zh-hans", "light"), ("en", "dark")])
def test_axe_finds_nothing_on_the_pages_of_messages(site, page: Page, connected, language, theme):  # noqa: F811
    with SmsCentre(answer="die") as centre:
        connected(centre)
        (message,) = queue()
        with kept():
            until(lambda: states() == ["in_doubt"])
    sign_in(page, site.url, build.user("team_leader", username="leader", language=language, theme=theme).username)
    for path in ("/outbox", f"/outbox/{message.pk}", "/outbox/lines"):
        page.goto(f"{site.url}{path}")
        found = Axe().run(page).response["violations"]
        assert found == [], [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found]
