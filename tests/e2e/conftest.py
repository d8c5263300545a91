"""A real Chromium, found where it is: CHROMIUM, the PATH, or Playwright's own. Homes of `dunwell` for its processes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests import running

#: A busy machine takes its time: what is waited for comes, or the test fails after a minute.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    path = {"executable_path": found} if found else {}
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    return {
        **browser_type_launch_args,
        **path,
        "timeout": 2 * PATIENCE,
        "args": [*flags, "--disable-component-update", "--disable-sync"],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1440, "height": 900}, "locale": "zh-CN"}


@pytest.fixture
def context(context: BrowserContext) -> BrowserContext:
    context.set_default_timeout(PATIENCE)
    return context


@pytest.fixture(scope="session")
def migrated() -> Path:
    """A home whose database has its tables, stopped: others are copied from it, which is quicker than a first start."""

    def migrate(home: Path) -> None:
        done = running.dunwell(home, "migrate")
        assert done.returncode == 0, done.stderr

    return running.made_once("migrated", migrate)


@pytest.fixture
def empty_home(tmp_path_factory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    yield folder
    running.remove(folder)


@pytest.fixture
def home(migrated: Path, empty_home: Path) -> Path:
    """A home of a test's own, as a first start leaves it."""
    running.copy(migrated, empty_home)
    return empty_home
