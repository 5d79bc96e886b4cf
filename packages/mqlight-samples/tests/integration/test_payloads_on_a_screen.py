"""Payloads that try to do more on a screen than to be read."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import InTerminal
    from pseudo_terminal import PseudoTerminal

    from mqlight.blocking import Client
    from mqlight_devserver import DevServer

PATIENCE = 30.0
"""Seconds after which a test gives up waiting."""
PAYLOADS = {
    "\x1b[2J\x1b[1;1Hgone": r"\x1b[2J\x1b[1;1Hgone",
    "\x1b]0;owned\x07": r"\x1b]0;owned\x07",
    "\x1b[31mred": r"\x1b[31mred",
    "\x9b31mred": r"\x9b31mred",
    "one\r\ntwo\n\n": r"one\r\ntwo\n\n",
    "over\b\b\b\bwritten\ttab": r"over\x08\x08\x08\x08written\ttab",
    "\x0e charset \x0f": r"\x0e charset \x0f",
    "\u202eright to left\u202c": r"\u202eright to left\u202c",
    "שלום": "שלום",
    "漢字かな": "漢字かな",
    "漢" * 60: "漢" * 60,
    "[bold red]markup[/] :smile: {task.total}": "[bold red]markup[/] :smile: {task.total}",
}


def assert_whole(program: PseudoTerminal) -> None:
    """After the two lines that say that it is connected there is one for each payload."""
    own = slice(2, 2 + len(PAYLOADS))
    assert program.lines[own] == list(PAYLOADS.values())
    assert {cell.fg for row in program.cells[own] for cell in row} == {"default"}
    assert program.lines[0].startswith("Connected to")
    assert program.title == ""
    assert program.cursor_column == 0


def test_no_payload_breaks_the_screen_of_a_sender(
    in_terminal: InTerminal, server: DevServer, client: Client
) -> None:
    with client.subscribe("public") as messages:
        sender = in_terminal("send", "-s", server.url, "--", *PAYLOADS, columns=130)
        assert sender.end() == 0
        assert [messages.receive(PATIENCE).data for _ in PAYLOADS] == list(PAYLOADS)

    assert_whole(sender)


def test_no_payload_breaks_the_screen_of_a_receiver_or_its_picture(
    in_terminal: InTerminal, server: DevServer, client: Client
) -> None:
    receiver = in_terminal("recv", "-s", server.url, columns=130)
    receiver.until_printed("0 received")
    for payload in PAYLOADS:
        client.send("public", payload)
    receiver.until_printed(f"{len(PAYLOADS)} received")

    assert receiver.end(signal.SIGTERM) == 143
    assert_whole(receiver)
    assert f"{len(PAYLOADS)} received" in receiver.lines[-1]
