"""The options of `mqlight-recv` in a terminal; most are shown in pipes by test_send_and_recv."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pseudo_terminal import CTRL_C

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import InTerminal
    from pseudo_terminal import PseudoTerminal

    from mqlight.blocking import Client
    from mqlight_devserver import DevServer

PATIENCE = 30.0
"""Seconds after which a test gives up waiting."""


@pytest.fixture
def recv_in_terminal(in_terminal: InTerminal, server: DevServer) -> Callable[..., PseudoTerminal]:
    """Start `mqlight-recv` in a terminal, and wait until it has subscribed."""

    def start(*arguments: str) -> PseudoTerminal:
        receiver = in_terminal("recv", "-s", server.url, *arguments)
        receiver.until_printed("Subscribed to")
        return receiver

    return start


def test_the_topic_pattern_chooses_what_is_received(
    recv_in_terminal: Callable[..., PseudoTerminal], client: Client
) -> None:
    receiver = recv_in_terminal("-t", "news/+")
    client.send("public", "for the public")
    client.send("news/today", "for the news")
    receiver.until_printed("for the news")

    assert "Subscribed to pattern: news/+" in receiver.lines
    assert "for the public" not in receiver.lines


def test_receivers_with_a_share_name_divide_the_messages(
    recv_in_terminal: Callable[..., PseudoTerminal], client: Client
) -> None:
    receiver = recv_in_terminal("-n", "work")
    with client.subscribe("public", "work", credit=1, auto_confirm=False, qos=1) as messages:
        for number in (1, 2, 3):
            client.send("public", f"message {number}", qos=1)
        own = messages.receive(PATIENCE).data
        others = [f"message {number}" for number in (1, 2, 3) if own != f"message {number}"]
        receiver.until_printed(others[-1])
        shown = [line for line in receiver.lines if line.startswith("message")]

    assert "Subscribed to share: work, pattern: public" in receiver.lines
    assert shown == others


def test_a_destination_with_time_to_live_survives_its_receiver(
    recv_in_terminal: Callable[..., PseudoTerminal], client: Client
) -> None:
    first = recv_in_terminal("-i", "r", "--destination-ttl", "60")
    first.type(CTRL_C)
    assert first.end() == 130
    client.send("public", "meanwhile", qos=1)

    recv_in_terminal("-i", "r", "--destination-ttl", "60").until_printed("meanwhile")


def test_the_next_message_is_written_to_a_file(
    recv_in_terminal: Callable[..., PseudoTerminal], client: Client, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    receiver = recv_in_terminal("-f", str(copy))
    client.send("public", b"\x1b[2J\xff\x00")

    assert receiver.end() == 0
    assert copy.read_bytes() == b"\x1b[2J\xff\x00"


def test_a_delay_keeps_the_confirmation_back(
    recv_in_terminal: Callable[..., PseudoTerminal], client: Client
) -> None:
    receiver = recv_in_terminal("-d", "3600", "-n", "work", "--destination-ttl", "60")
    client.send("public", "taken", qos=1)
    receiver.until_printed("taken")
    receiver.type(CTRL_C)
    assert receiver.end() == 130

    with client.subscribe("public", "work", ttl=60_000) as messages:
        assert messages.receive(PATIENCE).data == "taken"


def test_verbose_tells_what_came_with_each_message(
    recv_in_terminal: Callable[..., PseudoTerminal], client: Client
) -> None:
    receiver = recv_in_terminal("--verbose")
    client.send("public", "text", qos=1, properties={"colour": "red"})
    receiver.until_printed("destination.topic_pattern")

    first = receiver.lines.index("# received message (1)")
    shown = receiver.lines[first + 1 :]
    assert shown[0] == "text"
    assert {"  message.topic: public", "  message.properties.colour: red"} <= set(shown)
