"""What clients send stays text, and looks like what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mqlight.blocking import Client
from mqlight_devserver import DevServer

if TYPE_CHECKING:
    from mqlight.typing import SecurityOptionsDict

    from .page import Page

ATTACKS = [
    '<img src=x onerror="window.hit = 1">',
    "<script>window.hit = 1</script>",
    '"><svg onload="window.hit = 1">',
    "javascript:window.hit=1",
    "</td></table><h1>fine</h1>",
    "{{7*7}}${window.hit=1}",
    "&lt;b&gt;",
]
ELEMENTS = """
return [document.querySelectorAll("main img, main script, main h1, main a, main iframe").length,
        window.hit ?? 0, document.title];
"""


@pytest.mark.parametrize("attack", ATTACKS)
def test_markup_is_shown_as_it_was_sent(page: Page, served: DevServer, attack: str) -> None:
    security: SecurityOptionsDict = {"user": attack, "password": "open sesame"}
    with (
        Client(served.url, "victim", security_options=security) as victim,
        victim.subscribe(attack, "".join(attack.split(":"))),
    ):
        victim.send(attack, attack, qos=1)
        page.until(lambda: page.rows("messages")[0][-1] == attack)
        assert page.rows("messages")[0][1] == attack
        assert page.rows("topics")[0][0] == attack
        assert page.rows("destinations")[0][:2] == [attack, attack.replace(":", "")]
        assert page.rows("clients")[0][1] == attack
        assert page.nodes()["topics"] == [attack]
        assert page.run(ELEMENTS) == [0, 0, "mqlight-devserver"]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("a\u202etxt.exe", "a\\u202etxt.exe"),
        ("a\u2066b\u2069", "a\\u2066b\\u2069"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("bell\x07 tab\t line\n delete\x7f", "bell␇ tab␉ line␊ delete\\u007f"),
        ("\u2028\x85", "\\u2028\\u0085"),
        ("שלום", "שלום"),
        ("😀 日本語", "😀 日本語"),
    ],
)
def test_characters_that_would_not_show_are_spelled_out(
    page: Page, served: DevServer, sent: str, shown: str
) -> None:
    with Client(served.url, "sender") as sender:
        sender.send(sent, sent + "\0", qos=1)
    page.until(lambda: page.rows("messages")[0][-1] == shown + "␀")
    assert page.rows("topics")[0][0] == shown
    assert page.rows("messages")[0][1] == shown


def test_very_long_names_and_payloads_do_not_break_the_page(page: Page, served: DevServer) -> None:
    with Client(served.url, "sender") as sender, sender.subscribe("w" * 8000):
        sender.send("w" * 8000, "W" * 1_000_000, qos=1)
        page.until(lambda: page.rows("messages")[0][-1] == "W" * 160 + " …")
        assert page.rows("messages")[0][2] == "984.4 KiB"
        topic = page.rows("topics")[0][0]
        assert topic.startswith("w" * 190 + "… ")
        assert page.nodes()["topics"] == [topic]
        assert page.run("return document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    "attempt",
    [
        'document.body.innerHTML = "<b>hello</b>"',
        'document.createElement("img").setAttribute("onerror", "window.hit = 1")',
        'document.createElement("script").textContent = "window.hit = 1"',
    ],
)
def test_the_browser_would_not_let_the_page_make_code_of_text(
    window: Page, served: DevServer, attempt: str
) -> None:
    window.open(served.ui_url)
    failed = "try { %s; return null; } catch (error) { return error.message; }"
    assert "Trusted" in window.run(failed % attempt)
    assert window.run("return window.hit ?? 0") == 0


def test_the_browser_would_not_let_the_page_ask_others(window: Page, served: DevServer) -> None:
    window.open(served.ui_url)
    with DevServer(ui_port=0) as other:
        window.run(
            """
            fetch(arguments[0] + "state").catch(() => {});
            document.body.append(new Image());
            document.querySelector("body > img").src = arguments[0] + "icon.svg";
            """,
            other.ui_url,
        )
        refused = ""
        for rule in ("connect-src", "img-src"):
            while rule not in refused:
                refused += window.until(lambda: "".join(window.complaints()))
