"""Messages from `mqlight-send` to `mqlight-recv`, option by option."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Start

    from mqlight_devserver import DevServer


def test_a_message_travels_and_both_programs_say_where_they_are_connected(
    send: Start, recv: Start, server: DevServer
) -> None:
    receiver = recv("-i", "recv_1")
    sender = send("-i", "send_1", "Grüße")

    assert sender.end() == 0
    receiver.until_printed("Grüße")
    assert receiver.end(signal.SIGTERM) == 143
    assert sender.out == [
        f"Connected to {server.url} using client-id send_1",
        "Sending to: public",
        "Grüße",
    ]
    assert receiver.out == [
        f"Connected to {server.url} using client-id recv_1",
        "Subscribed to pattern: public",
        "Grüße",
    ]
    assert sender.err == receiver.err == []


def test_without_a_message_hello_world_is_sent(send: Start) -> None:
    sender = send()

    assert sender.end() == 0
    assert sender.messages == ["Hello world!"]


def test_ids_are_made_of_the_name_and_seven_hex_digits(send: Start, recv: Start) -> None:
    sender, receiver = send(), recv()

    assert sender.end() == 0
    assert re.fullmatch(r"Connected to .* using client-id send_[0-9a-f]{7}", sender.out[0])
    assert re.fullmatch(r"Connected to .* using client-id recv_[0-9a-f]{7}", receiver.out[0])


def test_every_message_of_the_command_line_is_sent_in_each_round(send: Start, recv: Start) -> None:
    receiver = recv()
    sender = send("--repeat", "2", "a", "b")

    assert sender.end() == 0
    receiver.until(lambda: len(receiver.messages) == 4)
    assert sender.messages == receiver.messages == ["a", "b", "a", "b"]


def test_sequence_numbers_count_messages(send: Start, recv: Start) -> None:
    receiver = recv()
    sender = send("--sequence", "-r", "2", "a", "b")

    assert sender.end() == 0
    receiver.until(lambda: len(receiver.messages) == 4)
    assert receiver.messages == ["1: a", "2: b", "3: a", "4: b"]


def test_topics_and_patterns_choose(send: Start, recv: Start) -> None:
    receiver = recv("--topic-pattern", "news/#")

    assert send("--topic", "sports", "no").end() == 0
    assert send("-t", "news/today", "yes").end() == 0
    receiver.until(lambda: receiver.messages)
    assert receiver.messages == ["yes"]


@pytest.mark.parametrize("repeat", ["0", "-1"])
def test_repeat_of_zero_or_less_goes_on_until_it_is_stopped(send: Start, repeat: str) -> None:
    sender = send("--repeat", repeat, "--sequence")

    sender.until_printed("2000: Hello world!")
    assert sender.end(signal.SIGINT) == 130
    assert sender.err == []


def test_ten_thousand_messages_arrive_once_each_and_in_order(send: Start, recv: Start) -> None:
    expected = [f"{number}: Hello world!" for number in range(1, 10_001)]
    receiver = recv()
    sender = send("--repeat", "10000", "--sequence")

    assert sender.end() == 0
    receiver.until_printed("10000: Hello world!")
    assert receiver.end(signal.SIGTERM) == 143
    assert sender.messages == expected
    assert receiver.messages == expected


def test_a_share_divides_the_messages_among_its_receivers(send: Start, recv: Start) -> None:
    receivers = [recv("--share-name", "work"), recv("-n", "work")]
    expected = {f"{number}: Hello world!" for number in range(1, 11)}

    assert send("--repeat", "10", "--sequence").end() == 0
    for receiver in receivers:
        assert receiver.out[1] == "Subscribed to share: work, pattern: public"
        receiver.until(lambda: sum(len(one.messages) for one in receivers) == 10)
    received = [message for receiver in receivers for message in receiver.messages]
    assert sorted(received) == sorted(expected)


def test_a_file_is_sent_as_it_is_and_written_as_it_is(
    send: Start, recv: Start, tmp_path: Path
) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.write_bytes(bytes(range(256)) * 100)
    copy.write_text("overwritten")
    receiver = recv("--file", str(copy))
    sender = send("--file", str(original), "--sequence")

    assert sender.end() == 0
    assert receiver.end() == 0
    assert copy.read_bytes() == original.read_bytes()
    assert sender.messages == ["(25600 bytes) 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f ..."]
    assert receiver.messages == [f"Writing message data to {copy}"]


def test_text_is_written_to_a_file_in_utf_8(send: Start, recv: Start, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    receiver = recv("-f", str(copy))

    assert send("Grüße\n").end() == 0
    assert receiver.end() == 0
    assert copy.read_bytes() == "Grüße\n".encode()


def test_a_message_written_to_a_file_is_confirmed_and_the_next_one_left_alone(
    send: Start, recv: Start, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    receiver = recv("-f", str(copy), "-i", "r", "--destination-ttl", "60")

    assert send("first", "second").end() == 0
    assert receiver.end() == 0
    assert copy.read_text() == "first"
    successor = recv("-i", "r", "--destination-ttl", "60")
    successor.until(lambda: successor.messages)
    assert successor.messages == ["second"]


def test_a_destination_with_time_to_live_keeps_messages_for_its_receiver(
    send: Start, recv: Start
) -> None:
    first = recv("-i", "r", "--destination-ttl", "60")
    assert first.end(signal.SIGTERM) == 143

    assert send("meanwhile").end() == 0
    second = recv("-i", "r", "--destination-ttl", "60")
    second.until_printed("meanwhile")


def test_a_message_carries_its_time_to_live(send: Start, recv: Start) -> None:
    receiver = recv("--verbose")
    sender = send("--message-ttl", "0.5", "--verbose")

    assert sender.end() == 0
    receiver.until_printed("destination.topic_pattern")
    assert sender.messages == [
        "# sent message (1)",
        "Hello world!",
        "  topic: public",
        "  options.qos: 1",
        "  options.ttl: 500",
    ]
    ttl = int(receiver.messages[4].removeprefix("  message.ttl: "))
    assert 0 < ttl <= 500
    assert receiver.messages == [
        "# received message (1)",
        "Hello world!",
        "  message.topic: public",
        "  message.qos: 1",
        f"  message.ttl: {ttl}",
        "  destination.topic_pattern: public",
    ]


def test_a_delayed_confirmation_holds_the_next_message_back(send: Start, recv: Start) -> None:
    receiver = recv("--delay", "3600", "-n", "work")

    assert send("first", "second").end() == 0
    receiver.until_printed("first")
    # With credit for one message the second goes to whoever is ready for it.
    other = recv("-n", "work", "--delay", "0.01")
    other.until_printed("second")
    assert receiver.end(signal.SIGTERM) == 143
    assert receiver.messages == ["first"]
    # It was never confirmed.
    other.until_printed("first")


def test_a_delay_between_messages_takes_fractions_of_seconds(send: Start) -> None:
    sender = send("--delay", "0.01", "--repeat", "3", "--sequence")

    assert sender.end() == 0
    assert len(sender.messages) == 3


def test_control_characters_of_a_message_do_not_reach_the_terminal(
    send: Start, recv: Start
) -> None:
    receiver = recv()
    sender = send("\x1b[2Jred\r\nalert\u202e")

    assert sender.end() == 0
    receiver.until(lambda: receiver.messages)
    assert receiver.messages == sender.messages == [r"\x1b[2Jred\r\nalert\u202e"]


def test_an_empty_text_is_a_message(send: Start, recv: Start, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    receiver = recv("-f", str(copy))

    assert send("").end() == 0
    assert receiver.end() == 0
    assert copy.read_bytes() == b""
