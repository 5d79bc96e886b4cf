"""A server process that is killed, and another one at its port."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

import mqlight

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Program

    Make = Callable[..., Program]

PATIENCE = 20.0


class ServerProcess:
    """`mqlight-devserver` at a port that nobody else gets, killed and started again at will."""

    def __init__(self) -> None:
        # Bound and not listening, it keeps the port while no server runs.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))
        self._port = self._reserved.getsockname()[1]
        self.url = f"amqp://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own server
            [sys.executable, "-m", "mqlight_devserver", "--port", str(self._port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == f"mqlight-devserver listening on {self.url}\n"

    def freeze(self) -> None:
        """Let it take nothing more in, but keep its connections."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)

    def kill(self) -> None:
        # In this order: as soon as it is dead, another thread may start the next one.
        process, self._process = self._process, None
        if process is not None:
            with process:
                process.kill()

    def close(self) -> None:
        self.kill()
        self._reserved.close()


@pytest.fixture
def server_process() -> Iterator[ServerProcess]:
    with ExitStack() as stack:
        made = ServerProcess()
        stack.callback(made.close)
        made.start()
        yield made


def test_what_was_unsettled_when_the_server_was_killed_is_sent_again(
    server_process: ServerProcess, program: Make
) -> None:
    one = program(server_process.url)
    one.wait_named("on_started")
    one.subscribe("t", qos=1)
    for number in range(5):
        one.deliver("t", number)
    one.wait_named("on_message", 5)

    server_process.freeze()
    for number in range(5, 100):
        one.send("t", number, qos=1)
    server_process.kill()
    assert isinstance(one.wait_state("retrying"), mqlight.NetworkError)
    assert len(one.named("on_sent")) == 5
    server_process.start()

    one.wait_named("on_message", 100)
    one.deliver("t", "and after")
    one.wait_named("on_message", 101)
    assert one.states == ["starting", "started", "retrying", "started"]
    assert one.messages == [*range(100), "and after"]
    assert [(error, data) for error, _, data, _ in one.named("on_sent")] == [
        (None, data) for data in [*range(100), "and after"]
    ]
    assert len(one.named("on_started")) == len(one.named("on_subscribed")) == 1
    one.stop()


def test_a_run_goes_on_with_the_server_that_follows_the_killed_one(
    server_process: ServerProcess, program: Make
) -> None:
    messages = 6_000
    reader, sender = program(server_process.url), program(server_process.url)
    reader.wait_named("on_started")
    reader.subscribe("t", qos=1, ttl=60_000)
    told: list[tuple[Any, int]] = []

    def on_sent(_client: mqlight.Client, error: Any, _topic: str, number: int, _: Any) -> None:
        told.append((error, number))
        if number == 1_000:
            server_process.kill()
        if number == messages - 1:
            sender.note("done")

    def send() -> None:
        waits = 0
        for number in range(messages):
            if not sender.client.send("t", number, {"qos": 1}, on_sent):
                waits += 1
                sender.wait_named("on_drain", waits)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    reader.wait_state("retrying")
    server_process.start()
    reader.wait_for(lambda: reader.states.count("started") == 2)
    sender.wait_named("done")
    thread.join(PATIENCE)
    # By the connection on which the subscription was made again, hence after it.
    reader.deliver("t", "and after")
    reader.wait_for(lambda: "and after" in reader.messages)

    assert told == [(None, number) for number in range(messages)]
    assert sender.states == ["starting", "started", "retrying", "started"]
    # What the first server had accepted and not delivered has died with it.
    first_deliveries = list(dict.fromkeys(reader.messages[:-1]))
    assert first_deliveries == sorted(first_deliveries)
    reader.stop()
    sender.stop()
