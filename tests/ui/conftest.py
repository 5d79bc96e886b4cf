"""A browser, a server with a page, and a window that shows it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from mqlight_devserver import DevServer

from .page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.exit(f"no {name} here: apt-get install chromium chromium-driver", 1)
    return found


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    options = Options()
    options.binary_location = program("chromium")
    for argument in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium has none for root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = Chrome(options, Service(program("chromedriver")))
    yield browser
    browser.quit()


@pytest.fixture
def served() -> Iterator[DevServer]:
    with DevServer(ui_port=0) as served:
        yield served


@pytest.fixture
def window(browser: Chrome) -> Iterator[Page]:
    """A page that has not been opened; in the end it must not have done what no page may do."""
    page = Page(browser)
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    page.requested()
    page.complaints()
    yield page
    browser.get("about:blank")


@pytest.fixture
def page(window: Page, served: DevServer) -> Iterator[Page]:
    """The server's page; it asks nobody else for anything, and the browser finds no fault."""
    window.open(served.ui_url)
    yield window
    assert window.complaints() == []
    requested = window.requested()
    assert requested
    assert {url for url in requested if not url.startswith(served.ui_url)} == set()
