"""`python -m tests.pictures URL PASSWORD OWN KNOWN`: the pictures of README and docs, taken anew from a demo that runs.

What it is told `make demo` prints: its address, the password, the link to a cardholder's own page and what is asked there. A
collector of each language takes the next case, calls (so it has to be between 8 and 22 in China), and begins to write a
promise down; a manager looks at the book, a cardholder at what he owes. The calls stay as they are: what came of them is for
whoever sits at the demo.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import find

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SIZE = {"width": 1440, "height": 900}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "color_scheme": "light",
}
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


def own(browser: Browser, link: str, known: str) -> None:
    """What he owes, on a telephone, in Chinese, then in English."""
    page = browser.new_context(**PHONE).new_page()
    page.goto(link)
    page.locator("main form button").click()
    page.fill("#known", known)
    page.keyboard.press("Enter")
    page.locator("p.now").first.wait_for()
    for language, suffix, _ in LANGUAGES:
        page.context.add_cookies([{"name": "language", "value": language, "url": page.url}])
        page.goto(page.url)
        page.locator("p.now").first.wait_for()
        page.screenshot(path=FOLDER / f"own{suffix}.png")


def main() -> None:
    url, password, link, known = sys.argv[1].rstrip("/"), *sys.argv[2:]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find() or None, args=["--no-sandbox", "--disable-gpu"])
        for language, suffix, collector in LANGUAGES:
            for name, user, show in (("desk", collector, desk), ("portfolio", "manager", portfolio)):
                page = signed_in(browser, url, user, password, language)
                show(page, url)
                page.screenshot(path=FOLDER / f"{name}{suffix}.png")
                page.context.close()
        own(browser, link, known)


if __name__ == "__main__":
    main()
