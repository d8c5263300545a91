"""`python -m tests.pictures URL PASSWORD`: the pictures of the README, taken anew from a demo that runs (`make demo`).

A collector of each language takes the next case, calls, and begins to write a promise down; a manager looks at the
book. The calls stay as they are: what came of them is for whoever sits at the demo.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import find

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SIZE = {"width": 1440, "height": 900}
LANGUAGES = (("zh-hans", "", "collector1"), ("en", "-en", "collector2"))


def signed_in(browser: Browser, url: str, name: str, password: str, language: str) -> Page:
    """A page of somebody of the demo, in a language, light."""
    page = browser.new_context(viewport=SIZE, color_scheme="light").new_page()
    page.goto(f"{url}/login")
    page.fill("#username", name)
    page.fill("#password", password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/login" not in address)
    other = page.locator(f".lang button[value={language}][aria-pressed=false]")
    if other.count():
        other.click()
    page.locator(f".lang button[value={language}][aria-pressed=true]").wait_for()
    return page


def desk(page: Page, url: str) -> None:
    """A call under way whose outcome is a promise."""
    page.goto(f"{url}/desk")
    page.keyboard.press("n")
    page.wait_for_url("**/cases/*")
    page.keyboard.press("d")
    page.locator("#work-form").wait_for()
    page.locator("[data-question]").first.wait_for()
    page.keyboard.press("p")
    page.locator(".cal button").nth(3).click()
    page.locator("#right").evaluate("part => { part.scrollTop = 0; }")


def portfolio(page: Page, url: str) -> None:
    page.goto(f"{url}/portfolio")
    page.locator(".heat").wait_for()


def main() -> None:
    url, password = sys.argv[1].rstrip("/"), sys.argv[2]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find() or None, args=["--no-sandbox", "--disable-gpu"])
        for language, suffix, collector in LANGUAGES:
            for name, user, show in (("desk", collector, desk), ("portfolio", "manager", portfolio)):
                page = signed_in(browser, url, user, password, language)
                show(page, url)
                page.screenshot(path=FOLDER / f"{name}{suffix}.png")
                page.context.close()


if __name__ == "__main__":
    main()
