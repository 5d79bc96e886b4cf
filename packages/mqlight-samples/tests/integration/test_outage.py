"""An outage of a server that was connected once is told in a line and ridden out."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Start

    from mqlight_devserver import DevServer


def test_a_receiver_subscribes_again(send: Start, recv: Start, server: DevServer) -> None:
    receiver = recv("-i", "r")
    server.stop()
    receiver.until_warned("reconnecting")
    server.start()
    receiver.until(lambda: sum("Connected to" in line for line in receiver.out) == 2)
    # A server that accepted the connection may not have heard of the subscription yet.
    sender = send("--repeat", "0", "--delay", "0.05", "after")
    receiver.until_printed("after")

    assert sender.end(signal.SIGTERM) == 143
    assert receiver.end(signal.SIGTERM) == 143
    (line,) = receiver.err
    assert line.startswith(f"mqlight-recv: {server.url}")
    assert line.endswith("; reconnecting")


def test_a_sender_sends_what_was_not_acknowledged_again(send: Start, server: DevServer) -> None:
    sender = send("--repeat", "100", "--sequence", "--delay", "0.02")
    sender.until_printed("10: Hello world!")
    server.stop()
    sender.until_warned("reconnecting")
    server.start()

    assert sender.end() == 0
    acknowledged = [line for line in sender.messages if not line.startswith("Connected to")]
    assert acknowledged == [f"{number}: Hello world!" for number in range(1, 101)]
    assert len(sender.err) == 1
