"""A lost job in the browser: from the night's list to a personalised plan, the host's word, three months, one missed, the
certificate. The pages are walked, the months are nights."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import typst
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone, translation
from django.utils.translation import gettext, pgettext
from playwright.sync_api import Page, expect

from dunwell.arrangements import services
from dunwell.arrangements.models import Arrangement, Certificate
from dunwell.casework.models import Case
from dunwell.compliance.models import Hold
from dunwell.identity.models import Role
from dunwell.nightly.services import reassess
from dunwell.portfolio import services as portfolio
from dunwell.portfolio.models import PartyIdentity
from dunwell.strategy import services as strategy
from tests import build, plans
from tests.e2e.test_desk_browser import sign_in
from tests.e2e.test_law_browser import aside
from tests.e2e.walking import from_the_list
from tests.sizes import some

D = date(2026, 11, 20)
LATE_SINCE = date(2026, 10, 5)


@pytest.fixture
def clock(monkeypatch):
    """The clock of the server, set to noon of a day; it goes on from there."""
    begun, moment = datetime.now(UTC), [plans.noon(D)]
    monkeypatch.setattr(timezone, "now", lambda: moment[0] + (datetime.now(UTC) - begun))

    def turn(day: date) -> None:
        moment[0] = plans.noon(day) - (datetime.now(UTC) - begun)

    return turn


def signed_in(page: Page, url: str, username: str) -> None:
    page.context.clear_cookies()
    sign_in(page, url, username)


def accessible(page: Page) -> None:
    found = Axe().run(page)
    serious = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
    assert serious == [], serious


def words_in(language: str) -> Callable[..., str]:
    """What the pages say in a language, by the English text and its context."""

    def said(text: str, context: str = "") -> str:
        with translation.override(language):
            return pgettext(context, text) if context else gettext(text)

    return said


@pytest.mark.parametrize("language", some(["zh-hans"], ["en"]))
def test_a_lost_job_becomes_a_plan_that_is_performed_and_certified(
    site, page: Page, clock, settings, tmp_path: Path, language: str
):
    settings.LAKE, said = tmp_path / "lake", words_in(language)
    paper, proof = tmp_path / "signed.pdf", tmp_path / "unemployment.pdf"
    paper.write_bytes(b"%PDF-1.7 signed by the cardholder")
    proof.write_bytes(typst.compile(b"= Certificate of unemployment", format="pdf"))

    def begin() -> Case:
        party = build.party("P1")
        name, number = (portfolio.seal_text(party_id=party.pk, text=text) for text in ("李雷", "990000199001011234"))
        PartyIdentity.objects.create(party=party, name_sealed=name, id_sealed=number, id_kind="resident_id", digest=b"")
        build.contact_point(party=party)
        build.user(username="collector", language=language, theme="light")
        build.user(Role.TEAM_LEADER, username="leader", language="en", theme="dark")
        strategy.approve(text=strategy.shipped(), by=plans.BY, now=plans.noon(D))
        plans.night(D, balance="12000.00", past_due="1500.00", since=LATE_SINCE)
        return Case.objects.get()

    case = aside(begin)
    address = f"{site.url}/cases/{case.case_no}"
    signed_in(page, site.url, "collector")
    from_the_list(page, site.url, case)
    page.goto(f"{address}/means")
    page.locator("summary").click()
    page.locator("#p-kind").select_option("unemployment")
    page.locator("#p-day").fill((D - timedelta(days=3)).isoformat())
    page.locator("#p-file").set_input_files(proof)
    page.locator("#p-day").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.goto(address)
    page.keyboard.press("k")
    page.wait_for_url("**/arrangement")
    expect(page.get_by_role("heading", name=said("Offers side by side"))).to_be_visible()
    page.get_by_label(said("Left to him a month"), exact=True).fill("700")
    page.locator("input[name=circumstances]").check()
    page.locator("input[name=willing]").check()
    page.locator("#heard").fill("失业")
    page.locator("#asked").fill("停息挂账")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".strip.hold")).to_contain_text(said("Art %(n)s", "of a law") % {"n": "70"})
    accessible(page)
    page.get_by_role("columnheader", name=said("Personalised plan (Art 70)", "product")).wait_for()
    page.locator("form:has(input[name=code][value=personalised_plan]) button").first.click()
    expect(page.locator(".strip.good")).to_contain_text(
        said("Proposed. It waits for approval; nothing is promised to the cardholder yet.")
    )

    signed_in(page, site.url, "leader")
    page.goto(f"{site.url}/arrangements")
    accessible(page)
    page.get_by_role("link", name="Personalised plan (Art 70)").click()
    page.get_by_role("button", name="Approve", exact=True).first.click()
    expect(page.locator(".plan .tag")).to_contain_text("Approved")
    accessible(page)

    signed_in(page, site.url, "collector")
    page.goto(f"{address}/arrangement")
    page.locator("select[name=form]").select_option("signature")
    page.locator("input[type=file]").set_input_files(paper)
    page.locator("input[name=disclosed]").check()
    page.locator("form[action$='/agree'] button").click()
    expect(page.locator(".plan .tag")).to_contain_text(said("Agreed, with the host", "standing of a plan"))
    with page.expect_download() as loaded:
        page.get_by_role("link", name=said("Agreement (PDF)")).click()
    assert Path(loaded.value.path()).read_bytes().startswith(b"%PDF")

    def months() -> date:
        plans.host_answers(tmp_path / "host", day=D)
        plan = Arrangement.objects.get()
        reassess(now=plans.noon(D), party_ids=[plan.party_id])
        dues = list(plan.instalments.values_list("due_date", flat=True).order_by("position"))
        for nr, due in enumerate(dues[:3], start=1):
            plans.pay("500.00", due)
            plans.night(due + timedelta(1), balance=f"{12000 - 500 * nr}.00")
        plans.night(dues[3] + timedelta(1), balance="10500.00")
        return dues[3]

    (tmp_path / "host").mkdir()
    missed = aside(months)
    clock(missed + timedelta(1))
    signed_in(page, site.url, "collector")  # a session lasts 12 hours
    page.goto(f"{address}/arrangement")
    expect(page.locator(".plan .tag")).to_contain_text(said("Instalment missed", "standing of a plan"))
    expect(page.locator(".plan td.ok", has_text=said("paid", "instalment"))).to_have_count(3)

    def cured() -> None:
        plans.pay("500.00", missed + timedelta(2))
        reassess(now=plans.noon(missed + timedelta(2)), party_ids=[Arrangement.objects.get().party_id])

    aside(cured)
    page.reload()
    expect(page.locator(".plan .tag")).to_contain_text(said("In force", "standing of a plan"))

    def ended() -> None:
        plans.pay("10000.00", missed + timedelta(20))
        plans.night(missed + timedelta(21), balance="0.00")

    aside(ended)
    clock(missed + timedelta(21))
    signed_in(page, site.url, "collector")
    page.goto(f"{address}/arrangement")
    expect(page.locator(".plan .tag")).to_contain_text(said("Performed", "standing of a plan"))
    assert not aside(lambda: Hold.objects.filter(kind="art70", lift=None).exists())
    page.locator("form[action$='/certificate'] input[name=reason]").fill("客户申请")
    page.locator("form[action$='/certificate'] button").click()
    expect(page.get_by_text(said("the host has not confirmed yet"))).to_be_visible()

    def confirmed() -> str:
        plans.host_answers(tmp_path / "host", day=missed + timedelta(21))
        services.issue_certificates(now=plans.noon(missed + timedelta(21)))
        return Certificate.objects.get().token

    token = aside(confirmed)
    page.reload()
    expect(page.get_by_text("JQ-2027-")).to_be_visible()
    page.context.clear_cookies()
    page.goto(f"{site.url}/verify/{token}")
    expect(page.get_by_text("真实有效")).to_be_visible()
    expect(page.get_by_text("JQ-2027-")).to_be_visible()
