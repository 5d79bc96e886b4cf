"""The page as somebody sees it who looks at it in a browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeVar

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.wait import WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Callable

    from selenium.webdriver import Chrome

SECONDS: Final = 30

T = TypeVar("T")

_ROWS: Final = """
const rows = [...document.querySelectorAll(`#${arguments[0]} tbody tr`)];
return rows.map((row) => [...row.children].map((cell) => cell.textContent));
"""
_TOTALS: Final = """
return Object.fromEntries([...document.querySelectorAll("#totals > div")].map(
  (group) => [group.querySelector("dt").textContent, group.querySelector(".value").textContent]));
"""
_NODES: Final = """
return Object.fromEntries([...document.querySelectorAll("#flow .column")].map((column) =>
  [column.dataset.column,
   [...column.querySelectorAll(".node .name")].map((name) => name.textContent)]));
"""
_FOCUSED: Final = """
const one = document.activeElement;
const name = one.getAttribute("aria-label") ?? one.textContent.trim().slice(0, 30);
const group = one.getAttribute("role") === "group";
const label = group && document.getElementById(one.getAttribute("aria-labelledby")).textContent;
return [one.tagName.toLowerCase(), group ? label : name];
"""


class Page:
    """One window; what is not there yet is waited for."""

    def __init__(self, browser: Chrome) -> None:
        self.browser = browser

    def open(self, url: str) -> None:
        self.browser.get(url)
        self.wait_for_status("Live")

    def run(self, script: str, *arguments: object) -> Any:
        return self.browser.execute_script(script, *arguments)

    def until(self, look: Callable[[], T]) -> T:
        return WebDriverWait(self.browser, SECONDS, 0.05).until(lambda _: look())

    def status(self) -> str:
        return str(self.run('return document.getElementById("status").textContent'))

    def wait_for_status(self, status: str) -> None:
        self.until(lambda: self.status() == status)

    def rows(self, table: str) -> list[list[str]]:
        """What the cells of `topics`, `destinations`, `clients` or `messages` say."""
        rows: list[list[str]] = self.run(_ROWS, table)
        return rows

    def wait_for_rows(self, table: str, expected: list[list[str]]) -> None:
        """Of each row the first cells, as many as are expected."""

        def look() -> bool:
            shown = self.rows(table)
            if len(shown) != len(expected):
                return False
            return all(
                row[: len(cells)] == cells for row, cells in zip(shown, expected, strict=True)
            )

        try:
            self.until(look)
        except Exception as error:
            message = f"{table}: {self.rows(table)} instead of {expected}"
            raise AssertionError(message) from error

    def totals(self) -> dict[str, str]:
        totals: dict[str, str] = self.run(_TOTALS)
        return totals

    def nodes(self) -> dict[str, list[str]]:
        """The names in each column of the picture."""
        nodes: dict[str, list[str]] = self.run(_NODES)
        return nodes

    def press(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.browser).send_keys(key).perform()

    def focused(self) -> tuple[str, str]:
        """The element that the keyboard acts on, and its name."""
        element, name = self.run(_FOCUSED)
        return element, name

    def requested(self) -> list[str]:
        """The addresses that the window has asked for since the last time."""
        entries: list[dict[str, str]] = self.browser.get_log("performance")  # type: ignore[no-untyped-call]
        messages = [json.loads(entry["message"])["message"] for entry in entries]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def complaints(self) -> list[str]:
        """What the browser has written to its console since the last time."""
        entries: list[dict[str, str]] = self.browser.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries]
