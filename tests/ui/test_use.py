"""The page without a mouse, in a narrow window, in the dark, and without motion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.keys import Keys

from mqlight.blocking import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mqlight_devserver import DevServer

    from .page import Page

COLUMNS = {
    "topics": ["Topic", "Messages", "Size", "Rate"],
    "destinations": [
        "Topic pattern", "Share or client", "Consumers", "Waiting", "Unsettled", "Delivered",
        "Time to live",
    ],
    "clients": [
        "Client", "User", "Address", "Connected", "Sent", "Received", "Subscriptions",
    ],
}  # fmt: skip


@pytest.fixture
def traffic(served: DevServer) -> Iterator[None]:
    """Topics b, a and c with 3, 1 and 2 messages."""
    with Client(served.url, "sender") as sender, sender.subscribe("#"):
        for topic in "bcbabc":
            sender.send(topic, f"to {topic}", qos=1)
        yield


def test_the_keyboard_reaches_everything(page: Page) -> None:
    reached = []
    for _ in range(60):
        page.press(Keys.TAB)
        focused = page.focused()
        if focused in reached or focused[0] in {"body", "html"}:
            break
        reached.append(focused)
    expected = [("a", "Skip to the content"), ("button", "Pause"), ("div", "Flow")]
    for table, title, what in (
        ("topics", "Topics", "topics"),
        ("destinations", "Destinations", "destinations"),
        ("messages", "Last messages", "the last messages"),
        ("clients", "Clients", "clients"),
    ):
        expected += [("input", f"Filter {what}"), ("div", title)]
        expected += [("button", column) for column in COLUMNS.get(table, [])]
    assert reached == expected


def test_what_the_keyboard_acts_on_is_marked(page: Page) -> None:
    for _ in range(20):
        page.press(Keys.TAB)
        style = "const s = getComputedStyle(document.activeElement);"
        assert page.run(f"{style} return [s.outlineStyle, s.outlineWidth]") == ["solid", "2px"]


def test_the_skip_link_leads_past_the_header(page: Page) -> None:
    page.press(Keys.TAB, Keys.ENTER)
    page.until(lambda: page.run("return document.activeElement.id") == "main")
    page.press(Keys.TAB)
    assert page.focused() == ("div", "Flow")


def names(page: Page) -> list[str]:
    return [row[0] for row in page.rows("topics")]


@pytest.mark.usefixtures("traffic")
def test_tables_are_sorted_with_buttons(page: Page) -> None:
    page.until(lambda: names(page) == ["b", "c", "a"])
    heading = 'document.querySelector("#topics th:nth-child({}) button")'
    page.run(heading.format(1) + ".focus()")
    for order, expected in (("ascending", ["a", "b", "c"]), ("descending", ["c", "b", "a"])):
        page.press(Keys.ENTER)
        assert names(page) == expected
        state = page.run(f"return {heading.format(1)}.parentElement.getAttribute('aria-sort')")
        assert state == order
    page.run(heading.format(2) + ".click()")
    assert names(page) == ["b", "c", "a"]
    sorted_by = 'return [...document.querySelectorAll("#topics [aria-sort]")].length'
    assert page.run(sorted_by) == 1


@pytest.mark.usefixtures("traffic")
def test_what_is_focused_stays_so_while_the_page_changes(page: Page, served: DevServer) -> None:
    page.run('document.querySelector("#topics th button").focus()')
    with Client(served.url, "other") as other:
        other.send("new", "x", qos=1)
    page.until(lambda: "new" in names(page))
    assert page.focused() == ("button", "Topic")


@pytest.mark.usefixtures("traffic")
def test_tables_are_filtered_by_any_text(page: Page) -> None:
    page.until(lambda: len(page.rows("messages")) == 6)
    page.run('document.querySelector("#messages input").focus()')
    page.press("TO C")
    page.until(lambda: [row[3] for row in page.rows("messages")] == ["to c", "to c"])
    page.press("x")
    page.until(lambda: page.rows("messages") == [["Nothing fits the filter."]])
    page.press(Keys.ESCAPE)
    page.until(lambda: len(page.rows("messages")) == 6)


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("width", [320, 420, 700, 1000, 1440, 2560])
def test_no_window_is_too_narrow(page: Page, width: int) -> None:
    page.browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    page.until(lambda: len(page.rows("topics")) == 3)
    assert page.run("return document.documentElement.scrollWidth") <= width


@pytest.mark.usefixtures("traffic")
def test_nothing_moves_for_those_who_do_not_want_it(page: Page) -> None:
    count = 'return document.getAnimations().filter((one) => one.playState === "running").length'
    page.browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]},
    )
    page.until(lambda: all(page.nodes().values()))
    assert page.run(count) == 0


CONTRAST = """
const channel = (value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const colour = (text) => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255)
  + 0.0722 * channel(b / 255);
const behind = (one) => {
  for (; one !== null; one = one.parentElement) {
    const found = colour(getComputedStyle(one).backgroundColor);
    if (found.length === 3) return found;
  }
  return [255, 255, 255];
};
const poor = [];
for (const one of document.querySelectorAll("body *:not(script, svg, svg *, noscript)")) {
  if (![...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
  if (!one.checkVisibility()) continue;
  const [a, b] = [light(colour(getComputedStyle(one).color)), light(behind(one))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) poor.push([one.tagName, one.className, one.textContent, ratio]);
}
return poor;
"""


@pytest.mark.usefixtures("traffic")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_what_is_behind_it(page: Page, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    page.browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    page.until(lambda: all(page.nodes().values()))
    assert page.run(CONTRAST) == []
    background = page.run("return getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(245, 246, 248)", "dark": "rgb(14, 19, 24)"}[scheme]
