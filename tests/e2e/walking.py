"""Where a walk of issue and answer begins: cases that a night has made, and the list on which they stand."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page

from dunwell.casework.models import Case
from dunwell.kernel.actor import Actor
from dunwell.kernel.times import business_date
from dunwell.nightly import services as nightly
from dunwell.strategy import services as strategy
from tests import build, nights
from tests.e2e.test_desk_browser import open_zone
from tests.e2e.test_law_browser import aside

BY = Actor.program("test")


def of_the_night(settings, tmp_path, people: int = 1, **fields: object) -> list[Case]:
    """The cases of so many people who are late, each with a telephone and an address, as last night made them."""
    settings.LAKE = tmp_path / "lake"

    def run() -> list[Case]:
        now = timezone.now()
        day = business_date(now) - timedelta(days=1)
        for number in range(people):
            party = build.party(f"P{number}", timezone=open_zone(), **fields)
            build.contact_point(party=party)
            build.contact_point(party=party, kind="address", value=f"北京市朝阳区建国路{88 + number}号", label="post")
        strategy.approve(text=strategy.shipped(), by=BY, now=now - timedelta(days=2))
        since = day - timedelta(days=40)
        positions = [
            nights.position(f"A{number}", f"P{number}", past_due="1500.00", since=since) for number in range(people)
        ]
        nights.taken("accounts", day, positions)
        nightly.run(business_date=day, now=now, by=BY)
        return list(Case.objects.select_related("party").order_by("pk"))

    return aside(run)


def from_the_list(page: Page, url: str, case: Case) -> None:
    """Open a case from the night's list."""
    page.goto(f"{url}/lists")
    page.get_by_role("link", name=case.case_no).click()
    page.wait_for_url(f"**/cases/{case.case_no}")
