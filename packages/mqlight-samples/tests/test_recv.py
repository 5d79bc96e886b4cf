"""What `mqlight-recv` makes of a delivery; the rest is in integration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import mqlight
from mqlight_samples._options import recv_options
from mqlight_samples.recv import Receiver

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def confirmed() -> list[Any]:
    """What each message was confirmed with."""
    return []


@pytest.fixture
def delivery(confirmed: list[Any]) -> dict[str, Any]:
    return {
        "message": {
            "topic": "public",
            "qos": 1,
            "confirm_delivery": lambda callback=None: confirmed.append(callback),
        },
        "destination": {"topic_pattern": "public"},
    }


def receiver(*arguments: str) -> Receiver:
    return Receiver(recv_options(arguments))


def test_a_message_is_printed_and_confirmed_once(
    delivery: dict[str, Any], confirmed: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    receiver().on_message("message", "Hello", delivery)

    assert capsys.readouterr() == ("Hello\n", "")
    assert len(confirmed) == 1


def test_a_malformed_message_is_told_and_confirmed_and_not_written(
    delivery: dict[str, Any],
    confirmed: list[Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    delivery["malformed"] = {"condition": "PAYLOADENCODING", "description": "no UTF-8"}
    target = tmp_path / "target"
    receiver("-f", str(target)).on_message("malformed", bytearray(b"\xff"), delivery)

    malformed = '{"condition": "PAYLOADENCODING", "description": "no UTF-8"}'
    assert capsys.readouterr() == (
        "",
        f"mqlight-recv: received malformed message (1): {malformed}\n",
    )
    assert not target.exists()
    assert confirmed == [None]


def test_a_message_that_came_over_a_connection_that_broke_is_left_to_the_server() -> None:
    def confirm() -> None:
        raise mqlight.NetworkError("client has reconnected since this message was received")

    receiver().confirm(confirm)


def test_a_subscription_that_is_refused_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    client: Any = None
    receiver().on_subscribed(client, mqlight.NotPermittedError("not yours"), "public", None)

    assert capsys.readouterr() == (
        "",
        "mqlight-recv: Problem with subscribe request: not yours\n",
    )


def test_a_subscription_that_a_signal_has_overtaken_is_no_problem(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client: Any = None
    stopped = mqlight.StoppedError("the client has stopped")
    receiver().on_subscribed(client, stopped, "public", None)

    assert capsys.readouterr() == ("", "")
