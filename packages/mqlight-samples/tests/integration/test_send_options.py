"""The options of `mqlight-send` in a terminal; most are shown in pipes by test_send_and_recv."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pseudo_terminal import CTRL_C

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import InTerminal, RunAnywhere

    from mqlight.blocking import Client
    from mqlight_devserver import DevServer

PATIENCE = 30.0
"""Seconds after which a test gives up waiting."""


def test_messages_rounds_and_sequence_numbers(
    in_terminal: InTerminal, server: DevServer, client: Client
) -> None:
    with client.subscribe("public") as messages:
        sender = in_terminal("send", "-s", server.url, "-r", "2", "--sequence", "a", "b")

        assert sender.end() == 0
        expected = ["1: a", "2: b", "3: a", "4: b"]
        assert [messages.receive(PATIENCE).data for _ in expected] == expected
    assert [line for line in sender.lines if line in expected] == expected


def test_the_topic_chooses_who_receives_a_message(
    in_terminal: InTerminal, server: DevServer, client: Client
) -> None:
    with client.subscribe("news/#") as news, client.subscribe("public") as public:
        sender = in_terminal("send", "-s", server.url, "-t", "news/today", "for the news")
        assert sender.end() == 0
        client.send("public", "for the public")

        assert news.receive(PATIENCE).topic == "news/today"
        assert public.receive(PATIENCE).data == "for the public"
    assert "Sending to: news/today" in sender.lines


def test_a_message_that_has_expired_does_not_arrive(
    anywhere: RunAnywhere, server: DevServer, client: Client
) -> None:
    with client.subscribe("public", "work", ttl=60_000):
        pass
    expiring = anywhere("send", "-s", server.url, "--message-ttl", "0.001", "--verbose", "expired")
    assert expiring.end() == 0
    # To start another program takes longer than the first message had to live.
    assert anywhere("send", "-s", server.url, "--message-ttl", "60", "alive").end() == 0

    with client.subscribe("public", "work", ttl=60_000) as messages:
        received = messages.receive(PATIENCE)
    assert received.data == "alive"
    assert received.ttl is not None
    assert 0 < received.ttl <= 60_000
    assert "  options.ttl: 1" in expiring.lines


def test_a_delay_holds_the_next_message_back(
    in_terminal: InTerminal, server: DevServer, client: Client
) -> None:
    with client.subscribe("public") as messages:
        sender = in_terminal("send", "-s", server.url, "-d", "3600", "first", "second")
        sender.until_printed("first")
        sender.type(CTRL_C)

        assert sender.end() == 130
        client.send("public", "the test's own")
        assert messages.receive(PATIENCE).data == "first"
        assert messages.receive(PATIENCE).data == "the test's own"
    assert "second" not in sender.lines


def test_repeat_of_zero_goes_on_until_it_is_stopped(
    in_terminal: InTerminal, server: DevServer
) -> None:
    sender = in_terminal("send", "-s", server.url, "--repeat", "0", "--sequence")
    sender.until_printed("200: Hello world!")
    sender.type(CTRL_C)

    assert sender.end() == 130


def test_a_file_is_sent_as_it_is(
    in_terminal: InTerminal, server: DevServer, client: Client, tmp_path: Path
) -> None:
    content = bytes(range(256))
    file = tmp_path / "file"
    file.write_bytes(content)
    with client.subscribe("public") as messages:
        sender = in_terminal("send", "-s", server.url, "-f", str(file))

        assert sender.end() == 0
        assert messages.receive(PATIENCE).data == content
    assert "(256 bytes) 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f ..." in sender.lines


def test_verbose_tells_how_each_message_was_sent(
    in_terminal: InTerminal, server: DevServer
) -> None:
    sender = in_terminal("send", "-s", server.url, "--verbose")

    assert sender.end() == 0
    first = sender.lines.index("# sent message (1)")
    assert sender.lines[first + 1 : first + 4] == [
        "Hello world!",
        "  topic: public",
        "  options.qos: 1",
    ]
