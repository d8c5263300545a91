"""`python -m tests.browser`: the path of the Chromium the tests use, or one line saying what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def _runs(path: str) -> bool:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _on_path() -> str:
    return next((found for name in NAMES if (found := shutil.which(name)) and _runs(found)), "")


def _playwrights_own() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() and _runs(path) else ""


def _run(*command: str) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def find() -> str:
    """The variable CHROMIUM, chromium on PATH, Playwright's own, its installation, then apt as root."""
    named = os.environ.get("CHROMIUM", "")
    if named:
        return named if _runs(named) else ""
    found = _on_path() or _playwrights_own()
    if not found:
        _run(sys.executable, "-m", "playwright", "install", "chromium")
        found = _playwrights_own()
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        _run("apt-get", "update", "-qq")
        _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
        found = _on_path()
    return found


def main() -> None:
    found = find()
    if not found:
        sys.exit(
            "make test: no Chromium that runs was found: install it (Debian: apt install chromium) or set CHROMIUM."
        )
    if (
        not shutil.which("fc-list")
        or not subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True).stdout.strip()
    ):
        sys.exit(
            "make test: no font with Chinese characters was found: install one (Debian: apt install fonts-noto-cjk)."
        )
    print(found)


if __name__ == "__main__":
    main()
