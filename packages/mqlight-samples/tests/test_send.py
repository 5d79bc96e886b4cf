"""What `mqlight-send` sends, before it is sent; the rest is in integration."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import pytest

from mqlight_samples._options import send_options
from mqlight_samples.send import Sender

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def sent_by(*arguments: str) -> Iterator[str | bytes]:
    options = send_options(arguments)
    return Sender(options).messages(options.payloads())


def sender(*arguments: str) -> Sender:
    return Sender(send_options(arguments))


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        ([], ["Hello world!"]),
        (["-r", "2", "a", "b"], ["a", "b", "a", "b"]),
        (["-r", "2", "--sequence", "a", "b"], ["1: a", "2: b", "3: a", "4: b"]),
    ],
)
def test_messages_go_round_after_round(arguments: list[str], messages: list[str]) -> None:
    assert list(sent_by(*arguments)) == messages
    assert sender(*arguments).to_send == len(messages)


@pytest.mark.parametrize("repeat", ["0", "-5"])
def test_zero_rounds_or_less_are_rounds_without_end(repeat: str) -> None:
    endless = ("-r", repeat, "--sequence", "x")

    assert list(islice(sent_by(*endless), 10_000))[-1] == "10000: x"
    assert sender(*endless).to_send is None


def test_a_file_is_a_binary_message_without_a_number(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"\r\n\0")
    binary = ("-f", str(tmp_path / "data"), "--sequence", "-r", "2")

    assert list(sent_by(*binary)) == [b"\r\n\0"] * 2
    assert sender(*binary).to_send == 2


@pytest.mark.parametrize(
    ("arguments", "options"),
    [([], {"qos": 1}), (["--message-ttl", "1.5"], {"qos": 1, "ttl": 1500})],
)
def test_messages_are_sent_at_least_once(arguments: list[str], options: dict[str, int]) -> None:
    assert sender(*arguments).send_options == options
