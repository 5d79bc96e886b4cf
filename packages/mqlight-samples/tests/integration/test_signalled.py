"""Ctrl-C and SIGTERM end the programs cleanly, whatever they are waiting for."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Run, Start

    from mqlight_devserver import DevServer

BOTH_SIGNALS = pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """Listens, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@BOTH_SIGNALS
def test_a_receiver_that_waits_for_messages(recv: Start, number: int, status: int) -> None:
    receiver = recv()

    assert receiver.end(number) == status
    assert receiver.err == []


@BOTH_SIGNALS
def test_a_receiver_with_a_message_to_confirm(
    send: Start, recv: Start, number: int, status: int
) -> None:
    receiver = recv("--delay", "3600")
    assert send().end() == 0
    receiver.until_printed("Hello world!")

    assert receiver.end(number) == status
    assert receiver.err == []


@BOTH_SIGNALS
def test_a_sender_between_two_messages(send: Start, number: int, status: int) -> None:
    sender = send("--repeat", "0", "--delay", "3600")
    sender.until_printed("Hello world!")

    assert sender.end(number) == status
    assert sender.err == []


@BOTH_SIGNALS
def test_a_sender_at_full_speed_finishes_what_is_under_way(
    send: Start, recv: Start, number: int, status: int
) -> None:
    receiver = recv()
    sender = send("--repeat", "0", "--sequence")
    sender.until_printed("1000: ")

    assert sender.end(number) == status
    assert sender.err == []
    receiver.until_printed(sender.messages[-1])
    assert receiver.messages[: len(sender.messages)] == sender.messages


@BOTH_SIGNALS
@pytest.mark.parametrize("program", ["send", "recv"])
def test_a_program_that_is_connecting(
    run: Run, program: str, silent_server: socket.socket, number: int, status: int
) -> None:
    running = run(program, "-s", f"amqp://127.0.0.1:{silent_server.getsockname()[1]}")
    connection, _ = silent_server.accept()

    with connection:
        assert running.end(number) == status
    assert running.out == running.err == []


def test_a_sender_in_an_outage_does_not_wait_for_a_second_signal(
    send: Start, server: DevServer
) -> None:
    sender = send("--repeat", "0")
    sender.until_printed("Hello world!")
    server.stop()
    sender.until_warned("reconnecting")

    # The second may come when the first has ended all but the process: a shell calls -15 143.
    sender.process.send_signal(signal.SIGINT)
    assert sender.end(signal.SIGTERM) in {130, 143, -signal.SIGTERM}
